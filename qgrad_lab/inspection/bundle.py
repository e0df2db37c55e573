"""Export stages as data: for JSON, and for JupyterLab's viewer."""

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

from qgrad_lab.inspection.stage import Line, Stage
from qgrad_lab.inspection.user_code import snippets

MIME_TYPE = "application/vnd.qgrad-lab.stages.v1+json"
VERSION = 1

MOST_PLAIN = 100_000
"""Characters of a stage that a notebook holds uncompressed."""
MOST_IN_A_NOTEBOOK = 2_200_000
"""Bytes of all compressed stages together: with the HTML beside them, they must stay below the
three megabytes at a time that Jupyter's server passes on."""


def bundle(name: str, stages: Mapping[str, Stage]) -> dict[str, Any]:
    """Return what `Stages.to_dict` does."""
    shown = {place for p in stages["source"].lines.values() for place in p} if _has(stages) else ()
    places = {
        place
        for stage in stages.values()
        for group in (*stage.lines.values(), *(call.places for call in stage.calls))
        for place in group
    }
    return {
        "version": VERSION,
        "name": name,
        "stages": [
            {
                "name": stage.name,
                "title": stage.title,
                "language": stage.language,
                "text": stage.text,
                "size": stage.size,
                "seconds": stage.seconds,
                "missing": stage.missing,
                "lines": [[n, _plain(p)] for n, p in stage.lines.items()],
                "calls": [[call.first, call.last, _plain(call.places)] for call in stage.calls],
            }
            for stage in stages.values()
        ],
        "sources": [snippet._asdict() for snippet in snippets(places, frozenset(shown))],
    }


def _has(stages: Mapping[str, Stage]) -> bool:
    return "source" in stages


def _plain(places: tuple[Line, ...]) -> list[list[Any]]:
    return [list(place) for place in places]


def for_notebook(name: str, stages: Mapping[str, Stage]) -> dict[str, Any]:
    """Return all stages, long ones compressed, and cut if they are too long even so.

    A compressed stage has an empty ``text``, no ``lines``, and ``gzip``: both of them as JSON,
    compressed and encoded with base64.
    """
    data = bundle(name, stages)
    left = MOST_IN_A_NOTEBOOK
    for stage in sorted(data["stages"], key=lambda stage: len(stage["text"])):
        if len(stage["text"]) > MOST_PLAIN:
            stage["gzip"] = _compressed(stage["text"], stage["lines"], left)
            left -= len(stage["gzip"])
            stage["text"], stage["lines"] = "", []
    return data


def _compressed(text: str, lines: list[Any], most: int) -> str:
    """Compress as much of a text, from its beginning, as fits ``most`` characters."""
    while True:
        content = json.dumps({"text": text, "lines": lines}, ensure_ascii=False)
        # Without the time, so that equal texts give equal notebooks.
        packed = base64.b64encode(gzip.compress(content.encode(), 6, mtime=0)).decode()
        if len(packed) <= most or not text:
            return packed
        kept = text[: int(len(text) * most / len(packed) * 0.9)]
        text = kept[: kept.rfind("\n") + 1].rstrip("\n")
        count = text.count("\n") + 1
        lines = [entry for entry in lines if entry[0] <= count]
