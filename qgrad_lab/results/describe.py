"""Studies in words and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qgrad_lab.results.format import difference, duration, number
from qgrad_lab.results.table import Table

if TYPE_CHECKING:
    from qgrad_lab.results.steps import StepSizes
    from qgrad_lab.results.studies import Landscape, Scaling

_STEPS_SHOWN = 14


def landscape(found: Landscape) -> Table:
    """The table of a `Landscape`: one row for each method."""
    names = " and ".join(found.elements)
    spans = " and ".join(f"{number(axis[0], 4)} to {number(axis[-1], 4)}" for axis in found.axes)
    sizes = " x ".join(str(len(axis)) for axis in found.axes)
    titles = ["Method"]
    titles += [f"d/d {name}, {end}" for name in found.elements for end in ("least", "most")]
    rows = []
    for row in found.rows:
        if row.derivatives is None:
            rows.append((row.label, "failed", *[""] * (len(titles) - 1)))
            continue
        ends = [number(end(values), 5) for values in row.derivatives for end in (np.min, np.max)]
        rows.append((row.label, *ends, difference(row.difference)))
    remarks = [f"{row.label} failed: {row.error}" for row in found.rows if row.error is not None]
    remarks += [f"{row.label}: {note}" for row in found.rows for note in row.notes]
    if np.isfinite(found.value).any():
        for word, place in (("Lowest", np.nanargmin), ("Highest", np.nanargmax)):
            index = np.unravel_index(place(found.value), found.value.shape)
            where = ", ".join(
                f"{name} = {number(axis[i], 5)}"
                for name, axis, i in zip(found.elements, found.axes, index, strict=True)
            )
            remarks.append(f"{word} value {number(found.value[index], 6)} at {where}.")
    remarks += _reference(found.reference_name, found.reference_error, found.reference is not None)
    headline = f"{found.call} along {names}: {sizes} points, from {spans}"
    return Table(headline, (*titles, "Difference"), rows, remarks)


def step_sizes(found: StepSizes) -> Table:
    """The table of `StepSizes`: some of the steps, the best among them."""
    errors, truncation, noise = found.errors, found.truncation, found.noise_error
    shown = set(range(0, len(errors), max(1, -(-len(errors) // _STEPS_SHOWN))))
    shown |= {int(np.flatnonzero(found.hs == found.best)[0])} if np.isfinite(found.best) else set()
    rows: list[tuple[str, ...]] = [
        (
            f"{found.hs[i]:.2e}" + (" *" if found.hs[i] == found.best else ""),
            difference(float(errors[i])),
            difference(None if truncation is None else float(truncation[i])),
            difference(float(noise[i])),
        )
        for i in sorted(shown)
    ]
    name = "Rounding" if found.noise_kind == "rounding" else "Shot noise"
    remarks = [f"* {found.reason}"]
    count = len(found.elements)
    if count < found.total:
        remarks.append(f"{count} of {found.total} elements, spread evenly.")
    remarks.append(f"Error: the largest from {found.reference_name}, over all elements.")
    if found.reference_error:
        remarks.append(f"That is not the reference: {found.reference_error.rstrip('.')}.")
    headline = f"Finite differences of {found.call} = {number(found.value)}, by their step"
    return Table(headline, ("h", "Error", "Truncation", name), rows, remarks)


def reason(found: StepSizes) -> str:
    """Why the best step is what it is."""
    if not np.isfinite(found.best):
        return "No step gave a finite derivative."
    said = f"The best step tried is {found.best:.2g}, with an error of {found.best_error:.1e}."
    noise = (
        f"values that are precise to {found.noise:.1e}"
        if found.noise_kind == "rounding"
        else f"values with a standard deviation of {found.noise:.1e} from shots"
    )
    if found.predicted is not None:
        power = "" if found.order == 1 else f"^{found.order}"
        said += (
            f" Below about {found.predicted:.1e} the noise of {noise} decides, which grows as h "
            f"shrinks; above it truncation, which grows as h{power}. There the two give "
            f"{found.predicted_error:.1e}."
        )
        if found.order > 1:
            said += " The second derivative vanishes here, so that a longer step does no harm yet."
    elif not found.coefficient:
        said += " No truncation error was seen: the function is linear, or the noise covers it."
    else:
        said += " No noise was seen, so that a shorter step is a better one."
    return said


def scaling(found: Scaling) -> Table:
    """The table of a `Scaling`: one row for each size."""
    rows = []
    for i, size in enumerate(found.sizes):
        times = [
            "failed" if row.errors[i] is not None else duration(float(row.seconds[i]))
            for row in found.rows
        ]
        rows.append((str(size), f"{found.parameters[i]:,}", *times))
    remarks = []
    for row in found.rows:
        power = found.growth(row)
        if power is not None:
            remarks.append(f"{row.label}: the time grows as the parameters to the {power:.1f}.")
        for size, error in zip(found.sizes, row.errors, strict=True):
            if error is not None:
                remarks.append(f"{row.label} at {size} failed: {error}")
    titles = ("Size", "Parameters", *(f"{row.label}, per call" for row in found.rows))
    return Table(f"Time of a gradient of {found.function}(size)", titles, rows, remarks)


def _reference(name: str, error: str | None, there: bool) -> list[str]:
    if there:
        return [f"Difference: the largest from {name}, over all points."]
    return [f"No reference by {name}: {error.rstrip('.')}."] if error else []
