"""The contract of ``grad`` and its relatives, for functions of plain JAX.

``inside`` runs a function the way a compiled program is traced. What QNodes add to it is tested
with the engine; finite differences as such in ``test_finite_difference``.
"""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgrad_lab.core import mode
from qgrad_lab.core.mode import Mode
from qgrad_lab.differentiate.api import grad, hessian, jacobian, jvp, value_and_grad, vjp
from qgrad_lab.errors import DifferentiableCompileError
from qgrad_lab.methods.table import Scope, names_of

METHODS = names_of(Scope.FUNCTION)
TRANSFORMS = [grad, value_and_grad, jacobian, hessian]
TOLERANCE = {**dict.fromkeys(METHODS, 1e-5), "auto": 1e-12}


def inside(f):
    """``f`` as a compiled program."""

    def run(*args, **kwargs):
        with mode.mode(Mode.COMPILED):
            return jax.jit(f)(*args, **kwargs)

    return run


def assert_same(actual, expected, method="auto"):
    """Same tree, shapes and dtypes; values as close as ``method`` promises."""
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        assert jnp.shape(one) == jnp.shape(other)
        assert jnp.result_type(one) == jnp.result_type(other)
        np.testing.assert_allclose(one, other, rtol=TOLERANCE[method], atol=TOLERANCE[method])


def smooth(x, y):
    """A function whose every derivative depends on every element of both arguments."""
    return jnp.sin(x) * jnp.sum(jnp.exp(0.3 * y)) + jnp.prod(y) * x**2


def vector(x, y):
    return {"a": jnp.sin(x) * y, "b": (jnp.sum(y**2) * x,)}


X, Y = 0.7, jnp.array([0.4, -1.1, 0.2])


# -- Values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("argnum", [None, 0, 1, -1, -2, [0], (1,), [0, 1], (1, 0), [-1, -2]])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "ours, theirs, f",
    [
        (grad, jax.grad, smooth),
        (value_and_grad, jax.value_and_grad, smooth),
        (jacobian, jax.jacobian, smooth),
        (jacobian, jax.jacobian, vector),
    ],
)
def test_every_form_of_argnum_means_what_it_means_in_jax(ours, theirs, f, method, argnum):
    given = 0 if argnum is None else tuple(argnum) if isinstance(argnum, list) else argnum
    expected = theirs(f, argnums=given)(X, Y)
    assert_same(inside(ours(f, method=method, argnum=argnum))(X, Y), expected, method)
    assert_same(inside(ours(f, method=method, argnums=argnum))(X, Y), expected, method)
    assert_same(ours(f, method=method, argnum=argnum)(X, Y), expected, method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("where", [inside, lambda f: f], ids=["inside", "outside"])
def test_a_repeated_argnum_gives_its_gradient_again(method, where):
    g = jax.grad(smooth)(X, Y)
    assert_same(where(grad(smooth, method=method, argnum=[0, 0]))(X, Y), (g, g), method)
    gx, gy = jax.grad(smooth, (0, 1))(X, Y)
    found = where(value_and_grad(smooth, method=method, argnum=(1, 0, -1)))(X, Y)
    assert_same(found, (smooth(X, Y), (gy, gx, gy)), method)


@pytest.mark.parametrize("argnum", [0, 1, (0, 1), (1, 0)])
@pytest.mark.parametrize("f", [smooth, vector])
def test_hessian_is_that_of_jax(f, argnum):
    expected = jax.hessian(f, argnums=argnum)(X, Y)
    assert_same(inside(hessian(f, argnum=argnum))(X, Y), expected)
    assert_same(hessian(f, argnum=argnum)(X, Y), expected)
    with_fd = inside(hessian(f, method="fd", argnum=argnum))(X, Y)
    assert jax.tree.structure(with_fd) == jax.tree.structure(expected)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-3), with_fd, expected)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "wrap, unwrap",
    [
        (lambda s: {"loss": s}, lambda t: t["loss"]),
        (lambda s: [(None, s)], lambda t: t[0][1]),
        (lambda s: (s,), lambda t: t[0]),
    ],
)
def test_gradients_come_back_in_the_tree_of_the_result(wrap, unwrap, method):
    def f(x, y):
        return wrap(smooth(x, y))

    expected = jax.grad(smooth, (0, 1))(X, Y)
    found = inside(grad(f, method=method, argnum=[0, 1]))(X, Y)
    assert_same(found, wrap(expected), method)
    value, found = inside(value_and_grad(f, method=method, argnum=1))(X, Y)
    assert_same(value, wrap(smooth(X, Y)))
    assert_same(unwrap(found), expected[1], method)


def test_a_reference_run_has_the_contract_of_a_compiled_one():
    def f(x):
        return {"loss": x**2}

    with mode.mode(Mode.REFERENCE):
        assert_same(grad(f)(2.0), {"loss": jnp.asarray(4.0)})
    with pytest.raises(TypeError):  # while outside it is jax.grad, to the error
        grad(f)(2.0)


shapes = st.lists(st.integers(0, 3), max_size=2).map(tuple)
arrays = shapes.map(lambda shape: np.cos(1.0 + np.arange(np.prod(shape, dtype=int))).reshape(shape))
trees = st.recursive(
    arrays | st.none() | st.floats(-2, 2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=4,
)


@settings(max_examples=25, deadline=None)
@given(trees, trees)
def test_any_tree_of_floats_can_be_an_argument(first, second):
    def f(one, two):
        def total(tree):
            return sum((jnp.sum(jnp.sin(leaf)) for leaf in jax.tree.leaves(tree)), 0.0)

        return total(one) * jnp.cos(total(two)) + total(two)

    expected = jax.tree.map(jnp.asarray, jax.grad(f, (0, 1))(first, second))
    with mode.mode(Mode.COMPILED):
        for method in METHODS:
            assert_same(grad(f, method=method, argnum=(0, 1))(first, second), expected, method)
            assert_same(jacobian(f, method=method, argnum=(0, 1))(first, second), expected, method)


@pytest.mark.parametrize("method", METHODS)
def test_jacobian_of_many_outputs_in_many_inputs(method):
    """Both modes of automatic differentiation, and blocks of result shape + argument shape."""

    def wide(tree):
        return jnp.sum(tree["w"] ** 2, axis=1)  # 2 outputs, 6 inputs: reverse

    def tall(tree):
        return jnp.sin(tree["w"])[None] * jnp.arange(1.0, 5.0)[:, None, None]  # 24 and 6

    argument = {"w": jnp.linspace(0.0, 1.0, 6).reshape(2, 3), "n": None}
    for f in (wide, tall):
        found = inside(jacobian(f, method=method))(argument)
        assert_same(found, jax.jacobian(f)(argument), method)


def test_jacobian_passes_once_per_input_or_output_whichever_are_fewer():
    """Counted in the program: the largest batch of the tangent or cotangent evaluations."""

    def largest(f, x):
        with mode.mode(Mode.COMPILED):
            program = jax.make_jaxpr(jacobian(f))(x)
        return max(v.aval.size for eqn in program.eqns for v in eqn.outvars)

    assert largest(lambda x: jnp.sum(x**2)[None], jnp.ones(50)) < 50 * 50
    assert largest(lambda x: x * jnp.ones(50), jnp.ones(1)) < 50 * 50


def test_jacobian_of_a_custom_vjp_goes_in_reverse_whatever_the_sizes():
    @jax.custom_vjp
    def twice(x):
        return 2 * x

    twice.defvjp(lambda x: (2 * x, None), lambda _, g: (3 * g,))  # a rule of its own, to be seen

    def f(x):
        return jnp.ones(4) * jax.jit(twice)(x)

    np.testing.assert_array_equal(inside(jacobian(f))(1.0), 3 * np.ones(4))


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32])
@pytest.mark.parametrize("method", METHODS)
def test_derivatives_have_the_dtype_of_the_argument(method, dtype):
    x = jnp.asarray([0.5, 1.0, 2.0], dtype)

    def f(x):
        return jnp.sum(x**2)

    value, g = inside(value_and_grad(f, method=method))(x)
    assert value.dtype == g.dtype == dtype
    np.testing.assert_allclose(g.astype(float), 2 * x.astype(float), rtol=jnp.finfo(dtype).eps)
    # Forward mode: a result of more precision than the argument.
    rows = inside(jacobian(lambda x: x[0].astype(float) * jnp.ones(5), method=method))(x)
    assert rows.dtype == dtype and rows.shape == (5, 3)


@pytest.mark.parametrize("method", METHODS)
def test_keyword_arguments(method):
    def f(x, *, scale, shift=0.0, label=None):
        assert label in (None, "text")
        return scale * x**2 + shift

    found = inside(lambda x, s: grad(f, method=method)(x, scale=s, label="text"))(3.0, 2.0)
    assert_same(found, jnp.asarray(12.0), method)
    assert_same(grad(f, method=method)(3.0, scale=2.0), jnp.asarray(12.0), method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("where", [inside, lambda f: f], ids=["inside", "outside"])
def test_a_positional_argument_may_be_passed_by_keyword(method, where):
    gx, gy = jax.grad(smooth, (0, 1))(X, Y)
    assert_same(where(grad(smooth, method=method))(x=X, y=Y), gx, method)
    assert_same(where(grad(smooth, method=method, argnum=1))(X, y=Y), gy, method)
    assert_same(where(grad(smooth, method=method, argnum=[1, 0]))(y=Y, x=X), (gy, gx), method)


@pytest.mark.parametrize("method", METHODS)
def test_arguments_that_are_not_differentiated_may_be_anything(method):
    def f(kind, count, x, nothing):
        assert kind == "sine" and nothing is None
        return jnp.sum(jnp.sin(x) * count)

    run = inside(lambda x: grad(f, method=method, argnum=2)("sine", 3, x, None))
    assert_same(run(Y), 3 * jnp.cos(Y), method)


@pytest.mark.parametrize("method", METHODS)
def test_closed_over_traced_values_are_constants_or_differentiated_outside(method):
    def program(a, x):
        inner = grad(lambda x: a**2 * x**3, method=method)  # 3 a**2 x**2
        return inner(x), jax.grad(lambda a: grad(lambda x: a**2 * x**3, method=method)(x))(a)

    found = inside(program)(2.0, 1.5)
    np.testing.assert_allclose(found, (3 * 4 * 2.25, 6 * 2 * 2.25), rtol=1e-6)


@pytest.mark.parametrize(
    "outer", [jax.jit, jax.checkpoint, lambda f: lambda x: jax.vmap(f)(x[None])[0]]
)
@pytest.mark.parametrize("method", METHODS)
def test_composes_with_the_transformations_of_jax(method, outer):
    def f(x):
        return jnp.sum(jnp.sin(x) * x)

    expected = jax.grad(f)(Y)
    assert_same(inside(outer(grad(f, method=method)))(Y), expected, method)
    assert_same(inside(grad(outer(f), method=method))(Y), expected, method)
    row_sums = inside(jax.grad(lambda x: jnp.sum(outer(grad(f, method=method))(x))))(Y)
    np.testing.assert_allclose(row_sums, jax.hessian(f)(Y).sum(axis=0), atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_inside_scan_and_over_scan(method):
    def descend(x):
        def step(x, _):
            return (x - 0.1 * grad(lambda x: jnp.sum(x**2), method=method)(x), None)

        return jax.lax.scan(step, x, length=5)[0]

    np.testing.assert_allclose(inside(descend)(Y), 0.8**5 * Y, rtol=1e-6, atol=1e-6)

    def repeated(x):
        return jax.lax.scan(lambda c, _: (jnp.sin(c) * x, None), x, length=4)[0]

    found = inside(grad(repeated, method=method))(X)
    assert_same(found, jax.grad(repeated)(X), method)


# -- Products --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("where", [inside, lambda f: f], ids=["inside", "outside"])
class TestProducts:
    tree = {"w": jnp.array([0.3, -0.5]), "none": None}
    scalar = 1.7

    @staticmethod
    def f(tree, scalar):
        return {"y": jnp.sin(tree["w"]) * scalar, "z": (jnp.sum(tree["w"]) * scalar**2,)}

    def tangents(self):
        return [{"w": jnp.array([1.0, -2.0]), "none": None}, 0.5]

    def cotangents(self):
        return {"y": jnp.array([0.2, 0.9]), "z": (jnp.asarray(-1.5),)}

    def test_jvp_in_all_arguments_is_that_of_jax(self, method, where):
        params, tangents = (self.tree, self.scalar), tuple(self.tangents())
        expected = jax.jvp(self.f, params, tangents)
        found = where(lambda p, t: jvp(self.f, p, t, method=method))(params, tangents)
        assert_same(found, expected, method)
        found = where(lambda p, t: jvp(self.f, list(p), list(t), method=method, argnums=(0, 1)))(
            params, tangents
        )
        assert_same(found, expected, method)

    @pytest.mark.parametrize("argnum", [None, 0, 1, [1], -1, (-2,)])
    def test_jvp_in_some_arguments_is_that_with_zeros_for_the_rest(self, method, where, argnum):
        index = (argnum[0] if isinstance(argnum, list | tuple) else argnum or 0) % 2
        given = self.tangents()[index]
        zeros = jax.tree.map(jnp.zeros_like, self.tangents())
        zeros[index] = given
        params = (self.tree, self.scalar)
        expected = jax.jvp(self.f, params, tuple(jax.tree.map(jnp.asarray, zeros)))
        found = where(lambda p, t: jvp(self.f, p, [t], method=method, argnum=argnum))(params, given)
        assert_same(found, expected, method)

    def test_jvp_takes_its_tangents_in_the_order_of_argnum(self, method, where):
        params, (first, second) = (self.tree, self.scalar), self.tangents()
        expected = jax.jvp(self.f, params, (first, second))
        found = where(lambda p, a, b: jvp(self.f, p, [b, a], method=method, argnum=[1, 0]))(
            params, first, second
        )
        assert_same(found, expected, method)

    @pytest.mark.parametrize("argnum", [None, 0, 1, -1, [0], (1,), [0, 1], (1, 0), [0, 0]])
    def test_vjp_is_that_of_jax_in_the_form_of_argnum(self, method, where, argnum):
        outputs, pullback = jax.vjp(self.f, self.tree, jnp.asarray(self.scalar))
        products = pullback(self.cotangents())
        sequence = isinstance(argnum, list | tuple)
        expected = tuple(products[i] for i in argnum) if sequence else products[argnum or 0]
        leaves = jax.tree.leaves(self.cotangents())
        for cotangents in (self.cotangents(), leaves, tuple(leaves)):
            found = where(
                lambda p, c: vjp(self.f, p, c, method=method, argnum=argnum)  # noqa: B023
            )([self.tree, self.scalar], cotangents)
            assert_same(found, (outputs, expected), method)

    def test_vjp_takes_one_array_bare_or_in_a_list(self, method, where):
        expected = 2 * Y * jnp.ones(3)
        for cotangents in (jnp.ones(3), [jnp.ones(3)], (jnp.ones(3),)):
            _, found = where(lambda c: vjp(jnp.square, [Y], c, method=method))(cotangents)
            assert_same(found, expected, method)

    def test_products_agree_with_each_other(self, method, where):
        """Vector times (Jacobian times vector) is (vector times Jacobian) times vector."""
        _, change = where(lambda t: jvp(self.f, [self.tree, self.scalar], t, method=method))(
            self.tangents()
        )
        _, product = where(
            lambda c: vjp(self.f, [self.tree, self.scalar], c, method=method, argnum=[0, 1])
        )(self.cotangents())

        def dot(a, b):
            return sum(jnp.vdot(x, y) for x, y in zip(*map(jax.tree.leaves, (a, b)), strict=True))

        np.testing.assert_allclose(
            dot(self.cotangents(), change), dot(product, self.tangents()), rtol=1e-5
        )

    def test_wrong_kinds_of_sequences(self, method, where):
        with pytest.raises(ValueError, match="'params' of jvp must be a list or a tuple.*float"):
            where(lambda: jvp(jnp.sin, 1.0, [1.0], method=method))()
        with pytest.raises(ValueError, match="'tangents' of jvp must be"):
            where(lambda: jvp(jnp.sin, [1.0], jnp.ones(1), method=method))()
        with pytest.raises(ValueError, match="'params' of vjp must be"):
            where(lambda: vjp(jnp.sin, jnp.ones(1), [1.0], method=method))()

    def test_wrong_numbers(self, method, where):
        with pytest.raises(TypeError, match="2 tangents for 1 differentiated"):
            where(lambda: jvp(smooth, [1.0, 1.0, 1.0], [1.0, 1.0], method=method))()
        with pytest.raises(TypeError, match="0 tangents for 2"):
            where(lambda: jvp(smooth, [X, Y], [], method=method, argnum=(0, 1)))()
        with pytest.raises(TypeError, match="be a list of 1 arrays"):
            where(lambda: vjp(jnp.sin, [1.0], [1.0, 1.0], method=method))()
        with pytest.raises(ValueError, match="differentiated only once"):
            where(lambda: jvp(smooth, [X, Y], [X, X], method=method, argnum=[0, 0]))()
        with pytest.raises(ValueError, match="called with 0 positional arguments"):
            where(lambda: jvp(smooth, [], [], method=method))()
        with pytest.raises(ValueError, match="Invalid argnum 2.*2 positional"):
            where(lambda: vjp(smooth, [X, Y], [1.0], method=method, argnum=2))()

    def test_wrong_trees(self, method, where):
        with pytest.raises(TypeError):
            where(lambda: jvp(self.f, [self.tree, 1.0], [{"w": Y}, 1.0], method=method))()
        with pytest.raises(TypeError, match="tree of the results"):
            where(
                lambda: vjp(self.f, [self.tree, 1.0], {"y": jnp.ones(2), "x": 1.0}, method=method)
            )()

    def test_wrong_dtypes_and_shapes(self, method, where):
        with pytest.raises(TypeError):
            where(lambda: jvp(jnp.sin, [1.0], [1], method=method))()
        with pytest.raises(TypeError):
            where(lambda: jvp(jnp.sin, [Y], [Y.astype(jnp.float32)], method=method))()
        with pytest.raises(ValueError):
            where(lambda: jvp(jnp.sin, [Y], [jnp.ones(2)], method=method))()
        with pytest.raises(TypeError, match=r"cotangent 0 has int64\[\].*float64\[\]"):
            where(lambda: vjp(jnp.sin, [1.0], [1], method=method))()
        with pytest.raises(TypeError, match="cotangent 0 has the str"):
            where(lambda: vjp(jnp.sin, [1.0], ["one"], method=method))()
        with pytest.raises(ValueError, match=r"cotangent 0 has float64\[2\].*float64\[3\]"):
            where(lambda: vjp(jnp.sin, [Y], [jnp.ones(2)], method=method))()


@pytest.mark.parametrize("method", METHODS)
def test_messages_of_jvp_inside(method):
    with pytest.raises(TypeError, match=r"tangent 0 has int64\[\].*params, which has float64\[\]"):
        inside(lambda: jvp(jnp.sin, [1.0], [1], method=method))()
    with pytest.raises(ValueError, match=r"tangent 0 has float64\[2\].*which has float64\[3\]"):
        inside(lambda: jvp(jnp.sin, [Y], [jnp.ones(2)], method=method))()
    with pytest.raises(DifferentiableCompileError, match="jvp only.*floating-point arguments"):
        inside(lambda: jvp(lambda n, x: n * x, [1, 2.0], [1.0], method=method))()
    with pytest.raises(DifferentiableCompileError, match="vjp only.*floating-point results"):
        inside(lambda: vjp(lambda x: (x, 1), [1.0], [1.0, 1], method=method))()


# -- Options and forms -----------------------------------------------------------------------------


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("method", ["finite-diff", "FD", "", 0, True, ["fd"], np.array(["fd"])])
def test_invalid_method(transform, method):
    with pytest.raises(ValueError, match="Invalid differentiation method.*'auto'.*'fd'"):
        transform(jnp.sin, method=method)
    with pytest.raises(ValueError, match="Invalid differentiation method"):
        transform(method=method)
    with pytest.raises(ValueError, match="Invalid differentiation method"):
        jvp(jnp.sin, [1.0], [1.0], method=method)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "h", [0, 0.0, -1e-7, np.inf, np.nan, True, False, "1e-7", 1j, [1e-7], 10**400, np.bool_(True)]
)
def test_invalid_h(transform, method, h):
    with pytest.raises(ValueError, match="Invalid h value"):
        transform(jnp.sin, method=method, h=h)
    with pytest.raises(ValueError, match="Invalid h value"):
        vjp(jnp.sin, [1.0], [1.0], method=method, h=h)


@pytest.mark.parametrize("h", [1e-3, 1, np.float64(1e-3), np.float32(1e-3), np.int64(1)])
def test_any_positive_real_number_can_be_h(h):
    def f(x):
        return x**2  # whose difference quotient is 2 x + h

    np.testing.assert_allclose(inside(grad(f, method="fd", h=h))(1.0), 2 + float(h), rtol=1e-9)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize(
    "argnum", [1.0, "x", "", [], (), [0, "x"], [0.0], True, [False], {0}, {"x": 0}, jnp.arange(1)]
)
def test_malformed_argnum(transform, argnum):
    with pytest.raises(ValueError, match="Invalid argnum "):
        transform(jnp.sin, argnum=argnum)
    with pytest.raises(ValueError, match="Invalid argnums "):
        transform(argnums=argnum)


def test_argnum_may_be_a_numpy_integer_or_a_range():
    gx, gy = jax.grad(smooth, (0, 1))(X, Y)
    assert_same(inside(grad(smooth, argnum=np.int64(1)))(X, Y), gy)
    assert_same(inside(grad(smooth, argnum=range(2)))(X, Y), (gx, gy))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("where", [inside, lambda f: f], ids=["inside", "outside"])
@pytest.mark.parametrize("argnum", [2, -3, [0, 5]])
def test_argnum_out_of_range_says_what_the_range_is(method, where, argnum):
    with pytest.raises(ValueError, match="'smooth' was called with 2 positional arg.*-2 to 1"):
        where(grad(smooth, method=method, argnum=argnum))(X, Y)


def test_argnum_of_a_keyword_only_argument():
    def f(*, x):
        return x**2

    with pytest.raises(ValueError, match="0 positional arguments.*Keyword-only arguments .x."):
        inside(grad(f))(x=1.0)


def test_argnum_and_argnums_together():
    for transform in TRANSFORMS:
        with pytest.raises(TypeError, match="two spellings"):
            transform(jnp.sin, argnum=0, argnums=0)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("f", [3, "sin", [jnp.sin]])
def test_not_callable(transform, f):
    with pytest.raises(TypeError, match="is not a callable object"):
        transform(f)
    with pytest.raises(TypeError, match="is not a callable object"):
        transform(method="fd")(f)
    with pytest.raises(TypeError, match="is not a callable object"):
        jvp(f, [1.0], [1.0])
    with pytest.raises(TypeError, match="is not a callable object"):
        vjp(f, [1.0], [1.0])


def test_decorators():
    @grad
    def plain(x):
        """Documented."""
        return x**3

    @grad(method="fd", h=0.5, argnum=[1])
    def configured(n, x):
        return n * x**2

    assert_same(inside(plain)(2.0), jnp.asarray(12.0))
    np.testing.assert_allclose(inside(configured)(3.0, 1.0), [7.5])
    assert plain.__name__ == "plain" and plain.__doc__ == "Documented."
    assert inspect.signature(configured) == inspect.signature(configured.__wrapped__)
    assert list(inspect.signature(configured).parameters) == ["n", "x"]


def test_decorated_methods_are_bound():
    class Model:
        weight = 3.0

        @grad(argnum=1)
        def slope(self, x):
            return self.weight * x**2

    assert_same(inside(Model().slope)(2.0), jnp.asarray(12.0))
    assert Model.slope.__name__ == "slope"


def test_repr_says_what_and_computes_nothing():
    def f(x):
        raise AssertionError("called")

    assert repr(grad(f)) == "grad(f, method='auto')"
    derivative = jacobian(f, method="fd", h=1e-3, argnums=[0, 1])
    assert repr(derivative) == "jacobian(f, method='fd', h=0.001, argnum=(0, 1))"


def test_attributes_of_the_function_are_not_those_of_its_derivative():
    def f(x):
        return x**2

    f.options = f.transform = "mine"
    assert_same(inside(grad(f))(1.0), jnp.asarray(2.0))


@pytest.mark.parametrize("method", METHODS)
def test_callables_of_every_kind(method):
    class Callable:
        def __call__(self, x):
            return x**2

        def method(self, x):
            return x**2

    kinds = [
        Callable(),
        Callable().method,
        functools.partial(lambda x, n: x**n, n=2),
        jax.jit(lambda x: x**2),
        jnp.square,  # no Python function in every version of JAX
        grad(lambda x: x**3 / 3),
    ]
    for f in kinds:
        assert_same(inside(grad(f, method=method))(1.5), jnp.asarray(3.0), method)
        repr(grad(f))


# -- Errors of arguments and results ---------------------------------------------------------------


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "argument, given",
    [
        (2, r"int64\[\]"),
        (jnp.arange(3), r"int64\[3\]"),
        (True, r"bool\[\]"),
        (1j, r"complex128\[\]"),
        ([1.0, {"k": jnp.arange(2)}], r"int64\[2\] at \[1\]\['k'\]"),
        (jax.random.key(0), "key<fry>"),
    ],
)
def test_arguments_must_be_real_floats(transform, method, argument, given):
    def f(first, weights):
        raise AssertionError("called")

    message = (
        f"{transform.__name__} only supports differentiation on floating-point arguments, and "
        rf"argument 1 \('weights'\) of 'f' has {given}.*2.0 for 2.*argnum"
    )
    with pytest.raises(DifferentiableCompileError, match=message):
        inside(lambda a: transform(f, method=method, argnum=1)(1.0, a))(argument)


def test_an_argument_that_is_no_array_at_all():
    with pytest.raises(DifferentiableCompileError, match="argument 0 .'x'. of .* the str 'abc'"):
        inside(lambda: grad(lambda x: 1.0)("abc"))()
    with pytest.raises(DifferentiableCompileError, match="argument 1 of '<lambda>' has int64"):
        inside(lambda: grad(lambda *xs: xs[0], argnum=1)(1.0, 2))()


@pytest.mark.parametrize("transform", [grad, value_and_grad])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "result, given",
    [
        (lambda x: x * jnp.ones(3), r"float64\[3\]"),
        (lambda x: x * jnp.ones(1), r"float64\[1\]"),
        (lambda x: (x, x), r"\[0\] float64\[\], \[1\] float64\[\]"),
        (lambda x: {"a": x * jnp.ones((2, 2))}, r"\['a'\] float64\[2, 2\]"),
        (lambda x: None, "no number at all"),
        (lambda x: [], "no number at all"),
    ],
)
def test_results_must_be_one_scalar(transform, method, result, given):
    message = (
        f"{transform.__name__} only supports scalar-output functions, and .* returned {given}"
        ".*jnp.sum.*jacobian"
    )
    with pytest.raises(DifferentiableCompileError, match=message):
        inside(transform(result, method=method))(1.0)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "result, given",
    [
        (lambda x: x * 1j, r"complex128\[\]"),
        (lambda x: x > 0, r"bool\[\]"),
        (lambda x: [1], r"\[0\] int64\[\]"),
        (lambda x: "text", "the str 'text'"),
    ],
)
def test_results_must_be_real_floats(transform, method, result, given):
    message = (
        f"{transform.__name__} only supports differentiation on floating-point results, and .* "
        f"returned {given}"
    )
    with pytest.raises(DifferentiableCompileError, match=message):
        inside(transform(result, method=method))(1.0)


@pytest.mark.parametrize("method", METHODS)
def test_one_integer_result_among_floats_is_refused_too(method):
    def f(x):
        return {"x": x, "n": jnp.arange(2)}

    with pytest.raises(DifferentiableCompileError, match=r"\['n'\] int64\[2\], \['x'\] float64"):
        inside(jacobian(f, method=method))(1.0)


@pytest.mark.parametrize("method", METHODS)
def test_errors_of_the_function_come_through(method):
    def f(x):
        raise RuntimeError("mine")

    for transform in TRANSFORMS:
        with pytest.raises(RuntimeError, match="mine"):
            inside(transform(f, method=method))(1.0)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'y'"):
        inside(grad(smooth, method=method))(1.0)


# -- Outside of compiled programs ------------------------------------------------------------------


def test_outside_it_is_jax():
    """Concrete values, JAX's own errors, and what only JAX allows: a branch on the argument."""

    def f(x):
        return x**2 if x > 0 else -x

    assert_same(grad(f)(3.0), jax.grad(f)(3.0))
    assert_same(value_and_grad(f)(-3.0), jax.value_and_grad(f)(-3.0))
    with pytest.raises(TypeError, match="Gradient only defined for scalar-output functions"):
        grad(lambda x: x)(Y)
    with pytest.raises(TypeError, match="grad requires real- or complex-valued inputs"):
        grad(lambda x: x)(1)
    assert_same(grad(f, method=None)(3.0), jax.grad(f)(3.0))


def test_inside_automatic_differentiation_sees_concrete_values_too():
    def f(x):
        return x**2 if x > 0 else -x

    with mode.mode(Mode.COMPILED):
        assert_same(grad(f)(3.0), jnp.asarray(6.0))
        assert_same(jvp(f, [-3.0], [1.0])[1], jnp.asarray(-1.0))
