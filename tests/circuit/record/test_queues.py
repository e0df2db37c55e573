"""What a thread records is its own."""

import threading

import jax
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import grad, qjit


def in_a_thread(function):
    """Run it to its end in another thread, while this one waits."""
    caught = []

    def run():
        try:
            function()
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    if caught:
        raise caught[0]


def make(meanwhile, device="lightning.qubit"):
    """A circuit with something that another thread does while it is recorded."""

    @qml.qnode(qml.device(device, wires=2))
    def circuit(x):
        qml.RX(x, wires=0)
        in_a_thread(meanwhile)
        qml.RY(2 * x, wires=0)
        return qml.expval(qml.Z(0))

    return circuit


def operators():
    qml.X(0)
    qml.prod(qml.Z(0), qml.Z(1))


def stopped():
    with qml.QueuingManager.stop_recording():
        assert not qml.QueuingManager.recording()
        qml.X(0)


def decompositions():
    qml.QFT(wires=[0, 1]).decomposition()
    qml.ctrl(qml.Hadamard(0), control=[1]).simplify()


@pytest.mark.parametrize("meanwhile", [operators, stopped, decompositions])
def test_a_circuit_has_no_part_in_what_other_threads_do(meanwhile):
    x = 0.3
    expected = -np.sin(x) * np.cos(2 * x) - 2 * np.cos(x) * np.sin(2 * x)
    assert float(qjit(grad(make(meanwhile)))(x)) == pytest.approx(expected, abs=1e-12)
    plain = jax.grad(make(meanwhile, "default.qubit"))(x)
    assert float(plain) == pytest.approx(expected, abs=1e-12)
    assert not qml.QueuingManager.recording()


def test_stop_recording_across_the_end_of_a_circuit():
    """Another thread begins before a circuit's end, and ends after it."""
    entered, recorded = threading.Event(), threading.Event()

    def hold():
        with qml.QueuingManager.stop_recording():
            entered.set()
            assert recorded.wait(60)

    thread = threading.Thread(target=hold, daemon=True)
    with qml.queuing.AnnotatedQueue() as queue:
        thread.start()
        assert entered.wait(60)
        gate = qml.X(0)
    recorded.set()
    thread.join(60)
    assert [item for item in queue.queue] == [gate]
    qml.X(1)
    assert len(queue) == 1 and not qml.QueuingManager.recording()


def test_stop_recording_within_a_circuit():
    with qml.queuing.AnnotatedQueue() as queue:
        kept = qml.X(0)
        with pytest.raises(ValueError, match="mine"), qml.QueuingManager.stop_recording():
            qml.Y(0)
            raise ValueError("mine")
        after = qml.Z(0)
    assert queue.queue == [kept, after]
