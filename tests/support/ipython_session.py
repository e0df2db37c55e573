"""A real IPython shell for tests of the magics."""

from types import SimpleNamespace

from IPython.core.error import UsageError

SETUP = """\
import jax, jax.numpy as jnp, pennylane as qml
from qgrad_lab import CompileError, grad, qjit

device = qml.device("lightning.qubit", wires=2)

@qml.qnode(device, diff_method="adjoint")
def circuit(x, layers=1):
    for _ in range(layers):
        qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))

@qml.qnode(device, diff_method="finite-diff")
def refused(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))

def loss(theta, scale=1.0):
    return {"loss": scale * circuit(theta[0]) * theta[1] ** 2}

theta = jnp.array([0.3, 0.7])
ran = []
"""


class Session:
    """A shell, and what running a cell in it printed."""

    def __init__(self, shell, capsys):
        self.shell, self.capsys = shell, capsys

    @property
    def names(self):
        return self.shell.user_ns

    def run(self, cell):
        self.capsys.readouterr()
        outcome = self.shell.run_cell(cell, store_history=True)
        printed = self.capsys.readouterr()
        error = outcome.error_before_exec or outcome.error_in_exec
        return SimpleNamespace(result=outcome.result, error=error, out=printed.out, err=printed.err)

    def good(self, cell):
        outcome = self.run(cell)
        assert outcome.error is None, outcome.out
        return outcome.result

    def usage_error(self, cell):
        """The one line that a cell is refused with."""
        outcome = self.run(cell)
        assert isinstance(outcome.error, UsageError), outcome.out
        assert outcome.out == ""
        assert outcome.err == f"UsageError: {outcome.error}\n"
        assert outcome.err.count("\n") == 1
        return str(outcome.error)

    def complete(self, line):
        """What the shell offers at the end of ``line``."""
        with self.shell.builtin_trap:
            return self.shell.complete(line.split(" ")[-1], line, len(line))[1]
