"""``method="fd"``: first-order forward differences of a whole function.

The derivative of ``f`` in element ``i`` is ``(f(x + h e_i) - f(x)) / h``, whose error is
``h f''/2`` from truncation and about ``eps |f| / h`` from rounding, ``eps`` being the rounding
error of a value of ``f`` (Press et al., Numerical Recipes, 3rd ed., section 5.7). The function is
traced once and its points are evaluated as one batch, or as several where one would take too much
memory. All of it is plain JAX, so differences nest with themselves and with JAX's own
derivatives to any order.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.extend.core import ClosedJaxpr, Primitive, jaxpr_as_fun
from jax.interpreters import ad, batching, mlir

from qgrad_lab.circuit.contents import circuits
from qgrad_lab.core.jaxprs import equations, peak_bytes
from qgrad_lab.engine.randomness import key_p

DEFAULT_STEP = 1e-7
MEMORY_BOUND = 256 * 2**20
"""Bytes that the intermediate values of one batch of points may take."""

Function = Callable[..., tuple[Sequence[Array], Sequence[Array]]]
"""From real arrays to real arrays and auxiliary data, any arrays that are not differentiated."""


def jacobian(
    function: Function, leaves: Sequence[Any], step: float | None = None
) -> tuple[list[Array], list[list[Array]], list[Array]]:
    """Evaluate ``function`` and its difference quotients in every element of ``leaves``.

    Parameters
    ----------
    function : callable
        From ``len(leaves)`` real arrays to a sequence of real arrays, and auxiliary data.
    leaves : sequence of array
        Where to differentiate. In less than 64 bits, they are moved and ``function`` is evaluated
        in 64 bits where it can be, for in 32 bits ``1 + 1e-7`` is next to nothing.
    step : float, optional
        The difference ``h`` between points; `_default_step` if not given.

    Returns
    -------
    outputs : list of array
        ``function(*leaves)``, evaluated among the points.
    blocks : list of list of array
        ``blocks[i][j]`` has the shape of ``outputs[i]`` followed by that of ``leaves[j]``, and the
        dtype of ``leaves[j]``.
    aux : list of array
        The auxiliary data at ``leaves``.
    """
    points = _Points(function, leaves, step)
    sizes = [leaf.size for leaf in points.leaves]
    starts = np.cumsum([1, *sizes]).tolist()

    def evaluate(moving: Array) -> list[Array]:
        # Elements are numbered from 1 through all leaves, and point 0 moves none of them. Made
        # from an index, the points take no more memory than the batch that is being evaluated.
        moved = []
        for leaf, start in zip(points.leaves, starts[:-1], strict=True):
            element = jnp.arange(start, start + leaf.size).reshape(leaf.shape)
            moved.append(jnp.where(element == moving, leaf + points.step, leaf))
        return points.evaluate(*moved)

    rows, aux = points.batch(evaluate, jnp.arange(starts[-1]))
    blocks = []
    for row in rows:
        quotients = points.quotient(row[1:] - row[:1])
        by_leaf = jnp.split(quotients, np.cumsum(sizes)[:-1]) if sizes else []
        blocks.append(
            [
                jnp.moveaxis(part, 0, -1).reshape(row.shape[1:] + leaf.shape).astype(dtype)
                for part, leaf, dtype in zip(by_leaf, points.leaves, points.in_dtypes, strict=True)
            ]
        )
    return points.outputs([row[0] for row in rows]), blocks, aux


def jvp(
    function: Function,
    leaves: Sequence[Any],
    tangents: Sequence[Any],
    step: float | None = None,
) -> tuple[list[Array], list[Array], list[Array]]:
    """Evaluate ``function`` and its difference quotient along ``tangents``.

    The arguments are those of `jacobian` and a direction of the same shapes; whatever the number
    of elements, two points are evaluated: ``(f(x + h v) - f(x)) / h``.
    """
    points = _Points(function, leaves, step)
    directions = [
        jnp.asarray(tangent, leaf.dtype)
        for tangent, leaf in zip(tangents, points.leaves, strict=True)
    ]

    def evaluate(distance: Array) -> list[Array]:
        moved = [
            leaf + distance.astype(leaf.dtype) * direction
            for leaf, direction in zip(points.leaves, directions, strict=True)
        ]
        return points.evaluate(*moved)

    rows, aux = points.batch(evaluate, jnp.array([0.0, points.step]))
    quotients = [points.quotient(row[1] - row[0]) for row in rows]
    return points.outputs([row[0] for row in rows]), points.outputs(quotients), aux


def vjp(
    function: Function, leaves: Sequence[Any], step: float | None = None
) -> tuple[list[Array], Callable[[Sequence[Any]], list[Array]], list[Array]]:
    """Evaluate ``function``, and make the product of covectors with its `jacobian`.

    Returns
    -------
    outputs : list of array
        ``function(*leaves)``.
    pullback : callable
        From one cotangent per output, of its shape, to one array per leaf.
    aux : list of array
        The auxiliary data at ``leaves``.
    """
    outputs, blocks, aux = jacobian(function, leaves, step)

    def pullback(cotangents: Sequence[Any]) -> list[Array]:
        totals = [jnp.zeros(jnp.shape(leaf), jnp.result_type(leaf)) for leaf in leaves]
        for cotangent, row in zip(cotangents, blocks, strict=True):
            for j, block in enumerate(row):
                weights = jnp.asarray(cotangent, block.dtype)
                totals[j] += jnp.tensordot(weights, block, axes=weights.ndim)
        return totals

    return outputs, pullback, aux


class _Points:
    """A function that is traced once and evaluated at many points around one.

    Attributes
    ----------
    leaves : list of array
        The point, in the precision in which it is moved.
    step : float
        The distance ``h`` to move by.
    in_dtypes, out_dtypes : list of dtype
        What the caller has and expects, auxiliary data last.
    """

    def __init__(self, function: Function, leaves: Sequence[Any], step: float | None) -> None:
        self.leaves = [jnp.asarray(leaf) for leaf in leaves]
        self.in_dtypes = [leaf.dtype for leaf in self.leaves]

        def flat(*leaves: Any) -> list[Array]:
            outputs, aux = function(*leaves)
            self._count = len(outputs)
            return [*outputs, *aux]

        program = jax.make_jaxpr(flat)(*leaves)
        self.out_dtypes = [aval.dtype for aval in program.out_avals]

        widest = jax.dtypes.canonicalize_dtype(np.float64)
        if any(dtype != widest for dtype in self.in_dtypes):
            wide = [leaf.astype(widest) for leaf in self.leaves]
            try:
                program = jax.make_jaxpr(flat)(*wide)
                self.leaves = wide
            except (TypeError, ValueError):
                # The function insists on its precision, as a scan with a float32 carry does.
                # Then it keeps it, and the default step grows to suit.
                pass

        error = _relative_error(program, self._count)
        self.step = _default_step(error) if step is None else step
        self._error = error / self.step
        shots = _fewest_shots(program)
        if shots is not None:
            noise = math.sqrt(2 / shots) / self.step
            warnings.warn(
                f"Finite differences with h={self.step:.2g} of circuits with {shots} shot"
                f"{'' if shots == 1 else 's'} are noisy: where one shot has a standard deviation "
                f"of sigma, they have one of sqrt(2) * sigma / (h * sqrt(shots)), {noise:.2g} * "
                "sigma. Use method='auto' with diff_method='parameter-shift', or no shots.",
                stacklevel=2,
            )
        elif self._error > 0.1:
            warnings.warn(
                f"Finite differences with h={self.step:.2g} of values that are precise to "
                f"{error:.2g} are mostly rounding error. Use a longer step, such as "
                f"h={_default_step(error):.2g}, or method='auto'.",
                stacklevel=2,
            )
        self._bytes_per_point = max(1, peak_bytes(program.jaxpr))
        self.evaluate: Callable[..., list[Array]] = jaxpr_as_fun(program)

    def batch(
        self, evaluate: Callable[[Array], list[Array]], keys: Array
    ) -> tuple[list[Array], list[Array]]:
        """``evaluate`` for every key, stacked, and the auxiliary data of the first key.

        All at once, or in chunks within the bound.
        """
        count = len(keys)
        at_once = max(1, MEMORY_BOUND // self._bytes_per_point)
        if count <= at_once:
            stacked = jax.vmap(evaluate)(keys)
        else:
            # Chunks of one size, so that the function is compiled once; the last is filled up with
            # copies of the first point.
            chunks = math.ceil(count / at_once)
            size = math.ceil(count / chunks)
            filling = jnp.broadcast_to(keys[:1], (chunks * size - count,))
            in_chunks = jax.lax.map(
                jax.vmap(evaluate), jnp.concatenate([keys, filling]).reshape(chunks, size)
            )
            stacked = [rows.reshape(chunks * size, *rows.shape[2:])[:count] for rows in in_chunks]
        dtypes = self.out_dtypes[self._count :]
        aux = zip(stacked[self._count :], dtypes, strict=True)
        return stacked[: self._count], [
            row[0] if row.dtype == dtype else row[0].astype(dtype) for row, dtype in aux
        ]

    def quotient(self, difference: Array) -> Array:
        """Return ``difference / h``, marked with the relative error that it has."""
        return _quotient_p.bind(difference, step=self.step, relative_error=self._error)

    def outputs(self, values: Sequence[Array]) -> list[Array]:
        """Convert results to the dtypes that the function has at the caller's point."""
        dtypes = self.out_dtypes[: self._count]
        return [value.astype(dtype) for value, dtype in zip(values, dtypes, strict=True)]


# A difference amplifies the error of its function's values by 1/h, so the difference of a
# difference needs a longer step: with 1e-7 twice, a second derivative is left with an error of
# eps/h**2, 2%, and a third one is noise. The quotient is a primitive of its own, rather than a
# division, so that an enclosing difference can read in its traced program how precise the values
# are, wherever the inner one was traced: inside jit, scan, or the derivative of either. Any other
# primitive whose values are less precise than its dtype can have the parameter as well.
_quotient_p = Primitive("difference_quotient")


def _quotient(difference: Array, *, step: float, relative_error: float) -> Array:
    return difference / step


_quotient_p.def_impl(_quotient)
_quotient_p.def_abstract_eval(lambda difference, **_: difference)
ad.deflinear2(_quotient_p, lambda cotangent, _, **params: [_quotient_p.bind(cotangent, **params)])
batching.defvectorized(_quotient_p)
mlir.register_lowering(_quotient_p, mlir.lower_fun(_quotient, multiple_results=False))


def _default_step(relative_error: float) -> float:
    """Return the step that balances truncation and rounding, or 1e-7 if that is precise enough.

    For 64-bit values ``sqrt(relative_error)`` is 1.5e-8 and 1e-7 is the step. It grows to 3.5e-4
    for a function with 32-bit values or circuits in single precision, to 4.7e-5 for a function that
    is such a difference itself, and to 0.18 for circuits with 1000 shots.
    """
    return max(DEFAULT_STEP, math.sqrt(relative_error))


def steps(program: ClosedJaxpr) -> list[float]:
    """Return the steps of all differences in a traced program."""
    found = [e for e in equations(program.jaxpr) if e.primitive is _quotient_p]
    return [equation.params["step"] for equation in found]


def _relative_error(program: ClosedJaxpr, count: int) -> float:
    """Return the relative error of what ``program`` takes and of its first ``count`` results."""
    avals = (*program.in_avals, *program.out_avals[:count])
    precisions = [float(jnp.finfo(aval.dtype).eps) for aval in avals]
    declared = [equation.params.get("relative_error", 0.0) for equation in equations(program.jaxpr)]
    if any(getattr(circuit, "single", False) for circuit in circuits(program.jaxpr)):
        # On states in single precision; the results are 64-bit numbers all the same.
        precisions.append(float(jnp.finfo(np.float32).eps))
    shots = _fewest_shots(program)
    sampled = [] if shots is None else [1 / math.sqrt(shots)]
    return max([0.0, *precisions, *declared, *sampled])


def _fewest_shots(program: ClosedJaxpr) -> int | None:
    """Return the least number of shots of a circuit in ``program``, if any has shots."""
    keys = [equation for equation in equations(program.jaxpr) if equation.primitive is key_p]
    return min((equation.params["shots"] for equation in keys), default=None)
