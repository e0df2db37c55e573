"""Choose how blocks are computed, from what the user gave as ``executor``."""

import concurrent.futures
from typing import Any

from qgrad_lab.sweeps.executors.local import Here, Processes, Threads
from qgrad_lab.sweeps.executors.protocol import Executor


def executor_for(given: Any) -> Executor:
    """Return the executor for what the user gave.

    Raises
    ------
    TypeError
        If it is no executor.
    ValueError
        If its processes would be forked.
    """
    if given is None:
        return Here()
    client = getattr(given, "_client", given)  # of a client's get_executor()
    if type(client).__module__.partition(".")[0] == "distributed" and hasattr(client, "scatter"):
        from qgrad_lab.sweeps.executors.dask import DaskCluster  # who gives a client has Dask

        return DaskCluster(client)
    if isinstance(given, concurrent.futures.ThreadPoolExecutor):
        return Threads(given)
    if isinstance(given, concurrent.futures.Executor):
        _check_start_method(given)
        return Processes(given)
    raise TypeError(
        f"executor was {given!r} of type {type(given).__name__}; it is a "
        "concurrent.futures.Executor, a dask.distributed.Client, or None for this process."
    )


def _check_start_method(given: concurrent.futures.Executor) -> None:
    context = getattr(given, "_mp_context", None)
    if context is not None and context.get_start_method() == "fork":
        raise ValueError(
            "The executor forks its processes, and a process in which JAX has run cannot be forked "
            "safely: the copies may wait for each other forever. Start them anew: "
            "ProcessPoolExecutor(mp_context=multiprocessing.get_context('spawn'))."
        )
