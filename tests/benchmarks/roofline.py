"""How near a row comes to the machine's limits."""

from typing import Any

from tests.benchmarks.costs import Cost
from tests.benchmarks.machine import Limits

LARGE = 16
"""From how many wires on a row has a roofline: the states do not fit the caches of a core."""


def roofline(cost: Cost | None, seconds: float, limits: list[Limits]) -> dict[str, Any]:
    """The plan's bytes and operations over the time of a call, against each of ``limits``.

    Parameters
    ----------
    cost
        Of a call, by the library's plan; without it, only the limits are told.
    seconds
        Of a call.
    limits
        Measured beside the row, one for each number of threads.

    Returns
    -------
    dict
        For the results. ``share`` is that of the limit which binds: the least time that the machine
        would need, over the time that was taken.
    """
    found: dict[str, Any] = {"limits": []}
    if cost is not None:
        found |= {
            "bytes_per_second": cost["bytes"] / seconds,
            "flops_per_second": cost["flops"] / seconds,
        }
    for limit in limits:
        entry: dict[str, Any] = limit._asdict()
        if cost is not None:
            of_memory = cost["bytes"] / seconds / limit.bytes_per_second
            of_arithmetic = cost["flops"] / seconds / limit.flops_per_second
            entry |= {
                "share_of_memory": of_memory,
                "share_of_arithmetic": of_arithmetic,
                "binds": "memory" if of_memory > of_arithmetic else "arithmetic",
                "share": max(of_memory, of_arithmetic),
            }
        found["limits"].append(entry)
    return found
