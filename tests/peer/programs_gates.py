"""Gates that the other compiler differentiates rightly under both methods."""

import numpy as np
import pennylane as qml

from .cases import BOTH, RIGHT, case

X = 0.37
LINE = (
    "Gates under both methods: CRX/Y/Z, CRot, U1-3, Rot, PhaseShift, CPhaseShift00/01/10, Ising*, "
    "PauliRot, MultiRZ, SingleExcitation*, DoubleExcitation, PCPhase, GlobalPhase, controlled and "
    "adjoint RX, constant StatePrep and QubitUnitary, templates"
)

ONE = ["RX", "RY", "RZ", "PhaseShift", "U1"]
TWO = ["CRX", "CRY", "CRZ", "CPhaseShift00", "CPhaseShift01", "CPhaseShift10"]
TWO += ["IsingXX", "IsingXY", "IsingYY", "IsingZZ"]
TWO += ["SingleExcitation", "SingleExcitationMinus", "SingleExcitationPlus"]

GATES = {name: lambda lab, x, name=name: getattr(qml, name)(x, wires=0) for name in ONE}
GATES |= {name: lambda lab, x, name=name: getattr(qml, name)(x, wires=[0, 1]) for name in TWO}
GATES |= {
    "CRot": lambda lab, x: qml.CRot(x, 0.4, x, wires=[1, 2]),
    "U2": lambda lab, x: qml.U2(x, 0.4, wires=0),
    "U3": lambda lab, x: qml.U3(x, x, 0.4, wires=1),
    "Rot": lambda lab, x: qml.Rot(x, 0.4, x, wires=2),
    "PauliRot": lambda lab, x: qml.PauliRot(x, "XYZ", wires=[0, 1, 2]),
    "MultiRZ": lambda lab, x: qml.MultiRZ(x, wires=[0, 2, 1]),
    "DoubleExcitation": lambda lab, x: qml.DoubleExcitation(x, wires=[0, 1, 2, 3]),
    "PCPhase": lambda lab, x: qml.PCPhase(x, dim=3, wires=[0, 1]),
    "GlobalPhase": lambda lab, x: (qml.GlobalPhase(x), qml.RX(x, wires=0)),
    "controlled RX": lambda lab, x: lab.ctrl(qml.RX(x, wires=0), control=1),
    "adjoint RX": lambda lab, x: lab.adjoint(qml.RX(x, wires=0)),
    "QubitUnitary": lambda lab, x: (
        qml.RX(x, wires=0),
        qml.QubitUnitary(np.array([[0.6, 0.8], [-0.8, 0.6]]), wires=0),
    ),
    "templates": lambda lab, x: (
        qml.RX(x, wires=0),
        qml.QFT(wires=[0, 1, 2]),
        qml.RY(x, wires=1),
    ),
}


@case(RIGHT, LINE, variants=GATES, methods=BOTH)
def gate(lab, gate, method):
    @lab.qnode(4, method)
    def circuit(x):
        for wire in range(4):
            qml.RY(0.4 + 0.5 * wire, wires=wire)
        gate(lab, x)
        for wire in range(4):
            qml.RX(0.3 + 0.2 * wire, wires=wire)
        return qml.expval(qml.Z(0) @ qml.Z(1) + qml.Y(2) + qml.X(0) @ qml.Z(3))

    return lab.qjit(lab.grad(circuit))(X)


@case(RIGHT, LINE, methods=BOTH)
def constant_state(lab, method):
    @lab.qnode(2, method)
    def circuit(x):
        qml.StatePrep(np.array([0.6, 0.0, 0.0, 0.8]), wires=[0, 1])
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0) @ qml.Y(1) + qml.Z(0))

    return lab.qjit(lab.grad(circuit))(X)


@case(RIGHT, LINE, methods=BOTH)
def entangling_layers(lab, method):
    weights = np.linspace(-1.0, 2.0, 18).reshape(2, 3, 3)

    @lab.qnode(3, method)
    def circuit(weights):
        qml.StronglyEntanglingLayers(weights, wires=range(3))
        return qml.expval(qml.Z(0) @ qml.X(1) + qml.Y(2))

    return lab.qjit(lab.grad(circuit))(weights)
