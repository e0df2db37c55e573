"""``method="fd"``: its order of convergence, its cost, its batches, and how it nests."""

import math
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from qgrad_lab.core import mode
from qgrad_lab.core.jaxprs import peak_bytes
from qgrad_lab.core.mode import Mode
from qgrad_lab.differentiate import finite_difference
from qgrad_lab.differentiate.api import grad, hessian, jacobian, jvp, value_and_grad, vjp

STEPS = 10.0 ** -np.arange(2.0, 5.5, 0.5)


def inside(f):
    """``f`` as a compiled program."""

    def run(*args, **kwargs):
        with mode.mode(Mode.COMPILED):
            return jax.jit(f)(*args, **kwargs)

    return run


def near(expected, **tolerance):
    return pytest.approx(float(expected), **tolerance)  # which takes no JAX array


def f(x):
    """Scalar or elementwise, with no derivative that vanishes near 0.7."""
    return jnp.sin(2 * x) * jnp.exp(0.3 * x)


def order(error):
    """The slope of log(error) against log(h), and how straight the line is."""
    errors = np.log([error(float(h)) for h in STEPS])
    (slope, _), residual, *_ = np.polyfit(np.log(STEPS), errors, 1, full=True)
    return slope, residual


class TestOrderOfConvergence:
    x = jnp.array([0.7, -0.2, 1.3])
    vector = jnp.array([1.0, -2.0, 0.5])

    @staticmethod
    def coupled(x):
        return jnp.stack([jnp.prod(f(x)), jnp.sum(jnp.cos(x) * x[::-1])])

    def assert_first_order(self, error):
        slope, residual = order(error)
        assert slope == near(1, abs=0.02) and residual < 1e-3

    def test_grad(self):
        expected = jax.grad(f)(0.7)
        self.assert_first_order(lambda h: abs(inside(grad(f, method="fd", h=h))(0.7) - expected))

    def test_error_is_that_of_a_forward_difference(self):
        """Half the step times the second derivative: neither central nor backward."""
        h = 1e-4
        error = inside(grad(f, method="fd", h=h))(0.7) - jax.grad(f)(0.7)
        assert error == near(h / 2 * jax.grad(jax.grad(f))(0.7), rel=1e-3)

    def test_jacobian(self):
        expected = jax.jacobian(self.coupled)(self.x)
        self.assert_first_order(
            lambda h: jnp.linalg.norm(
                inside(jacobian(self.coupled, method="fd", h=h))(self.x) - expected
            )
        )

    def test_jvp(self):
        _, expected = jax.jvp(self.coupled, [self.x], [self.vector])

        def error(h):
            _, found = jvp(self.coupled, [self.x], [self.vector], method="fd", h=h)
            return jnp.linalg.norm(found - expected)

        self.assert_first_order(error)

    def test_vjp(self):
        weights = self.vector[:2]
        (expected,) = jax.vjp(self.coupled, self.x)[1](weights)

        def error(h):
            _, found = vjp(self.coupled, [self.x], [weights], method="fd", h=h)
            return jnp.linalg.norm(found - expected)

        self.assert_first_order(error)

    @pytest.mark.parametrize(
        "inner, outer", [("auto", "fd"), ("fd", "auto"), ("fd", "fd")], ids=lambda name: name
    )
    def test_second_derivatives(self, inner, outer):
        expected = jax.grad(jax.grad(f))(0.7)

        def error(h):
            first = grad(f, method=inner, h=h)
            return abs(inside(grad(first, method=outer, h=h))(0.7) - expected)

        assert math.log10(error(1e-2) / error(1e-3)) == near(1, abs=0.05)

    def test_third_derivatives(self):
        expected = jax.grad(jax.grad(jax.grad(f)))(0.7)

        def third(h):
            derivative = f
            for _ in range(3):
                derivative = grad(derivative, method="fd", h=h)
            return inside(derivative)(0.7)

        ratio = (third(1e-2) - expected) / (third(1e-3) - expected)
        assert math.log10(ratio) == near(1, abs=0.05)


# -- The default step ------------------------------------------------------------------------------


def test_default_step_is_1e_minus_7():
    """Exactly: of x**2 at 0 the difference quotient is the step."""
    for derivative in (
        grad(jnp.square, method="fd"),
        jacobian(jnp.square, method="fd"),
        lambda x: jvp(jnp.square, [x], [1.0], method="fd")[1],
        lambda x: vjp(jnp.square, [x], [1.0], method="fd")[1],
        grad(grad(lambda x: x**3 / 3), method="fd"),  # no difference inside
        grad(lambda x: grad(lambda y: y * x**2, method="auto")(1.0), method="fd"),
    ):
        assert inside(derivative)(0.0) == near(1e-7, rel=1e-12)


@pytest.mark.parametrize("wrap", [lambda g: g, jax.jit, jax.checkpoint], ids=["", "jit", "remat"])
def test_differences_of_differences_are_precise_at_the_default_step(wrap):
    """With 1e-7 in both places, the second derivative of this is off by some percent."""
    expected = jax.grad(jax.grad(f))(0.7)
    nested = grad(wrap(grad(f, method="fd")), method="fd")
    assert inside(nested)(0.7) == near(expected, rel=1e-3)
    assert inside(nested)(0.7) == inside(nested)(0.7)


def test_the_step_does_not_depend_on_what_was_traced_before():
    """A jitted derivative traced on its own is the same inside another, and after it."""
    inner = jax.jit(lambda x: grad(f, method="fd")(x))
    with mode.mode(Mode.COMPILED):
        alone = inner(0.7)
        nested = grad(inner, method="fd")(0.7)
        fresh = grad(jax.jit(lambda x: grad(f, method="fd")(x)), method="fd")(0.7)
        assert nested == near(fresh, rel=1e-12) and inner(0.7) == alone


def test_the_step_grows_with_the_error_found_anywhere_inside():
    expected = jax.grad(jax.grad(f))(0.7)
    slope = grad(f, method="fd")

    def in_scan(x):
        return jax.lax.scan(lambda c, _: (c + slope(x), None), 0.0, length=2)[0] / 2

    def in_cond(x):
        return jax.lax.cond(x > 0, slope, lambda x: 0.0, x)

    def in_auto(x):  # the derivative in a of a x f'(a x) holds the quotient in its tangent
        return jax.grad(lambda a: f(a) + 0 * slope(a))(x)

    for g in (in_scan, in_cond, in_auto):
        assert inside(grad(g, method="fd"))(0.7) == near(expected, rel=1e-3)
    third = grad(grad(slope, method="fd"), method="fd")
    assert inside(third)(0.7) == near(jax.grad(jax.grad(jax.grad(f)))(0.7), rel=5e-2)


def test_hessian_at_the_default_step():
    def g(x):
        return jnp.prod(f(x))

    x = jnp.array([0.3, 0.9, -0.4])
    np.testing.assert_allclose(inside(hessian(g, method="fd"))(x), jax.hessian(g)(x), atol=1e-3)


def test_a_step_that_leaves_only_noise_is_warned_about():
    def in_32_bits(x):
        return f(x).astype(jnp.float32)

    with pytest.warns(UserWarning, match="h=1e-08 of values that are precise to 1.2e-07.*h=0.000"):
        inside(grad(in_32_bits, method="fd", h=1e-8))(0.7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = inside(grad(in_32_bits, method="fd"))(0.7)
        inside(grad(grad(f, method="fd"), method="fd"))(0.7)
    assert found == near(jax.grad(f)(0.7), rel=5e-3)


# -- Precision -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float16, jnp.bfloat16])
def test_short_floats_are_differenced_in_64_bits(dtype):
    """With the step 1e-7, which no such number could be moved by, and results as precise as it."""
    x = jnp.asarray([0.7, 1.3], dtype)
    value, found = inside(value_and_grad(lambda x: jnp.sum(f(x)), method="fd"))(x)
    expected = jax.grad(lambda x: jnp.sum(f(x)))(x.astype(float))
    assert value.dtype == found.dtype == dtype
    np.testing.assert_allclose(
        found.astype(float), expected, rtol=float(jnp.finfo(dtype).eps), atol=1e-6
    )


@pytest.mark.parametrize("promotion", ["standard", "strict"])
def test_a_function_that_insists_on_32_bits_gets_a_step_to_match(promotion):
    weights = jnp.asarray([0.5, 2.0], jnp.float32)

    def carried(x):  # a float64 x would change the type of the carry
        step = lambda c, w: (jnp.float32(0.9) * c + w * jnp.sin(x), None)  # noqa: E731
        return jax.lax.scan(step, jnp.zeros((), jnp.float32), weights)[0]

    x = jnp.asarray(0.7, jnp.float32)
    with jax.numpy_dtype_promotion(promotion):
        value, found = inside(value_and_grad(carried, method="fd"))(x)
        expected = jax.grad(carried)(x)
    assert value == carried(x) and found.dtype == jnp.float32
    assert found == near(expected, rel=2e-3)


def test_arguments_of_several_precisions():
    def g(tree):
        return jnp.sum(tree["short"]) ** 2 * tree["long"]

    tree = {"short": jnp.asarray([1.0, 0.5], jnp.float32), "long": jnp.asarray(0.3)}
    found, expected = inside(grad(g, method="fd"))(tree), jax.grad(g)(tree)
    for name in tree:
        assert found[name].dtype == expected[name].dtype
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6)


# -- Cost ------------------------------------------------------------------------------------------


class Counted:
    """A function that counts how often it is traced and at how many points it is evaluated."""

    def __init__(self):
        self.traces = self.points = 0

    def __call__(self, x):
        self.traces += 1
        return jax.pure_callback(
            self.evaluate,
            jax.ShapeDtypeStruct((), jnp.float64),
            x,
            vmap_method="broadcast_all",
        )

    def evaluate(self, x):
        x = np.asarray(x)
        self.points += x[..., 0].size
        return np.sin(x).sum(axis=-1)


@pytest.mark.parametrize(
    "run, points",
    [
        (lambda f, x: grad(f, method="fd")(x), 6),
        (lambda f, x: value_and_grad(f, method="fd")(x), 6),  # the value among them
        (lambda f, x: jacobian(f, method="fd")(x), 6),
        (lambda f, x: vjp(f, [x], [1.0], method="fd"), 6),
        (lambda f, x: jvp(f, [x], [jnp.ones(5)], method="fd"), 2),
        (lambda f, x: grad(lambda x, y: f(x) * y, method="fd", argnum=1)(x, 2.0), 1),
        (lambda f, x: grad(lambda x, y: f(x) * y, method="fd", argnum=[0, 1, 0])(x, 2.0), 7),
    ],
)
def test_one_trace_and_one_evaluation_per_element_and_one_more(run, points):
    # Less where it can be less: what depends on no moving argument is evaluated once.
    counted = Counted()
    jax.block_until_ready(inside(lambda x: run(counted, x))(jnp.linspace(0.0, 1.0, 5)))
    assert (counted.traces, counted.points) == (1, points)


def test_quotients_are_exactly_those_of_the_formula():
    x, h = jnp.linspace(0.1, 1.0, 5), 1e-3
    g = Counted()
    moved = np.asarray(x) + h * np.eye(5)
    expected = (g.evaluate(moved) - g.evaluate(np.asarray(x))) / h
    np.testing.assert_allclose(inside(grad(g, method="fd", h=h))(x), expected, rtol=1e-12)


# -- Batches ---------------------------------------------------------------------------------------


def products(x):
    """A function whose intermediate values are much larger than its arguments."""
    matrix = jnp.sin(jnp.outer(x, x))
    return {"sum": jnp.sum(jnp.tanh(matrix @ matrix) @ x), "row": (matrix @ x)[:3]}


@pytest.mark.parametrize("points_at_once", [1, 2, 7, 19, 20, 21])
def test_chunks_give_the_numbers_of_one_batch(monkeypatch, points_at_once):
    """20 points; chunks that divide them, that do not, and that hold them all."""
    x = jnp.linspace(0.0, 1.0, 19)
    whole = inside(jacobian(products, method="fd"))(x)
    one = peak_bytes(jax.make_jaxpr(lambda x: jax.tree.leaves(products(x)))(x).jaxpr)
    monkeypatch.setattr(finite_difference, "MEMORY_BOUND", points_at_once * one)
    with mode.mode(Mode.COMPILED):
        program = str(jax.make_jaxpr(jacobian(products, method="fd"))(x))
    assert ("scan[" in program) == (points_at_once < 20)
    chunked = inside(jacobian(products, method="fd"))(x)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), chunked, whole)
    value, _ = inside(value_and_grad(lambda x: products(x)["sum"], method="fd"))(x)
    assert value == near(products(x)["sum"], rel=1e-12)


def compiled_bytes(derivative, x):
    with mode.mode(Mode.COMPILED):
        # A lambda, for JAX would find the same function's trace in its cache.
        return (
            jax.jit(lambda x: derivative(x)).lower(x).compile().memory_analysis().temp_size_in_bytes
        )


def test_chunks_keep_the_compiled_program_within_the_bound(monkeypatch):
    x = jnp.linspace(0.0, 1.0, 100)  # 101 points of 3 matrices of 80 kB
    derivative = grad(lambda x: products(x)["sum"], method="fd")
    assert compiled_bytes(derivative, x) > 8e6
    monkeypatch.setattr(finite_difference, "MEMORY_BOUND", 2 * 10**6)
    assert compiled_bytes(derivative, x) < 3e6


def test_points_are_not_stored_all_at_once():
    """100 MB for one point each of 5,000 elements, if they were; twice that for what follows."""
    x = jnp.linspace(0.0, 1.0, 5000)
    derivative = grad(lambda x: jnp.sum(jnp.cumsum(jnp.sin(x)) ** 2), method="fd")
    assert compiled_bytes(derivative, x) < 1.2 * finite_difference.MEMORY_BOUND


def test_derivatives_go_through_chunks(monkeypatch):
    monkeypatch.setattr(finite_difference, "MEMORY_BOUND", 1)
    x = jnp.linspace(0.0, 1.0, 4)
    found = inside(jax.hessian(lambda x: jvp(products, [x], [x], method="fd")[1]["sum"]))(x)
    assert np.isfinite(found).all()
    found = inside(jacobian(grad(lambda x: products(x)["sum"], method="fd")))(x)
    np.testing.assert_allclose(
        found, jax.hessian(lambda x: products(x)["sum"])(x), rtol=1e-5, atol=1e-5
    )


def test_peak_bytes_frees_values_after_their_last_use():
    def chain(x):
        for _ in range(50):
            x = jnp.sin(x)
        return x

    def fan(x):
        return sum([jnp.sin(i * x) for i in range(1, 51)][::-1])

    x = jnp.ones(1000)
    assert peak_bytes(jax.make_jaxpr(chain)(x).jaxpr) <= 3 * x.nbytes
    assert peak_bytes(jax.make_jaxpr(fan)(x).jaxpr) >= 50 * x.nbytes
    inner = jax.make_jaxpr(jax.jit(fan))(x).jaxpr
    assert peak_bytes(inner) >= 50 * x.nbytes


# -- Programs --------------------------------------------------------------------------------------


def loop(x):
    return jax.lax.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, jnp.sin(s[1]) * x), (0, x))[
        1
    ]


def branch(x):
    return jax.lax.cond(x > 0.5, jnp.sin, jnp.cos, x)


def switch(x):
    return jax.lax.switch(jnp.asarray(x * 3).astype(int), [jnp.sin, jnp.cos, jnp.tan], x)


@pytest.mark.parametrize("g", [loop, branch, switch])
def test_control_flow_that_depends_on_the_argument(g):
    expected = jax.jacfwd(g)(0.7)
    assert inside(grad(g, method="fd"))(0.7) == near(expected, rel=1e-5)
    batched = inside(jax.vmap(grad(g, method="fd")))(jnp.array([0.7, 0.3]))
    np.testing.assert_allclose(batched, jax.vmap(jax.jacfwd(g))(jnp.array([0.7, 0.3])), rtol=1e-5)


def test_custom_rules_and_stopped_gradients_do_not_matter_to_differences():
    @jax.custom_jvp
    def custom(x):
        return jnp.sin(x)

    custom.defjvp(lambda primals, tangents: (jnp.sin(primals[0]), 100 * tangents[0]))
    g = inside(grad(lambda x: custom(x) + jax.lax.stop_gradient(x**2), method="fd"))
    assert g(0.7) == near(np.cos(0.7) + 1.4, rel=1e-6)


def test_functions_without_derivatives_can_be_differenced():
    counted = Counted()
    x = jnp.linspace(0.0, 1.0, 3)
    with pytest.raises(ValueError, match="Pure callbacks do not support JVP"):
        inside(grad(counted))(x)
    np.testing.assert_allclose(inside(grad(counted, method="fd"))(x), np.cos(x), rtol=1e-6)


def test_errors_of_jax_surface():
    def callback(x):
        return jax.pure_callback(np.sin, jax.ShapeDtypeStruct((), jnp.float64), x)

    with pytest.raises(NotImplementedError, match="vmap"):
        inside(grad(callback, method="fd"))(0.7)


def test_differences_are_differentiable_in_every_mode():
    """The marked quotient is linear: forward, reverse, and both again."""
    for g in (grad(f, method="fd", h=1e-3), lambda x: jvp(f, [x], [x], method="fd", h=1e-3)[1]):
        check_grads(inside(g), (0.7,), order=2, modes=["fwd", "rev"], rtol=1e-3)


def test_runs_eagerly_outside_with_the_same_numbers():
    x = jnp.linspace(0.1, 1.0, 4)
    g = grad(lambda x: products(x)["sum"], method="fd")
    np.testing.assert_allclose(g(x), inside(g)(x), atol=1e-5)
    np.testing.assert_allclose(jax.vmap(g)(x[None])[0], g(x), atol=1e-5)


def test_results_that_do_not_depend_on_the_argument():
    found = inside(jacobian(lambda x: (jnp.ones(2), 3.0, x), method="fd"))(jnp.ones(3))
    np.testing.assert_array_equal(found[0], np.zeros((2, 3)))
    np.testing.assert_array_equal(found[1], np.zeros(3))
    np.testing.assert_allclose(found[2], np.eye(3), atol=1e-6)


@pytest.mark.parametrize("shape", [(0,), (2, 0)])
def test_empty_arguments_and_results(shape):
    x = jnp.zeros(shape)
    value, found = inside(value_and_grad(lambda x: jnp.sum(x) + 1.0, method="fd"))(x)
    assert value == 1 and found.shape == shape
    assert inside(jacobian(lambda x: x, method="fd"))(x).shape == shape + shape
