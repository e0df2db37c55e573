"""Render stages for notebooks: HTML that needs no JavaScript."""

from collections.abc import Mapping
from html import escape
from typing import Protocol

ENDINGS = {
    "python": "py",
    "text": "txt",
    "jaxpr": "jaxpr.txt",
    "qgrad-program": "program.txt",
    "qgrad-plan": "plan.txt",
    "mlir": "mlir",
    "hlo": "hlo",
    "llvm": "ll",
    "asm": "s",
}
"""The endings of file names, by language."""

_MOST_LINES, _MOST_CHARACTERS = 500, 60_000
"""The limits of one stage in the static view."""

_STYLE = """
<style>
.qgrad-stages {
  font-family: var(--jp-ui-font-family, system-ui, sans-serif);
  font-size: var(--jp-ui-font-size1, 13px);
  color: inherit;
  max-width: 72rem;
}
.qgrad-stages h4 { margin: 0 0 0.5em; font-size: 1.1em; }
.qgrad-stages details { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
.qgrad-stages details:last-of-type { border-bottom: 1px solid
  color-mix(in srgb, currentColor 25%, transparent); }
.qgrad-stages summary { display: grid; grid-template-columns: 1.2em 9em 8em 8em 1fr;
  align-items: baseline; padding: 0.35em 0.25em; cursor: pointer; }
.qgrad-stages summary::before { content: "▸"; opacity: 0.7; }
.qgrad-stages details[open] > summary::before { content: "▾"; }
.qgrad-stages summary::marker, .qgrad-stages summary::-webkit-details-marker { display: none;
  content: ""; }
.qgrad-stages summary b { font-weight: 600; }
.qgrad-stages summary span { opacity: 0.75; font-variant-numeric: tabular-nums; }
.qgrad-stages pre { margin: 0 0 0.6em 1.4em; max-height: 28em; overflow: auto; line-height: 1.35;
  padding: 0.5em 0.8em; font-family: var(--jp-code-font-family, ui-monospace, monospace);
  font-size: var(--jp-code-font-size, 12px); white-space: pre; color: inherit;
  background: color-mix(in srgb, currentColor 6%, transparent); }
.qgrad-stages p { margin: 0.2em 0 0.6em 1.6em; }
</style>
"""


class Shown(Protocol):
    """The parts of a `Stage` that are shown."""

    @property
    def title(self) -> str:
        """The name for people."""

    @property
    def text(self) -> str:
        """The whole text."""

    @property
    def missing(self) -> str:
        """Why there is no text; empty if there is."""

    @property
    def size(self) -> int:
        """The size of the text in bytes."""

    @property
    def seconds(self) -> float:
        """How long the step to this stage took."""


def html(name: str, stages: Mapping[str, Shown]) -> str:
    """Render all stages, folded, with long ones cut."""
    parts = [_STYLE, f'<div class="qgrad-stages"><h4>Stages of {escape(name)}</h4>']
    parts += [_folded(stage) for stage in stages.values()]
    return "".join([*parts, "</div>"])


def stage_html(stage: Shown) -> str:
    """Render one stage, unfolded."""
    return f'{_STYLE}<div class="qgrad-stages">{_folded(stage, "details open")}</div>'


def _folded(stage: Shown, tag: str = "details") -> str:
    title = f"<b>{escape(stage.title)}</b>"
    if stage.missing:
        return (
            f"<{tag}><summary>{title}<span>none</span></summary><p>{escape(stage.missing)}.</p>"
            "</details>"
        )
    lines = stage.text.count("\n") + 1
    head = (
        f"{title}<span>{lines:,} line{'s' if lines > 1 else ''}</span>"
        f"<span>{size_text(stage.size)}</span><span>{seconds_text(stage.seconds)}</span>"
    )
    return f"<{tag}><summary>{head}</summary><pre>{escape(shown(stage.text))}</pre></details>"


def shown(text: str) -> str:
    """Return the beginning of a text, as much as is read in a notebook, and what is left out."""
    lines = text.splitlines()
    kept, used = 0, 0
    while kept < min(len(lines), _MOST_LINES) and used <= _MOST_CHARACTERS:
        used += len(lines[kept]) + 1
        kept += 1
    cut = "\n".join(lines[:kept])[:_MOST_CHARACTERS]
    if len(cut) == len("\n".join(lines)):
        return cut
    rest = len(text.encode()) - len(cut.encode())
    return (
        f"{cut}\n... and {size_text(rest)} more: .text has all of it, and .save(folder) writes it"
    )


def size_text(size: int) -> str:
    """Format the size of a text."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1e3:.3g} kB" if size < 999_500 else f"{size / 1e6:.3g} MB"


def seconds_text(seconds: float) -> str:
    """Format the duration of a step, to a tenth of a millisecond at least."""
    if seconds < 1e-4:
        return "< 0.1 ms"
    return f"{seconds * 1e3:.3g} ms" if seconds < 0.9995 else f"{seconds:.3g} s"
