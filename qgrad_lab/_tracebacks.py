"""Tracebacks of the user's own lines, without the frames of this package and of JAX.

Between the user's call of a compiled function and the user's line that failed there are dozens of
frames that say nothing to the user. They are removed from the exception on its way out, unless
``JAX_TRACEBACK_FILTERING=off`` asks for all frames.
"""

import os
import types

import jax
from jax.extend.source_info_util import register_exclusion

_LIBRARIES = tuple(
    os.path.dirname(os.path.abspath(file)) + os.sep for file in (__file__, str(jax.__file__))
)

# In what JAX notes of where an operation comes from, too.
register_exclusion(os.path.dirname(os.path.abspath(__file__)))


def _hide_frames(error: Exception) -> None:
    """Remove the frames of this package and of JAX from the traceback of ``error``, in place.

    What was raised in the package itself ends with the user's line that called it.
    """
    if getattr(jax.config, "jax_traceback_filtering", None) == "off":
        return
    kept = []
    traceback = error.__traceback__
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(_LIBRARIES):
            kept.append(traceback)
        traceback = traceback.tb_next
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
        if isinstance(error, Exception):
            _hide_frames(error)


frames_hidden = _FramesHidden()
"""Context in which a public function does its work: its errors show the user's frames only. It has
to stand in that function itself, whose own frame is the outermost one to hide."""
