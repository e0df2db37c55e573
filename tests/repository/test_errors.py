"""Every error: its class, its message, its entry in the table, and that the next call works."""

import ast
import traceback
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

import qgrad_lab
from qgrad_lab import grad, qjit
from tests.errors.__main__ import PAGE, page
from tests.errors.table import TABLE

PACKAGE = Path(qgrad_lab.__file__).parent

ELSEWHERE = {
    "cli.py": "the command line, tests/repository/test_cli.py",
    "engine/library.py": "the import, tests/engine/test_library.py",
    "circuit/ir/extras.py": "operands that no operation has, tests/circuit/ir/test_program.py",
    "circuit/ir/scalars.py": "the same",
    "gates": "rows that are wrong, tests/gates/test_wrong_rows.py",
    "circuit/ir/verify.py": "Programs that no circuit becomes, tests/circuit/ir/test_program.py",
    "engine/plans.py": "plans of such Programs, tests/engine/test_plan.py",
    "workbench": "the magics, tests/workbench/test_magics.py",
    "comparison/references.py": "reasons in a table, tests/comparison/test_comparison.py",
    "results/export.py": "pandas, tests/results/test_comparison_report.py",
    "sweeps/extra.py": "what is not installed, tests/sweeps/test_sweep.py",
    "sweeps/executors/worker.py": "other processes, tests/sweeps/test_sweep.py",
    "sweeps/executors/dask.py": "a scheduler that died, tests/sweeps/test_sweep_cluster.py",
}

NO_ENTRY = {
    "BroadcastNeeded": "a signal inside of the library",
    "WiresNeeded": "another one",
    "_HasSnapshots": "another one",
    "RunNeeded": "another one",
    "RuntimeError(text)": "an assertion's, told again as the RuntimeError that has an entry",
    "gave results of the shapes": "comes out of a callback, as JAX's error",
    "for its wires it takes": "PennyLane's operations check it first",
    "has no attribute {name!r}": "Python's own, of a name that the package does not have",
    "PennyLane was to replace": "PennyLane's transforms replace it, or fail first",
    "with shots that measures in the": "no measurement yet, tests/circuit/lower/test_registry.py",
    "_stopped(done, total, location)": "processes that died, tests/sweeps/test_sweep.py",
    "raise translated": "the same",
    "SIGINT": "KeyboardInterrupt, tests/compile/test_interrupt.py",
}

raised: set[str] = set()
reached: set[tuple[str, int]] = set()


@qml.qnode(qml.device("lightning.qubit", wires=1))
def healthy(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


@pytest.fixture
def all_frames():
    before = jax.config.jax_traceback_filtering
    jax.config.update("jax_traceback_filtering", "off")
    yield
    jax.config.update("jax_traceback_filtering", before)


@pytest.mark.parametrize("entry", TABLE.values(), ids=list(TABLE))
def test_error(entry, all_frames):
    with pytest.raises(entry.error, match=entry.message) as caught, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        entry.program()
    raised.add(entry.program.__name__)
    error = caught.value
    while error is not None:
        for frame in traceback.extract_tb(error.__traceback__):
            path = Path(frame.filename)
            if path.is_relative_to(PACKAGE):
                reached.add((path.relative_to(PACKAGE).as_posix(), frame.lineno))
        error = error.__cause__ or error.__context__
    np.testing.assert_allclose(qjit(grad(healthy))(0.3), -np.sin(0.3), atol=1e-12)


def test_the_table_is_complete():
    if raised != set(TABLE):
        pytest.skip("only a part of the errors was raised")
    missing = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if any(name.startswith(other) for other in ELSEWHERE):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and node.exc is not None:
                lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                text = ast.unparse(node)
                known = any(words in text for words in NO_ENTRY)
                if not known and not any((name, line) in reached for line in lines):
                    missing.append(f"{name}:{node.lineno} {text[:90]}")
    assert not missing, "\n".join(missing)


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again: python -m tests.errors"


def frames(error):
    """Return the files and functions of a traceback, without the line of the test's own call."""
    return [(Path(f.filename), f.name) for f in traceback.extract_tb(error.__traceback__)][1:]


def user_line(error):
    """Return the line of this file that a note of ``error`` shows."""
    (note,) = [n for n in error.__notes__ if "JAX" not in n]
    assert Path(__file__).name in note
    return note.splitlines()[-1].strip()


def test_tracebacks_hold_the_users_lines_alone():
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def circuit(x):
        qml.RX(undefined(x), wires=0)
        return qml.expval(qml.Z(0))

    def undefined(x):
        raise KeyError("mine")

    @qjit
    def loss(x):
        return circuit(x) ** 2

    for function in (qjit(grad(loss)), grad(loss), loss):
        with pytest.raises(KeyError, match="mine") as caught:
            function(0.3)
        found = frames(caught.value)
        assert all(path == Path(__file__) for path, _ in found), found
        assert [name for _, name in found][-2:] == ["circuit", "undefined"]


def test_messages_tell_the_users_line():
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def circuit(x):
        qml.RX(x, wires=0)
        qml.CNOT(wires=[0, "elsewhere"])
        return qml.expval(qml.Z(0))

    with pytest.raises(qgrad_lab.CompileError) as caught:
        qjit(circuit)(0.3)
    assert user_line(caught.value) == 'qml.CNOT(wires=[0, "elsewhere"])'


def test_errors_at_run_time_are_pythons_own():
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def circuit(x, i):
        qml.RX(x, wires=0)
        qml.CNOT(wires=[i, 1])
        return qml.expval(qml.Z(1))

    compiled = qjit(grad(circuit))
    np.testing.assert_allclose(compiled(0.3, 0), -np.sin(0.3), atol=1e-12)
    with pytest.raises(ValueError, match="^CNOT was given the wires 1 1; wire 1") as caught:
        compiled(0.3, 1)
    assert frames(caught.value) == []
    assert user_line(caught.value) == "qml.CNOT(wires=[i, 1])"
    np.testing.assert_allclose(compiled(0.3, 0), -np.sin(0.3), atol=1e-12)


DEVICE = qml.device("lightning.qubit", wires=2)


@qml.qnode(DEVICE)
def nested(x, i, step, bit):
    qml.BasisState(bit, wires=[0, 1])

    @qgrad_lab.for_loop(0, 2, step)
    def loop(n):
        @qgrad_lab.cond(x > 0)
        def branch():
            qml.adjoint(qml.RX)(x, wires=n + i)

        branch()

    qml.adjoint(loop)()
    return qml.expval(qml.Z(0))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"i": 1}, "qml.adjoint(qml.RX)(x, wires=n + i)"),
        ({"step": 0}, "@qgrad_lab.for_loop(0, 2, step)"),
        ({"bit": np.array([0, 2])}, "qml.BasisState(bit, wires=[0, 1])"),
    ],
)
@pytest.mark.parametrize("function", [nested, grad(nested), grad(grad(nested))])
def test_errors_at_run_time_tell_the_users_line(function, change, line):
    good = {"i": 0, "step": 1, "bit": np.array([0, 1])}
    compiled = qjit(function)
    expected = compiled(0.3, **good)
    with pytest.raises(ValueError) as caught:
        compiled(0.3, **good | change)
    assert "source" not in str(caught.value)
    assert user_line(caught.value) == line
    assert frames(caught.value) == []
    np.testing.assert_array_equal(compiled(0.3, **good), expected)


@pytest.mark.parametrize(
    "call",
    [
        lambda: grad(nested, method="nope"),
        lambda: qgrad_lab.jacobian(nested, h=-1.0),
        lambda: qgrad_lab.value_and_grad(3),
        lambda: grad(method="fd")(3),
        lambda: qgrad_lab.hessian(nested, argnum="x"),
        lambda: qgrad_lab.jvp(nested, 0.3, [1.0]),
        lambda: qgrad_lab.vjp(nested, 0.3, [1.0]),
        lambda: qjit(3),
        lambda: qjit(nested, seed=-1),
        lambda: grad(lambda x: jnp.ones(2) @ jnp.ones(3) * x)(0.3),
        lambda: qjit(lambda x: jnp.ones(2) @ jnp.ones(3) * x)(0.3),
    ],
)
def test_no_frames_of_ours_or_of_jax(call):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert {path for path, _ in frames(caught.value)} == {Path(__file__)}
