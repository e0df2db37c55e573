"""One rule of accuracy: in the table, HTML, figures, advice, plain data and the recommendation."""

import functools
import json

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
import pytest

from qgrad_lab import compare, landscape, plots, step_sizes
from qgrad_lab.comparison import Comparison, MethodResult
from qgrad_lab.results import accuracy, differences

INF, NAN = float("inf"), float("nan")


def of(gradients, reference, *, labels=("w",), value=1.0, **others):
    """A comparison of given gradients, by method or by (method, h)."""
    true = jax.tree.leaves(reference)
    rows = []
    for i, (key, gradient) in enumerate(gradients.items()):
        method, h = key if isinstance(key, tuple) else (key, None)
        absolute = differences.absolute(jax.tree.leaves(gradient), true)
        relative = differences.relative(absolute, true)
        rows.append(MethodResult(method, h, gradient, absolute, relative, 0.1, 1e-5 * (i + 1), 9))
    return Comparison(
        "f(w)", "f", 0, np.float64(value), labels, tuple(rows), reference, "ref", **others
    )


def one(gradient, reference):
    """The comparison of a single element, w[1, 0] of a matrix that agrees elsewhere."""
    true = np.array([[0.5, -2.0], [reference, 0.0]])
    found = true.copy()
    found[1, 0] = gradient
    return of({"auto": found}, true)


def said(comparison):
    return " ".join(repr(comparison).split())


def words(figure):
    found = " ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))
    return " ".join(found.split())


def html(comparison):
    return comparison._repr_mimebundle_()["text/html"]


@functools.cache
def roots():
    """The square root at 0, whose derivative is infinite, and another element that is not."""
    return compare(lambda x: jnp.sqrt(x[0]) + x[1], [0.0, 1.0])


class TestAnInfiniteReference:
    """With an infinite scale, all methods would be accurate, and a fast wrong one the best."""

    def test_verdicts(self):
        found = roots()
        assert found.is_accurate(found["auto"]) is True
        assert found.is_accurate(found["fd"]) is False
        assert found.is_accurate(found["fd"], tolerance=INF) is False

    def test_best(self):
        best = roots().best()
        assert best.row.method == "auto"
        assert "auto is the only one of 2 methods within 1e-06 of jax.grad" in best.reason

    def test_a_fast_wrong_method_is_not_the_best(self):
        true = np.array([INF, 1.0])
        found = of({"fd": np.array([3162.0, 1.0]), "auto": true}, true)
        assert found["fd"].per_call < found["auto"].per_call
        assert found.best().row.method == "auto"

    def test_table(self):
        text = repr(roots())
        (auto,) = [line for line in text.splitlines() if line.startswith("auto")]
        (fd,) = [line for line in text.splitlines() if line.startswith("fd")]
        assert "✗" not in auto and auto.split()[3:5] == ["0", "0"]
        assert fd.split()[3:6] == ["✗", "inf", "inf"]
        assert (
            "✗ fd is off. The gradient is 3162.3 in x[0], where the reference is inf. No number is "
            "close to infinity: the function has no finite derivative here"
        ) in said(roots())
        assert "The reference is infinite in x[0]: only the same infinity agrees with it." in said(
            roots()
        )
        assert "relative to its largest finite element" in said(roots())

    def test_html(self):
        shown = html(roots())
        assert shown.count('class="qgrad-off"') == shown.count("<td>✗ inf</td>") == 1
        assert "✗ fd is off. The gradient is 3162.3 in x[0]" in shown
        assert "The reference is infinite in x[0]" in shown

    def test_dictionary_and_bundle(self):
        data = json.loads(json.dumps(roots().to_dict(), allow_nan=False))
        auto, fd = data["rows"]
        assert (auto["accurate"], fd["accurate"]) == (True, False)
        assert auto["advice"] is None and fd["advice"].startswith("the gradient is 3162.3 in x[0]")
        assert data["best"]["label"] == "auto"
        assert data["limit"] == data["tolerance"] == 1e-6
        assert data["infinity_remark"].startswith("The reference is infinite in x[0]")
        assert fd["relative"][0] == "Infinity"

    @pytest.mark.parametrize("draw", [plots.gradients, plots.cost])
    def test_figures(self, draw):
        shown = words(draw(roots()))
        assert "✗ fd is off. The gradient is 3162.3 in x[0]" in shown
        assert "The reference is infinite in x[0]" in shown
        assert "accurate below 1.0e-06" in shown

    def test_figures_and_tables_have_one_limit(self):
        true = np.array([INF, 200.0, -1e3])
        near, far = true + [0, 0, 9e-4], true + [0, 0, 1.1e-3]
        found = of({"auto": near, "fd": far}, true)
        assert found.is_accurate(found["auto"]) and not found.is_accurate(found["fd"])
        assert found.to_dict()["limit"] == accuracy.limit(found.reference) == 1e-3
        (_, axes) = plots.gradients(found).axes
        dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
        assert [line.get_ydata()[0] for line in dashed] == [1e-3]

    def test_the_relative_difference_is_of_finite_elements(self):
        assert differences.relative([0.5], [np.array([INF, -2.0, NAN])]) == (0.25,)
        assert differences.relative([INF, 0.0], [np.array([INF]), np.array([INF])]) == (INF, 0.0)


class TestEachKindOfElement:
    def test_equal_infinities_agree(self):
        for value in (INF, -INF):
            found = one(value, value)
            assert found.is_accurate(found["auto"]) is True
            assert found.best().row.method == "auto"
            assert "is off" not in said(found)
            assert "The reference is infinite in w[1, 0]: only the same infinity" in said(found)

    @pytest.mark.parametrize(
        ("gradient", "reference", "fact", "remedy"),
        [
            (3.0, INF, "is 3.0000 in w[1, 0], where the reference is inf.", "No number is close"),
            (
                INF,
                3.0,
                "is inf in w[1, 0], where the reference is 3.0000.",
                "Does a value overflow",
            ),
            (
                -INF,
                INF,
                "is -inf in w[1, 0], where the reference is inf.",
                "These are the two sides",
            ),
            (NAN, 3.0, "is NaN in w[1, 0], where the reference is 3.0000.", "Look for 0 / 0"),
            (NAN, INF, "is NaN in w[1, 0], where the reference is inf.", "Look for 0 / 0"),
            (
                3.0,
                NAN,
                "is 3.0000 in w[1, 0], where the reference is NaN.",
                "Check it against another",
            ),
        ],
    )
    def test_a_difference_that_is_not_finite_is_off(self, gradient, reference, fact, remedy):
        found = one(gradient, reference)
        (row,) = found.rows
        assert found.is_accurate(row) is False
        assert (
            found.best().row is None and found.best().reason == "no method is within 1e-06 of ref"
        )
        assert f"✗ auto is off. The gradient {fact} {remedy}" in said(found)
        assert found.to_dict()["rows"][0]["accurate"] is False
        assert 'class="qgrad-off"' in html(found)
        shown = words(plots.gradients(found))
        assert f"✗ auto is off. The gradient {fact}" in shown and remedy not in shown

    def test_two_nans_are_said_as_such(self):
        found = one(NAN, NAN)
        (row,) = found.rows
        assert found.is_accurate(row) is None
        best = found.best()
        assert best.row is None and "the reference is NaN in some elements" in best.reason
        assert (
            "? auto cannot be checked. Both the gradient and the reference are NaN in w[1, 0], so "
            "that there is nothing to compare. Look for 0 / 0"
        ) in said(found)
        assert "✗" not in said(found) and "Best" not in said(found)
        assert "qgrad-off" not in html(found).split("</style>")[1]
        data = found.to_dict()["rows"][0]
        assert data["accurate"] is None and data["advice"].startswith("both the gradient and")
        for draw in (plots.gradients, plots.cost):
            assert "? auto cannot be checked. Both the gradient" in words(draw(found))

    def test_two_nans_excuse_no_other_element(self):
        true = {"v": np.array([NAN, 1.0, 2.0]), "w": np.float64(NAN)}
        near = {"v": np.array([NAN, 1.0, 2.0 + 1e-9]), "w": np.float64(NAN)}
        far = {"v": np.array([NAN, 1.0, 2.1]), "w": np.float64(NAN)}
        found = of({"auto": near, "fd": far}, true, labels=("p['v']", "p['w']"))
        assert found.is_accurate(found["auto"]) is None
        assert found.is_accurate(found["fd"]) is False
        assert found.is_accurate(found["fd"], tolerance=0.1) is None

    def test_a_known_best_beside_an_unknown_row(self):
        """A row is judged by itself, not by what others say."""
        true = np.array([0.5, 1.0])
        found = of({"auto": true, "fd": np.array([0.5, NAN])}, true)
        assert found.best().row.method == "auto"

    def test_elements_are_counted(self):
        true = np.array([[1.0, INF], [INF, INF]])
        assert "is 1.0000 in w[0, 1] and 2 more elements, where the reference is inf" in said(
            of({"auto": np.ones((2, 2))}, true)
        )
        leaves = {"a": np.float64(NAN), "b": np.array([NAN])}
        twice = of({"auto": leaves}, leaves, labels=("p['a']", "p['b']"))
        assert "are NaN in p['a'] and 1 more element, so that" in said(twice)

    def test_several_kinds_are_all_said(self):
        found = of({"auto": np.array([NAN, 1.0])}, np.array([NAN, INF]))
        assert found.is_accurate(found["auto"]) is False
        assert (
            "✗ auto is off. The gradient is 1.0000 in w[1], where the reference is inf. Both the "
            "gradient and the reference are NaN in w[0], so that there is nothing to compare. No "
            "number is close to infinity"
        ) in said(found)
        assert said(found).count("Look for") == 1

    def test_a_difference_that_overflows(self):
        found = of({"auto": np.array([1.7e308])}, np.array([-1.7e308]))
        assert found.is_accurate(found["auto"]) is False
        assert "The difference is too large for a 64-bit float." in said(found)


class TestOtherNumbers:
    def test_no_elements(self):
        found = of({"auto": np.zeros(0)}, np.zeros(0))
        assert found.is_accurate(found["auto"]) is True
        nothing = of({"auto": ()}, (), labels=())
        assert nothing.is_accurate(nothing["auto"]) is True
        assert accuracy.limit(()) == 1e-6

    def test_nothing_that_is_finite(self):
        assert accuracy.limit(np.array([INF, NAN])) == 1e-6

    def test_integers(self):
        assert differences.absolute([np.array([1, 2])], [np.array([1, 4])]) == (2.0,)
        assert accuracy.limit(np.array([-30, 2]), 0.5) == 15.0

    def test_complex_references(self):
        """A gradient is real; what a reference adds to that is not dropped unseen."""
        real = compare(lambda x: x**2, 1.0, methods="auto", reference=lambda x: 2.0 + 0j)
        assert real.is_accurate(real["auto"]) and real.to_dict()["reference"] == {"x": 2.0}
        found = compare(lambda x: x**2, 1.0, methods="auto", reference=lambda x: 2.0 + 1j)
        assert found.reference is None
        assert found.reference_error.startswith("it returned complex numbers")

    def test_shorter_steps_with_infinite_differences(self):
        """Advice on steps leaves out those without a finite difference."""
        gradients = {("fd", 1e-2): np.array([1.5]), ("fd", 1e-4): np.array([INF])}
        found = of({**gradients, ("fd", 1e-3): np.array([1.05])}, np.array([1.0]))
        assert "fd, h = 0.01 and fd, h = 0.001 are off. Truncation" in said(found)
        assert "fd, h = 0.0001 is off. The gradient is inf in w[0]" in said(found)


class TestStudies:
    def test_a_landscape_over_an_infinite_derivative(self):
        """Equal infinities are no difference there, either."""
        found = landscape(jnp.sqrt, 0.5, span=(0.0, 1.0), points=3, h=1e-4)
        assert found.reference[0][0] == found["auto"].derivatives[0][0] == INF
        assert found["auto"].difference < 1e-12 and found["fd"].difference == INF
        assert found.residuals(found["auto"])[0][0] == 0.0

    def test_steps_beside_an_infinite_derivative(self):
        found = step_sizes(lambda x: jnp.sqrt(x[0]) + x[1], [0.0, 1.0], hs=[1e-2, 1e-4])
        assert np.isinf(found.element_errors[:, 0]).all() and np.isnan(found.best)
        assert (
            found.reason == "The reference is infinite in x[0], so that no step has a finite error."
        )
        assert np.isfinite(found.noise) and np.isfinite(found.noise_error).all()
