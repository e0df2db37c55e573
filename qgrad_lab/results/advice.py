"""Explain in words why a gradient is off, or cannot be checked, and what to do about it."""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

from qgrad_lab.methods.table import STEPPED
from qgrad_lab.results.accuracy import is_accurate
from qgrad_lab.results.comparison_data import ComparisonData, MethodResult
from qgrad_lab.results.differences import magnitude
from qgrad_lab.results.format import element_name, number
from qgrad_lab.results.precision import coarsest, smallest_difference

DEFAULT_STEP = 1e-7
_EPS = float(np.finfo(np.float64).eps)

_SHARPEST = 1e4
"""The largest second derivative, relative to the function and its gradient, that is taken for the
cause of a difference without a second step to confirm it."""


def explanation(
    comparison: ComparisonData, row: MethodResult, *, brief: bool = False
) -> str | None:
    """Return why a row is off, or cannot be checked against the reference; None if it is accurate.

    If ``brief``, what to do about infinities and NaN is left out.

    Finite differences with a step h have an error of about ``h |f''| / 2`` from truncation, and of
    about ``2 eps |f| / h`` from rounding (Press et al., Numerical Recipes, 3rd ed., section 5.7).
    The second can be computed, and the first falls with the step: an error that does neither does
    not come from the step.
    """
    if row.difference is None or is_accurate(comparison, row):
        return None
    if not math.isfinite(row.difference):
        return _without_finite_difference(comparison, row, brief)
    if comparison.shots:
        return (
            "the circuits have shots, so it is an estimate; the reference is exact. More shots "
            "bring it closer, by the square root of their number"
        )
    if row.method not in STEPPED:
        return (
            "the reference is another function here: is the function differentiable at this point, "
            "are all of its parts differentiated (no jax.lax.stop_gradient), and does it do the "
            "same at every call?"
        )
    if (coarse := coarsest([comparison.value, row.gradient])) is not None:
        return f"the numbers are {coarse.name}, and their differences lose half of the digits"
    if _is_rounding(comparison, row):
        return "rounding: the step is too short, and the error grows as it shrinks"
    if _shorter_steps_are_no_better(comparison):
        return (
            "it is not the step, as others are off by as much: the values of the function change "
            "otherwise than the reference says. Is there a kink or a jump at this point, a "
            "jax.lax.stop_gradient, or a derivative rule that is wrong?"
        )
    bend = 2 * row.difference / _step(row)
    if bend > _SHARPEST * max(_size(comparison.value), _size(comparison.reference)):
        return (
            f"either the step is too long, for a function with a second derivative of about "
            f"{bend:.0e}, or its values change otherwise than the reference says: a kink or a jump "
            "at this point, a jax.lax.stop_gradient, a derivative rule that is wrong. A second "
            "step tells: only truncation falls in proportion to it"
        )
    return "truncation: the step is too long, and the error falls in proportion to it"


def remarks(
    comparison: ComparisonData, rows: Iterable[MethodResult], *, brief: bool = False
) -> list[str]:
    """Return the explanations of rows that are off or cannot be checked, each of them once."""
    labels: dict[tuple[bool | None, str], list[str]] = {}
    for row in rows:
        why = explanation(comparison, row, brief=brief)
        if why is not None:
            labels.setdefault((is_accurate(comparison, row), why), []).append(row.label)
    found = []
    for (verdict, why), off in labels.items():
        names = " and ".join(off)
        head = f"✗ {names} {'is' if len(off) == 1 else 'are'} off."
        if verdict is None:
            head = f"? {names} cannot be checked."
        found.append(f"{head} {why[0].upper()}{why[1:]}.".replace("?.", "?"))
    return found


def infinity_remark(comparison: ComparisonData) -> str | None:
    """Return a sentence on infinite elements of the reference; None if there are none."""
    where = _first(comparison, map(np.isinf, jax.tree.leaves(comparison.reference)))
    if where is None:
        return None
    return f"The reference is infinite in {where.names}: only the same infinity agrees with it."


def precision_remark(comparison: ComparisonData) -> str | None:
    """Return a sentence on numbers of fewer than 64 bits; None if there are none."""
    gradients = [row.gradient for row in comparison.rows if row.error is None]
    coarse = coarsest([comparison.value, *gradients])
    if coarse is None:
        return None
    where = [
        label
        for label, *leaves in zip(comparison.labels, *map(jax.tree.leaves, gradients), strict=True)
        if coarsest(leaves) is not None
    ]
    if coarsest([comparison.value]) is not None:
        where.append("the value")
    return (
        f"{smallest_difference(coarse)}. This is the type of {' and '.join(where)}. Arrays made "
        "before qgrad_lab is imported are float32: make them after it, or convert them by "
        "x.astype(float)."
    )


class _Where(NamedTuple):
    """Some elements of a gradient, and the first of them."""

    names: str
    leaf: int
    place: tuple[int, ...]


def _first(comparison: ComparisonData, masks: Iterator[np.ndarray]) -> _Where | None:
    """Name the elements that are set in the masks, one for each leaf, by the first of them."""
    first, count = None, 0
    for leaf, mask in enumerate(masks):
        count += int(np.count_nonzero(mask))
        if first is None and np.any(mask):
            first = leaf, tuple(map(int, np.argwhere(mask)[0]))
    if first is None:
        return None
    names = element_name(comparison.labels[first[0]], first[1])
    if count > 1:
        names += f" and {count - 1:,} more element{'' if count == 2 else 's'}"
    return _Where(names, *first)


_UNDEFINED = (
    "Look for 0 / 0, 0 * inf, or jnp.sqrt and jnp.log of a negative number, at this point or one "
    "step away from it"
)
_BESIDE = "the gradient is {value} in {names}, where the reference is {true}"

_APART: tuple[tuple[Callable[[np.ndarray, np.ndarray], Any], str, str], ...] = (
    (
        lambda values, true: np.isfinite(values) & np.isinf(true),
        _BESIDE,
        "No number is close to infinity: the function has no finite derivative here, as jnp.sqrt "
        "and jnp.log have none at 0. Differentiate at another point, or rewrite the function so "
        "that its derivative is finite",
    ),
    (
        lambda values, true: np.isinf(values) & np.isfinite(true),
        _BESIDE,
        "Does a value overflow, or is something divided by zero, at this point or one step away "
        "from it?",
    ),
    (
        lambda values, true: np.isinf(values) & np.isinf(true) & (values != true),
        _BESIDE,
        "These are the two sides of a pole or a jump: differentiate at another point",
    ),
    (lambda values, true: np.isnan(values) & ~np.isnan(true), _BESIDE, _UNDEFINED),
    (
        lambda values, true: ~np.isnan(values) & np.isnan(true),
        _BESIDE,
        "Check it against another reference, such as a function that returns the gradient: "
        "reference=function",
    ),
    (
        lambda values, true: np.isnan(values) & np.isnan(true),
        "both the gradient and the reference are NaN in {names}, so that there is nothing to "
        "compare",
        _UNDEFINED,
    ),
)
"""Kinds of elements without a finite difference: which belong to it, what is there, what to do."""


def _without_finite_difference(comparison: ComparisonData, row: MethodResult, brief: bool) -> str:
    gradient = [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(row.gradient)]
    truth = [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(comparison.reference)]
    facts, remedies = [], []
    for belongs, fact, remedy in _APART:
        where = _first(comparison, map(belongs, gradient, truth))
        if where is not None:
            value, true = gradient[where.leaf][where.place], truth[where.leaf][where.place]
            facts.append(fact.format(names=where.names, value=_value(value), true=_value(true)))
            remedies.append(remedy)
    if not facts:
        return "the difference is too large for a 64-bit float"
    sentences = facts if brief else [*facts, *dict.fromkeys(remedies)]
    rest = [sentence[0].upper() + sentence[1:] for sentence in sentences[1:]]
    return ". ".join([sentences[0], *rest]).replace("?.", "?")


def _value(value: float) -> str:
    return number(value, 5) if math.isfinite(value) else "NaN" if value != value else f"{value}"


def _is_rounding(comparison: ComparisonData, row: MethodResult) -> bool:
    assert row.difference is not None
    step = _step(row)
    rounding = 2 * _EPS * max(_size(comparison.value), row.difference * step) / step
    return row.difference <= 10 * rounding


def _shorter_steps_are_no_better(comparison: ComparisonData) -> bool:
    """Return whether no step is accurate, and the shortest two are off by about as much."""
    stepped = [
        row for row in comparison.rows if row.method in STEPPED and row.difference is not None
    ]
    if any(is_accurate(comparison, row) for row in stepped):
        return False
    found = sorted(
        (_step(row), row.difference)
        for row in stepped
        if row.difference is not None
        and math.isfinite(row.difference)
        and not _is_rounding(comparison, row)
    )
    if len(found) < 2:
        return False
    (short, with_short), (long, with_long) = found[:2]
    # By truncation the differences have the ratio of the steps: an order of one.
    order = math.log(with_long / with_short) / math.log(long / short)
    return order < 0.5


def _step(row: MethodResult) -> float:
    return DEFAULT_STEP if row.h is None else row.h


def _size(tree: Any) -> float:
    return magnitude(jax.tree.leaves(tree))
