"""The machine: what it is, and the limits of its memory and arithmetic."""

import os
import platform
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from tests.benchmarks import memory

_SOURCE = Path(__file__).parent / "throughput.cpp"
_DEFAULT_CACHE = 32 * 2**20


class Limits(NamedTuple):
    """The best of a short run on so many threads."""

    threads: int
    bytes_per_second: float
    flops_per_second: float


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe() -> dict[str, Any]:
    """For the results."""
    return {
        "cpu": _cpu(),
        "cores": cores(),
        "last_level_cache_bytes": _last_level_cache(),
        "memory_available_bytes": memory.available(),
        "system": platform.platform(terse=True),
        "architecture": platform.machine(),
    }


class Throughput:
    """A program that measures `Limits`, compiled for this machine when it is first needed.

    Attributes
    ----------
    problem
        Why it cannot be compiled, or ``None``.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="qgrad_lab_throughput")
        self._program = Path(self._folder.name) / "throughput"
        self.problem: str | None = None

    def __enter__(self) -> "Throughput":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    def measure(self, threads: int, seconds: float = 1.0) -> Limits | None:
        """The limits now, with arrays four times the last-level cache, as STREAM has it."""
        if not self._program.exists() and self.problem is None:
            self._compile()
        if self.problem is not None:
            return None
        length = 4 * (_last_level_cache() or _DEFAULT_CACHE) // 8
        done = subprocess.run(
            [str(self._program), str(threads), str(length), str(seconds)],
            check=True,
            capture_output=True,
            text=True,
        )
        return Limits(threads, *map(float, done.stdout.split()))

    def _compile(self) -> None:
        command = ["g++", "-O3", "-march=native", "-std=c++20", "-pthread"]
        try:
            subprocess.run(
                [*command, str(_SOURCE), "-o", str(self._program)],
                check=True,
                capture_output=True,
                text=True,
            )
        except FileNotFoundError:
            self.problem = "there is no g++"
        except subprocess.CalledProcessError as error:
            self.problem = f"g++ failed: {error.stderr.strip().splitlines()[0]}"


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


def _last_level_cache() -> int:
    """Bytes; 0 where that is not told."""
    sizes = [0]
    for file in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        text = file.read_text().strip()
        unit = {"K": 2**10, "M": 2**20}.get(text[-1:], 1)
        sizes.append(int(text.rstrip("KM")) * unit)
    return max(sizes)
