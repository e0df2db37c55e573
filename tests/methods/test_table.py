"""The table of methods, what follows from it, and the files that its rows name."""

import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from qgrad_lab.differentiate import finite_difference
from qgrad_lab.engine.methods import adjoint_sweep
from qgrad_lab.methods.extension import EXTENSION, files
from qgrad_lab.methods.table import (
    BEST,
    BEST_WITH_SHOTS,
    BY_NAME,
    METHODS,
    NAMES,
    Scope,
    listed,
    tooltip,
)


def test_names_are_unique():
    assert len({*NAMES}) == len(METHODS)


@pytest.mark.parametrize(
    ("scope", "pattern", "functions"),
    [
        (Scope.QNODES, adjoint_sweep, ["evaluate"]),
        (Scope.FUNCTION, finite_difference, ["jacobian", "jvp", "vjp"]),
    ],
)
def test_a_row_names_a_file_beside_others_of_its_form(scope, pattern, functions):
    def form(module, name):
        return [p.kind for p in inspect.signature(getattr(module, name)).parameters.values()]

    rows = [row for row in METHODS if row.scope is scope and row.module is not None]
    assert rows
    for row in rows:
        module = import_module(f"{pattern.__package__}.{row.module}")
        for name in functions:
            assert form(module, name) == form(pattern, name), (row.name, name)


def test_every_file_of_the_engines_methods_has_a_row():
    package = import_module("qgrad_lab.engine.methods")
    found = {path.stem for path in Path(package.__path__[0]).glob("*.py")} - {"__init__"}
    assert found == {row.module for row in METHODS if row.scope is Scope.QNODES}


def test_what_takes_no_file():
    without = [row.name for row in METHODS if row.module is None]
    assert without == ["auto", *(r.name for r in METHODS if r.scope is Scope.PENNYLANE)]


def test_best_is_a_method_of_the_engine():
    assert BY_NAME[BEST].scope is BY_NAME[BEST_WITH_SHOTS].scope is Scope.QNODES
    assert BY_NAME[BEST_WITH_SHOTS].takes_shots


def test_texts_are_parts_of_sentences():
    for row in METHODS:
        assert row.help[0].islower() and not row.help.endswith("."), row.name
        assert tooltip(row)[1:].startswith(row.help[1:])
    assert [listed(list("abc"[:n]), "or") for n in (1, 2, 3)] == ["a", "a or b", "a, b or c"]


@pytest.mark.skipif(not EXTENSION.exists(), reason="an installed package has no extension to build")
def test_the_extension_has_what_the_table_says():
    """``python -m qgrad_lab.methods`` writes these files."""
    for path, text in files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path}: python -m qgrad_lab.methods"


def test_the_table_needs_nothing_but_python():
    """So that every room may read it, and a message costs no import."""
    code = (
        "import sys, types; p = types.ModuleType('qgrad_lab'); p.__path__ = ['qgrad_lab'];"
        "sys.modules['qgrad_lab'] = p; import qgrad_lab.methods.table;"
        "assert not {'jax', 'pennylane', 'matplotlib', 'numpy'} & {*sys.modules}"
    )
    root = Path(import_module("qgrad_lab").__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
