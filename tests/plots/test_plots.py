"""Figures: what is drawn is what was computed, can be read, and is shown once."""

import functools
import itertools
import re

import jax
import matplotlib
import numpy as np
import pytest
from IPython.lib.pretty import pretty
from jupyter_client.manager import start_new_kernel
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from qgrad_lab import plots
from qgrad_lab.comparison import Comparison, MethodResult
from qgrad_lab.methods.table import NAMES as METHODS
from qgrad_lab.plots import style
from qgrad_lab.plots.figures import name_shortened
from qgrad_lab.plots.scales import ErrorAxis, compact, logarithmic, unit_of_times
from qgrad_lab.results import differences
from qgrad_lab.studies import Landscape, LandscapeRow, Scaling, ScalingRow, StepSizes

THEMES = ("light", "dark")


def comparison(gradients, reference=None, *, failed=(), call="loss(theta)", labels=None, **others):
    """A comparison with given gradients, by method or by (method, h)."""
    true = None if reference is None else jax.tree.leaves(reference)
    rows = []
    for i, (key, gradient) in enumerate(gradients.items()):
        method, h = key if isinstance(key, tuple) else (key, None)
        off = relative = None
        if true is not None:
            off = differences.absolute(jax.tree.leaves(gradient), true)
            relative = differences.relative(off, true)
        rows.append(
            MethodResult(method, h, gradient, off, relative, 0.1, 2e-5 * (i + 1), 9, 1, 2, 80)
        )
    rows += [MethodResult(method, error=f"{method} is not for this.") for method in failed]
    some = next(iter(gradients.values()), np.zeros(1))
    count = len(jax.tree.leaves(some))
    return Comparison(
        call=call,
        function="loss",
        argnum=0,
        value=np.float64(0.5),
        labels=labels or tuple(f"theta[{i}]" if count > 1 else "theta" for i in range(count)),
        rows=tuple(rows),
        reference=reference,
        reference_name="jax.grad on default.qubit" if reference is not None else "",
        **others,
    )


def some(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def vector(size, **others):
    true = some(size)
    return comparison(
        {"auto": true + 1e-15, "fd": true + 1e-7 * some(size, seed=1)}, true, **others
    )


def curve(count=40, **others):
    x = np.linspace(-3.0, 3.0, count)
    slope = -np.sin(x)
    rows = (
        LandscapeRow("auto", None, (slope,), 0.0),
        LandscapeRow("fd", 1e-3, (slope + 1e-3 * np.cos(x),), 1e-3),
        LandscapeRow("backprop", error="not on this device."),
    )
    known = {"reference": (slope,), "reference_name": "jax.grad on default.qubit", **others}
    return Landscape("loss(theta)", "loss", ("theta[0]",), (0.4,), (x,), np.cos(x), rows, **known)


def plane(methods=("auto", "fd"), **others):
    x, y = np.linspace(-3, 3, 20), np.linspace(-2, 2, 15)
    slopes = (-np.sin(x)[:, None] * np.cos(y), -np.cos(x)[:, None] * np.sin(y))
    rows = tuple(
        LandscapeRow(method, None, tuple(slope + 1e-8 * i for slope in slopes), 1e-8 * i)
        for i, method in enumerate(methods)
    )
    value = np.cos(x)[:, None] * np.cos(y)
    known = {"reference": slopes, "reference_name": "jax.grad on default.qubit", **others}
    return Landscape("loss(theta)", "loss", ("a", "b"), (0.4, 0.1), (x, y), value, rows, **known)


def errors_of_steps(**others):
    hs = np.logspace(-12, 0, 25)
    known = {
        "call": "loss(theta)",
        "function": "loss",
        "value": 1.0,
        "elements": ("theta[0]", "theta[1]"),
        "total": 2,
        "gradient": np.ones(2),
        "hs": hs,
        "element_errors": np.stack([hs / 2 + 2e-16 / hs, hs / 4], axis=1),
        "noise": 1e-16,
        "noise_kind": "rounding",
        "second": np.array([1.0, 0.5]),
        "default": 1e-7,
        "order": 1,
        "coefficient": 0.5,
        "coefficient_source": "second derivatives",
        "reference_name": "jax.grad on default.qubit",
    }
    return StepSizes(**{**known, **others})


def times(count=4):
    parameters = 2 ** np.arange(2, 2 + count)
    return Scaling(
        "chain",
        tuple(range(count)),
        parameters,
        (
            ScalingRow("auto", None, 1e-5 * parameters**1.0, np.ones(count), (None,) * count),
            ScalingRow("fd", 1e-3, 1e-5 * parameters**2.0, np.ones(count), (None,) * count),
            ScalingRow("backprop", None, np.full(count, np.nan), np.ones(count), ("no.",) * count),
        ),
    )


TREE = {"b": np.float64(0.3), "s": np.float64(-1.2), "v": some(5), "w": some(6, 5)}
TREES = comparison(
    {"auto": TREE, "parameter-shift": jax.tree.map(lambda leaf: leaf * (1 + 1e-9), TREE)},
    TREE,
    labels=("p['b']", "p['s']", "p['v']", "p['w']"),
    failed=("backprop",),
)
STEPS = {("fd", h): some(8) + h for h in (1e-1, 1e-3, 1e-5, 1e-7, 1e-9)}

FIGURES = {
    "one": lambda theme: plots.gradients(vector(1), theme=theme),
    "eight, failed": lambda theme: plots.gradients(vector(8, failed=("backprop",)), theme=theme),
    "64": lambda theme: plots.gradients(vector(64), theme=theme),
    "500": lambda theme: plots.gradients(vector(500), theme=theme),
    "steps": lambda theme: plots.gradients(
        comparison({"auto": some(8), **STEPS}, some(8)), theme=theme
    ),
    "tree": lambda theme: plots.gradients(TREES, theme=theme),
    "matrix of 500": lambda theme: plots.gradients(
        comparison({"auto": some(100, 5), "fd": some(100, 5)}, some(100, 5)), theme=theme
    ),
    "no reference": lambda theme: plots.gradients(comparison({"auto": some(3)}), theme=theme),
    "all failed": lambda theme: plots.gradients(comparison({}, failed=("auto", "fd")), theme=theme),
    "long names": lambda theme: plots.gradients(
        comparison(
            {"auto": [np.float64(i) for i in range(9)]},
            [np.float64(i) for i in range(9)],
            call="loss(" + "parameters, " * 12 + ")",
            labels=tuple(f"parameters['a long name'][{i}]" for i in range(9)),
        ),
        theme=theme,
    ),
    "curve": lambda theme: curve().plot(theme=theme),
    "curve without": lambda theme: curve(reference=None).plot(theme=theme),
    "plane": lambda theme: plane(METHODS).plot(theme=theme),
    "step sizes": lambda theme: errors_of_steps().plot(theme=theme),
    "cost": lambda theme: plots.cost(vector(3, failed=("backprop",)), theme=theme),
    "cost without": lambda theme: plots.cost(comparison({"auto": some(3)}), theme=theme),
    "scaling": lambda theme: times().plot(theme=theme),
    "scaling of one": lambda theme: times(1).plot(theme=theme),
}


@functools.cache
def made(name):
    return FIGURES[name](THEMES[list(FIGURES).index(name) % 2])


def drawn(figure):
    figure.canvas.draw()
    return figure


def panels(figure):
    """The axes, but for colour bars."""
    return [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]


def lines(axes):
    """Lines of data, by colour and marker."""
    return [line for line in axes.lines if np.size(line.get_xdata()) > 0]


def marked(axes, marker):
    (line,) = [line for line in lines(axes) if line.get_marker() == marker]
    return line


def words(figure):
    return " ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def everything(figure):
    """A figure and all of its parts."""
    found = [figure]
    for part in found:
        found += part.subfigs
    return found


class TestEveryFigure:
    @pytest.mark.parametrize("name", FIGURES)
    def test_nothing_covers_anything(self, name):
        """In the one theme or the other, which only have other colours."""
        figure = drawn(made(name))
        assert isinstance(figure, Figure) and figure.alt.endswith(".")
        renderer = figure.canvas.get_renderer()
        page = figure.bbox
        axes = [axes.get_tightbbox(renderer) for axes in figure.axes if axes.axison]
        around = [legend.get_window_extent(renderer) for legend in legends(figure)]
        for label in (figure._suptitle, figure._supxlabel):
            if label is not None:
                around.append(label.get_window_extent(renderer))
        for box in [*axes, *around]:
            assert box.x0 >= -1 and box.x1 <= page.width + 1, name
            assert box.y0 >= -1 and box.y1 <= page.height + 1, name
        for box in around:
            assert not any(overlap(box, other) for other in axes)
        assert not any(overlap(a, b) for a, b in itertools.combinations(around, 2))
        insides = [axes.get_window_extent(renderer) for axes in figure.axes if axes.axison]
        assert not any(overlap(a, b) for a, b in itertools.combinations(insides, 2))
        for axes in figure.axes:
            check_ticks(axes, renderer)

    @pytest.mark.parametrize("name", FIGURES)
    def test_titles_and_labels(self, name):
        figure = made(name)
        assert figure._suptitle.get_text()
        flat = [axes for axes in panels(figure) if axes.axison and axes.name != "3d"]
        assert any(axes.get_xlabel() for axes in flat) or name in (
            "one",
            "all failed",
            "long names",
        )
        assert any(axes.get_ylabel() for axes in flat) or name in ("all failed", "cost without")

    def test_users_style_changes_nothing_but_fonts(self):
        with matplotlib.rc_context({"axes.grid": True, "axes.facecolor": "red", "font.size": 30}):
            figure = FIGURES["eight, failed"]("light")
            assert matplotlib.rcParams["font.size"] == 30
        assert to_rgb(figure.axes[0].get_facecolor()) == (1, 1, 1)
        assert figure.get_size_inches()[0] < 10


def legends(figure):
    return [legend for part in everything(figure) for legend in part.legends]


def overlap(a, b):
    wide = min(a.x1, b.x1) - max(a.x0, b.x0)
    high = min(a.y1, b.y1) - max(a.y0, b.y0)
    return wide > 1 and high > 1


def check_ticks(axes, renderer):
    """Numbers beside an axis do not run into each other."""
    if axes.name == "3d" or not axes.axison:
        return
    for axis in (axes.xaxis, axes.yaxis):
        shown = [
            tick.label1.get_window_extent(renderer)
            for tick in axis.get_major_ticks()
            if tick.label1.get_visible()
            and tick.label1.get_text()
            and not tick.label1.get_rotation()
        ]
        low, high = sorted(axes.get_window_extent().get_points()[:, int(axis is axes.yaxis)])
        shown = [
            b for b in shown if low <= (b.x0 + b.x1, b.y0 + b.y1)[axis is axes.yaxis] / 2 <= high
        ]
        assert not any(overlap(a, b) for a, b in itertools.combinations(shown, 2))


class TestGradients:
    def test_bars_and_markers(self):
        found = vector(8)
        upper, lower = panels(plots.gradients(found))
        heights = np.array([bar.get_height() for bar in upper.patches]).reshape(2, 8)
        np.testing.assert_array_equal(heights, [row.gradient for row in found.rows])
        centres = np.array([bar.get_x() + bar.get_width() / 2 for bar in upper.patches])
        np.testing.assert_allclose(centres.reshape(2, 8).mean(axis=0), np.arange(8))
        reference = marked(upper, "D")
        np.testing.assert_array_equal(reference.get_ydata(), found.reference)
        assert lower.get_yscale() == "log"
        for row, marker in zip(found.rows, "os", strict=True):
            expected = np.abs(row.gradient - found.reference)
            np.testing.assert_array_equal(marked(lower, marker).get_ydata(), expected)
        assert upper.get_shared_x_axes().joined(upper, lower)

    def test_many_elements_are_points(self):
        found = vector(500)
        upper, lower = panels(plots.gradients(found))
        assert not upper.patches
        for row, marker in zip(found.rows, "os", strict=True):
            np.testing.assert_array_equal(marked(upper, marker).get_ydata(), row.gradient)
        (thin,) = [c for c in upper.collections if isinstance(c, LineCollection)]
        ends = np.array([segment[1] for segment in thin.get_segments()])
        np.testing.assert_array_equal(ends, np.stack([np.arange(500), found.reference], axis=1))

    def test_matrices_are_maps(self):
        true = some(6, 5)
        found = comparison({"auto": true, "fd": true + 1e-8}, true)
        figure = plots.gradients(found)
        upper = [axes.images[0].get_array() for axes in panels(figure)[:3]]
        for shown, expected in zip(upper, [true, true + 1e-8, true], strict=True):
            np.testing.assert_array_equal(shown, expected)
        norms = {axes.images[0].norm.vmax for axes in panels(figure)[:3]}
        assert norms == {max(np.max(np.abs(true)), np.max(np.abs(true + 1e-8)))}
        below = panels(figure)[4].images[0].get_array()
        np.testing.assert_allclose(below, np.abs(true + 1e-8 - true))

    def test_arrays_of_more_axes(self):
        true = some(2, 3, 4)
        upper = panels(plots.gradients(comparison({"auto": true}, true)))[0]
        np.testing.assert_array_equal(upper.images[0].get_array(), true.reshape(2, 12))
        small = panels(plots.gradients(comparison({"auto": true[:, :2, :2]})))[0]
        assert [tick.get_text() for tick in small.get_xticklabels()][:2] == [
            "[0, 0, 0]",
            "[0, 0, 1]",
        ]
        column = panels(plots.gradients(comparison({"auto": some(9, 1)})))[0]
        assert len(column.patches) == 9 and column.get_xlabel() == "element"

    def test_trees(self):
        figure = plots.gradients(TREES)
        titles = [axes.get_title("left") for axes in panels(figure)]
        assert titles[:2] == ["single numbers", "in p['v']"]
        assert "in p['w'], 6 × 5" in words(figure)
        ticks = [tick.get_text() for tick in panels(figure)[2].get_xticklabels()]
        assert ticks == ["p['b']", "p['s']"]

    def test_more_leaves_than_fit(self):
        tree = [some(3, seed=i) for i in range(9)]
        figure = plots.gradients(comparison({"auto": tree}, tree))
        assert len(panels(figure)) == 12
        assert "3 more leaves of the gradient are not drawn" in words(figure)

    def test_what_is_not_finite(self):
        bad = np.array([1.0, np.nan, np.inf])
        found = comparison({"auto": bad, "fd": np.ones(3)}, np.array([1.0, 1.0, np.inf]))
        figure = drawn(plots.gradients(found))
        upper, lower = panels(figure)
        assert "auto: 2 elements are infinite or no number." in words(figure)
        auto = marked(lower, "o").get_ydata()
        zero, infinite, again = auto
        assert zero == again < infinite  # equal, not a number, equal infinities
        labels = dict(zip(lower.get_yticks(), texts(lower.yaxis), strict=True))
        assert labels[zero] == "0" and labels[infinite] == "∞, NaN"
        everything_bad = comparison({"auto": bad.reshape(1, 3) * np.full((9, 1), np.nan)})
        drawn(plots.gradients(everything_bad))

    def test_failures_are_told(self):
        figure = plots.gradients(vector(2, failed=("backprop",)))
        assert "backprop failed: backprop is not for this." in words(figure)
        assert "backprop failed" in figure.alt
        entries = [text.get_text() for text in legends(figure)[0].get_texts()]
        assert entries[:3] == ["auto", "fd", "jax.grad on default.qubit"]

    def test_dollars_are_dollars(self):
        figure = plots.gradients(
            comparison({"auto": {"$x$": some(2)}}, call="loss('$x_1$')", labels=("p['$x$']",))
        )
        drawn(figure)
        assert figure._suptitle.get_text() == r"Gradient of loss('\$x_1\$')"

    def test_comparisons_plot_themselves(self):
        assert isinstance(vector(2).plot(), Figure)

    def test_nothing_to_draw(self):
        empty = plots.gradients(comparison({"auto": np.zeros(0)}, np.zeros(0)))
        assert "The gradient has no elements." in words(empty)


class TestLandscapes:
    def test_curves(self):
        found = curve()
        above, slopes, below = panels(plots.landscape(found))
        np.testing.assert_array_equal(lines(above)[-1].get_ydata(), found.value)
        for row, marker in zip(found.rows, "os", strict=False):
            line = marked(slopes, marker)
            np.testing.assert_array_equal(line.get_xdata(), found.axes[0])
            np.testing.assert_array_equal(line.get_ydata(), row.derivatives[0])
        residual = marked(below, "s").get_ydata()
        np.testing.assert_array_equal(residual, found.residuals(found.rows[1])[0])
        zeros = marked(below, "o").get_ydata()
        assert len(set(zeros)) == 1 and zeros[0] < residual.min()
        assert "0" in texts(below.yaxis)
        assert below.get_xlabel() == "theta[0]"
        here = [line.get_xdata()[0] for line in above.lines if len(line.get_xdata()) == 2]
        assert here == [0.4]

    def test_a_plane(self):
        found = plane()
        figure = plots.landscape(found)
        surface, top, auto, fd = panels(figure)
        assert surface.name == "3d"
        (mesh, *_) = [c for c in top.collections if isinstance(c, QuadMesh)]
        np.testing.assert_array_equal(mesh.get_array(), found.value.T)
        (arrows,) = [c for c in top.collections if type(c).__name__ == "Quiver"]
        # Uphill as it is seen: at each arrow, the ratio of both parts is that of the slopes.
        at = np.array([(x, y) for x, y in arrows.XY])
        up = np.stack([-np.sin(at[:, 0]) * np.cos(at[:, 1]), -np.cos(at[:, 0]) * np.sin(at[:, 1])])
        seen = up * np.array([[6.0], [4.0]])
        cross = arrows.U * seen[1] - arrows.V * seen[0]
        np.testing.assert_allclose(cross, 0, atol=1e-12)
        assert np.all(arrows.U * seen[0] + arrows.V * seen[1] >= 0)
        (below,) = [c for c in fd.collections if isinstance(c, QuadMesh)]
        np.testing.assert_allclose(
            below.get_array(), np.full((15, 20), np.sqrt(2) * 1e-8), rtol=1e-6
        )
        assert "Arrows: the gradient by auto; they point uphill." in words(figure)

    def test_what_failed_or_is_flat(self):
        x = np.linspace(0.0, 1.0, 5)
        nothing = Landscape(
            "f(x)",
            "f",
            ("x", "y"),
            (0.0, 0.0),
            (x, x),
            np.full((5, 5), np.nan),
            (LandscapeRow("auto", error="no."),),
        )
        figure = drawn(plots.landscape(nothing))
        assert "auto failed: no." in words(figure)
        flat = LandscapeRow("auto", None, (np.zeros((5, 5)),) * 2)
        drawn(plots.landscape(Landscape(*shared(nothing), np.ones((5, 5)), (flat,))))


def shared(found):
    return found.call, found.function, found.elements, found.at, found.axes


class TestStepSizes:
    def test_lines(self):
        found = errors_of_steps()
        figure = plots.step_sizes(found)
        (axes,) = panels(figure)
        assert axes.get_xscale() == axes.get_yscale() == "log"
        np.testing.assert_array_equal(marked(axes, "s").get_ydata(), found.errors)
        star = marked(axes, "*")
        assert star.get_xdata() == [found.best] and star.get_ydata() == [found.best_error]
        whole = [line.get_ydata() for line in lines(axes) if len(line.get_xdata()) == len(found.hs)]
        for expected in (found.truncation, found.noise_error):
            assert any(np.array_equal(line, expected) for line in whole)
        upright = [line.get_xdata()[0] for line in lines(axes) if len(line.get_xdata()) == 2]
        assert {1e-7, found.predicted} <= set(upright)
        assert abs(found.predicted / 2e-8 - 1) < 1e-12
        assert "h |f''| / 2" in words(figure) and "all 2 elements" in words(figure)

    def test_without_some_parts(self):
        shots = plots.step_sizes(errors_of_steps(noise_kind="shots", noise=0.02, total=500))
        assert "shot noise, √2" in words(shots) and "2 of the 500 elements" in words(shots)
        bare = errors_of_steps(coefficient=None, coefficient_source="", noise=0.0)
        assert "truncation" not in words(drawn(plots.step_sizes(bare)))
        fit = plots.step_sizes(errors_of_steps(order=2, coefficient_source="fit"))
        assert "(fitted)" in words(fit)
        lost = errors_of_steps(element_errors=np.full((25, 2), np.nan))
        assert "best tried" not in words(drawn(plots.step_sizes(lost)))
        exact = errors_of_steps(element_errors=np.zeros((25, 2)))
        drawn(plots.step_sizes(exact))


class TestCosts:
    def test_time_and_accuracy(self):
        found = vector(3)
        (axes,) = panels(plots.cost(found))
        for row, marker in zip(found.rows, "os", strict=True):
            (line,) = [
                line
                for line in lines(axes)
                if line.get_marker() == marker and line.get_markersize() == 8
            ]
            np.testing.assert_allclose(line.get_xdata(), [row.per_call * 1e6])
            np.testing.assert_allclose(line.get_ydata(), [row.difference])
        assert axes.get_xlabel() == "time per call (µs), value and gradient together"
        rings = [line for line in lines(axes) if line.get_markersize() == 17]
        np.testing.assert_allclose([ring.get_xdata()[0] for ring in rings], [20.0])

    def test_scaling(self):
        found = times()
        figure = plots.scaling(found)
        (axes,) = panels(figure)
        np.testing.assert_allclose(marked(axes, "o").get_ydata(), found["auto"].seconds * 1e6)
        np.testing.assert_array_equal(marked(axes, "s").get_xdata(), found.parameters)
        assert axes.get_ylabel() == "time per call (µs)"
        assert "grows as $P^{2.0}$" in words(figure)
        assert "backprop at 0, 1, 2, 3 failed: no." in words(figure)


class TestAxes:
    def test_zero_and_infinity_have_places(self):
        scale = ErrorAxis([[1e-9, 0.0, 1e-3], [np.inf]])
        zero, small, large, infinite = scale.place([0.0, 1e-9, 1e-3, np.nan])
        assert zero < small == 1e-9 < large == 1e-3 < infinite
        low, high = scale.limits
        assert low < zero and infinite < high
        assert ErrorAxis([[0.0, 0.0]]).ticks[1][-1] == "0"
        assert len(ErrorAxis([[1e-300, 1e300]]).ticks[0]) < 10

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ([1, 500], ["1", "3", "10"]),
            ([12.0, 13.0], ["10", "12", "14"]),
            ([1e-13, 1.0], ["$10^{-13}$"]),
            ([3, 3], ["2", "3", "4"]),
        ],
    )
    def test_ticks(self, values, expected):
        axes = Figure().subplots()
        logarithmic(axes, values)
        shown = texts(axes.yaxis)
        assert shown[: len(expected)] == expected or set(expected) <= set(shown)
        assert 2 <= len(shown) <= 8

    def test_whole_numbers(self):
        axes = Figure().subplots()
        logarithmic(axes, [4, 4], whole=True)
        assert texts(axes.yaxis) == ["3", "4", "5", "6"]

    def test_long_names_keep_their_ends(self):
        assert name_shortened("parameters['layers'][10]") == "parameters['layers'][10]"
        assert name_shortened("parameters['layer'][12][0]") == "paramet…['layer'][12][0]"

    def test_units(self):
        assert unit_of_times([2e-6, np.nan]) == (1e-6, "µs")
        assert unit_of_times([0.2])[1] == "ms" and unit_of_times([2.0, 3.0])[1] == "s"
        assert compact(1e-7) == "$10^{-7}$"


def texts(axis):
    return [label.get_text() for label in axis.get_majorticklabels()]


# How people with each kind of colour blindness see linear RGB: G. M. Machado et al., IEEE Trans.
# Vis. Comput. Graph. 15 (2009) 1291, severity 1.
SEEN = {
    "trichromat": np.eye(3),
    "protanope": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranope": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanope": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colour):
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    to_xyz = [[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]]
    x, y, z = np.cbrt(np.array(to_xyz) @ np.clip(rgb, 1e-3, 1) / [0.9505, 1.0, 1.0888])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one, other):
    """As of the Web Content Accessibility Guidelines 2.1."""
    high, low = sorted(linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (one, other))[::-1]
    return (high + 0.05) / (low + 0.05)


class TestStyle:
    def test_every_method_has_its_own_look(self):
        assert set(style.LOOKS) == set(METHODS)
        for field in ("colour", "marker", "dash", "hatch"):
            assert len({getattr(look, field) for look in style.LOOKS.values()}) == len(METHODS)

    @pytest.mark.parametrize("kind", SEEN)
    def test_colours_differ_for_everyone(self, kind):
        seen = [lab(np.array(SEEN[kind]) @ linear(look.colour)) for look in style.LOOKS.values()]
        nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
        assert nearest > 15  # 2.3 is a just noticeable difference

    @pytest.mark.parametrize("theme", [style.LIGHT, style.DARK])
    def test_contrast(self, theme):
        rows = [MethodResult(method) for method in METHODS]
        rows += [MethodResult("fd", 10.0**-i) for i in range(6)]
        for look in style.looks(rows):
            assert contrast(look.colour, theme.surface) >= 3
        assert contrast(theme.ink, theme.surface) >= 7
        assert contrast(theme.muted, theme.surface) >= 4.5

    def test_steps_look_different(self):
        rows = [MethodResult("auto"), *(MethodResult("fd", 10.0**-i) for i in range(7))]
        looks = style.looks(rows)
        assert looks[1] == style.LOOKS["fd"]
        for field in ("colour", "marker", "hatch"):
            assert len({getattr(look, field) for look in looks}) == len(rows)

    def test_themes(self):
        assert to_rgb(plots.gradients(vector(2)).get_facecolor()) == (1, 1, 1)
        with matplotlib.style.context("dark_background"):
            dark = plots.gradients(vector(2))
        assert dark.get_facecolor()[:3] == to_rgb(style.DARK.surface)
        assert style.theme("dark") is style.DARK
        with pytest.raises(ValueError, match="Invalid theme 'solarized'"):
            vector(2).plot and plots.gradients(vector(2), theme="solarized")


SETUP = """
import dataclasses, numpy as np
from qgrad_lab.comparison import Comparison, MethodResult
row = MethodResult("auto", None, np.ones(2), (0.0,), (0.0,), 0.1, 1e-5, 3)
found = Comparison("f(x)", "f", 0, np.float64(1.0), ("x",), (row,), np.ones(2), "ref")
"""

SHOWN = {
    "no backend": "found.plot()",
    "pyplot imported": "import matplotlib.pyplot as plt\nfound.plot()",
    "inline": "%matplotlib inline\nfound.plot()",
    "retina": "%config InlineBackend.figure_format = 'retina'\nfound.plot()",
    "displayed": "figure = found.plot()\ndisplay(figure)",
}
HIDDEN = {
    "semicolon": "found.plot();",
    "assigned": "figure = found.plot()",
    "plt.show": "figure = found.plot()\nplt.show()",
}


class TestShownOnce:
    """In a real kernel; cells run in this order."""

    @pytest.fixture(scope="class")
    @staticmethod
    def kernel():
        manager, client = start_new_kernel(kernel_name="python3")
        shown = run(client, SETUP)
        assert shown == []
        yield client
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    def test_in_every_setting(self, kernel):
        sizes = set()
        for name, cell in SHOWN.items():
            (content,) = run(kernel, cell)
            assert set(content["data"]) == {"image/png", "text/plain"}, name
            assert content["data"]["text/plain"].startswith("<Figure: Gradient of f(x), 2 elements")
            metadata = content["metadata"]["image/png"]
            assert metadata["alt"].startswith("Gradient of f(x)"), name
            sizes.add((metadata["width"], metadata["height"]))
        assert len(sizes) == 1
        for name, cell in HIDDEN.items():
            assert run(kernel, cell) == [], name

    def test_size_of_the_picture(self):
        figure = plots.gradients(vector(2))
        (_, metadata) = figure._repr_mimebundle_()
        png = figure.png()
        width, height = (int.from_bytes(png[i : i + 4], "big") for i in (16, 20))
        assert abs(width - 2 * metadata["image/png"]["width"]) <= 2
        assert abs(height - 2 * metadata["image/png"]["height"]) <= 2

    def test_in_a_terminal(self):
        assert re.fullmatch(r"<Figure: Gradient of loss.*\.>", pretty(plots.gradients(vector(2))))


def run(client, cell):
    """What a cell shows."""
    shown = []

    def watch(message):
        assert message["msg_type"] != "error", message["content"]["traceback"]
        if message["msg_type"] in ("display_data", "execute_result"):
            shown.append(message["content"])

    client.execute_interactive(cell, output_hook=watch, timeout=120)
    return shown
