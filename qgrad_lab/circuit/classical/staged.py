"""Trace the classical part of a circuit that measures in the middle, and evaluate it in stages.

Where a circuit is evaluated for all outcomes, what it reads after a measurement may depend on the
outcome. The quantum function is traced once all the same: an outcome, and the state after it, are
unknown values in its jaxpr (*marks*). A value belongs to the stage of the last mark that it depends
on. Stage 0 is evaluated once, as ``assemble`` does; each later one for each path to it.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal, Primitive, jaxpr_as_fun

from qgrad_lab.circuit.classical.assemble import assemble
from qgrad_lab.circuit.classical.part import Numbers, join
from qgrad_lab.circuit.lower.operands import Operands

mark_p = Primitive("mark")
"""Static parameters: ``stage``, from 1; ``shape``; ``dtype``."""

mark_p.def_abstract_eval(
    lambda *, stage, shape, dtype: jax.core.ShapedArray(shape, jnp.dtype(dtype))
)


def outcome_mark(stage: int) -> jax.Array:
    """Return the outcome with which ``stage`` begins, a boolean scalar that is not known yet."""
    return mark_p.bind(stage=stage, shape=(), dtype="bool")


def state_mark(stage: int, num_wires: int) -> jax.Array:
    """Return the state with which ``stage`` begins, c128[2^n], which is not known yet."""
    return mark_p.bind(stage=stage, shape=(2**num_wires,), dtype="complex128")


class _Pieces(NamedTuple):
    """Where the numbers of one circuit are among the results of the jaxpr."""

    theta: range
    indices: range
    data: range


class Values(NamedTuple):
    """What was evaluated on the way to a stage.

    Attributes
    ----------
    known
        Values of variables.
    theta
        All elements of theta of stage 0, of all circuits.
    """

    known: dict[Any, Any]
    theta: jax.Array


class StagedPart:
    """A traced classical part, to be evaluated in stages.

    Parameters
    ----------
    jaxpr
        Its results are the pieces of theta of all circuits, then those of index, then of data, then
        others.
    counts
        How many pieces of theta, index and data each circuit has.
    theta_sizes
        Sizes of the pieces of theta.
    num_results
        Results beside the numbers of the circuits.
    static
        Whatever the function returned beside arrays.
    """

    def __init__(
        self,
        jaxpr: ClosedJaxpr,
        counts: Sequence[tuple[int, int, int]],
        theta_sizes: Sequence[int],
        num_results: int,
        static: Any,
    ) -> None:
        self.static = static
        self._jaxpr = jaxpr
        self._num_results = num_results
        self._circuits = _places(counts)
        self._stages = _stages(jaxpr.jaxpr)
        self._equations = _needed(jaxpr.jaxpr)
        self._theta_ranges = self._early_theta(theta_sizes)

    @property
    def results(self) -> list[Any]:
        """Variables of the results beside the numbers of the circuits."""
        outvars: list[Any] = self._jaxpr.jaxpr.outvars
        return outvars[len(outvars) - self._num_results :]

    def stage_of(self, result: int) -> int:
        """Return the stage of a result."""
        return self._stage(self.results[result])

    def reads(self, stage: int) -> bool:
        """Return whether anything depends on the outcome with which ``stage`` begins."""
        marks = {
            equation.outvars[0]
            for equation in self._equations
            if _is_mark(equation, stage) and not equation.params["shape"]
        }
        return bool(marks)

    def begin(self, arguments: Sequence[Any]) -> Values:
        """Evaluate stage 0 at ``arguments``."""
        jaxpr = self._jaxpr.jaxpr
        equations = [one for one in self._equations if self._stage_of_equation(one) == 0]
        pieces = [jaxpr.outvars[place] for place in self._theta_ranges]
        wanted = self._leaving(0, {*jaxpr.constvars, *jaxpr.invars})
        pruned = jaxpr.replace(eqns=equations, outvars=[*pieces, *wanted])
        theta, values = assemble(ClosedJaxpr(pruned, self._jaxpr.consts), arguments, len(pieces))
        return Values(dict(zip(wanted, values, strict=True)), theta)

    def advance(self, values: Values, stage: int, outcome: Any, psi: Any) -> Values:
        """Evaluate ``stage``, which begins with an outcome and the state that belongs to it."""
        known = dict(values.known)
        equations = []
        for equation in self._equations:
            if self._stage_of_equation(equation) != stage:
                continue
            if equation.primitive is mark_p:
                known[equation.outvars[0]] = psi if equation.params["shape"] else outcome
            else:
                equations.append(equation)
        if equations:
            inputs = dict.fromkeys(
                variable
                for equation in equations
                for variable in equation.invars
                if not isinstance(variable, Literal) and variable in known
            )
            wanted = self._leaving(stage, set(known))
            inner = self._jaxpr.jaxpr.replace(
                constvars=[], invars=list(inputs), eqns=equations, outvars=wanted
            )
            found = jaxpr_as_fun(ClosedJaxpr(inner, []))(*(known[one] for one in inputs))
            known.update(zip(wanted, found, strict=True))
        return values._replace(known=known)

    def numbers(self, values: Values, circuit: int) -> Numbers:
        """Return the numbers that one of the circuits reads."""
        places = self._circuits[circuit]
        theta = [
            values.theta[slice(*self._theta_ranges[place])]
            if place in self._theta_ranges
            else self._piece(values, place)
            for place in places.theta
        ]
        return Numbers(
            join(theta, jnp.float64),
            join([self._piece(values, place) for place in places.indices], jnp.int64),
            join([self._piece(values, place) for place in places.data], jnp.complex128),
        )

    def result(self, values: Values, result: int) -> Any:
        """Return one of the results beside the numbers of the circuits."""
        return self._value(values, self.results[result])

    def result_types(self) -> list[jax.ShapeDtypeStruct]:
        """Return the types of the results beside the numbers of the circuits."""
        avals: list[Any] = [variable.aval for variable in self.results]
        return [jax.ShapeDtypeStruct(aval.shape, aval.dtype) for aval in avals]

    def _piece(self, values: Values, place: int) -> Any:
        return self._value(values, self._jaxpr.jaxpr.outvars[place])

    @staticmethod
    def _value(values: Values, variable: Any) -> Any:
        return variable.val if isinstance(variable, Literal) else values.known[variable]

    def _stage(self, variable: Any) -> int:
        return 0 if isinstance(variable, Literal) else self._stages.get(variable, 0)

    def _stage_of_equation(self, equation: Any) -> int:
        if equation.primitive is mark_p:
            return int(equation.params["stage"])
        return max((self._stage(variable) for variable in equation.invars), default=0)

    def _early_theta(self, sizes: Sequence[int]) -> dict[int, tuple[int, int]]:
        """Return which pieces of theta are of stage 0, and where each is among all of these."""
        found = {}
        end = 0
        for place, size in enumerate(sizes):
            if self._stage(self._jaxpr.jaxpr.outvars[place]) == 0:
                found[place] = (end, end + size)
                end += size
        return found

    def _leaving(self, stage: int, inputs: set[Any]) -> list[Any]:
        """Return the variables that ``stage`` defines and others read, and those of ``inputs``."""
        jaxpr = self._jaxpr.jaxpr
        defined = {
            variable
            for equation in self._equations
            if self._stage_of_equation(equation) == stage and equation.primitive is not mark_p
            for variable in equation.outvars
        }
        if stage == 0:
            defined |= inputs
        read = dict.fromkeys(
            variable
            for equation in self._equations
            if self._stage_of_equation(equation) > stage
            for variable in equation.invars
            if not isinstance(variable, Literal)
        )
        outvars = [
            variable
            for place, variable in enumerate(jaxpr.outvars)
            if not isinstance(variable, Literal) and place not in self._theta_ranges
        ]
        return [variable for variable in {**read, **dict.fromkeys(outvars)} if variable in defined]


def trace_staged(
    function: Callable[..., tuple[Sequence[Operands], list[Any], Any]], *arguments: Any
) -> StagedPart:
    """Trace ``function``, which returns operands of circuits, traced results, and anything static.

    Parameters
    ----------
    function
        Makes marks on its way, in the trace that it is called in.
    arguments
        Traced values.
    """
    traced: list[tuple[list[tuple[int, int, int]], list[int], int, Any]] = []

    def flat(*values: Any) -> list[Any]:
        operands, results, static = function(*values)
        columns = [
            [one.theta.values for one in operands],
            [one.index.values for one in operands],
            [one.data.values for one in operands],
        ]
        counts = [(len(a), len(b), len(c)) for a, b, c in zip(*columns, strict=True)]
        sizes = [int(np.prod(np.shape(value))) for theta in columns[0] for value in theta]
        # No traced value outlives its trace: ``jax.checking_leaks`` looks for those.
        traced.append((counts, sizes, len(results), static))
        numbers = [value for column in columns for pieces in column for value in pieces]
        return [*numbers, *results]

    jaxpr = jax.make_jaxpr(flat)(*arguments)
    return StagedPart(jaxpr, *traced[-1])


def _places(counts: Sequence[tuple[int, int, int]]) -> list[_Pieces]:
    """Return where the pieces of each circuit are among the results."""
    columns = []
    end = 0
    for own in zip(*counts, strict=True):
        column = []
        for count in own:
            column.append(range(end, end + count))
            end += count
        columns.append(column)
    return [_Pieces(*places) for places in zip(*columns, strict=True)]


def _stages(jaxpr: Any) -> dict[Any, int]:
    """Return the stages of all variables but those of stage 0."""
    found: dict[Any, int] = {}
    for equation in jaxpr.eqns:
        if equation.primitive is mark_p:
            stage = int(equation.params["stage"])
        else:
            own = (one for one in equation.invars if not isinstance(one, Literal))
            stage = max((found.get(one, 0) for one in own), default=0)
        if stage:
            found.update(dict.fromkeys(equation.outvars, stage))
    return found


def _needed(jaxpr: Any) -> list[Any]:
    """Return the equations that the results need, and those that have effects."""
    needed = {one for one in jaxpr.outvars if not isinstance(one, Literal)}
    kept = []
    for equation in reversed(jaxpr.eqns):
        if equation.effects or any(one in needed for one in equation.outvars):
            kept.append(equation)
            needed.update(one for one in equation.invars if not isinstance(one, Literal))
    return kept[::-1]


def _is_mark(equation: Any, stage: int) -> bool:
    return equation.primitive is mark_p and equation.params["stage"] == stage
