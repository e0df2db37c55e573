"""Exact shift rules: a derivative as a weighted sum of shifted values.

As a function of one gate angle, every measured number is a trigonometric polynomial whose
frequencies are differences of the eigenvalues of the gate's generator. For frequencies that are
multiples ``1, 2, ..., R`` of a base ``w`` the derivative is, exactly,

    f'(t) = sum_{j=1}^{2R} (-1)^(j-1) w / (4 R sin^2(a_j / 2)) f(t + a_j / w)

with ``a_j = (2j - 1) pi / (2R)``

(D. Wierichs, J. Izaac, C. Wang, C. Y.-Y. Lin, "General parameter-shift rules for quantum
gradients", Quantum 6, 677 (2022)). A set with gaps is a subset of such a set, so this
one rule serves all gates. As a function of the coefficient of an observable a measured number is a
polynomial of degree at most two (``expval``: one, ``var``: two), for which the central difference
is exact.
"""

import math
from fractions import Fraction
from functools import cache
from typing import NamedTuple


class ShiftRule(NamedTuple):
    """A shift rule: ``f'(t) = sum_i coefficients[i] * f(t + shifts[i])``."""

    coefficients: tuple[float, ...]
    shifts: tuple[float, ...]


QUADRATIC_RULE = ShiftRule((0.5, -0.5), (1.0, -1.0))
"""Exact for polynomials of degree two: the step need not be small."""

QUARTIC_RULE = ShiftRule((-1 / 12, 2 / 3, -2 / 3, 1 / 12), (2.0, 1.0, -1.0, -2.0))
"""Exact for polynomials of degree four."""

NO_DEPENDENCE = ShiftRule((), ())


@cache
def trigonometric_rule(frequencies: frozenset[Fraction]) -> ShiftRule:
    """Return the shift rule for functions with the given positive frequencies.

    Parameters
    ----------
    frequencies
        Positive frequencies, in 1/radian. Empty for a function that does not depend on the angle.

    Returns
    -------
    ShiftRule
        With two terms a multiple of the base frequency; shifts in radians.

    Examples
    --------
    The two-term rule of a Pauli rotation, ``(f(t + pi/2) - f(t - pi/2)) / 2``:

    >>> rule = trigonometric_rule(frozenset({Fraction(1)}))
    >>> [round(c, 12) for c in rule.coefficients], [round(s, 6) for s in rule.shifts]
    ([0.5, -0.5], [1.570796, -1.570796])
    """
    if not frequencies:
        return NO_DEPENDENCE
    base = _greatest_common_divisor(frequencies)
    order = int(max(frequencies) / base)
    w = float(base)
    coefficients = []
    shifts = []
    for j in range(1, 2 * order + 1):
        angle = (2 * j - 1) * math.pi / (2 * order)
        coefficients.append((-1) ** (j - 1) * w / (4 * order * math.sin(angle / 2) ** 2))
        # The function has period 2 pi / w: shifts beyond half of it are taken from the other side.
        shifts.append((angle if angle <= math.pi else angle - 2 * math.pi) / w)
    return ShiftRule(tuple(coefficients), tuple(shifts))


def _greatest_common_divisor(numbers: frozenset[Fraction]) -> Fraction:
    numerator = 0
    denominator = 1
    for number in numbers:
        denominator = math.lcm(denominator, number.denominator)
    for number in numbers:
        numerator = math.gcd(numerator, int(number * denominator))
    return Fraction(numerator, denominator)
