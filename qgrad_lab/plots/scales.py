"""Make logarithmic axes, on which zero and infinity have a place, and choose units of time."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from qgrad_lab.plots.style import Theme
from qgrad_lab.results.format import unit_of_time

_TICKS = 6


class ErrorAxis:
    """A logarithmic axis for errors: zeros are below a line, infinities and NaN above another.

    Parameters
    ----------
    arrays
        All errors to be drawn.
    """

    def __init__(self, arrays: Iterable[Any]) -> None:
        values = np.concatenate([np.zeros(0), *(np.ravel(array) for array in arrays)])
        positive = values[np.isfinite(values) & (values > 0)]
        self.low = math.floor(math.log10(positive.min())) if positive.size else -16
        self.high = math.ceil(math.log10(positive.max())) if positive.size else -15
        self.high = max(self.high, self.low + 1)
        gap = 0.1 * (self.high - self.low) + 0.4
        self._zero = self.low - gap if np.any(values == 0) else None
        self._infinite = self.high + gap if not np.all(np.isfinite(values)) else None
        self._gap = gap

    @property
    def limits(self) -> tuple[float, float]:
        """The two ends of the axis."""
        margin = 0.1 + 0.04 * (self.high - self.low)
        low = self.low - margin if self._zero is None else self._zero - self._gap / 2
        high = self.high + margin if self._infinite is None else self._infinite + self._gap / 2
        return 10.0**low, 10.0**high

    def place(self, values: Any) -> np.ndarray:
        """Return where values are drawn: zeros and non-finite ones in places of their own."""
        found = np.array(values, np.float64)
        if self._zero is not None:
            found[found == 0] = 10.0**self._zero
        if self._infinite is not None:
            found[~np.isfinite(found)] = 10.0**self._infinite
        return found

    @property
    def ticks(self) -> tuple[list[float], list[str]]:
        """The places and texts of the ticks, at whole powers of ten."""
        stride = max(1, math.ceil((self.high - self.low) / _TICKS))
        powers = range(self.high, self.low - 1, -stride)
        places = [10.0**power for power in powers]
        texts = [f"$10^{{{power}}}$" for power in powers]
        if self._zero is not None:
            places.append(10.0**self._zero)
            texts.append("0")
        if self._infinite is not None:
            places.append(10.0**self._infinite)
            texts.append("∞, NaN")
        return places, texts

    def apply(self, axes: Axes, theme: Theme, *, horizontal: bool = False) -> None:
        """Make this the vertical axis of ``axes``, or the horizontal one."""
        axis = axes.xaxis if horizontal else axes.yaxis
        (axes.set_xscale if horizontal else axes.set_yscale)("log")
        (axes.set_xlim if horizontal else axes.set_ylim)(*self.limits)
        places, texts = self.ticks
        axis.set_major_locator(FixedLocator(places))
        axis.set_major_formatter(FixedFormatter(texts))
        axis.set_minor_locator(NullLocator())
        axis.grid(visible=True)
        line = axes.axvline if horizontal else axes.axhline
        for place, sign in ((self._zero, 1), (self._infinite, -1)):
            if place is not None:
                line(10.0 ** (place + sign * self._gap / 2), color=theme.muted, lw=0.8, ls=":")


def logarithmic(axes: Axes, values: Any, *, horizontal: bool = False, whole: bool = False) -> None:
    """Make an axis logarithmic, with readable ticks over a long or a short span.

    Ticks of ``whole`` numbers are whole.
    """
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite) & (finite > 0)]
    if not finite.size:
        return
    axis = axes.xaxis if horizontal else axes.yaxis
    (axes.set_xscale if horizontal else axes.set_yscale)("log")
    low, high = math.log10(finite.min()), math.log10(finite.max())
    # Times that differ by a few per cent must not look very different.
    margin = 0.06 * (high - low) + max(0.08, 0.2 - (high - low) / 2)
    low, high = low - margin, high + margin
    (axes.set_xlim if horizontal else axes.set_ylim)(10**low, 10**high)
    powers = range(math.ceil(low), math.floor(high) + 1)
    if len(powers) > 3:
        places = [10.0**power for power in powers[:: math.ceil(len(powers) / _TICKS)]]
    else:
        places = _round_numbers(10**low, 10**high)
    if whole:
        places = [place for place in places if place == round(place)] or [float(round(finite[0]))]
    texts = [compact(place) for place in places]
    if any("^" in text for text in texts) and len(powers) > 3:
        texts = [f"$10^{{{round(math.log10(place))}}}$" for place in places]
    axis.set_major_locator(FixedLocator(places))
    axis.set_major_formatter(FixedFormatter(texts))
    axis.set_minor_locator(NullLocator())
    axis.grid(visible=True)


def unit_of_times(seconds: Sequence[float] | np.ndarray) -> tuple[float, str]:
    """Return the unit that suits most of the times: its length in seconds, and its name."""
    known = np.asarray(seconds, np.float64)
    known = known[np.isfinite(known)]
    return unit_of_time(float(np.median(known)) if known.size else 1.0)


def compact(value: float) -> str:
    r"""Format the number of a tick, as short as is readable.

    >>> compact(200.0), compact(0.05), compact(3e6), compact(1e-7)
    ('200', '0.05', '$3\\times10^{6}$', '$10^{-7}$')
    """
    power = math.floor(math.log10(value) + 1e-9)
    if -3 < power < 5:
        return f"{value:,.10g}"
    factor = value / 10.0**power
    ten = f"10^{{{power}}}"
    return f"${ten}$" if abs(factor - 1) < 1e-9 else f"${factor:.3g}\\times{ten}$"


def _round_numbers(low: float, high: float) -> list[float]:
    """Return up to six round numbers between two that are not far from each other."""
    if high / low < 6:
        near = MaxNLocator(_TICKS + 2, steps=[1, 2, 5, 10]).tick_values(low, high)
        return [float(value) for value in near if low <= value <= high]
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 3, 5), (1, 2, 5), (1, 3)):
        found = [f * 10.0**p for p in powers for f in factors if low <= f * 10.0**p <= high]
        if len(found) <= _TICKS:
            break
    return found
