"""What the native side of this library says that a call costs."""

from typing import Any, TypedDict


class Cost(TypedDict):
    """Of one call: bytes read and written in the states, and floating-point operations."""

    bytes: float
    flops: float


def plan_cost(compiled: Any, *args: Any) -> Cost | None:
    """The cost of ``compiled(*args)`` by the library's own plan, or ``None`` if it tells none.

    Parameters
    ----------
    compiled
        A ``QJIT`` object.
    args
        What it is called with.
    """
    # The one place where the suite meets the plan of the native library.
    tell = getattr(compiled, "plan_cost", None)
    return None if tell is None else tell(*args)
