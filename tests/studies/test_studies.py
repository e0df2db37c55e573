"""Landscapes, step sizes and scaling: their numbers against formulas, and what is refused."""

import importlib.util
import json

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

import qgrad_lab
from qgrad_lab import DifferentiableCompileError, grad, landscape, qjit, scaling, step_sizes
from qgrad_lab.comparison.meters import metered
from qgrad_lab.comparison.methods import Method
from qgrad_lab.comparison.point import Point
from qgrad_lab.results.scalings import Scaling, ScalingRow
from qgrad_lab.studies import elements, growth, landscapes, moves, steps
from qgrad_lab.studies.pacing import Phase

device = qml.device("lightning.qubit", wires=2)


@qml.qnode(device, diff_method="adjoint")
def product(theta):
    """cos(theta0) cos(theta1)."""
    qml.RX(theta[0], wires=0)
    qml.RY(theta[1], wires=1)
    return qml.expval(qml.Z(0) @ qml.Z(1))


@qml.qnode(device, diff_method="adjoint")
def cosine(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


@qml.set_shots(1000)
@qml.qnode(device, diff_method="parameter-shift")
def sampled(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


THETA = jnp.array([0.4, -0.7])


def close(one, other, tolerance=1e-12):
    np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


class TestLandscape:
    def test_a_curve(self):
        found = landscape(
            product, THETA, along="theta[1]", methods=["auto", "parameter-shift", "fd"]
        )
        (x,) = found.axes
        assert found.elements == ("theta[1]",) and found.at == (-0.7,)
        close(x[[0, 50, -1]], [-0.7 - np.pi, -0.7, -0.7 + np.pi])
        close(found.value, np.cos(0.4) * np.cos(x))
        slope = -np.cos(0.4) * np.sin(x)
        close(found["auto"].derivatives[0], slope)
        close(found["parameter-shift"].derivatives[0], slope)
        close(found.reference[0], slope)
        assert found["auto"].difference < 1e-12
        assert 1e-10 < found["fd"].difference < 1e-6
        close(found.residuals(found["fd"])[0], np.abs(found["fd"].derivatives[0] - slope), 1e-13)

    def test_a_plane(self):
        span = [(-1.0, 2.0), 1.0]
        found = landscape(product, THETA, along=(0, "theta[1]"), span=span, points=(4, 7))
        x, y = np.meshgrid(*found.axes, indexing="ij")
        close(x[:, 0], [-1, 0, 1, 2])
        close(y[0, [0, 3, 6]], [-1.2, -0.7, -0.2])
        close(found.value, np.cos(x) * np.cos(y))
        for row in (found["auto"].derivatives, found.reference):
            close(row[0], -np.sin(x) * np.cos(y))
            close(row[1], -np.cos(x) * np.sin(y))

    def test_many_points_have_the_same_reference_as_few(self):
        """In chunks of 32, of which the last is not full."""
        found = landscape(product, THETA, methods="auto", points=landscapes.AT_ONCE[0] * 2 + 5)
        close(found.reference[0], -np.sin(found.axes[0]) * np.cos(0.7))

    def test_of_a_tree_and_by_any_name(self):
        def loss(params, scale, *, shift):
            return {"loss": scale * cosine(params["a"][1, 0]) + params["b"] * shift}

        params = {"a": np.array([[0.1], [0.3]]), "b": 0.5}
        shift = np.float32(2.0)
        of = {"points": 3, "span": (0.0, 1.0), "methods": "auto"}
        inner = landscape(loss, params, 2.0, shift=shift, along='params["a"][1, 0]', **of)
        assert inner.elements == ("params['a'][1, 0]",)
        close(inner["auto"].derivatives[0], -2 * np.sin(inner.axes[0]))
        assert inner["auto"].difference < 1e-12
        number = landscape(loss, params, 2.0, shift=shift, along="params['b']", **of)
        close(number["auto"].derivatives[0], [2, 2, 2])
        other = landscape(loss, params, 2.0, shift=shift, along="scale", **of)
        close(other["auto"].derivatives[0], np.full(3, np.cos(0.3)))
        keyword = landscape(loss, params, 2.0, shift=shift, along="shift", **of)
        close(keyword["auto"].derivatives[0], np.full(3, 0.5))
        last = landscape(loss, params, 2.0, shift=shift, along=-1, argnum=(0, 1), **of)
        assert last.elements == ("scale",)

    def test_finite_differences_take_one_evaluation_more(self):
        """Not one for each of 40 elements: what is differentiated is the function of one."""
        found = landscape(
            lambda theta: jnp.sum(jnp.sin(theta)), jnp.ones(40), along=7, methods="fd", h=1e-2
        )
        exact = (np.sin(found.axes[0] + 1e-2) - np.sin(found.axes[0])) / 1e-2
        close(found["fd", 1e-2].derivatives[0], exact, 1e-10)

    def test_parameter_shift_runs_what_the_element_moves(self):
        """Three circuits for one element and five for two, of 41 for all of them."""

        @qml.qnode(qml.device("lightning.qubit", wires=4), diff_method="adjoint")
        def circuit(theta):
            for number in range(20):
                qml.RY(theta[number], wires=number % 4)
                qml.CNOT(wires=[number % 4, (number + 1) % 4])
            return qml.expval(qml.Z(0))

        point = Point(circuit, (jnp.linspace(0.0, 1.0, 20),), {}, None)
        chosen = elements.elements_of(point)[3:5]
        for some in (chosen[:1], chosen):
            line = moves.restricted(point, some)
            every = tuple(range(len(some)))
            forward, backward = landscapes.ways_to_differentiate(
                line.f, Method("parameter-shift"), every
            )
            (value, slopes), work = metered(line.program(forward))
            (known, expected), whole = metered(line.program(backward))
            assert work.executions <= 3 * len(some) and whole.executions == 41
            close(value, known)
            close(slopes, expected)

    def test_a_method_without_forward_mode(self):
        @jax.custom_vjp
        def only_backward(x):
            return 2.0 * x

        only_backward.defvjp(lambda x: (2.0 * x, None), lambda _, g: (2.0 * g,))
        found = landscape(
            lambda x: cosine(only_backward(x)), 0.3, methods="parameter-shift", points=3
        )
        close(found["parameter-shift"].derivatives[0], -2 * np.sin(2 * found.axes[0]))

    def test_a_method_that_fails(self):
        found = landscape(product, THETA, methods=["backprop", "auto"], points=3)
        assert "backprop" in found["backprop"].error
        assert found["backprop"].derivatives is None and found["backprop"].difference is None
        close(found.value, np.cos(found.axes[0]) * np.cos(0.7))
        assert (
            "backprop failed" in repr(found) and "failed" in found._repr_mimebundle_()["text/html"]
        )

    def test_a_compiled_program(self):
        found = landscape(qjit(product), THETA, methods="auto", points=3)
        assert found["auto"].difference < 1e-12

    def test_a_function_that_cannot_be_mapped(self):
        """Its reference is computed point by point."""

        def picky(x):
            if x.shape != () or type(x).__name__ == "BatchTracer":
                raise TypeError("one at a time")
            return cosine(x)

        found = landscape(picky, jnp.array(0.4), methods="auto", points=4)
        close(found.reference[0], -np.sin(found.axes[0]))

    def test_numbers_of_python_stay_weakly_typed(self):
        """So that a function in 32-bit floats stays one."""
        found = landscape(lambda x: jnp.float32(2.0) * x * x, 0.5, methods="auto", points=3)
        close(found["auto"].derivatives[0], 4 * found.axes[0], 1e-5)

    def test_references(self):
        def mine(theta):
            return jnp.array([-jnp.sin(theta[0]), -jnp.sin(theta[1])]) * jnp.cos(theta[::-1])

        found = landscape(product, THETA, along=(1, 0), points=3, methods="auto", reference=mine)
        assert found["auto"].difference < 1e-12 and found.reference_name == "mine"

        def other(theta, scale):
            return scale * product(theta)

        elsewhere = landscape(
            other, THETA, 2.0, along="scale", points=3, methods="auto", reference=mine
        )
        assert "pass it by position" in elsewhere.reference_error
        assert elsewhere.reference is None and elsewhere["auto"].difference is None
        catalyst = landscape(
            other, THETA, 2.0, along="scale", points=3, methods="auto", reference="catalyst"
        )
        if importlib.util.find_spec("catalyst") is None:
            assert "not installed" in catalyst.reference_error
        else:
            assert catalyst["auto"].difference < 1e-12
        none = landscape(product, THETA, points=3, methods="auto", reference=None)
        assert none.reference is None and none.reference_name == ""

    def test_a_reference_that_fails(self):
        def broken(theta):
            raise RuntimeError("no luck")

        found = landscape(product, THETA, points=3, methods="auto", reference=broken)
        assert found.reference_error == "RuntimeError: no luck"
        assert "No reference by broken" in repr(found)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"along": "phi"}, "no argument has this name. There are 'theta[0]' to 'theta[1]'"),
            ({"along": "theta"}, "has the shape (2,), so an element of it is named with 1 index"),
            ({"along": "theta[2]"}, "has the shape (2,)"),
            ({"along": 2}, "by its number among the 2 elements"),
            ({"along": True}, "by its number"),
            ({"along": 0.5}, "along one element, such as 0"),
            ({"along": (0, 1, 2)}, "or over two"),
            ({"along": (0, "theta[0]")}, "both are theta[0]"),
            ({"points": 1}, "an int of at least 2"),
            ({"points": 2.5}, "an int of at least 2"),
            ({"points": (3, 3)}, "an int of at least 2"),
            ({"along": (0, 1), "points": 2000}, "1,000,000 in all at most"),
            ({"span": (1.0, 0.0)}, "in growing order"),
            ({"span": -1.0}, "Invalid span -1.0"),
            ({"span": (0.0, np.inf)}, "the two ends"),
            ({"span": "wide"}, "Invalid span 'wide'"),
            ({"along": (0, 1), "span": [(0, 1)]}, "also a pair of these"),
            ({"methods": "exact"}, "Invalid method 'exact'"),
            ({"reference": "mine"}, "Invalid reference"),
        ],
    )
    def test_options(self, options, words):
        with pytest.raises(ValueError) as caught:
            landscape(product, THETA, **options)
        assert words in str(caught.value)

    def test_what_cannot_be_moved(self):
        with pytest.raises(ValueError, match="only floating-point numbers are moved"):
            landscape(lambda x, n: x * n, 1.0, np.array(2), along="n")
        with pytest.raises(ValueError, match="write 2.0 for 2"):
            landscape(lambda n: n * 2.0, 2)
        with pytest.raises(TypeError, match="not a callable"):
            landscape(3, 1.0)
        with pytest.raises(DifferentiableCompileError, match="only a single number"):
            landscape(jnp.sin, jnp.ones(3))


class TestProgress:
    def watch(self, run):
        told = []
        run(lambda done, now: told.append((done, now)))
        parts = [done for done, _ in told]
        assert parts == sorted(parts) and parts[0] == 0 and parts[-1] == 1
        return [now for _, now in told]

    def test_of_all_studies(self, monkeypatch):
        monkeypatch.setattr("qgrad_lab.studies.pacing.INTERVAL", 0.0)
        of = {"argnum": None, "methods": ["auto", "fd"], "h": None}
        about = {"along": None, "span": None, "points": 7, "reference": "jax"}
        told = self.watch(
            lambda hook: landscapes.run(product, (THETA,), {}, **of, **about, progress=hook)
        )
        assert told.count("evaluating auto") == 8 and told.count("computing the reference") >= 2
        about = {"hs": [1e-2, 1e-4], "along": None, "argnum": None, "reference": "jax"}
        told = self.watch(lambda hook: steps.run(product, (THETA,), {}, **about, progress=hook))
        assert told.count("taking differences") == 5
        assert told.count("computing second derivatives") == 3
        told = self.watch(
            lambda hook: growth.run(lambda n: (cosine, (0.1,)), [1, 2], **of, progress=hook)
        )
        assert told.count("<lambda>(2): timing") > 3

    def test_raising_ends_it(self, monkeypatch):
        """Also where a method that fails would be a row."""
        monkeypatch.setattr("qgrad_lab.studies.pacing.INTERVAL", 0.0)

        def stop(done, now):
            if now == "evaluating auto" and done > 0.3:
                raise InterruptedError

        of = {"argnum": None, "methods": ["auto", "fd"], "h": None}
        about = {"along": None, "span": None, "points": 7, "reference": "jax"}
        with pytest.raises(InterruptedError):
            landscapes.run(product, (THETA,), {}, **of, **about, progress=stop)

    def test_reports_are_not_more_than_people_read(self):
        told = []
        phase = Phase(lambda done, now: told.append(done), 0.2, 0.4, 10_000, "at it")
        for _ in range(10_000):
            phase.step()
        assert told[0] == 0.2 and len(told) < 100


class TestStepSizes:
    def test_truncation_is_of_first_order(self):
        hs = np.logspace(-5, -1, 13)
        found = step_sizes(cosine, 0.4, hs=hs)
        close(found.second, [-np.cos(0.4)])
        close(found.gradient, [-np.sin(0.4)])
        exact = np.abs((np.cos(0.4 + hs) - np.cos(0.4)) / hs + np.sin(0.4))
        np.testing.assert_allclose(found.errors, exact, rtol=1e-3)
        order = np.polyfit(np.log(hs), np.log(found.errors), 1)[0]
        assert abs(order - 1) < 0.01
        np.testing.assert_allclose(found.truncation, hs * np.cos(0.4) / 2)
        assert found.coefficient_source == "second derivatives" and found.order == 1

    def test_the_best_step_is_that_of_theory(self):
        found = step_sizes(cosine, 0.4)
        theory = 2 * np.sqrt(np.finfo(float).eps)
        assert theory / 5 < found.predicted < 5 * theory
        assert found.predicted / 30 < found.best < 30 * found.predicted
        assert found.best_error < 3 * found.predicted_error
        # Far from it, the lines are the error: to a third, and to a factor, for rounding is random.
        long, short = found.hs > 1e-5, found.hs < 1e-10
        np.testing.assert_allclose(found.errors[long], found.truncation[long], rtol=0.35)
        assert np.all(found.errors[short] < 4 * found.noise_error[short])
        assert np.median(found.errors[short] / found.noise_error[short]) > 0.05

    def test_the_errors_are_those_of_grad(self):
        found = step_sizes(product, THETA, hs=[1e-1, 1e-3])
        for h, errors in zip(found.hs, found.element_errors, strict=True):
            by_fd = qjit(grad(product, method="fd", h=float(h)))(THETA)
            close(errors, np.abs(by_fd - found.gradient), 1e-11)

    def test_where_the_second_derivative_vanishes(self):
        found = step_sizes(cosine, np.pi / 2)
        assert found.order == 2 and found.coefficient_source == "fit"
        assert abs(found.coefficient - 1 / 6) < 0.02  # h**2 |f'''| / 6
        theory = (found.noise * 2 / (2 / 6)) ** (1 / 3)
        assert 0.5 < found.predicted / theory < 2
        assert "vanishes" in found.reason

    def test_polynomials(self):
        # Exactly right but for rounding, which is what grad takes for the default.
        line = step_sizes(lambda x: 3 * x + 1, 0.5)
        assert line.coefficient is None and line.predicted is None and "linear" in line.reason
        # Of x**2 at zero, the quotient is h, to the last bit.
        parabola = step_sizes(lambda x: x**2, 0.0)
        np.testing.assert_allclose(parabola.errors, parabola.hs, rtol=1e-15)
        assert parabola.noise == 0 and parabola.predicted is None
        assert parabola.best == 1e-13 and "shorter step" in parabola.reason

    def test_a_value_of_zero_has_noise(self):
        """The circuit computes it with the error of values of 1."""

        @qml.qnode(device)
        def entangled(x):
            qml.Hadamard(0)
            qml.RZ(x, wires=0)
            qml.CNOT(wires=[0, 1])
            qml.RX(0.3, wires=1)
            return qml.expval(qml.X(0) @ qml.X(1))

        found = step_sizes(entangled, np.pi / 2)
        assert abs(found.value) < 1e-15
        assert 1e-18 < found.noise < 1e-15

    def test_shots(self):
        found = step_sizes(sampled, 1.2, hs=np.logspace(-3, 0, 7))
        assert found.noise_kind == "shots"
        sigma = np.sin(1.2) / np.sqrt(1000)
        assert 0.6 < found.noise / sigma < 1.6  # from 64 values
        np.testing.assert_allclose(found.noise_error, np.sqrt(2) * found.noise / found.hs)
        assert 0.1 < found.predicted < 1
        assert "from shots" in found.reason
        close(found.second, [-np.cos(1.2)])  # exact, though the circuit has shots
        assert 0.1 < found.default < 0.3

    def test_single_precision(self):
        """What is moved is moved in 64 bits, as grad does."""
        found = step_sizes(lambda x: x**3, np.float32(0.5), hs=[1e-4, 1e-6])
        np.testing.assert_allclose(found.errors, 1.5 * found.hs, rtol=1e-3)

        def narrow(x):
            return jax.lax.fori_loop(0, 2, lambda i, c: c * x, jnp.float32(1.0))

        # It cannot be moved so: a step of 1e-9 is lost.
        kept = step_sizes(narrow, np.float32(0.5), hs=[1e-2, 1e-9], reference=lambda x: 2 * x)
        close(kept.errors, [1.0, 1e-2], 1e-3)
        assert kept.noise > 1e-9

    def test_circuits_in_single_precision(self):
        @qml.qnode(qml.device("lightning.qubit", wires=1, c_dtype=np.complex64))
        def single(x):
            qml.RX(x, wires=0)
            return qml.expval(qml.Z(0))

        found = step_sizes(single, 0.4)
        assert 1e-9 < found.noise < 1e-6
        assert 1e-5 < found.predicted < 1e-2
        assert found.predicted / 30 < found.best < 30 * found.predicted
        assert found.default == np.sqrt(np.finfo(np.float32).eps)
        assert abs(qjit(grad(single, method="fd"))(0.4) + np.sin(0.4)) < 1e-2

    def test_many_elements(self):
        found = step_sizes(lambda x: jnp.sum(jnp.sin(x)), jnp.linspace(0, 1, 500), hs=[1e-2])
        assert len(found.elements) == 64 and found.total == 500
        assert found.elements[0] == "x[0]" and found.elements[-1] == "x[499]"
        assert "64 of 500 elements" in repr(found)
        some = step_sizes(lambda x: jnp.sum(jnp.sin(x)), jnp.ones(9), hs=[1e-2], along=[3, "x[5]"])
        assert some.elements == ("x[3]", "x[5]")

    def test_arguments(self):
        def loss(n, params, scale):
            return n * params["w"][1] ** 2 * scale

        found = step_sizes(loss, 3, {"w": np.array([1.0, 2.0])}, 0.5, argnum=(2, 1), hs=[1e-3])
        assert found.elements == ("params['w'][0]", "params['w'][1]", "scale")
        close(found.gradient, [0.0, 6.0, 12.0])
        close(found.second, [0.0, 3.0, 0.0])

    def test_without_a_reference(self):
        def broken(x):
            raise RuntimeError("no luck")

        found = step_sizes(cosine, 0.4, hs=[1e-2], reference=broken)
        assert found.reference_name == "grad by auto"
        assert "no luck" in found.reference_error and "no luck" in repr(found)
        close(found.gradient, [-np.sin(0.4)])
        none = step_sizes(cosine, 0.4, hs=[1e-2], reference=None)
        assert none.reference_error is None

    def test_a_function_that_is_not_differentiable_twice(self, monkeypatch):
        """Then JAX differentiates twice, or else the truncation line is fitted to the errors."""
        monkeypatch.setattr(steps, "_twice_by_engine", _raising)
        close(step_sizes(cosine, 0.4, hs=[0.1]).second, [-np.cos(0.4)])
        monkeypatch.setattr(steps, "_twice_by_jax", _raising)
        found = step_sizes(cosine, 0.4)
        assert found.second is None and found.coefficient_source == "fit" and found.order == 1
        assert abs(found.coefficient / (np.cos(0.4) / 2) - 1) < 0.05

    def test_infinite_values(self):
        found = step_sizes(lambda x: jnp.log(1.0 - x), 0.9, hs=[1e-3, 0.1, 0.5])
        assert np.isfinite(found.errors[0]) and not np.isfinite(found.errors[1:]).any()
        assert found.best == 1e-3

    @pytest.mark.parametrize("hs", [[], [0.0], [-1e-3], [np.nan], "short", 1e-3, [[1e-3]], [None]])
    def test_steps(self, hs):
        with pytest.raises(ValueError, match="Invalid hs .* a list of finite numbers above zero"):
            step_sizes(cosine, 0.4, hs=hs)

    def test_refused(self):
        with pytest.raises(DifferentiableCompileError, match="no element to differentiate"):
            step_sizes(lambda n: n * 1.0, 2)
        with pytest.raises(ValueError, match="no argument has this name"):
            step_sizes(lambda x, y: x * y, 1.0, 2.0, along="y")


def _raising(*args, **kwargs):
    raise NotImplementedError


class TestScaling:
    def make(self, wires):
        @qml.qnode(qml.device("lightning.qubit", wires=wires))
        def circuit(theta):
            for wire in range(wires):
                qml.RY(theta[wire], wires=wire)
            return qml.expval(qml.Z(0))

        return circuit, (jnp.ones(wires),)

    def test_times(self):
        found = scaling(self.make, [1, 3], methods=["auto", "fd", "backprop"], h=1e-3)
        assert found.function == "make" and found.sizes == (1, 3)
        np.testing.assert_array_equal(found.parameters, [1, 3])
        assert np.all(found["auto"].seconds > 0) and np.all(found["fd", 1e-3].first > 0)
        assert np.isnan(found["backprop"].seconds).all()
        assert all("backprop" in error for error in found["backprop"].errors)
        assert found.growth(found["backprop"]) is None
        assert "failed" in repr(found)

    def test_growth(self):
        parameters = np.array([1, 2, 4, 8, 16, 32])
        seconds = 1e-3 + 1e-6 * parameters.astype(float) ** 3
        row = ScalingRow("auto", None, seconds, seconds, (None,) * 6)
        known = Scaling("make", tuple(range(6)), parameters, (row,))
        assert 1.0 < known.growth(row) < 3.0
        pure = ScalingRow("auto", None, parameters**2.0, seconds, (None,) * 6)
        assert abs(known.growth(pure) - 2) < 1e-12

    def test_what_is_too_slow_is_not_tried_again(self, monkeypatch):
        monkeypatch.setattr(growth, "PATIENCE", 0.0)
        found = scaling(self.make, [1, 2], methods="auto")
        assert found["auto"].errors[0] is None
        assert "not tried: its first result took" in found["auto"].errors[1]
        assert np.isnan(found["auto"].seconds[1])

    def test_refused(self):
        with pytest.raises(TypeError, match="not callable"):
            scaling(3, [1])
        with pytest.raises(ValueError, match="Invalid sizes"):
            scaling(self.make, [])
        with pytest.raises(TypeError, match="returned a QNode, and scaling takes a pair"):
            scaling(lambda size: self.make(size)[0], [1])
        with pytest.raises(ValueError, match="Invalid method"):
            scaling(self.make, [1], methods="exact")


class TestElements:
    def test_names_find_what_they_name(self):
        args = ([np.ones(2), np.ones((1, 2))], {"a": 1.0, "b": np.float32(2.0)}, 3)
        point = Point(lambda xs, tree, n: 0.0, args, {}, (0, 1))
        every = elements.elements_of(point)
        assert [one.name for one in every] == [
            "xs[0][0]",
            "xs[0][1]",
            "xs[1][0, 0]",
            "xs[1][0, 1]",
            "tree['a']",
            "tree['b']",
        ]
        for number, one in enumerate(every):
            assert elements.element(point, one.name) == one
            assert elements.element(point, number) == one
            assert elements.element(point, number - len(every)) == one
        assert elements.element(point, "xs[1][0][-1]") == every[3]


@pytest.fixture(scope="module")
def studies():
    return [
        landscape(product, THETA, points=3, methods=["auto", "backprop"]),
        landscape(product, THETA, along=(0, 1), points=3, methods=["auto", "fd"], h=1e-3),
        step_sizes(product, THETA, hs=[1e-3, 1e-7]),
        scaling(lambda n: (cosine, (0.1 * n,)), [1, 2], methods="auto"),
    ]


class TestShown:
    def test_to_dict(self, studies):
        for study in studies:
            data = json.loads(json.dumps(study.to_dict(), allow_nan=False))
            assert data["version"] == 1 and data["study"] == type(study).__name__
        curve = studies[0].to_dict()
        close(curve["rows"][0]["derivatives"][0], studies[0]["auto"].derivatives[0])
        assert curve["rows"][1]["error"] and curve["rows"][1]["label"] == "backprop"
        assert studies[2].to_dict()["best"] == studies[2].best

    def test_text_and_html(self, studies):
        for study in studies:
            bundle = study._repr_mimebundle_()
            assert bundle["text/plain"] == repr(study)
            assert max(map(len, repr(study).splitlines())) < 130
            assert "<table>" in bundle["text/html"]

    def test_they_are_public(self):
        for name in ("Landscape", "Scaling", "StepSizes", "landscape", "scaling", "step_sizes"):
            assert name in qgrad_lab.__all__

    def test_missing_methods(self, studies):
        with pytest.raises(KeyError, match="not among the methods of this study: auto, backprop"):
            studies[0]["fd"]
