"""Which process hosts which contestant."""

import sys
from collections.abc import Mapping

from tests.benchmarks import memory
from tests.benchmarks.checks import Reference, Route
from tests.benchmarks.contestants import OURS
from tests.benchmarks.processes import Failed, Missing, Process, Stopped
from tests.benchmarks.workloads import Workload

_IMPORT_PATIENCE = 180.0


class Settings:
    """What the user chose about processes.

    Attributes
    ----------
    contestants
        Names.
    pythons
        Interpreters of contestants that do not run in this one.
    patience
        Seconds for one answer of a contestant: a first call, compilation included.
    patiences
        Those of single contestants.
    memory_limit
        Bytes that a contestant may occupy.
    versions
        Of the packages of contestants that have been imported.
    """

    def __init__(
        self,
        contestants: list[str],
        pythons: Mapping[str, str],
        patience: float,
        patiences: Mapping[str, float],
    ) -> None:
        self.contestants = contestants
        self.pythons = dict(pythons)
        self.patience = patience
        self.patiences = dict(patiences)
        self.memory_limit = int(0.8 * memory.available()) or 2**62
        self.versions: dict[str, dict[str, str]] = {}

    def python(self, contestant: str) -> str:
        """Its interpreter."""
        return self.pythons.get(contestant, sys.executable)


class References:
    """The process that computes right results: one for the whole run, made anew if it ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: Process | None = None

    def __enter__(self) -> "References":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.close()

    def process(self) -> Process:
        """Alive."""
        if self._process is None or not self._process.is_alive:
            python = self._settings.python(OURS)
            self._process = Process(python, self._settings.memory_limit)
        return self._process


class Hosts:
    """Processes by the names of contestants; a context manager that ends them all.

    Parameters
    ----------
    settings
        The user's.
    references
        Where right results come from.
    cores
        How many cores the contestants may use; all by default.
    patience
        Instead of that of the settings, which still holds for single contestants.
    """

    def __init__(
        self,
        settings: Settings,
        references: References,
        cores: int | None = None,
        patience: float | None = None,
    ) -> None:
        self._settings = settings
        self._references = references
        self._cores = cores
        self._patience = settings.patience if patience is None else patience
        self._processes: dict[str, Process] = {}
        self._greeted: set[tuple[int, str]] = set()

    def __enter__(self) -> "Hosts":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes."""
        for name in list(self._processes):
            self.drop(name)

    def patience(self, contestant: str) -> float:
        """Seconds to wait for an answer."""
        return self._settings.patiences.get(contestant, self._patience)

    def can_share(self, contestant: str) -> bool:
        """Whether it runs in the same interpreter as ours."""
        return self._settings.python(contestant) == self._settings.python(OURS)

    def has(self, name: str) -> bool:
        """Whether there is a live process of that name."""
        return name in self._processes and self._processes[name].is_alive

    def get(self, name: str) -> Process | None:
        """The process of that name, if there is one."""
        return self._processes.get(name)

    def own(self, contestant: str) -> Process:
        """The contestant's own process, which has imported it."""
        process = self._start(contestant, self._settings.python(contestant))
        self.greet(process, contestant)
        return process

    def shared(self, name: str) -> Process:
        """A process in the interpreter of ours."""
        return self._start(name, self._settings.python(OURS))

    def greet(self, process: Process, contestant: str) -> None:
        """Have the contestant imported, once.

        Raises
        ------
        Missing
            If that fails.
        """
        if (id(process), contestant) in self._greeted:
            return
        try:
            versions = process.ask("hello", _IMPORT_PATIENCE, contestant=contestant)
        except (Failed, Stopped) as error:
            raise Missing(str(error)) from None
        self._settings.versions[contestant] = versions
        self._greeted.add((id(process), contestant))

    def drop(self, name: str) -> None:
        """End a process."""
        if (process := self._processes.pop(name, None)) is not None:
            self._greeted = {pair for pair in self._greeted if pair[0] != id(process)}
            process.close()

    def right(self, workload: Workload, route: Route) -> Reference:
        """The right result by a route; raises what `Process.ask` does."""
        return self._references.process().ask(
            "reference", self._settings.patience, workload=workload, route=route
        )

    def note(self, text: str) -> None:
        """Tell the user."""
        print(f"  {text.splitlines()[0] if text else text}", file=sys.stderr, flush=True)

    def _start(self, name: str, python: str) -> Process:
        if not self.has(name):
            self.drop(name)
            self._processes[name] = Process(python, self._settings.memory_limit, self._cores)
        return self._processes[name]
