"""Landscapes, step sizes, scaling and their figures."""

import jax.numpy as jnp
import numpy as np

from qgrad_lab import landscape, plots, scaling, step_sizes
from tests.errors.options import square
from tests.errors.table import derivative_error, entry


@entry(
    ValueError,
    "Invalid along 'phi': no argument has this name",
    "`landscape` or `step_sizes` was to move an element that there is not.",
    "One of the names that the message offers, such as `'theta[3]'`.",
)
def element_of_no_argument():
    landscape(square, 1.0, along="phi")


@entry(
    ValueError,
    r"Invalid along 'x': x has the shape \(3,\), so an element of it is named with 1 index",
    "An array was named where an element of it is meant, or the index is not in it.",
    "`along='x[0]'`.",
)
def element_without_index():
    landscape(lambda x: jnp.sum(x**2), jnp.ones(3), along="x")


@entry(
    ValueError,
    "and only floating-point numbers are moved",
    "The element that was to be moved is an integer or a text.",
    "Pass it as a float, such as `2.0` for `2`.",
)
def element_that_is_no_float():
    landscape(lambda x, n: n * x, 1.0, np.array(2), along="n")


@entry(
    ValueError,
    "Invalid along 7: an element is named by a text, or by its number among the 1 element",
    "There are fewer elements than that, or `along` is of another type.",
    "Count from 0 through the elements of the differentiated arguments.",
)
def element_out_of_range():
    step_sizes(square, 1.0, along=7)


@entry(
    ValueError,
    r"Invalid along \(0, 1, 2\): a landscape is along one element, .*, or over two",
    "`landscape` was given none or more than two elements, or no list of them.",
    "`along=0`, or `along=(0, 1)`.",
)
def too_many_elements():
    landscape(lambda x: jnp.sum(x**2), jnp.ones(3), along=(0, 1, 2))


@entry(
    ValueError,
    r"Invalid along \(0, 'x'\): both are x",
    "Both elements of a landscape are the same.",
    "Two different elements.",
)
def one_element_twice():
    landscape(square, 1.0, along=(0, "x"))


@entry(
    ValueError,
    r"Invalid span \(1, 0\): it is the width around the point",
    "The ends are not in growing order, not finite, or not a pair.",
    "`span=(-1.0, 1.0)`, or a width such as `span=2.0`.",
)
def span_backwards():
    landscape(square, 1.0, span=(1, 0))


@entry(
    ValueError,
    "Invalid points 1: an int of at least 2",
    "A landscape has fewer than two points, more than a million, or `points` is no int.",
    "`points=101`; over two elements `points=(31, 31)`.",
)
def too_few_points():
    landscape(square, 1.0, points=1)


@entry(
    ValueError,
    r"Invalid hs \[0.1, -0.1\]: the steps of the finite differences are a list",
    "A step is not a finite number above zero, or there is none.",
    "`hs=[1e-3, 1e-5]`, or leave `hs` out.",
)
def bad_steps():
    step_sizes(square, 1.0, hs=[0.1, -0.1])


@derivative_error(
    "There is no element to differentiate",
    "`step_sizes` was given arguments without floating-point numbers.",
    "Write `2.0` for `2`, or choose other arguments with `argnum`.",
)
def no_element_to_differentiate():
    step_sizes(square, 2)


@entry(
    TypeError,
    "scaling calls its first argument with each size, and 3 of type int is not callable",
    "`scaling` was given no function that makes functions.",
    "A function from a size to a pair of a function and its arguments.",
)
def scaling_of_no_function():
    scaling(3, [1, 2])


@entry(
    ValueError,
    r"Invalid sizes \[\]: they are a list",
    "`scaling` was given no sizes.",
    "`scaling(make, [2, 4, 8])`.",
)
def no_sizes():
    scaling(lambda size: (square, (1.0,)), [])


@entry(
    TypeError,
    r"make\(2\) returned a float, and scaling takes a pair",
    "What `scaling` calls does not return a function and a tuple of its arguments.",
    "`return loss, (theta,)`.",
)
def no_function_and_arguments():
    def make(size):
        return 1.0 * size

    scaling(make, [2])


@entry(
    KeyError,
    "is not among the methods of this study",
    "A row of a landscape or a scaling was asked for that it does not have.",
    "A method that was evaluated, or the pair of `'fd'` and its step.",
)
def row_of_no_method():
    return landscape(square, 1.0, methods="auto", points=2)["fd"]


@entry(
    ValueError,
    "Invalid theme 'solarized'",
    "A figure was asked for in colours that there are not.",
    "`theme='light'`, `'dark'` or `'auto'`.",
)
def unknown_theme():
    plots.step_sizes(step_sizes(square, 1.0, hs=[0.1], reference=None), theme="solarized")
