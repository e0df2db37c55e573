"""The programs for Catalyst in the notebook about moving, run by Catalyst, where it is installed.

The notebook shows them as text and runs them with our names, so what is left to see is that they
are programs of Catalyst, and have the same results there.
"""

import importlib.util
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks/12_moving.ipynb"
MAGIC = "%%from_catalyst\n"

CHECKS = {
    "derivatives": [(jnp.array([0.4, 0.9]),)],
    "with_value": [(jnp.array([0.4, 0.9]),)],
    "differences": [(jnp.array([0.4, 0.9]),)],
    "products": [(jnp.array([0.4, 0.9]),)],
    "slope_of_flow": [(0.15,), (1.0,)],
    "slope_of_interference": [(jnp.array([0.4, 0.9]),)],
    "teleport": [(0.4,)],
    "waves": [(jnp.linspace(0, 3, 4), 2.0)],
    "all_of_qml": [(jnp.array([0.4, 0.9]),)],
    "slope_of_python": [(0.4, 1), (0.4, 5)],
    "slope_of_loss": [(jnp.array([0.4, 0.9]),)],
    "slope": [(jnp.array([0.4, 0.9]),)],
}
"""Arguments for the functions that the programs define."""


def programs():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    sources = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return [source.removeprefix(MAGIC) for source in sources if source.startswith(MAGIC)]


def run(program, folder):
    """What the functions of a program return; autograph wants a file with the source."""
    names = {"jax": jax, "jnp": jnp, "qml": qml}
    file = folder / "program.py"
    file.write_text(program, encoding="utf-8")
    exec(compile(program, str(file), "exec"), names)
    chosen = {name: names[name] for name in CHECKS if name in names}
    assert chosen, program
    return {name: [f(*args) for args in CHECKS[name]] for name, f in chosen.items()}


@pytest.mark.skipif(not importlib.util.find_spec("catalyst"), reason="Catalyst is not installed")
@pytest.mark.parametrize("number", range(len(programs())))
def test_a_program_gives_the_same_in_catalyst(number, tmp_path):
    program = programs()[number]
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    expected = run(program, theirs)
    moved = program.replace("from catalyst import", "from qgrad_lab import")
    found = run(moved.replace("@qml.qjit\n", '@qml.qjit(compiler="qgrad_lab")\n'), ours)
    leaves = jax.tree.leaves(found), jax.tree.leaves(expected)
    for one, other in zip(*leaves, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-7)


def test_every_program_has_a_check():
    assert len(programs()) == 10
    text = "\n".join(programs())
    assert all(f"def {name}(" in text or f"{name} =" in text for name in CHECKS)
