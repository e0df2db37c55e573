"""A process that hosts contestants: ``python -m tests.benchmarks.worker``.

It is asked for one thing after the other on its standard input, and answers on its standard output,
in pickled messages with their lengths before them. What contestants print is not for that pipe.
"""

import gc
import importlib.metadata
import os
import pickle
import struct
import sys
import traceback
from typing import IO, Any

from tests.benchmarks import memory
from tests.benchmarks.checks import Route, vector
from tests.benchmarks.contestants import PACKAGES, Built, load
from tests.benchmarks.timing import block, first_calls, timed
from tests.benchmarks.workloads import Workload, layered

_LENGTH = struct.Struct("<Q")


class Worker:
    """The requests."""

    def __init__(self) -> None:
        self._built: dict[str, Built] = {}
        self._settled: set[str] = set()

    def hello(self, contestant: str) -> dict[str, str]:
        """Import a contestant, and tell the versions of its packages."""
        load(contestant)
        if "jax" in sys.modules:
            # First calls are to be first calls, in every run.
            sys.modules["jax"].config.update("jax_enable_compilation_cache", False)
        versions = {
            package: importlib.metadata.version(package) for package in PACKAGES[contestant]
        }
        return {"python": sys.version.split()[0]} | versions

    def build(self, contestant: str, workload: Workload, times: int) -> dict[str, Any]:
        """Build a contestant's function for a workload, and call it.

        Returns
        -------
        dict
            ``first``: seconds of each first call; ``call``: seconds of a later one; ``result``:
            its leaves in one vector; ``peak``: bytes that the process occupied at most, and
            ``grown``: how many more that is than before. Or ``unable``: why it cannot do it.
        """
        module = load(contestant)
        if (reason := module.unable(workload)) is not None:
            return {"unable": reason}
        if contestant not in self._settled:
            # What the first compilation of a process loads once is nobody's first call.
            module.build(layered(2, 1))()
            self._settled.add(contestant)
        self._built.pop(contestant, None)
        gc.collect()
        memory.reset_peak()
        before = memory.resident()
        first, built, result = first_calls(lambda: module.build(workload), times)
        assert isinstance(built, Built)
        call, _ = timed(built)
        if call < 5:
            call, _ = timed(built)  # the second call may still be filling caches of its own
        self._built[contestant] = built
        return {
            "first": first,
            "call": call,
            "result": vector(result),
            "peak": memory.peak(),
            "grown": memory.peak() - before,
        }

    def block(self, contestant: str, calls: int) -> float:
        """Seconds a call."""
        return block(self._built[contestant], calls)

    def cost(self, contestant: str) -> Any:
        """What a call costs by the plan of this library, if it tells."""
        from tests.benchmarks.costs import plan_cost

        built = self._built[contestant]
        return plan_cost(built.function, *built.arguments)

    def reference(self, workload: Workload, route: Route) -> Any:
        """The right result."""
        from tests.benchmarks import references

        return references.reference(workload, route)


def send(pipe: IO[bytes], message: Any) -> None:
    """Write one message."""
    data = pickle.dumps(message)
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def serve() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    worker = Worker()
    while head := sys.stdin.buffer.read(_LENGTH.size):
        request, arguments = pickle.loads(sys.stdin.buffer.read(*_LENGTH.unpack(head)))
        try:
            answer = ("done", getattr(worker, request)(**arguments))
        except Exception as error:
            traceback.print_exc()
            answer = ("failed", f"{type(error).__name__}: {error}")
        send(answers, answer)


if __name__ == "__main__":
    serve()
