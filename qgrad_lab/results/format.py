"""How numbers are written in tables."""

import math

import numpy as np

SHORT, LONGEST = 2, 8
"""Arrays of more elements than these are written with fewer digits, and summarised."""


def number(value: float, digits: int = 8) -> str:
    """A number with a fixed count of significant digits, so that columns of them compare well.

    >>> number(-0.38941834230865), number(44.4911605, 5), number(4.0, 3)
    ('-0.38941834', '44.491', '4.00')
    """
    return f"{float(value):#.{digits}g}".rstrip(".")


def array(values: np.ndarray, digits: int) -> str:
    """All elements of an array, in brackets; a number for an array without dimensions.

    >>> array(np.array([[0.5, 1.25], [0.0, -3.0]]), 5)
    '[[0.50000, 1.2500], [0.0000, -3.0000]]'
    """
    if values.ndim == 0:
        return number(values.item(), digits)
    if values.ndim == 1:
        return "[" + ", ".join(number(value, digits) for value in values) + "]"
    return "[" + ", ".join(array(row, digits) for row in values) + "]"


def summary(values: np.ndarray) -> str:
    """An array in at most a line: its elements, or what it is and how large they are.

    >>> summary(np.array([0.1, -0.25])), summary(np.array([0.1, -0.25, 1.0]))
    ('[0.10000000, -0.25000000]', '[0.10000, -0.25000, 1.0000]')
    >>> summary(np.linspace(0.0, 2.0, 12).reshape(3, 4))
    'float64[3, 4], max |g| = 2.0000'
    """
    if values.size <= LONGEST:
        return array(values, 8 if values.size <= SHORT else 5)
    largest = number(np.max(np.abs(values)), 5)
    return f"{values.dtype}{list(values.shape)}, max |g| = {largest}"


def difference(value: float | None) -> str:
    """An error, of which only the size matters.

    >>> difference(2.04e-08), difference(0.0), difference(None)
    ('2.0e-08', '0', '—')
    """
    if value is None:
        return "—"
    return "0" if value == 0 else f"{value:.1e}" if math.isfinite(value) else str(value)


def duration(seconds: float | None) -> str:
    """A time with three digits and the unit that suits it.

    >>> duration(1.53e-05), duration(0.0123), duration(2.5), duration(None)
    ('15.3 µs', '12.3 ms', '2.50 s', '—')
    """
    if seconds is None:
        return "—"
    for unit, scale in (("µs", 1e-6), ("ms", 1e-3)):
        # 0.9995 of the next unit would be written as a four-digit 1000.
        if seconds < 999.5 * scale:
            return f"{number(seconds / scale, 3)} {unit}"
    return f"{number(seconds, 3)} s" if seconds < 999.5 else f"{seconds:.0f} s"


def count(value: int | None) -> str:
    """How many.

    >>> count(12345), count(None)
    ('12,345', '—')
    """
    return "—" if value is None else f"{value:,}"


def size(num_bytes: int | None) -> str:
    """Bytes, with three digits at most.

    >>> size(80), size(16 * 2**10), size(3 * 2**20), size(None)
    ('80 B', '16 KiB', '3 MiB', '—')
    """
    if num_bytes is None:
        return "—"
    value, units = float(num_bytes), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{value:.3g} {units[0]}"
