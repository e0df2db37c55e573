"""Memory of a process, by Linux's ``/proc``."""

import contextlib
import resource
from pathlib import Path


def resident(process: int | str = "self") -> int:
    """Bytes that a process occupies now; 0 where that is not told."""
    return _status(process, "VmRSS")


def peak() -> int:
    """The most bytes that this process has occupied, since `reset_peak` where that works."""
    return _status("self", "VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def reset_peak() -> None:
    """Forget the peak, as far as the system lets us: else it is that since the start."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def available() -> int:
    """Bytes that the machine can still give; 0 where that is not told."""
    return _entry(Path("/proc/meminfo"), "MemAvailable")


def _status(process: int | str, name: str) -> int:
    return _entry(Path(f"/proc/{process}/status"), name)


def _entry(file: Path, name: str) -> int:
    with contextlib.suppress(OSError):
        for line in file.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return 0
