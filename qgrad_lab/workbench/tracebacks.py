"""Show the user's part of a traceback, and none of what is between."""

import types
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from qgrad_lab.errors import CompileError

_BETWEEN = ("qgrad_lab", "jax", "jaxlib", "pennylane", "IPython")


def message(error: Exception) -> str | None:
    """Return all there is to show of ``error``, if that is a message.

    It is where qgrad_lab says what is wrong with its input, and where no code of the user was
    running, so that there is no line to point at.
    """
    if isinstance(error, CompileError):
        return str(error)
    frames = _frames(error)
    if _package(frames[-1]) == "qgrad_lab":
        said = isinstance(error, TypeError | ValueError | NotImplementedError)
        return str(error) if said else None
    if all(_package(frame) in _BETWEEN for frame in frames):
        return f"{type(error).__name__}: {error}"
    return None


def begin_below(frames: int, error: BaseException, shell: InteractiveShell) -> None:
    """Show the traceback of a caught ``error`` without its first ``frames``, and none above."""
    _show(error, _frames(error)[frames:], shell)


def leave_out_libraries(error: BaseException, shell: InteractiveShell) -> None:
    """Show only the user's code in the traceback of a caught ``error``.

    Nothing is left out of what was raised by qgrad_lab: that is a bug of ours.
    """
    frames = _frames(error)
    if _package(frames[-1]) != "qgrad_lab":
        _show(error, [frame for frame in frames if _package(frame) not in _BETWEEN], shell)


def _frames(error: BaseException) -> list[types.TracebackType]:
    frames = []
    frame = error.__traceback__
    while frame is not None:
        frames.append(frame)
        frame = frame.tb_next
    return frames


def _package(frame: types.TracebackType) -> str:
    return str(frame.tb_frame.f_globals.get("__name__", "")).partition(".")[0]


def _show(error: BaseException, frames: list[types.TracebackType], shell: InteractiveShell) -> None:
    shown: types.TracebackType | None = None
    for frame in reversed(frames):
        shown = types.TracebackType(shown, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)

    def render() -> Any:
        return shell.InteractiveTB.structured_traceback(type(error), error, shown, tb_offset=0)

    # IPython asks an exception for this before it formats one. The frames themselves stay, for
    # %debug and for whoever catches the exception.
    try:
        error._render_traceback_ = render  # type: ignore[attr-defined]
    except AttributeError:  # of a class with __slots__
        pass
