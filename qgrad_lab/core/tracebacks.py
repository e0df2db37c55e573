"""Hide the frames of this package and of JAX in tracebacks, down to the user's own lines.

Between the user's call of a compiled function and the user's line that failed there are dozens of
frames that say nothing to the user. They are removed from the exception on its way out, unless
``JAX_TRACEBACK_FILTERING=off`` asks for all frames.

On SIGINT the engine ends a program with an error of JAX's. In the main thread, Python raises
KeyboardInterrupt as soon as it runs Python code again, so while that error is on its way; in other
threads it raises nothing, and KeyboardInterrupt is raised here. The user sees that alone.
"""

import os
import types
from pathlib import Path

import jax
from jax.extend.source_info_util import register_exclusion

from qgrad_lab.core.failures import is_interrupted

PACKAGE = str(Path(__file__).resolve().parents[1]) + os.sep
"""The folder of this package, with which the names of all its files begin."""

_LIBRARIES = (PACKAGE, os.path.dirname(os.path.abspath(str(jax.__file__))) + os.sep)

# In what JAX notes of where an operation comes from, too.
register_exclusion(PACKAGE)


def hide_interruption(stop: KeyboardInterrupt) -> None:
    """Remove from ``stop``, in place, how the engine stopped, if it came while that did."""
    error = stop.__context__
    if error is not None and is_interrupted(error):
        stop.__context__ = error.__context__
        stop._stopped_engine = True  # type: ignore[attr-defined]
        _hide_frames(stop, below=True)
    elif hasattr(stop, "_stopped_engine"):
        _hide_frames(stop)


def _hide_frames(error: BaseException, below: bool = False) -> None:
    """Remove the frames of this package and of JAX from the traceback of ``error``, in place.

    What was raised in the package itself ends with the user's line that called it. The frames that
    are ``below`` all of these go too: no code of the user's runs there, but what JAX calls does.
    """
    if getattr(jax.config, "jax_traceback_filtering", None) == "off":
        return
    kept: list[types.TracebackType] = []
    count = 0  # of those which the last frame of a library has above it
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename.startswith(_LIBRARIES):
            count = len(kept)
        else:
            kept.append(traceback)
        traceback = traceback.tb_next
    if below:
        kept = kept[:count]
    chain: types.TracebackType | None = None
    for part in reversed(kept):
        chain = types.TracebackType(chain, part.tb_frame, part.tb_lasti, part.tb_lineno)
    error.__traceback__ = chain


class _FramesHidden:
    # Not made by contextlib, which puts the whole traceback back.

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            hide_interruption(error)
        elif is_interrupted(error):
            raise KeyboardInterrupt(
                "another thread got SIGINT, which stops every program"
            ) from None
        elif isinstance(error, Exception):
            _hide_frames(error)


frames_hidden = _FramesHidden()
"""Context in which a public function does its work: its errors show the user's frames only. It has
to stand in that function itself, whose own frame is the outermost one to hide."""
