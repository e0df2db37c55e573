"""Rows of the gate table that are refused when made, and a C++ table that is not theirs."""

import math
import sys

import pytest

from qgrad_lab.gates import __main__ as command
from qgrad_lab.gates.kind import GateKind
from qgrad_lab.gates.operators import Local, Pauli

X = {(0, 1): 1, (1, 0): 1}
Z = {(0, 0): 1, (1, 1): -1}


def test_a_matrix_beside_a_generator_that_is_not_local():
    with pytest.raises(ValueError, match="Wrong has a matrix and a generator that is not local"):
        GateKind("Wrong", 99, 1, generator=Pauli("X"), matrix=X)


def test_a_matrix_that_does_not_commute_with_its_generator():
    with pytest.raises(ValueError, match="does not commute with its generator"):
        GateKind("Wrong", 99, 1, generator=Local(Z), matrix=X)


def test_a_local_operator_on_any_number_of_wires():
    with pytest.raises(ValueError, match="fixed number of wires"):
        Local(Z).spectrum(None)


def test_eigenvalues_without_a_common_period():
    with pytest.raises(ValueError, match="no simple fractions"):
        Local({(0, 0): math.pi, (1, 1): 1}).spectrum(1)


def test_a_table_that_is_not_what_the_rows_say(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "PATH", tmp_path / "gates.inc")
    monkeypatch.setattr(sys, "argv", ["gates", "--check"])
    with pytest.raises(SystemExit, match="is not what the rows say"):
        command.main()
    monkeypatch.setattr(sys, "argv", ["gates"])
    command.main()
    monkeypatch.setattr(sys, "argv", ["gates", "--check"])
    command.main()
