"""Where `sweep` computes: threads, processes, and executors of any kind."""

import multiprocessing
import os
import sys
import warnings
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest
import xarray

import qgrad_lab
from qgrad_lab import qjit
from qgrad_lab.sweeps.executors import worker
from tests.support.small_sweeps import ANGLES, DEVICE, THETA, layers, loss, quick
from tests.support.sweeping import BLOCKS, blocks_in, check_sweep, kill_when, run_sweep


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@qml.qnode(DEVICE)
def controlled(x, i):
    qml.RX(x, wires=0)
    qml.CNOT(wires=[i, 1])
    return qml.expval(qml.Z(1))


@pytest.mark.parametrize("where", ["here", "threads", "processes"])
def test_a_point_that_fails_is_told(where, request):
    grid = {"x": ANGLES, "i": xarray.DataArray([0, 0, 0, 0, 0, 1, 0], dims="x")}
    pools = {"here": lambda: None, "threads": lambda: ThreadPoolExecutor(1)}
    pool = pools.get(where, lambda: request.getfixturevalue("processes"))()
    with pytest.raises(ValueError, match="CNOT was given the wires 1 1") as caught:
        quick(controlled, grid, chunk=4, executor=pool)
    line, point, done = caught.value.__notes__
    assert "qml.CNOT(wires=[i, 1])" in line
    assert point == "The sweep stopped at x=1.5, i=1."
    assert done.startswith("The sweep stopped after 4 of 7 points, which are lost")


# Executors


def test_threads_and_processes_give_the_same(processes):
    grid = {"theta[1]": ANGLES, "x": [0.5, 1.5]}
    options = {"fixed": {"theta": THETA}, "methods": ["auto", "fd"], "h": [1e-3, 1e-5], "chunk": 3}
    here = quick(loss, grid, **options)
    with ThreadPoolExecutor(2) as threads:
        for pool, name in ((threads, "ThreadPoolExecutor"), (processes, "ProcessPoolExecutor")):
            there = quick(loss, grid, executor=pool, **options)
            for variable in ("value", "gradient_theta"):
                np.testing.assert_allclose(there[variable], here[variable], atol=1e-15, rtol=1e-12)
            assert there.attrs["executor"] == name
            assert there.attrs["sweep_sha256"] == here.attrs["sweep_sha256"]


def test_blocks_of_the_default_size(processes):
    found = run_sweep(executor=processes, chunk=None)
    check_sweep(found)


def test_loops_that_outgrow_their_program(processes):
    @qml.qnode(DEVICE)
    def turned(x, n):
        @qgrad_lab.for_loop(0, n, 1)
        def loop(_):
            qml.RX(x, wires=0)

        loop()
        return qml.expval(qml.Z(0))

    grid = {"x": [0.1, 0.2], "n": [1, 50, 300]}
    for pool in (None, processes):
        found = quick(turned, grid, executor=pool, chunk=1)
        exact = [[-n * np.sin(n * x) for n in grid["n"]] for x in grid["x"]]
        np.testing.assert_allclose(found.gradient_x[..., 0], exact, atol=1e-9)


class Recording(Executor):
    """Threads of another kind: it counts what waits."""

    def __init__(self, workers):
        self._max_workers = workers
        self.waiting, self.most, self.submitted = [], 0, 0

    def submit(self, function, *args):
        future = Future()
        self.waiting.append((future, function, args))
        self.most = max(self.most, len(self.waiting))
        self.submitted += 1
        if len(self.waiting) == 3 * self._max_workers or self.submitted == BLOCKS:
            for future, function, args in self.waiting:
                future.set_result(function(*args))
            self.waiting = []
        return future


def test_only_a_few_blocks_are_submitted_at_once():
    recording = Recording(workers=4)
    check_sweep(run_sweep(executor=recording))
    assert (recording.submitted, recording.most) == (BLOCKS, 12)


def test_a_worker_of_another_version():
    payload = worker.Payload("another", "0.0.0", b"", ())
    with pytest.raises(RuntimeError, match="was sent a program of qgrad_lab 0.0.0"):
        worker.compute_sent(payload, (ANGLES,))


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_forked_processes_are_refused():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        with pytest.raises(ValueError, match=r"mp_context=multiprocessing.get_context\('spawn'\)"):
            quick(loss, {"x": ANGLES}, fixed={"theta": THETA}, executor=pool)


def test_a_pool_whose_process_dies(tmp_path):
    store = tmp_path / "sweep.zarr"
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        killer = kill_when(store, 3, pool.submit(os.getpid).result())
        with pytest.raises(RuntimeError, match="process of the ProcessPoolExecutor died") as caught:
            run_sweep(executor=pool, store=store)
        killer.join()
    assert "Call sweep again in the same way" in str(caught.value)
    assert 3 <= blocks_in(store) < BLOCKS
    check_sweep(run_sweep(store=store))


def test_what_calls_python_stays_in_this_process(processes):
    device = qml.device("default.mixed", wires=1)

    @qml.qnode(device, diff_method="parameter-shift")
    def noisy(x):
        qml.RX(x, wires=0)
        qml.DepolarizingChannel(0.3, wires=0)
        return qml.expval(qml.Z(0))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with ThreadPoolExecutor(1) as threads:
            for pool in (None, threads):
                found = quick(noisy, {"x": ANGLES}, executor=pool)
                np.testing.assert_allclose(found.gradient_x[:, 0], -0.6 * np.sin(ANGLES), atol=1e-9)
        with pytest.raises(qgrad_lab.CompileError, match="Use executor=None or a Thread"):
            quick(noisy, {"x": ANGLES}, executor=processes)


def test_seeded_shots_are_the_same_again(processes):
    sampled = qjit(qml.set_shots(layers, 50), seed=5)

    def first(x):
        return sampled(jnp.array([0.4, 0.3, 0.2]) * x)[0]

    found = [quick(first, {"x": ANGLES}, chunk=3, executor=pool) for pool in (None, processes)]
    xarray.testing.assert_equal(found[0].value, found[1].value)
    xarray.testing.assert_equal(found[0].gradient_x, found[1].gradient_x)
    assert len(np.unique(found[0].value)) > 2
