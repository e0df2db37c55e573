"""`sweep` on Dask clusters of which parts are killed."""

import os
import subprocess
import sys
import time

import pytest
from dask.distributed import Client, LocalCluster
from distributed.scheduler import KilledWorker

from qgrad_lab.sweeps.executors.dask import DaskCluster
from tests.support.sweeping import BLOCKS, CHUNK, blocks_in, check_sweep, kill_when, run_sweep


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dask")
    with (
        LocalCluster(
            n_workers=2,
            processes=True,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=str(folder),
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def test_a_worker_that_is_killed_takes_nothing_with_it(client, tmp_path):
    store = tmp_path / "sweep.zarr"
    before = client.run(os.getpid)
    victim = next(iter(before.values()))
    killer = kill_when(store, 4, victim)
    found = run_sweep(executor=client, store=store)
    killer.join()
    check_sweep(found)
    assert found.attrs["executor"] == "dask.distributed"
    assert blocks_in(store) == BLOCKS
    client.wait_for_workers(2, timeout=120)
    after = client.run(os.getpid)
    assert victim not in after.values() and len(set(before.values()) & set(after.values())) == 1


def test_without_a_store_and_by_the_executor_of_a_client(client):
    client.wait_for_workers(2, timeout=120)
    check_sweep(run_sweep(executor=client.get_executor()))


def test_interruptions_cancel_what_waits(client, tmp_path, monkeypatch):
    client.wait_for_workers(2, timeout=120)
    store = tmp_path / "sweep.zarr"
    submit, submitted = DaskCluster.submit, []

    def interrupted(self, *args):
        if len(submitted) == 20:
            raise KeyboardInterrupt
        submitted.append(submit(self, *args))
        return submitted[-1]

    with monkeypatch.context() as patch:
        patch.setattr(DaskCluster, "submit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_sweep(executor=client, store=store)
    # Those that came were kept, and those that were waiting will not be computed.
    assert 14 <= blocks_in(store) <= 20
    waiting = [future for future in submitted if future.status == "pending"]
    assert not waiting
    check_sweep(run_sweep(executor=client, store=store))


def test_blocks_that_kill_every_worker_are_told(client):
    told = DaskCluster(client).translated(KilledWorker("block", None, 3))
    assert "as a rule they ran out of memory" in str(told)
    error = ValueError("another")
    assert DaskCluster(client).translated(error) is error


def _start(module, *options, environment):
    return subprocess.Popen(
        [sys.executable, "-m", module, *options],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_a_scheduler_that_is_killed(tmp_path, subprocess_environment):
    store, file = tmp_path / "sweep.zarr", tmp_path / "scheduler.json"
    environment = subprocess_environment
    scheduler = _start(
        "distributed.cli.dask_scheduler",
        *("--scheduler-file", str(file), "--port", "0", "--no-dashboard", "--host", "127.0.0.1"),
        environment=environment,
    )
    worker = _start(
        "distributed.cli.dask_worker",
        *("--scheduler-file", str(file), "--nthreads", "1", "--no-nanny", "--no-dashboard"),
        *("--death-timeout", "60", "--local-directory", str(tmp_path)),
        environment=environment,
    )
    try:
        deadline = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < deadline and scheduler.poll() is None
            time.sleep(0.05)
        with Client(scheduler_file=str(file), timeout=5) as client:
            client.wait_for_workers(1, timeout=120)
            killer = kill_when(store, 4, scheduler.pid)
            with pytest.raises(RuntimeError, match="connection to the Dask scheduler is lost") as e:
                run_sweep(executor=client, store=store)
            killer.join()
            kept = blocks_in(store)
            assert 4 <= kept < BLOCKS
            assert f"stopped after {kept * CHUNK} of 240 points" in str(e.value)
            assert f"kept in store='{store}'. Call sweep again in the same way" in str(e.value)
            with pytest.raises(RuntimeError, match="connection to the Dask scheduler is lost"):
                run_sweep(executor=client, store=store)
    finally:
        for process in (scheduler, worker):
            process.kill()
            process.wait()
    check_sweep(run_sweep(store=store))
    assert blocks_in(store) == BLOCKS
