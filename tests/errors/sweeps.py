"""Sweeps: grids, arguments, executors and stores that do not fit."""

import multiprocessing
import tempfile
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

import jax
import numpy as np
import pennylane as qml
import xarray
import zarr

from qgrad_lab import sweep
from tests.errors.circuits import rotated
from tests.errors.table import compile_error, derivative_error, entry

DIMS = ["point", "angle"]


def square(x):
    return x**2


def scaled(theta, g):
    return g * (theta**2).sum()


def run(fn, grid, **options):
    return sweep(fn, grid, progress=False, **options)


# -- The grid --------------------------------------------------------------------------------------


@entry(
    TypeError,
    "it is a mapping from names of arguments",
    "The grid of a sweep is no mapping, or empty.",
    "`sweep(f, {'x': values})`.",
)
def a_grid_without_names():
    run(square, np.linspace(0, 1, 3))


@entry(
    ValueError,
    "its keys are the names of arguments",
    "A key of the grid is neither an argument nor a part of one.",
    "`'x'`, `'theta[3]'`, `\"params['w'][0, 1]\"`.",
)
def a_key_that_is_no_name():
    run(square, {"x + 1": [0.0]})


@entry(
    ValueError,
    "it takes a sequence of numbers",
    "The values of a grid are no numbers, or none.",
    "A list or an array; what is the same at all points belongs into `fixed`.",
)
def values_that_are_no_numbers():
    run(square, {"x": ["a", "b"]})


@entry(
    ValueError,
    "share the dimension .* along which they have",
    "Values that move together are not as many.",
    "As many, or dimensions of different names for an outer product.",
)
def values_of_different_numbers():
    values = xarray.DataArray([1.0, 2.0], dims="x")
    run(scaled, {"x": [1.0], "g": values}, fixed={"theta": np.ones(2)})


@entry(
    ValueError,
    "has two different coordinates",
    "Values that move together have different coordinates.",
    "The same, or dimensions of different names for an outer product.",
)
def different_coordinates():
    one, two = (xarray.DataArray([1.0], dims="p", coords={"p": [p]}) for p in (0.0, 1.0))
    run(scaled, {"theta": one, "g": two})


@entry(
    ValueError,
    "twice over",
    "An axis of an array has the name of a dimension of the grid.",
    "Rename the axis.",
)
def an_axis_with_the_name_of_a_dimension():
    run(scaled, {"theta": xarray.DataArray(np.ones((2, 2)), dims=DIMS), "angle": [1.0]})


@entry(
    ValueError,
    "which xarray keeps for coordinates",
    "The first dimension of an array has the name of the argument.",
    "`values.rename({'theta': 'point'})`.",
)
def a_dimension_with_the_name_of_its_argument():
    run(scaled, {"theta": xarray.DataArray(np.ones((2, 2)), dims=["theta", "angle"])})


@entry(
    ValueError,
    "which the result has for something else",
    "An argument that is swept is called `value`, `seconds`, `diff_method`, or `h` where there are "
    "steps.",
    "Sweep `lambda value_: f(value_)`.",
)
def a_name_of_the_result():
    run(lambda value: value**2, {"value": [1.0]})


@entry(
    ValueError,
    "is a dimension of the result already",
    "An axis of a fixed array has the name of a dimension of the grid.",
    "Rename the axis.",
)
def an_axis_of_a_fixed_array():
    theta = xarray.DataArray(np.ones(2), dims="g")
    run(scaled, {"g": [1.0, 2.0]}, fixed={"theta": theta})


@entry(
    ValueError,
    "has no such part",
    "A key leads to nothing in its argument.",
    "One of the leaves in the message.",
)
def a_part_that_is_not_there():
    run(lambda p: p["w"], {"p['v']": [1.0]}, fixed={"p": {"w": 1.0}})


@entry(
    ValueError,
    "which holds the leaves",
    "A key leads to a part that is no array.",
    "One key for each leaf.",
)
def a_part_with_several_leaves():
    run(lambda p: p["w"][0], {"p['w']": [1.0]}, fixed={"p": {"w": [1.0, 2.0]}})


@entry(
    ValueError,
    "what it is an element of has the shape",
    "An index is out of range, or none.",
    "Integers within the shape.",
)
def an_element_that_is_not_there():
    run(scaled, {"theta[0.5]": [1.0]}, fixed={"theta": np.ones(2), "g": 1.0})


@entry(
    ValueError,
    "and that part of 'theta' is",
    "Values of another shape or type than the part that they replace.",
    "The shape and type in the message.",
)
def values_of_another_shape():
    run(scaled, {"theta[0]": np.ones((3, 2))}, fixed={"theta": np.ones(2), "g": 1.0})


# -- Arguments -------------------------------------------------------------------------------------


@entry(
    TypeError,
    "knows the arguments of '.*' by their names",
    "The signature of a swept function does not name its arguments.",
    "`lambda x: f(x)`.",
)
def arguments_without_names():
    run(lambda *x: x[0], {"x": [1.0]})


@entry(
    ValueError,
    "has no argument 'z'; its",
    "`grid`, `fixed` or `argnames` has a name that the function does not.",
    "One of the names in the message.",
)
def an_argument_that_is_not_there():
    run(square, {"x": [1.0]}, fixed={"z": 1.0})


@entry(
    ValueError,
    "is swept as a whole, and",
    "An argument is swept, and fixed or swept in parts too.",
    "Give it once.",
)
def an_argument_given_twice():
    run(square, {"x": [1.0]}, fixed={"x": 1.0})


@entry(
    ValueError,
    "has no value: it is differentiated",
    "What is differentiated, or swept in parts, has no value.",
    "`fixed={'theta': ...}`.",
)
def an_argument_without_value():
    run(scaled, {"theta[0]": [1.0], "g": [1.0]})


@entry(
    ValueError,
    "which is neither swept nor fixed",
    "An argument of the function is missing.",
    "Give it to the grid or to `fixed`.",
)
def a_missing_argument():
    run(scaled, {"theta": np.ones((1, 2))})


@entry(
    ValueError,
    "Invalid argnum 5: 'square' has the arguments",
    "There is no argument in this position.",
    "A position, or names as `argnames`.",
)
def no_such_position():
    run(square, {"x": [1.0]}, argnum=5)


@entry(
    TypeError,
    "They are two ways to say what is differentiated",
    "Both `argnum` and `argnames` were given to a sweep.",
    "Give one of them.",
)
def positions_and_names():
    run(square, {"x": [1.0]}, argnum=0, argnames="x")


@entry(
    ValueError,
    "units were given for 'z'",
    "`units` has a name that is neither swept, differentiated nor `'value'`.",
    "One of the names in the message.",
)
def units_of_nothing():
    run(square, {"x": [1.0]}, units={"z": "m"})


@entry(ValueError, "chunk was 0", "`chunk` is no positive integer.", "`chunk=100`, or nothing.")
def no_points_at_once():
    run(square, {"x": [1.0]}, chunk=0)


@derivative_error(
    "Cannot differentiate a QNode explicitly marked non-differentiable",
    "None of the methods of a sweep applies to the function.",
    "As for `grad`; a method that does not apply among others has NaN and its reason.",
)
def no_method_applies():
    qnode = qml.QNode(rotated, qml.device("lightning.qubit", wires=1), diff_method=None)
    run(qnode, {"x": [1.0]})


@entry(
    ValueError,
    "CNOT was given the wires 1 1",
    "The function fails at a point of the grid, which a note of the error tells.",
    "As for a call at this point. What was computed before is in the store.",
)
def a_point_that_fails():
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def circuit(x, i):
        qml.CNOT(wires=[i, 1])
        return rotated(x)

    run(circuit, {"i": [0, 1]}, fixed={"x": 0.3})


# -- Executors and stores --------------------------------------------------------------------------


@entry(
    TypeError,
    "it is a concurrent.futures.Executor",
    "`executor` is something else.",
    "An executor, a Dask client, or nothing for this process.",
)
def no_executor():
    run(square, {"x": [1.0]}, executor=4)


@entry(
    ValueError,
    "The executor forks its processes",
    "A `ProcessPoolExecutor` that forks, which JAX does not survive.",
    "`ProcessPoolExecutor(mp_context=multiprocessing.get_context('spawn'))`.",
)
def forked_processes():
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("fork")) as pool:
        run(square, {"x": [1.0]}, executor=pool)


@compile_error(
    "cannot go to other processes, because it calls Python",
    "A QNode on a device that PennyLane executes, with an executor of processes or a cluster.",
    "No executor or a `ThreadPoolExecutor`; or `lightning.qubit`.",
)
def callbacks_in_other_processes():
    def called(x):
        shape = jax.ShapeDtypeStruct((), float)
        return x * jax.pure_callback(np.sin, shape, jax.lax.stop_gradient(x))

    run(called, {"x": [1.0]}, executor=Executor(), chunk=1)


@entry(
    ValueError,
    "is there already, and no zarr store",
    "`store` names a file or folder with something else in it.",
    "Another place, or delete what is there.",
)
def a_store_that_is_none():
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "mine").touch()
        run(square, {"x": [1.0]}, store=folder)


@entry(
    ValueError,
    "is a zarr store, and not that of a sweep",
    "`store` has other data in it.",
    "Another place, or delete what is there.",
)
def a_store_of_something_else():
    store = zarr.storage.MemoryStore()
    zarr.open_group(store, mode="w").create_array("mine", shape=(1,), dtype=float)
    run(square, {"x": [1.0]}, store=store)


@entry(
    ValueError,
    "has another sweep in it: it differs in grid",
    "The sweep in `store` had another function, grid, method, step, fixed array or chunk.",
    "Another store; or call it as it was called, to go on with it.",
)
def a_store_of_another_sweep():
    store = zarr.storage.MemoryStore()
    run(square, {"x": [1.0]}, store=store, chunk=1)
    run(square, {"x": [2.0]}, store=store)


@entry(
    ValueError,
    r"has the format 0, not 1",
    "`store` was written by another version of qgrad_lab.",
    "Another store, or that version.",
)
def a_store_of_another_format():
    store = zarr.storage.MemoryStore()
    zarr.create_group(store, path="completion", attributes={"record": '{"format": 0}'})
    run(square, {"x": [1.0]}, store=store)
