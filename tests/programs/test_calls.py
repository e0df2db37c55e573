"""Calls of compiled functions: what a call leaves behind, how often XLA compiles, what it reads."""

import copy
import gc
import pickle
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import grad, qjit, reference
from qgrad_lab.circuit.record.sources import SourceQueue, explained
from qgrad_lab.compile.jitted import JittedFunction
from qgrad_lab.core.garbage import fewer_collections
from qgrad_lab.core.mode import Mode, ThreadState, threads
from qgrad_lab.errors import CompileError

POINT = np.array([0.3, 0.8])


def layers():
    @qml.qnode(qml.device("lightning.qubit", wires=2), diff_method="adjoint")
    def circuit(x):
        qml.RX(x[0], wires=0)
        qml.RY(x[1], wires=1)
        qml.CNOT(wires=[0, 1])
        return qml.expval(qml.Z(1))

    return circuit


_compilations: list[str] = []


@jax.monitoring.register_event_duration_secs_listener
def _listen(event, duration, **_):
    if event == "/jax/core/compile/backend_compile_duration":
        _compilations.append(event)


@pytest.mark.parametrize("transform", [lambda f: f, grad], ids=["value", "gradient"])
def test_the_first_call_compiles_once_and_the_second_nothing(transform):
    compiled = qjit(transform(layers()))
    x = jnp.asarray(POINT)
    _compilations.clear()
    compiled(x)
    assert len(_compilations) == 1
    compiled(x + 0.0)
    assert len(_compilations) <= 2  # the sum


def fields(state):
    return {name: getattr(state, name) for name in ThreadState.__slots__}


def test_a_call_leaves_the_state_of_its_thread_as_it_was():
    before = fields(threads.state)
    assert before["mode"] is Mode.OUTSIDE and before["ordinary"] and before["running"] is None

    def fails(x):
        raise RuntimeError("no")

    @qjit
    def outer(x):
        assert isinstance(threads.state.running, JittedFunction)
        return qjit(grad(layers()))(x)

    outer(POINT)
    for function in (qjit(fails), qjit(fails, seed=3), reference(fails), qjit(reference(fails))):
        with pytest.raises(RuntimeError):
            function(POINT)
    after = fields(threads.state)
    after["lowered_circuit"] = before["lowered_circuit"]
    assert after == before


def test_the_gates_of_every_thread_are_its_own():
    functions = [qjit(grad(layers())) for _ in range(4)]
    results = [None] * 4

    def work(number):
        results[number] = functions[number](POINT + number)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for number, result in enumerate(results):
        x, y = POINT + number
        expected = [-np.sin(x) * np.cos(y), -np.cos(x) * np.sin(y)]
        np.testing.assert_allclose(result, expected, atol=1e-14)


class TestGarbage:
    def test_many_threads_leave_the_thresholds_as_they_were(self):
        usual = gc.get_threshold()
        barrier = threading.Barrier(4)

        def work():
            for _ in range(50):
                with fewer_collections():
                    assert gc.get_threshold()[0] > usual[0]
            barrier.wait()

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert gc.get_threshold() == usual

    def test_what_the_user_sets_meanwhile_stays(self):
        usual = gc.get_threshold()
        try:
            with fewer_collections():
                gc.set_threshold(123, 4, 5)
            assert gc.get_threshold()[:2] == (123, 4)
        finally:
            gc.set_threshold(*usual)

    def test_a_collector_that_is_off_stays_off(self):
        usual = gc.get_threshold()
        gc.set_threshold(0)
        try:
            with fewer_collections():
                assert gc.get_threshold()[0] == 0
            assert gc.get_threshold()[0] == 0
        finally:
            gc.set_threshold(*usual)

    def test_errors_of_the_user_restore_it(self):
        usual = gc.get_threshold()
        with pytest.raises(RuntimeError), fewer_collections():
            raise RuntimeError
        assert gc.get_threshold() == usual


class TestPlainGates:
    """Most operations take a short way to their gates, which must tell what the long one tells."""

    @pytest.mark.parametrize(
        "angle", [0.3, np.float64(0.3), np.float32(0.25), np.array(0.3), 1, True, 0.3 + 0j]
    )
    def test_known_angles(self, angle):
        @qjit
        @qml.qnode(qml.device("lightning.qubit", wires=2))
        def circuit():
            qml.RX(angle, wires=0)
            qml.CRY(angle, wires=[0, 1])
            return qml.expval(qml.Z(0))

        np.testing.assert_allclose(circuit(), np.cos(float(np.real(angle))), atol=1e-14)

    @pytest.mark.parametrize("angle", [0.3j, np.nan, np.inf, -np.inf])
    def test_angles_that_are_none(self, angle):
        @qjit
        @qml.qnode(qml.device("lightning.qubit", wires=1))
        def circuit():
            qml.RX(angle, wires=0)
            return qml.expval(qml.Z(0))

        with pytest.raises(CompileError, match="angle") as caught:
            circuit()
        assert "qml.RX(angle, wires=0)" in str(caught.value.__notes__)

    @pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int32"])
    def test_traced_angles(self, dtype):
        @qjit
        @qml.qnode(qml.device("lightning.qubit", wires=1))
        def circuit(x):
            qml.RX(x, wires=0)
            return qml.expval(qml.Z(0))

        x = jnp.asarray(0.5 if "float" in dtype else 1, dtype)
        np.testing.assert_allclose(circuit(x), np.cos(float(x)), atol=1e-14)

    def test_labels_of_wires(self):
        @qjit
        @qml.qnode(qml.device("lightning.qubit", wires=["a", 7, "c"]))
        def circuit(x):
            qml.RX(x, wires="c")
            qml.CNOT(wires=["c", 7])
            qml.CSWAP(wires=[7, "a", "c"])
            return qml.expval(qml.Z("a")), qml.expval(qml.Z(7))

        np.testing.assert_allclose(circuit(0.4), [np.cos(0.4), np.cos(0.4)], atol=1e-14)


class TestLines:
    def make(self):
        with SourceQueue() as queue:
            qml.RX(0.3, wires=0)
        return queue.queue[0]

    def note(self, operation):
        def refuse(thing):
            raise CompileError("no")

        with pytest.raises(CompileError) as caught:
            explained(refuse, operation)
        return caught.value.__notes__

    def test_the_line_that_made_an_operation(self):
        (note,) = self.note(self.make())
        assert "test_calls.py" in note and "in make\n    qml.RX(0.3, wires=0)" in note

    @pytest.mark.parametrize(
        "way", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
    )
    def test_copies_of_an_operation_know_it_too(self, way):
        operation = self.make()
        assert self.note(way(operation)) == self.note(operation)
        assert self.note(way(way(operation))) == self.note(operation)
