"""The store of `sweep`: nothing is lost, nothing is computed twice, nothing is mixed up."""

import json
import re
import shutil
import signal
import subprocess
import sys

import jax
import numpy as np
import pytest
import xarray
import zarr

from qgrad_lab import sweep
from qgrad_lab.sweeps.executors import choice, local
from tests.support.sweeping import BLOCKS, CHUNK, blocks_in, check_sweep, run_sweep, wait_for_blocks

POINTS = np.linspace(0.0, 1.0, 10)


def cube(x, factor=1.0):
    return factor * x**3


def run(store, fn=cube, grid=None, **options):
    return sweep(
        fn, grid or {"x": POINTS}, **{"store": store, "chunk": 2, "progress": False} | options
    )


@pytest.fixture
def store(tmp_path):
    return tmp_path / "sweep.zarr"


@pytest.fixture
def computed(monkeypatch):
    """How often blocks were computed in this process."""
    calls = []

    def counted(*args):
        calls.append(args)
        return computed(*args)

    computed = local.compute
    monkeypatch.setattr(local, "compute", counted)
    return calls


def check(found, factor=1.0):
    np.testing.assert_allclose(found.value[:, 0], factor * POINTS**3, atol=1e-15)
    np.testing.assert_allclose(found.gradient_x[:, 0], factor * 3 * POINTS**2, atol=1e-15)


@pytest.mark.filterwarnings("error")
def test_the_store_is_the_result(store, computed):
    found = run(store, units={"x": "m"})
    assert len(computed) == 5
    check(found)
    opened = xarray.open_zarr(store)
    xarray.testing.assert_identical(opened.load(), found.load())
    in_memory = run(None, units={"x": "m"})
    for name in ("started", "finished"):
        opened.attrs.pop(name), in_memory.attrs.pop(name)
    xarray.testing.assert_identical(opened.drop_vars("seconds"), in_memory.drop_vars("seconds"))
    again = run(store, units={"x": "m"}, chunk=None)
    assert len(computed) == 10  # the five in memory
    check(again)
    assert again.attrs["finished"] == found.attrs["finished"]


def test_a_store_with_steps_and_methods_that_do_not_apply(store, computed):
    def tangled(x):
        value = jax.lax.while_loop(lambda v: v[0] < 3, lambda v: (v[0] + 1, v[1] * x), (0, 1.0))[1]
        return value  # which has no reverse mode

    options = {"methods": ["auto", "fd"], "h": [1e-4, 1e-6], "fn": tangled}
    with pytest.warns(UserWarning, match="'auto' has no results"):
        found = run(store, **options)
    assert len(computed) == 10
    np.testing.assert_allclose(
        found.gradient_x.sel(diff_method="fd", h=1e-6), 3 * POINTS**2, atol=1e-5
    )
    assert np.isnan(found.value.sel(diff_method="auto")).all()
    assert found.failure.sel(diff_method="auto").item()
    with pytest.warns(UserWarning, match="'auto' has no results"):
        run(store, **options)
    assert len(computed) == 10


def test_methods_without_a_step_are_computed_once(store, computed):
    found = run(store, methods=["auto", "fd"], h=[1e-3, 1e-5, 1e-7])
    assert len(computed) == 4 * 5
    auto = found.sel(diff_method="auto")
    for h in found.h:
        check(auto.sel(h=h).expand_dims("diff_method", 1))
    run(store, methods=["auto", "fd"], h=[1e-3, 1e-5, 1e-7])
    assert len(computed) == 4 * 5


# Interruptions


class Interrupted(local.Here):
    """Stops after some blocks, as somebody who presses Ctrl-C."""

    def __init__(self, after):
        self.left = after

    def submit(self, program, swept):
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        return super().submit(program, swept)


def test_a_sweep_that_is_interrupted_goes_on(store, computed, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(choice, "Here", lambda: Interrupted(after=2))
        with pytest.raises(KeyboardInterrupt) as caught:
            run(store)
    assert "stopped after 4 of 10 points, which are kept in store=" in caught.value.__notes__[-1]
    assert len(computed) == 2
    partial = xarray.open_zarr(store, consolidated=False)
    assert int(partial.value.notnull().sum()) == 4
    check(run(store))
    assert len(computed) == 5


def test_the_bar_starts_where_the_sweep_stopped(store, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setattr(choice, "Here", lambda: Interrupted(after=2))
        with pytest.raises(KeyboardInterrupt):
            run(store)
    run(store, progress=True)
    assert "4/10" in capsys.readouterr().err


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_is_stopped_loses_no_block(store, computed, subprocess_environment, how):
    # What is started in the background, as CI may be, begins with SIGINT ignored.
    program = f"""
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from tests.support.sweeping import run_sweep
run_sweep(store={str(store)!r})
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=subprocess_environment, stderr=subprocess.PIPE
    )
    wait_for_blocks(store, 5)
    process.send_signal(how)
    _, told = process.communicate()
    assert process.returncode == -how
    kept = blocks_in(store)
    assert 5 <= kept < BLOCKS
    if how == signal.SIGINT:
        note = re.search(r"stopped after (\d+) of 240 points, which are kept in", told.decode())
        # It may come between the mark of a block and the count.
        assert kept * CHUNK - int(note[1]) in (0, CHUNK)
    check_sweep(run_sweep(store=store))
    assert len(computed) == BLOCKS - kept


def _chunk(store, number, name="gradient_x"):
    return store / name / "c" / str(number) / "0"


def test_a_block_without_its_mark_is_computed_again(store, computed):
    run(store)
    (store / "completion/marks/c/0/3").unlink()  # killed between the numbers and the mark
    check(run(store))
    assert len(computed) == 6


@pytest.mark.parametrize("damage", ["missing", "cut short", "changed"])
def test_a_block_that_is_not_what_was_written_is_computed_again(store, computed, damage):
    run(store)
    file = _chunk(store, 1)
    if damage == "missing":
        file.unlink()
    elif damage == "cut short":
        file.write_bytes(file.read_bytes()[:-3])
    else:
        shutil.copy(_chunk(store, 2), file)
    check(run(store))
    assert len(computed) == 6


def test_a_half_made_store_is_made_again(store, computed):
    run(store)
    shutil.rmtree(store / "completion/marks")
    shutil.rmtree(store / "value")
    check(run(store))
    assert len(computed) == 10


def test_an_empty_folder_is_a_new_store(store):
    store.mkdir()
    check(run(store))
    zarr.open_group(store, mode="w")
    check(run(store))


def test_a_store_in_memory(computed):
    store = zarr.storage.MemoryStore()
    check(run(store))
    check(run(store))
    assert len(computed) == 5


# Other sweeps


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"fn": lambda x: x**3 + 1e-9}, "function"),
        ({"fixed": {"factor": np.float64(2.0)}}, "fixed, function"),
        ({"grid": {"x": POINTS + 1e-12}}, "grid"),
        ({"methods": ["fd"]}, "methods"),
        ({"methods": ["auto", "fd"], "h": 1e-3}, "h, methods"),
        ({"units": {"x": "m"}}, "units"),
        ({"chunk": 5}, r"chunk \(it has blocks of \[2\] points\)"),
    ],
)
def test_another_sweep_is_refused(store, computed, change, difference):
    run(store)
    with pytest.raises(ValueError, match=rf"another sweep in it: it differs in {difference}\. To"):
        run(store, **change)
    assert len(computed) == 5
    check(run(store))


def test_numbers_in_fixed_arrays_make_another_sweep(store):
    for factor in (1.0, 2.0):
        options = {"fixed": {"factor": np.float64(factor)}}
        if factor == 1.0:
            run(store, **options)
        else:
            with pytest.raises(ValueError, match=r"it differs in fixed\. To go on"):
                run(store, **options)


def test_other_versions_are_told(store):
    run(store)
    group = zarr.open_group(store, mode="r+", use_consolidated=False)
    group.attrs["jax"] = "0.0.1"
    with pytest.raises(ValueError, match=r"other versions \(jax 0.0.1 then, .* now\)"):
        run(store, fn=lambda x: x**4)


def test_what_is_no_store_of_a_sweep_is_refused_and_kept(store):
    store.mkdir()
    (store / "mine").write_text("data")
    with pytest.raises(
        ValueError, match="is there already, and no zarr store. Nothing was changed"
    ):
        run(store)
    assert (store / "mine").read_text() == "data"
    shutil.rmtree(store)
    xarray.Dataset({"mine": ("x", [1.0])}).to_zarr(store, consolidated=False)
    with pytest.raises(ValueError, match="is a zarr store, and not that of a sweep"):
        run(store)
    assert xarray.open_zarr(store, consolidated=False).load().mine.item() == 1.0


def test_a_store_of_another_format_is_refused(store):
    run(store)
    group = zarr.open_group(store, mode="r+", use_consolidated=False)["completion"]
    group.attrs["record"] = json.dumps(json.loads(group.attrs["record"]) | {"format": 99})
    with pytest.raises(ValueError, match="has the format 99, not 1"):
        run(store)
