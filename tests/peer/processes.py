"""Programs of the other compiler, each in a process of its own.

A process that has imported the compiler, and done nothing with it, is forked for every program:
the import takes longer than most programs.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from typing import Any

from . import labs
from .cases import Case
from .outcomes import Outcome, outcome


class Peer:
    """The process that is forked."""

    def __init__(self, limit: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.peer", "--serve", "--limit", str(limit)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def outcome(self, case: Case) -> Outcome:
        """What comes out of ``case``."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(case.name, file=self._process.stdin, flush=True)
        return Outcome(**json.loads(self._process.stdout.readline()))


def serve(cases: dict[str, Case], limit: float) -> None:
    """Answer every name on the standard input with an outcome on the standard output."""
    lab = labs.peer()
    for line in sys.stdin:
        found = _forked(cases[line.strip()], lab, limit)
        print(json.dumps(vars(found)), flush=True)


def _forked(case: Case, lab: Any, limit: float) -> Outcome:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Whatever the program prints is not for the pipe to our parent.
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        os.write(writer, json.dumps(vars(outcome(case, lab))).encode())
        os._exit(0)
    os.close(writer)
    text, deadline = b"", time.monotonic() + limit
    while ready := select.select([reader], [], [], max(0.0, deadline - time.monotonic()))[0]:
        part = os.read(ready[0], 2**16)
        if not part:
            break
        text += part
    os.close(reader)
    if not ready:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return Outcome(stopped=f"no answer in {limit:g} s")
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == 0 and text:
        return Outcome(**json.loads(text))
    return Outcome(stopped=signal.Signals(-status).name if status < 0 else f"exit status {status}")
