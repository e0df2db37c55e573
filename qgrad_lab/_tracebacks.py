"""Tracebacks without the frames of this package, as JAX's are without those of JAX.

Between the user's call of a compiled function and the user's line that failed there are dozens of
frames that say nothing to the user. They are removed from the exception on its way out, unless
``JAX_TRACEBACK_FILTERING=off`` asks for all frames.
"""

import os
import types

import jax

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def hide_frames(error: BaseException) -> None:
    """Remove the frames of this package from the traceback of ``error``, in place.

    To be followed by a bare ``raise``, which adds no frame. What was raised in the package itself
    ends with the user's line that called it.
    """
    if getattr(jax.config, "jax_traceback_filtering", None) == "off":
        return
    kept = []
    traceback = error.__traceback__
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(_PACKAGE):
            kept.append(traceback)
        traceback = traceback.tb_next
    chain: types.TracebackType | None = None
    for part in reversed(kept):
        chain = types.TracebackType(chain, part.tb_frame, part.tb_lasti, part.tb_lineno)
    error.__traceback__ = chain
