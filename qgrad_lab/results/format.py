"""Format numbers, durations, sizes and names as text for tables and figures."""

import math

import numpy as np

SHORT, LONGEST = 2, 8
"""Array sizes above which elements are written with fewer digits, and above which summarised."""


def number(value: float, digits: int = 8) -> str:
    """Format a number with a fixed count of significant digits, so that columns line up.

    >>> number(-0.38941834230865), number(44.4911605, 5), number(4.0, 3)
    ('-0.38941834', '44.491', '4.00')
    """
    return f"{float(value):#.{digits}g}".rstrip(".")


def array(values: np.ndarray, digits: int) -> str:
    """Format all elements of an array in brackets, or a zero-dimensional array as a number.

    >>> array(np.array([[0.5, 1.25], [0.0, -3.0]]), 5)
    '[[0.50000, 1.2500], [0.0000, -3.0000]]'
    """
    if values.ndim == 0:
        return number(values.item(), digits)
    if values.ndim == 1:
        return "[" + ", ".join(number(value, digits) for value in values) + "]"
    return "[" + ", ".join(array(row, digits) for row in values) + "]"


def summary(values: np.ndarray) -> str:
    """Summarise an array in at most one line: its elements, or its type, shape and magnitude.

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
    """Format an error, of which only the order of magnitude matters.

    >>> difference(2.04e-08), difference(0.0), difference(None)
    ('2.0e-08', '0', '—')
    """
    if value is None:
        return "—"
    return "0" if value == 0 else f"{value:.1e}" if math.isfinite(value) else str(value)


def unit_of_time(seconds: float) -> tuple[float, str]:
    """Return the unit that suits a duration: its length in seconds, and its name.

    >>> unit_of_time(2e-6), unit_of_time(0.2), unit_of_time(3.0)
    ((1e-06, 'µs'), (0.001, 'ms'), (1.0, 's'))
    """
    for unit, scale in (("µs", 1e-6), ("ms", 1e-3)):
        # 0.9995 of the next unit would be written as a four-digit 1000.
        if seconds < 999.5 * scale:
            return scale, unit
    return 1.0, "s"


def duration(seconds: float | None) -> str:
    """Format a duration with three digits in the unit that suits it.

    >>> duration(1.53e-05), duration(0.0123), duration(2.5), duration(None)
    ('15.3 µs', '12.3 ms', '2.50 s', '—')
    """
    if seconds is None:
        return "—"
    scale, unit = unit_of_time(seconds)
    whole = seconds >= 999.5  # only then is the number longer than three digits
    return f"{seconds:.0f} {unit}" if whole else f"{number(seconds / scale, 3)} {unit}"


def count(value: int | None) -> str:
    """Format a count.

    >>> count(12345), count(None)
    ('12,345', '—')
    """
    return "—" if value is None else f"{value:,}"


def memory(num_bytes: int | None) -> str:
    """Format an amount of memory with three digits at most.

    >>> memory(80), memory(16 * 2**10), memory(3 * 2**20), memory(None)
    ('80 B', '16 KiB', '3 MiB', '—')
    """
    if num_bytes is None:
        return "—"
    value, units = float(num_bytes), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{value:.3g} {units[0]}"


def element_name(name: str, index: tuple[int, ...]) -> str:
    """Name an element of an array, or the array itself if it has no dimensions.

    >>> element_name("params['w']", (1, 0)), element_name("phi", ())
    ("params['w'][1, 0]", 'phi')
    """
    return f"{name}[{', '.join(map(str, index))}]" if index else name
