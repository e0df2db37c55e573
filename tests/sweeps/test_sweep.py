"""`sweep`: numbers, labels, provenance, and where it is computed."""

import importlib
import math
import sys

import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest
import xarray
from hypothesis import given
from hypothesis import strategies as st

import qgrad_lab
from qgrad_lab import qjit, sweep, value_and_grad, with_diff_method
from qgrad_lab.sweeps.blocks import Blocks, count
from tests.support.small_sweeps import ANGLES, DEVICE, THETA, loss, quick


@qml.qnode(DEVICE, diff_method="adjoint")
def product(x, y):
    qml.RX(x, wires=0)
    qml.RY(y, wires=0)
    return qml.expval(qml.Z(0))


# Numbers


def test_closed_form():
    found = quick(product, {"x": ANGLES, "y": ANGLES[:5]}, argnames=["x", "y"])
    x, y = found.x, found.y
    assert found.value.dims == ("x", "y", "diff_method")
    for variable, exact in (
        (found.value, np.cos(x) * np.cos(y)),
        (found.gradient_x, -np.sin(x) * np.cos(y)),
        (found.gradient_y, -np.cos(x) * np.sin(y)),
    ):
        xarray.testing.assert_allclose(
            variable.sel(diff_method="auto", drop=True), exact, atol=1e-12
        )
    assert (found.seconds > 0).all()


METHODS = ["auto", "fd", "adjoint", "parameter-shift"]
STEPS = [1e-3, 1e-5]


def test_every_method_is_what_a_loop_of_calls_gives():
    grid = {"theta[1]": ANGLES[:3], "x": [0.5, 1.5]}
    found = quick(
        loss, grid, fixed={"theta": THETA, "scale": 3.0}, argnum=[0, 1], methods=METHODS, h=STEPS
    )
    assert found.value.dims == ("theta[1]", "x", "diff_method", "h")
    assert found.gradient_theta.dims == (*found.value.dims, "theta_0")
    for method in METHODS:
        for h in STEPS:
            if method in ("auto", "fd"):
                made = value_and_grad(loss, method=method, h=h, argnum=[0, 1])
            else:
                made = value_and_grad(with_diff_method(loss, method), argnum=[0, 1])
            compiled = qjit(made)
            own = found.sel(diff_method=method, h=h)
            for first in grid["theta[1]"]:
                for x in grid["x"]:
                    theta = np.array([THETA[0], first, THETA[2]])
                    value, (in_theta, in_x) = compiled(theta, x, scale=3.0)
                    point = own.sel({"theta[1]": first, "x": x})
                    tolerance = 1e-12 if method != "fd" else 1e-11 / h
                    np.testing.assert_allclose(point.value, value, atol=1e-12)
                    np.testing.assert_allclose(point.gradient_theta, in_theta, atol=tolerance)
                    np.testing.assert_allclose(point.gradient_x, in_x, atol=tolerance)


def test_the_error_of_differences_along_h_is_of_first_order():
    found = quick(
        product, {"x": ANGLES}, fixed={"y": 0.3}, methods=["auto", "fd"], h=[1e-2, 1e-3, 1e-4]
    ).gradient_x
    error = abs(found.sel(diff_method="fd") - found.sel(diff_method="auto")).max("x")
    np.testing.assert_allclose(error[:-1].values / error[1:].values, 10, rtol=0.02)


@pytest.mark.parametrize("chunk", [1, 7, 70, 150, 1000])
def test_numbers_do_not_depend_on_the_blocks(chunk):
    # 70 and more points are computed in batches.
    grid = {"x": np.linspace(0, 1, 15), "y": np.linspace(0, 1, 11)}
    found = quick(product, grid, chunk=chunk)
    assert math.prod(map(int, found.attrs["block"].split(" x "))) <= chunk
    x, y = np.meshgrid(*grid.values(), indexing="ij")
    np.testing.assert_allclose(found.value[..., 0], np.cos(x) * np.cos(y), atol=1e-12)
    np.testing.assert_allclose(found.gradient_x[..., 0], -np.sin(x) * np.cos(y), atol=1e-12)


@given(shape=st.lists(st.integers(1, 12), min_size=1, max_size=4), most=st.integers(1, 2000))
def test_blocks_cover_the_grid_once(shape, most):
    blocks = Blocks.of(tuple(shape), most)
    assert blocks.size <= most
    seen = np.zeros(shape, int)
    for region in blocks.regions():
        seen[region] += 1
        assert count(region) <= blocks.size
    assert (seen == 1).all()


# Grids


def test_values_that_share_a_dimension_move_together():
    time = xarray.DataArray(np.arange(7) * 0.1, dims="time", attrs={"units": "s"})
    x = xarray.DataArray(ANGLES, dims="time", coords={"time": time})
    y = xarray.DataArray(ANGLES[::-1], dims="time", attrs={"units": "rad"})
    found = quick(product, {"x": x, "y": y}, argnum=1)
    assert found.value.dims == ("time", "diff_method")
    np.testing.assert_array_equal(found.time, np.arange(7) * 0.1)
    np.testing.assert_array_equal(found.x, ANGLES)
    np.testing.assert_allclose(found.value[:, 0], np.cos(found.x) * np.cos(found.y), atol=1e-12)
    assert (found.y.units, found.gradient_y.units, found.time.units) == ("rad", "1 / rad", "s")
    assert quick(product, {"x": x, "y": y}, units={"time": "ms"}).time.units == "ms"


def test_arrays_along_their_first_axis():
    points = np.stack([THETA, 2 * THETA, -THETA, THETA])
    one = quick(loss, {"theta": points}, fixed={"x": 1.0})
    assert one.gradient_theta.dims == ("theta_point", "diff_method", "theta_0")
    assert one.theta.dims == ("theta_point", "theta_0")
    labelled = xarray.DataArray(
        points, dims=["start", "angle"], coords={"start": list("abcd"), "angle": [10, 20, 30]}
    )
    two = quick(loss, {"theta": labelled}, fixed={"x": 1.0})
    assert two.gradient_theta.dims == ("start", "diff_method", "angle")
    np.testing.assert_array_equal(two.gradient_theta, one.gradient_theta)
    for start, theta in zip("abcd", points, strict=True):
        _, gradient = qjit(value_and_grad(loss))(theta, 1.0)
        found = two.gradient_theta.sel(start=start, diff_method="auto")
        np.testing.assert_allclose(found, gradient, atol=1e-12)
        assert float(found.sel(angle=20)) == float(found[1])


def test_parts_of_trees():
    def tree(params, data):
        return jnp.sum(jnp.tanh(data @ params["w"] + params["b"][0]) * params["b"][1])

    params = {"w": np.ones((2, 3)), "b": [0.3, 0.4]}
    data = np.array([[1.0, 2.0]])
    grid = {"params['w'][1, -1]": ANGLES, "params['b'][-2]": [0.0, 1.0]}
    found = quick(tree, grid, fixed={"params": params, "data": data})
    assert set(found.data_vars) == {
        *("value", "seconds", "gradient_params_b_0", "gradient_params_b_1", "gradient_params_w"),
    }
    point = found.sel({"params['w'][1, -1]": ANGLES[2], "params['b'][-2]": 1.0})
    moved = {"w": np.ones((2, 3)), "b": [1.0, 0.4]}
    moved["w"][1, 2] = ANGLES[2]
    value, gradient = qjit(value_and_grad(tree))(moved, data)
    np.testing.assert_allclose(point.value[0], value)
    np.testing.assert_allclose(point.gradient_params_w[0], gradient["w"])
    np.testing.assert_allclose(point.gradient_params_b_0[0], gradient["b"][0])
    np.testing.assert_allclose(point.gradient_params_b_1[0], gradient["b"][1])


def test_constants_defaults_and_integers():
    def power(x, n, *, factor=3.0, name):
        for _ in range(n):  # a constant of the program
            x = x * x
        return x * factor if name == "cubes" else x

    fixed = {"n": 1, "name": "cubes"}
    found = quick(power, {"x": [1, 2, 3]}, fixed=fixed)
    np.testing.assert_array_equal(found.gradient_x[:, 0], [6.0, 12.0, 18.0])
    assert found.x.dtype == int
    found = quick(power, {"x": [2.0]}, fixed=fixed, argnames="factor")
    np.testing.assert_array_equal(found.gradient_factor[:, 0], [4.0])
    found = quick(lambda x, i: x**i, {"i": [1, 2, 3]}, fixed={"x": 2})
    np.testing.assert_array_equal(found.gradient_x[:, 0], [1.0, 4.0, 12.0])


def test_names_of_the_function_h():
    found = quick(lambda x, h: x * h, {"x": [1.0, 2.0], "h": [3.0]}, argnames=["x", "h"])
    np.testing.assert_array_equal(found.gradient_h[..., 0], [[1.0], [2.0]])


def test_annotated_compiled_and_wrapped_functions():
    @qjit
    def compiled(x: float):
        return product(x, 0.5)

    for fn in (compiled, with_diff_method(compiled, "parameter-shift")):
        found = quick(fn, {"x": ANGLES})
        np.testing.assert_allclose(found.value[:, 0], np.cos(ANGLES) * np.cos(0.5), atol=1e-12)
        assert found.attrs["function"].endswith("compiled")


# Labels


def test_units():
    units = {"value": "hartree", "theta": "rad", "x": "angstrom"}
    grid = {"x": [1.0], "theta[1]": [0.1, 0.2]}
    found = quick(loss, grid, fixed={"theta": THETA}, argnum=(0, 1), units=units)
    assert {
        name: found[name].units for name in found.variables if "units" in found[name].attrs
    } == {
        "x": "angstrom",
        "theta[1]": "rad",
        "value": "hartree",
        "gradient_theta": "hartree / rad",
        "gradient_x": "hartree / angstrom",
        "seconds": "s",
    }
    plain = quick(loss, grid, fixed={"theta": THETA})
    assert {plain[name].units for name in ("x", "value", "gradient_theta")} == {"dimensionless"}


def test_provenance():
    found = quick(loss, {"x": [1.0]}, fixed={"theta": THETA}, methods=["auto", "fd"], h=1e-4)
    attrs = found.attrs
    assert float(found.h) == 1e-4
    assert attrs["function"].endswith("small_sweeps.loss")
    assert attrs["fixed"] == "theta=array([ 0.3, -0.4, 0.9])"
    assert (attrs["methods"], attrs["h"]) == ("auto, fd", "0.0001")
    assert attrs["executor"] == "this process"
    assert attrs["qgrad_lab"] == qgrad_lab._version.__version__
    for package in ("jax", "pennylane", "xarray"):
        assert attrs[package] == importlib.import_module(package).__version__
    assert attrs["started"] <= attrs["finished"]
    assert all(isinstance(value, str | int) for value in attrs.values())
    again = quick(loss, {"x": [1.0]}, fixed={"theta": THETA}, methods=["auto", "fd"], h=1e-4)
    other = quick(loss, {"x": [1.0]}, fixed={"theta": THETA, "kind": "none"})
    for name, differs in (("function_source_sha256", False), ("program_sha256", True)):
        assert len(attrs[name]) == 64 and attrs[name] == again.attrs[name]
        assert (attrs[name] != other.attrs[name]) is differs


# Methods that do not apply


@qml.qnode(DEVICE, diff_method=None)
def no_method(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


def test_a_method_that_does_not_apply_has_its_reason():
    with pytest.warns(UserWarning, match="'auto' has no results in this sweep: Cannot diff"):
        found = quick(no_method, {"x": ANGLES}, methods=["auto", "fd", "adjoint"])
    assert np.isnan(found.gradient_x.sel(diff_method="auto")).all()
    assert np.isnan(found.value.sel(diff_method="auto")).all()
    adjoint = found.sel(diff_method="adjoint")
    np.testing.assert_allclose(adjoint.gradient_x, -np.sin(ANGLES), atol=1e-12)
    assert "diff_method=None" in found.failure.sel(diff_method="auto").item()
    assert found.failure.sel(diff_method="fd").item() == ""
    with pytest.raises(qgrad_lab.DifferentiableCompileError, match="Cannot differentiate"):
        quick(no_method, {"x": ANGLES})


# The bar, and what is not installed


def test_the_bar_tells_rate_and_remaining_time(capsys):
    sweep(product, {"x": ANGLES}, fixed={"y": 0.0})
    shown = capsys.readouterr().err
    assert "product: 100%" in shown and "7/7" in shown and "points/s" in shown
    quick(product, {"x": ANGLES}, fixed={"y": 0.0})
    assert capsys.readouterr().err == ""


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match=r"pip install 'qgrad-lab\[sweep\]'"):
        quick(product, {"x": ANGLES}, fixed={"y": 0.0})


def test_the_library_starts_without_the_extra(run_python):
    names = ("xarray", "zarr", "dask", "distributed", "tqdm")
    program = f"import sys, qgrad_lab; print([n for n in {names} if n in sys.modules])"
    assert run_python(program).strip() == "[]"
