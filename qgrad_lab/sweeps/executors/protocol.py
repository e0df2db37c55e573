"""Define what `streaming` asks of an executor, wherever its blocks are computed."""

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from qgrad_lab.sweeps.programs import BlockProgram


class Lost(RuntimeError):
    """An executor does not work any more."""


class Executor(Protocol):
    """Computes blocks, one at a time: each is submitted, and a future is given for it.

    Futures of Dask and of Python are alike as far as `streaming` goes.

    Attributes
    ----------
    name : str
        For the provenance.
    remote : bool
        Whether programs leave this process.
    """

    name: str
    remote: bool

    def workers(self) -> int:
        """Return how many blocks are computed at once, as far as that is known."""

    def submit(self, program: BlockProgram, swept: tuple[np.ndarray, ...]) -> Any:
        """Return a future of `worker.Computed`."""

    def check(self) -> None:
        """Raise `Lost` if no more results will come."""

    def translated(self, error: BaseException) -> BaseException:
        """Return ``error``, which came while blocks were computed, or the `Lost` that it means."""

    def cancel(self, futures: Iterable[Any]) -> None:
        """Cancel what has not started."""

    def close(self) -> None:
        """Leave the workers as they were."""
