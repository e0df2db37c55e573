"""Programs as drawings of their wires."""

import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import cond, for_loop, stages
from qgrad_lab.circuit.ir.draw import drawing
from qgrad_lab.circuit.ir.instructions import Expval, Gate, Slot, Term
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.gates.table import GATES


def drawn(circuit, *args):
    return stages(circuit, *args)["circuit"].text


def device(wires):
    return qml.device("lightning.qubit", wires=wires)


def test_gates_stand_as_far_left_as_they_go():
    @qml.qnode(device(4))
    def circuit(x):
        qml.RX(x, wires=0)
        qml.Hadamard(3)
        qml.CNOT([0, 2])
        qml.RY(0.25, wires=1)
        qml.adjoint(qml.S)(3)
        qml.ctrl(qml.RZ, control=[3, 1], control_values=[1, 0])(x, wires=2)
        return qml.expval(qml.Z(0)), qml.probs([1])

    assert drawn(circuit, 0.1).splitlines() == [
        "circuit:",
        "0: ──RX(theta[0])─╭●───────────────────────────",
        "1: ───────────────│────RY(0.25)─╭○─────────────",
        "2: ───────────────╰X────────────├RZ(theta[1])──",
        "3: ──H─────────────S†───────────╰●─────────────",
        "return expval(Z0), probs(1)",
    ]


def test_loops_and_branches_are_drawn_once_between_borders():
    @qml.qnode(device(2))
    def circuit(x, n):
        @for_loop(0, 50, 1)
        def layers(i):
            qml.RX(x[i], wires=0)
            qml.RY(x[i], wires=n)

        layers()
        cond(n > 0, lambda: qml.X(0), lambda: qml.Y(0))()
        return qml.expval(qml.Z(0))

    lines = drawn(circuit, jnp.zeros(50), 1).splitlines()
    assert "repeat 50 times i" in lines[1]
    assert "branch index[50] case 0" in lines[1]
    assert "RX(theta[2*i])─RY(theta[1 + 2*i]) on index[i]" in lines[2]
    text = "".join(line for line in lines if line.startswith("0:"))
    assert text.count("╟") == text.count("╢") == 2
    assert text.count("╫") == 1
    assert sum("case 1" in line for line in lines) == 1


def test_long_circuits_go_on_below_and_very_long_ones_are_cut():
    gates = tuple(Gate(GATES["RX"], (0,), Slot(i)) for i in range(1000))
    program = Program(2, 1000, body=gates, measurements=(Expval((Term(1.0, ((0, "Z"),)),)),))
    lines = drawing(program, width=60).splitlines()
    assert max(map(len, lines)) <= 60
    assert "... and 600 more operations, which the program lists" in lines
    assert sum(line.count("RX(") for line in lines) == 400
    assert all(line.startswith(("0: ──", "1: ──")) for line in lines[:2])


@pytest.mark.parametrize("wires", [1, 3, 12])
def test_every_line_of_a_block_is_as_long(wires):
    rng = np.random.default_rng(wires)
    gates = []
    for number in range(40):
        if wires > 1 and number % 2:
            a, b = map(int, rng.choice(wires, 2, replace=False))
            gates.append(Gate(GATES["PauliX"], (a,), None, (b,), (True,)))
        else:
            gates.append(Gate(GATES["RZ"], (int(rng.integers(wires)),), Slot(number)))
    program = Program(wires, 40, body=tuple(gates), measurements=(Expval(()),))
    blocks = drawing(program, width=80).rsplit("\n", 1)[0].split("\n\n")
    for block in blocks:
        lines = block.splitlines()
        assert len(lines) == wires
        assert len({len(line) for line in lines}) == 1
