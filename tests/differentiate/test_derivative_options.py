"""Options of ``grad`` and its relatives that JAX has too (``has_aux``, ``allow_int``), and names.

Each against the function of JAX with the same name, inside and outside of compiled programs.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import (
    DifferentiableCompileError,
    grad,
    hessian,
    jacobian,
    jvp,
    qjit,
    value_and_grad,
    vjp,
)
from qgrad_lab.methods.table import Scope, names_of

METHODS = names_of(Scope.FUNCTION)
WHERE = pytest.mark.parametrize("where", [qjit, lambda f: f], ids=["inside", "outside"])
X, N, Y = 0.7, 3, jnp.array([0.4, -1.1, 0.2])
TOLERANCE = {**dict.fromkeys(METHODS, 2e-5), "auto": 1e-12}


def assert_same(found, expected, method="auto", tolerance=None):
    """Same tree, shapes and dtypes (``float0`` too), and values."""
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert np.shape(one) == np.shape(other)
        if getattr(other, "dtype", None) == jax.dtypes.float0:
            assert one.dtype == jax.dtypes.float0
        else:
            assert jnp.result_type(one) == jnp.result_type(other)
            np.testing.assert_allclose(one, other, atol=tolerance or TOLERANCE[method])


def scalar(x, y):
    aux = {"x": x, "count": jnp.arange(2), "key": None, "z": (x * 1j, y > 0)}
    return jnp.sin(x) * jnp.sum(jnp.exp(0.3 * y)), aux


def several(x, y):
    return {"a": jnp.sin(x) * y, "b": x**2 * jnp.sum(y)}, (x, [jnp.cumsum(y)])


# -- has_aux ---------------------------------------------------------------------------------------


@WHERE
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("argnum", [0, 1, (1, 0)])
@pytest.mark.parametrize(
    ("ours", "theirs", "f"),
    [
        (grad, jax.grad, scalar),
        (value_and_grad, jax.value_and_grad, scalar),
        (jacobian, jax.jacobian, several),
    ],
)
def test_aux_comes_back_as_in_jax(where, ours, theirs, f, argnum, method):
    expected = jax.jit(theirs(f, argnums=argnum, has_aux=True))(X, Y)
    found = where(ours(f, method=method, argnum=argnum, has_aux=True))(X, Y)
    assert_same(found, expected, method)


@WHERE
def test_aux_of_a_hessian(where):
    expected = jax.jit(jax.hessian(several, argnums=(0, 1), has_aux=True))(X, Y)
    assert_same(where(hessian(several, argnum=(0, 1), has_aux=True))(X, Y), expected)
    found = where(hessian(several, argnum=(0, 1), has_aux=True, method="fd"))(X, Y)
    assert_same(found, expected, tolerance=2e-3)


@WHERE
@pytest.mark.parametrize("method", METHODS)
def test_aux_of_products(where, method):
    expected = jax.jit(lambda *a: jax.jvp(several, a, (1.5, Y), has_aux=True))(X, Y)
    found = where(lambda *a: jvp(several, a, (1.5, Y), method=method, has_aux=True))(X, Y)
    assert_same(found, expected, method)

    weights = {"a": Y**2, "b": jnp.asarray(2.0)}
    result, pullback, aux = jax.vjp(several, X, Y, has_aux=True)
    found = where(lambda *a: vjp(several, a, weights, method=method, has_aux=True, argnum=[0, 1]))
    assert_same(found(X, Y), (result, pullback(weights), jax.tree.map(jnp.asarray, aux)), method)


@pytest.mark.parametrize("method", METHODS)
def test_aux_in_the_result_of_a_scalar_in_a_tree_and_of_a_repeated_argument(method):
    def f(x):
        return {"loss": x**2}, {"twice": 2 * x}

    assert_same(
        qjit(value_and_grad(f, method=method, argnum=[0, 0], has_aux=True))(3.0),
        (({"loss": 9.0}, {"twice": 6.0}), {"loss": (6.0, 6.0)}),
        method,
    )


@pytest.mark.parametrize("method", METHODS)
def test_aux_may_hold_random_keys_and_names(method):
    seen = []

    @qjit
    def program(x):
        slope, aux = grad(
            lambda x: (x**3, ["name", jax.random.key(7), 5]), method=method, has_aux=True
        )(x)
        seen.append(aux[0])
        return slope, aux[1:]

    slope, (key, five) = program(2.0)
    np.testing.assert_allclose(slope, 12.0, rtol=1e-6)
    assert seen == ["name"] and five == 5
    assert jax.random.key_data(key).tolist() == [0, 7]


@pytest.mark.parametrize("method", METHODS)
def test_aux_of_circuits_is_measured_and_not_differentiated(method):
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def circuit(x):
        qml.RX(x, 0)
        return qml.expval(qml.Z(0)), qml.probs(0)

    found = qjit(grad(circuit, method=method, has_aux=True))(0.4)
    probs = np.array([np.cos(0.2) ** 2, np.sin(0.2) ** 2])
    assert_same(found, (jnp.asarray(-np.sin(0.4)), jnp.asarray(probs)), method)


def test_aux_is_differentiable_from_outside():
    def outer(x):
        slope, aux = grad(lambda x: (x**3, x**2), has_aux=True)(x)
        return slope + aux

    np.testing.assert_allclose(qjit(grad(outer))(2.0), 6 * 2.0 + 2 * 2.0)


def test_a_difference_costs_no_evaluation_for_aux():
    calls = []

    def f(x):
        value = jax.pure_callback(
            lambda x: (calls.append(1), np.asarray(x**2))[1],
            jax.ShapeDtypeStruct((), float),
            x,
            vmap_method="sequential",
        )
        return value, value

    slope, aux = jax.block_until_ready(qjit(grad(f, method="fd", has_aux=True))(3.0))
    np.testing.assert_allclose([slope, aux], [6.0, 9.0], rtol=1e-6)
    assert len(calls) == 2


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("result", "given"),
    [(lambda x: x**2, r"float64\[\]"), (lambda x: (x, x, x), "a tuple of 3"), (dict, "a dict")],
)
def test_aux_needs_a_pair(transform, method, result, given):
    def f(x):
        return {"x": x} if result is dict else result(x)

    with pytest.raises(TypeError, match=f"has_aux=True, so 'f' has to return a pair.*{given}"):
        qjit(transform(f, method=method, has_aux=True))(1.0)


# -- allow_int -------------------------------------------------------------------------------------


def power(n, x, tree):
    return x**n * tree["scale"] * jnp.where(tree["on"], 1.0, 2.0)


TREE = {"scale": 0.5, "on": True, "ids": jnp.arange(2)}


@WHERE
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("argnum", [0, (0, 1), (1, 2), 2])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(grad, jax.grad), (value_and_grad, jax.value_and_grad), (jacobian, jax.jacobian)],
)
def test_derivatives_in_integers_are_those_of_jax(where, ours, theirs, argnum, method):
    # JAX's jacobian fails on booleans.
    tree = {**TREE, "on": int(TREE["on"])} if ours is jacobian else TREE
    expected = theirs(power, argnums=argnum, allow_int=True)(N, X, tree)
    found = where(ours(power, method=method, argnum=argnum, allow_int=True))(N, X, tree)
    assert_same(found, expected, method)


@WHERE
def test_jacobian_and_hessian_in_integers_and_floats(where):
    def f(n, x):
        return x**n * jnp.ones(2)

    x = jnp.array([0.7, 1.1])
    rows = where(jacobian(f, argnum=(0, 1), allow_int=True))(jnp.array([3, 2]), x)
    assert_same(rows, (jnp.zeros((2, 2), int), jnp.diag(jnp.array([3 * 0.49, 2.2]))))
    (nn, nx), (xn, xx) = where(hessian(f, argnum=(0, 1), allow_int=True))(jnp.array([3, 2]), x)
    assert not any(np.any(block) for block in (nn, nx, xn))
    assert nn.shape == nx.shape == xn.shape == xx.shape == (2, 2, 2)
    np.testing.assert_allclose(xx, np.zeros((2, 2, 2)) + _diagonal([6 * 0.7, 2.0]), atol=1e-12)


def test_jacobian_in_booleans():
    for where in (qjit, lambda f: f):
        rows = where(jacobian(lambda on, x: jnp.where(on, x, -x), argnum=(0, 1), allow_int=True))
        assert_same(rows(True, 2.0), (jnp.asarray(False), jnp.asarray(1.0)))


def _diagonal(values):
    cube = np.zeros((len(values),) * 3)
    for i, value in enumerate(values):
        cube[i, i, i] = value
    return cube


@pytest.mark.parametrize("transform", [grad, jacobian])
@pytest.mark.parametrize("method", METHODS)
def test_what_is_neither_integer_nor_float_is_refused_still(transform, method):
    for value in (1j, "text", jax.random.key(0)):
        with pytest.raises(DifferentiableCompileError, match="floating-point arguments"):
            qjit(lambda: transform(lambda v: 1.0, method=method, allow_int=True)(value))()  # noqa: B023
    with pytest.raises(DifferentiableCompileError, match="floating-point results"):
        qjit(transform(lambda n: n, method=method, allow_int=True))(3)


# -- argnames --------------------------------------------------------------------------------------


def named(x, y, *, scale, shift=0.0, **others):
    return scale**2 * jnp.sum(jnp.sin(y)) * x + shift * others.get("weight", 1.0)


def derivatives(weight=1.0):
    """Of `named`, by name."""
    total = jnp.sum(jnp.sin(Y))
    return {
        "x": 4 * total,
        "y": 4 * X * jnp.cos(Y),
        "scale": 4 * X * total,
        "shift": jnp.asarray(weight),
        "weight": jnp.asarray(0.5),
    }


@WHERE
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("transform", [grad, jacobian])
@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"argnames": "scale"}, "scale"),
        ({"argnames": "x"}, "x"),
        ({"argnames": ["y", "shift"]}, ["y", "shift"]),
        ({"argnames": ("weight",)}, ["weight"]),
        ({"argnames": ["scale", "scale", "x"]}, ["scale", "scale", "x"]),
        ({"argnames": "scale", "argnum": 0}, ["x", "scale"]),
        ({"argnames": ["scale", "x"], "argnums": [-1, 0]}, ["y", "x", "scale", "x"]),
    ],
)
def test_arguments_are_chosen_by_name(where, transform, options, names, method):
    gradient = where(transform(named, method=method, **options))
    by_name = derivatives(weight=2.0)
    expected = by_name[names] if isinstance(names, str) else tuple(by_name[n] for n in names)
    assert_same(gradient(X, Y, scale=2.0, shift=0.5, weight=2.0), expected, method)


@WHERE
@pytest.mark.parametrize("method", METHODS)
def test_a_name_means_the_argument_however_it_is_passed(where, method):
    gx = derivatives()["x"]
    for call in (
        lambda g: g(X, Y, scale=2.0),
        lambda g: g(X, y=Y, scale=2.0),
        lambda g: g(x=X, y=Y, scale=2.0),
    ):
        assert_same(call(where(grad(named, method=method, argnames="x"))), gx, method)
    found = where(value_and_grad(named, method=method, argnames="y"))(x=X, y=Y, scale=2.0)
    assert_same(found, (named(X, Y, scale=2.0), derivatives()["y"]), method)


@WHERE
def test_names_with_the_other_options_and_transforms(where):
    def f(n, *, x):
        return x**n, n

    found = where(grad(f, argnum=0, argnames="x", allow_int=True, has_aux=True))(3, x=2.0)
    (gn, gx), n = found
    assert gn.dtype == jax.dtypes.float0 and float(gx) == 12.0 and int(n) == 3
    second = where(hessian(f, argnames="x", has_aux=True))(3, x=2.0)
    assert float(second[0]) == 12.0


@pytest.mark.parametrize("argnames", [0, "", [], (), [0], ["x", 0], [""], {"x"}, b"x", True])
def test_malformed_argnames(argnames):
    for transform in (grad, value_and_grad, jacobian, hessian):
        with pytest.raises(ValueError, match="Invalid argnames.*name of an argument"):
            transform(named, argnames=argnames)


@WHERE
@pytest.mark.parametrize("method", METHODS)
def test_names_that_are_not_in_the_call(where, method):
    message = "Invalid argnames 'shift': 'named' was called without.*given x, y, scale.*Pass shift"
    with pytest.raises(ValueError, match=message):
        where(grad(named, method=method, argnames="shift"))(X, Y, scale=2.0)
    with pytest.raises(ValueError, match="given none with a name"):
        where(grad(lambda *xs: xs[0], method=method, argnames="xs"))(X)
    with pytest.raises(DifferentiableCompileError, match="argument 'scale' of 'named' has int64"):
        qjit(grad(named, method=method, argnames="scale"))(X, Y, scale=2)


@pytest.mark.parametrize("option", ["has_aux", "allow_int"])
@pytest.mark.parametrize("value", [1, None, "yes"])
def test_flags_are_true_or_false(option, value):
    with pytest.raises(ValueError, match=f"Invalid {option} {value!r}: it is True or False"):
        grad(named, **{option: value})


def test_repr_tells_the_options():
    derivative = grad(named, argnames=["x"], has_aux=True, allow_int=True)
    expected = "grad(named, method='auto', argnames=('x',), has_aux=True, allow_int=True)"
    assert repr(derivative) == expected
