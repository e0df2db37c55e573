"""Run finite differences with many steps, and split their errors into truncation and noise."""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.extend.core import jaxpr_as_fun

from qgrad_lab.comparison.methods import Method, derivative
from qgrad_lab.comparison.point import Point, PointProgram
from qgrad_lab.comparison.references import Kind, check_kind, gradient_at, reference_of
from qgrad_lab.comparison.running import Progress, texts_of, trace
from qgrad_lab.differentiate import finite_difference
from qgrad_lab.differentiate.api import grad
from qgrad_lab.differentiate.on_default_qubit import reference as on_default_qubit
from qgrad_lab.errors import DifferentiableCompileError
from qgrad_lab.results.differences import distances, magnitude
from qgrad_lab.results.steps import StepSizes
from qgrad_lab.studies import elements as named
from qgrad_lab.studies.elements import Element
from qgrad_lab.studies.moves import directed, direction_of
from qgrad_lab.studies.pacing import Phase, silent

STEPS = np.logspace(-13, 0, 40)
"""The default steps, three for each power of ten."""
MOST_ELEMENTS = 64
"""The largest number of elements that are differentiated by default."""
MOST_STEPS = 10_000

_REPEATS = 64
"""Evaluations for the standard deviation of sampled values, which is then known to 9%."""
_SPACINGS = (2.0**-40, 2.0**-32, 2.0**-24)
"""Spacings of points whose differences tell the rounding error: the longer, the less precise."""


def run(
    f: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    *,
    hs: Sequence[float] | np.ndarray | None,
    along: int | str | Sequence[int | str] | None,
    argnum: int | Sequence[int] | None,
    reference: Kind,
    function: str | None = None,
    call: str | None = None,
    progress: Progress = silent,
) -> StepSizes:
    """Do what `qgrad_lab.step_sizes` does; ``function`` and ``call`` are their texts for titles."""
    steps = _steps(hs)
    check_kind(reference)
    function, call = texts_of(f, function, call)
    point = Point(f, args, kwargs, argnum)
    derived = {name: derivative(f, Method(name), argnum) for name in ("auto", "fd")}
    progress(0.0, f"tracing {function}")
    contents, _ = trace(point, function, call)
    every = named.elements_of(point)
    elements = _elements(point, every, along)

    progress(0.05, f"compiling {function}")
    curve = _Curve(point, elements)
    value = curve(0.0, ())
    phase = Phase(progress, 0.1, 0.5, len(elements) * len(steps), "taking differences")
    quotients = np.empty((len(steps), len(elements)))
    for j, element in enumerate(elements):
        for i, h in enumerate(steps):
            with np.errstate(invalid="ignore", over="ignore"):
                quotients[i, j] = (curve(h, (element,)) - value) / h
            phase.step()

    progress(0.5, "computing the reference")
    truth = _gradient(point, elements, reference, derived["auto"])
    sampled = contents.sampled > 0
    noise = _deviation(curve) if sampled else _rounding(curve, value, truth.gradient)
    second = _second(curve, elements, sampled, progress)
    errors = distances(quotients, truth.gradient)
    scale = magnitude([value, truth.gradient])
    fitted = _truncation(steps, errors, second, 2 * noise, scale)
    progress(1.0, "done")
    return StepSizes(
        call=call,
        function=function,
        value=value,
        elements=tuple(one.name for one in elements),
        total=len(every),
        gradient=truth.gradient,
        hs=steps,
        element_errors=errors,
        noise=noise,
        noise_kind="shots" if sampled else "rounding",
        second=second,
        default=_default(point, derived["fd"]),
        order=fitted.order,
        coefficient=fitted.coefficient,
        coefficient_source=fitted.source,
        reference_name=truth.name,
        reference_error=truth.reason,
    )


class _Curve:
    """The function along a direction from its point."""

    def __init__(self, point: Point, elements: Sequence[Element]) -> None:
        self.elements = elements
        self._point = point
        self._directions: dict[tuple[Element, ...], list[np.ndarray]] = {}
        self.moving = directed(point, elements, wide=True)
        try:
            self.program: PointProgram = self.moving.program(self.moving.f)
            self(0.0, ())
        except (TypeError, ValueError):
            # The function insists on its own precision, as a scan with a float32 carry does.
            self.moving = directed(point, elements, wide=False)
            self.program = self.moving.program(self.moving.f)

    def __call__(self, distance: float, chosen: tuple[Element, ...]) -> float:
        """Evaluate the function with ``chosen`` larger by ``distance``."""
        value = self.program.at((float(distance), self.direction(chosen)))
        (leaf,) = jax.tree.leaves(value)
        self.precision = float(jax.numpy.finfo(leaf.dtype).eps)
        return float(leaf)

    def direction(self, chosen: tuple[Element, ...]) -> list[np.ndarray]:
        """Return the direction in which ``chosen`` increase."""
        if chosen not in self._directions:
            self._directions = {chosen: direction_of(self._point, self.elements, chosen)}
        return self._directions[chosen]


class _Truth(NamedTuple):
    gradient: np.ndarray
    name: str
    reason: str | None


def _gradient(
    point: Point, elements: Sequence[Element], kind: Kind, derived: Callable[..., Any]
) -> _Truth:
    """Return the true derivatives, by the reference or else by ``"auto"``, which is exact too."""
    places = named.selection(point, elements)
    compared = reference_of(point, kind)
    leaves, reason = gradient_at(compared, point.selected)
    name = compared.name
    if leaves is None:
        with warnings.catch_warnings(action="ignore"):
            _, gradient = point.program(derived)()
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(gradient)]
        reason = f"{name}: {reason}" if name else ""
        name = "grad by auto"
    return _Truth(
        np.array([leaves[leaf][index] for leaf, index in places], np.float64), name, reason or None
    )


def _second(
    curve: _Curve, elements: Sequence[Element], sampled: bool, progress: Progress
) -> np.ndarray | None:
    """Return the exact second derivative in each element; None if it cannot be computed.

    The engine computes it; if it cannot, or only estimates it from shots, the simulation in JAX
    does.
    """
    for route in ([] if sampled else [_twice_by_engine]) + [_twice_by_jax]:
        phase = Phase(progress, 0.6, 1.0, len(elements), "computing second derivatives")
        found = np.empty(len(elements))
        try:
            with warnings.catch_warnings(action="ignore"):
                twice = route(curve)
                for j, element in enumerate(elements):
                    (leaf,) = jax.tree.leaves(twice((0.0, curve.direction((element,)))))
                    found[j] = leaf
                    phase.step()
        except Exception as error:
            # Such as a circuit that is not differentiable twice.
            if phase.ended_by(error):
                raise
            continue
        if np.isfinite(found).all():
            return found
    return None


def _twice_by_engine(curve: _Curve) -> Callable[[Sequence[Any]], Any]:
    return curve.moving.program(grad(grad(curve.moving.f))).at


def _twice_by_jax(curve: _Curve) -> Callable[[Sequence[Any]], Any]:
    """Differentiate the simulation in JAX twice, operation by operation as for the reference."""
    moving = curve.moving
    f = on_default_qubit(moving.f)

    def value(t: Any, direction: Any) -> Any:
        args, kwargs = moving.arguments({0: t, 1: direction})
        (leaf,) = jax.tree.leaves(f(*args, **kwargs))
        return leaf

    start = (0.0, curve.direction(()))
    run = jaxpr_as_fun(jax.make_jaxpr(jax.grad(jax.grad(value)))(*start))
    return lambda at: run(*jax.tree.leaves(at))


def _default(point: Point, derived: Callable[..., Any]) -> float:
    """Return the step that ``grad`` takes by default."""
    with warnings.catch_warnings(action="ignore"):
        program, _ = point.jaxpr(derived)
    return finite_difference.steps(program)[0]


class _Fit(NamedTuple):
    order: int
    coefficient: float | None
    source: str


def _truncation(
    steps: np.ndarray,
    errors: np.ndarray,
    second: np.ndarray | None,
    noise: float,
    scale: float,
) -> _Fit:
    """Return the truncation error as a coefficient and a power of the step.

    It is ``h |f''| / 2`` if the second derivatives are known and not all zero; otherwise it is
    fitted to the errors of long steps on logarithmic axes.
    """
    if second is not None and magnitude([second]) > 1e-9 * scale:
        return _Fit(1, magnitude([second]) / 2, "second derivatives")
    largest = np.max(errors, axis=1, initial=0.0)
    # Steps that are short enough for a single power, with errors far above the noise.
    used = np.isfinite(largest) & (largest > 30 * noise / steps) & (largest > 0) & (steps < 0.3)
    if np.count_nonzero(used) < 3:
        return _Fit(1, None, "")
    x, y = np.log(steps[used]), np.log(largest[used])
    order = int(np.clip(round(float(np.polyfit(x, y, 1)[0])), 1, 6))
    return _Fit(order, float(np.exp(np.median(y - order * x))), "fit")


def _rounding(curve: _Curve, value: float, gradient: np.ndarray) -> float:
    """Return the rounding error of a value, at least half a unit in its last place.

    It is estimated from higher differences of values so near each other that those of the function
    itself vanish (J. J. More and S. M. Wild, Estimating computational noise, SIAM J. Sci. Comput.
    33 (2011) 1292). Half of the error by rounding ``x + h`` is added, as one of two values has it.
    """
    with np.errstate(invalid="ignore"):
        moved = np.array([one.value for one in curve.elements]) * gradient
    shifted = magnitude([moved]) * float(np.finfo(np.float64).eps) / 4
    for spacing in _SPACINGS:
        table = np.array([curve(k * spacing, tuple(curve.elements)) for k in range(9)])
        if np.count_nonzero(np.diff(table)) > 4:
            break  # shorter spacings do not reach the next value
    found = []
    for order in range(1, 7):
        table = np.diff(table)
        if order >= 3:
            variance = np.mean(table**2) * math.factorial(order) ** 2 / math.factorial(2 * order)
            found.append(math.sqrt(variance))
    noise = float(np.median(found))
    own = curve.precision * abs(value)
    return shifted + (max(noise, own) if math.isfinite(noise) else own)


def _deviation(curve: _Curve) -> float:
    """Return the standard deviation of a value that is estimated from shots."""
    return float(np.std([curve(0.0, ()) for _ in range(_REPEATS)], ddof=1))


def _steps(hs: Sequence[float] | np.ndarray | None) -> np.ndarray:
    if hs is None:
        return STEPS.copy()
    try:
        steps = np.unique(np.asarray(hs, np.float64))
    except (TypeError, ValueError):
        steps = np.empty(0)
    good = np.ndim(hs) == 1 and np.all(np.isfinite(steps) & (steps > 0))
    if good and 0 < len(steps) <= MOST_STEPS:
        return steps
    raise ValueError(
        f"Invalid hs {hs!r}: the steps of the finite differences are a list of finite numbers "
        "above zero, such as [1e-3, 1e-5, 1e-7] or np.logspace(-13, 0, 40)."
    )


def _elements(
    point: Point, every: list[Element], along: int | str | Sequence[int | str] | None
) -> tuple[Element, ...]:
    if not every:
        raise DifferentiableCompileError(
            "There is no element to differentiate: the differentiated arguments have no "
            "floating-point numbers. Write 2.0 for 2, or choose other arguments with argnum."
        )
    if along is None:
        if len(every) <= MOST_ELEMENTS:
            return tuple(every)
        spread = np.linspace(0, len(every) - 1, MOST_ELEMENTS).round().astype(int)
        return tuple(every[i] for i in spread)
    one = isinstance(along, str) or not isinstance(along, Sequence)
    wanted = [along] if one else list(along)  # type: ignore[arg-type]
    return tuple(dict.fromkeys(named.element(point, entry) for entry in wanted))
