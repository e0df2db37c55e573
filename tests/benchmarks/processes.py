"""The processes that host contestants, from outside: asked, watched, and ended."""

import contextlib
import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.benchmarks import memory
from tests.benchmarks.worker import send

_ROOT = Path(__file__).parents[2]
_LENGTH = struct.Struct("<Q")
_POLL = 0.25


class Failed(Exception):
    """A worker could not do what it was asked for, and goes on."""


class Missing(Exception):
    """A contestant cannot be imported."""


class Stopped(Exception):
    """A worker is gone: it crashed, or was ended since it took too long or too much memory."""


class Process:
    """A worker process.

    Parameters
    ----------
    python
        The interpreter.
    memory_limit
        Bytes beyond which it is ended.
    cores
        How many of the machine's cores it may use; all of them by default.
    """

    def __init__(self, python: str, memory_limit: int, cores: int | None = None) -> None:
        path = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(path),
            "JAX_PLATFORMS": "cpu",
            "PYTHONWARNINGS": "ignore",
        }
        if cores is not None:
            environment["OMP_NUM_THREADS"] = str(cores)
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable if python == "" else python, "-m", "tests.benchmarks.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=_ROOT,
            env=environment,
        )
        if cores is not None:
            # Before the interpreter is up and has started a thread.
            some = sorted(os.sched_getaffinity(0))[:cores]
            os.sched_setaffinity(self._process.pid, some)
        self._memory_limit = memory_limit
        self.is_alive = True

    def __enter__(self) -> "Process":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, request: str, patience: float, **arguments: Any) -> Any:
        """The answer to a request of `worker.Worker`.

        Raises
        ------
        Failed
            If the worker raised an error.
        Stopped
            If it is no more: it crashed, did not answer within ``patience`` seconds, or took more
            memory than allowed.
        """
        if not self.is_alive:
            raise Stopped("its process had ended before")
        assert self._process.stdin is not None
        try:
            send(self._process.stdin, (request, arguments))
        except BrokenPipeError:
            raise self._end(self._death()) from None
        deadline = time.monotonic() + patience
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size, deadline, patience))
        kind, answer = pickle.loads(self._read(length, deadline, patience))
        if kind == "failed":
            raise Failed(answer)
        return answer

    def close(self) -> None:
        """End the process, if it has not ended."""
        self.is_alive = False
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()  # type: ignore[union-attr]

    def _read(self, size: int, deadline: float, patience: float) -> bytes:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        data = b""
        while len(data) < size:
            if select.select([pipe], [], [], _POLL)[0]:
                part = os.read(pipe, size - len(data))
                if not part:
                    raise self._end(self._death())
                data += part
            elif time.monotonic() > deadline:
                raise self._end(f"no answer within {patience:g} s")
            elif (taken := memory.resident(self._process.pid)) > self._memory_limit:
                raise self._end(
                    f"took {taken / 1e9:.1f} GB, of {self._memory_limit / 1e9:.1f} allowed"
                )
        return data

    def _end(self, reason: str) -> Stopped:
        self.close()
        return Stopped(reason)

    def _death(self) -> str:
        status = self._process.wait()
        end = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors.read().decode(errors="replace").splitlines()]
        told = next((line for line in lines if "rror" in line), "")
        return f"crashed, {end}" + (f": {told[:160]}" if told else "")
