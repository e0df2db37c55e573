"""What the plans of the native library say that a call costs."""

from typing import Any, TypedDict

from qgrad_lab.core.jaxprs import equations


class Cost(TypedDict):
    """Of one call: bytes read and written in the states, and floating-point operations."""

    bytes: float
    flops: float


def plan_cost(compiled: Any, *args: Any) -> Cost | None:
    """The cost of the circuits in ``compiled(*args)`` by their own plans.

    Parameters
    ----------
    compiled
        A ``QJIT`` object.
    args
        What it is called with.

    Returns
    -------
    Cost or None
        ``None`` if it cannot be told: for batches, second derivatives, and circuits that depend on
        integers known only when they run.
    """
    compiled(*args)
    cost = Cost(bytes=0.0, flops=0.0)
    # A gradient takes over the state of its circuit's value, so that both cost what it costs alone.
    circuits = [
        equation
        for equation in equations(compiled.jaxpr.jaxpr)
        if equation.primitive.name == "circuit" and not equation.params["member"].keep
    ]
    for equation in circuits:
        member = equation.params["member"]
        is_batch = any(size != 1 for size in equation.outvars[0].aval.shape[:-1])
        if is_batch or member.order > 0 or member.circuit.num_index > 0 or member.circuit.settings:
            return None
        plan = member.circuit.plan()
        part = plan.gradient if member.transposed else plan.value
        cost["bytes"] += part.bytes
        cost["flops"] += part.operations
    return cost if circuits else None
