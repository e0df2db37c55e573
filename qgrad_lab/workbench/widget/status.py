"""The line above the tabs: the current work, its progress, and errors."""

import html
import time
from collections.abc import Callable

import ipywidgets as widgets

from qgrad_lab.comparison.references import first_paragraph
from qgrad_lab.workbench.tracebacks import message

_EVERY = 0.1
"""Seconds between two messages of progress."""


class Status:
    """The line with progress, a button to cancel, and errors."""

    def __init__(self, cancel: Callable[[], None]) -> None:
        self.bar = widgets.FloatProgress(
            min=0.0,
            max=1.0,
            description="",
            tooltip="How much is done",
            layout=widgets.Layout(width="140px", height="14px"),
        )
        self.cancel = widgets.Button(
            description="Cancel",
            tooltip="Give up what is being computed",
            icon="stop",
            disabled=True,
            layout=widgets.Layout(width="90px"),
        )
        self.cancel.on_click(lambda _: cancel())
        self.text = widgets.HTML()
        self.error = widgets.HTML()
        line = widgets.HBox(
            [self.bar, self.cancel, self.text], layout=widgets.Layout(align_items="center")
        )
        self.view = widgets.VBox([line, self.error])
        self._began = self._told = 0.0

    def begin(self) -> None:
        """Show that work was asked for."""
        self._began = time.monotonic()
        self.bar.value = 0.0
        self.cancel.disabled = False
        self._say("waiting")
        self.error.value = ""

    def progress(self, part: float, now: str) -> None:
        """Show how much of the work is done."""
        if time.monotonic() - self._told > _EVERY:
            self._told = time.monotonic()
            self.bar.value = part
            self._say(now)

    def end(self, notice: str = "") -> None:
        """Show that all work is done, and what to know about it."""
        self.bar.value = 1.0
        self.cancel.disabled = True
        said = f"computed in {time.monotonic() - self._began:.1f} s"
        self._say(f"{said}. {notice}." if notice else said)
        self.error.value = ""

    def say(self, words: str) -> None:
        """Show why nothing is being done."""
        self.bar.value = 0.0
        self.cancel.disabled = True
        self._say(words)

    def fail(self, error: Exception) -> None:
        """Show why the work failed."""
        self.say("")
        self.error.value = error_html(error)

    def _say(self, words: str) -> None:
        self.text.value = f'<span class="qgrad-note" role="status">{html.escape(words)}</span>'


def error_html(error: Exception) -> str:
    """Return an error as HTML: where it happened, and the fix if it names one."""
    words = message(error) if error.__traceback__ is not None else str(error)
    if words is None:
        words = f"{type(error).__name__}: {first_paragraph(error)}"
    return f'<div class="qgrad-error" role="alert">✗ {html.escape(words)}</div>'
