"""Define what there is to know of one kind of measurement: a row of the registry."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pennylane.measurements import MeasurementProcess

from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.mixture import Mixture
from qgrad_lab.circuit.lower.readouts.outcomes import TracedOutcomes
from qgrad_lab.circuit.lower.readouts.readout import Readout

Lower = Callable[[Any, Context], Readout]
"""From a measurement process, in its circuit, to the readout of its result."""

Combination = Literal["mean", "variance", "outcome", "first", "sum", "each"]
"""How results of single shots, each run on its own, become that of all of them.

``"variance"`` and ``"outcome"`` are of one outcome a shot; ``"first"`` is the same in all shots;
``"each"`` stacks the results.
"""


@dataclass(frozen=True)
class Lowering:
    """One kind of measurement: how it is written, lowered and combined.

    Parameters
    ----------
    kind
        The measurement process. A subclass that has no lowering of its own takes this one.
    name
        As users write it, for messages.
    exact
        Lowers it in a circuit without shots; ``None`` if it takes shots.
    sampled
        Lowers it in a circuit with shots; ``None`` if it takes the exact state.
    mixed
        Lowers it in a circuit without shots that measures in the middle, where it is the mean over
        all outcomes; ``None`` if it takes a pure state.
    of_outcomes
        From what ``measure`` returned to the readout of its result in one execution, where it can
        be a statistic of that; gives ``None`` for outcomes that it does not take.
    of_mixed_outcomes
        The same of the means over all outcomes.
    over_shots
        For each array of its result, how those of single shots are combined. Empty if they cannot
        be: circuits with shots that measure in the middle do not return it then.
    is_discrete
        Whether its results are integers, which have no derivative.
    """

    kind: type[MeasurementProcess]
    name: str
    exact: Lower | None = None
    sampled: Lower | None = None
    mixed: Callable[[Any, Context], Mixture] | None = None
    of_outcomes: Callable[[TracedOutcomes], Readout | None] | None = None
    of_mixed_outcomes: Callable[[TracedOutcomes, Context], Mixture | None] | None = None
    over_shots: tuple[Combination, ...] = ()
    is_discrete: bool = False
