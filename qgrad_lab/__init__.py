"""Differentiate hybrid quantum-classical programs, compiled with JAX over native circuits.

Programs are compiled with JAX and XLA. Circuits run on kernels of this package (one-wire gates with
at most one control, ``IsingZZ``, ``MultiRZ``, overlaps) and on those of PennyLane-Lightning (the
other gates).

>>> import pennylane as qml, qgrad_lab
>>> @qml.qnode(qml.device("lightning.qubit", wires=1))
... def circuit(x):
...     qml.RX(x, wires=0)
...     return qml.expval(qml.Z(0))
>>> gradient = qgrad_lab.qjit(qgrad_lab.grad(circuit))
>>> print(f"{gradient(0.4):.6f}")
-0.389418
"""

from importlib import import_module
from typing import TYPE_CHECKING

import jax

# Before all other imports, which might make arrays.
jax.config.update("jax_enable_x64", True)

# These two as they are elsewhere: programs find the names that they import from catalyst.
from pennylane import adjoint, ctrl  # noqa: E402

from qgrad_lab import pennylane_plugin  # noqa: E402, F401  it tells PennyLane of compiled QNodes
from qgrad_lab.comparison import Comparison, compare  # noqa: E402
from qgrad_lab.compile.api import QJIT, qjit  # noqa: E402
from qgrad_lab.differentiate.api import (  # noqa: E402
    grad,
    hessian,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from qgrad_lab.differentiate.diff_method import with_diff_method  # noqa: E402
from qgrad_lab.differentiate.on_default_qubit import reference  # noqa: E402
from qgrad_lab.errors import (  # noqa: E402
    CompileError,
    DifferentiableCompileError,
    DifferentiableCompilerError,
)
from qgrad_lab.inspection.api import stages  # noqa: E402
from qgrad_lab.language import debugging as debug  # noqa: E402
from qgrad_lab.language.assertions import debug_assert  # noqa: E402
from qgrad_lab.language.callbacks import accelerate, pure_callback  # noqa: E402
from qgrad_lab.language.control_flow import cond, for_loop, switch, while_loop  # noqa: E402
from qgrad_lab.language.mapping import vmap  # noqa: E402
from qgrad_lab.language.mid_circuit import measure  # noqa: E402

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from qgrad_lab.studies import (
        Landscape,
        Scaling,
        StepSizes,
        landscape,
        scaling,
        step_sizes,
    )
    from qgrad_lab.sweeps import sweep
    from qgrad_lab.workbench.widget.bench import Workbench

__all__ = [
    "QJIT",
    "Comparison",
    "CompileError",
    "DifferentiableCompileError",
    "DifferentiableCompilerError",
    "Landscape",
    "Scaling",
    "StepSizes",
    "Workbench",
    "accelerate",
    "adjoint",
    "compare",
    "cond",
    "ctrl",
    "debug",
    "debug_assert",
    "for_loop",
    "grad",
    "hessian",
    "jacobian",
    "jvp",
    "landscape",
    "measure",
    "pure_callback",
    "qjit",
    "reference",
    "scaling",
    "stages",
    "step_sizes",
    "sweep",
    "switch",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
    "with_diff_method",
]


_ON_DEMAND = {
    "Landscape": "qgrad_lab.studies",
    "Scaling": "qgrad_lab.studies",
    "StepSizes": "qgrad_lab.studies",
    "Workbench": "qgrad_lab.workbench.widget.bench",
    "landscape": "qgrad_lab.studies",
    "scaling": "qgrad_lab.studies",
    "step_sizes": "qgrad_lab.studies",
    "sweep": "qgrad_lab.sweeps",
}
"""Names that programs seldom need, imported when they are first asked for, and where they are."""

if not TYPE_CHECKING:  # to a type checker it would say that every name is there

    def __getattr__(name: str) -> object:
        if name not in _ON_DEMAND:
            raise AttributeError(f"module 'qgrad_lab' has no attribute {name!r}")
        value = getattr(import_module(_ON_DEMAND[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """Add the magics: what ``%load_ext qgrad_lab`` calls."""
    from qgrad_lab.workbench import magics  # the library itself needs no IPython

    magics.load(shell)


def unload_ipython_extension(shell: "InteractiveShell") -> None:
    """Remove the magics: what ``%unload_ext qgrad_lab`` calls."""
    from qgrad_lab.workbench import magics

    magics.unload(shell)
