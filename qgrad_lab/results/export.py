"""A comparison as plain data: for JSON, for JupyterLab's viewer and for pandas."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from qgrad_lab.results import advice

if TYPE_CHECKING:
    from pandas import DataFrame

    from qgrad_lab.results.comparison import Comparison

MIME_TYPE = "application/vnd.qgrad-lab.comparison.v1+json"
VERSION = 1


def dictionary(comparison: Comparison, tolerance: float) -> dict[str, Any]:
    """See `Comparison.to_dict`; ``tolerance`` is that of `Comparison.is_accurate`."""
    rows = [
        {
            **{field.name: getattr(row, field.name) for field in dataclasses.fields(row)},
            "label": row.label,
            "gradient": _by_label(comparison, row.gradient),
            "accurate": comparison.is_accurate(row),
            "advice": advice.why_off(comparison, row),
        }
        for row in comparison.rows
    ]
    best = comparison.best()
    argnum = comparison.argnum
    found = plain(
        {
            "version": VERSION,
            "call": comparison.call,
            "function": comparison.function,
            "argnum": argnum,
            "value": {
                jax.tree_util.keystr(path): leaf
                for path, leaf in jax.tree_util.tree_leaves_with_path(comparison.value)
            },
            "labels": comparison.labels,
            "rows": rows,
            "reference": _by_label(comparison, comparison.reference),
            "reference_name": comparison.reference_name,
            "reference_error": comparison.reference_error,
            "shots": comparison.shots,
            "tolerance": tolerance,
            "best": {"label": best.row.label if best.row else None, "reason": best.reason},
        }
    )
    assert isinstance(found, dict)
    return found


def frame(comparison: Comparison) -> DataFrame:
    """See `Comparison.to_pandas`."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            "Comparison.to_pandas makes a table of pandas, which is not installed. Install it: "
            "pip install pandas"
        ) from error
    records = []
    for row in comparison.rows:
        record = {
            "method": row.method,
            "h": row.h,
            "difference": row.difference,
            "relative difference": row.relative_difference,
            "accurate": comparison.is_accurate(row),
            "first": row.first,
            "per call": row.per_call,
            "executions": row.executions,
            "sweeps": row.sweeps,
            "memory": row.memory,
            "error": row.error,
        }
        leaves = [None] * len(comparison.labels)
        if row.error is None:
            leaves = jax.tree.leaves(row.gradient)
        for label, leaf in zip(comparison.labels, leaves, strict=True):
            record[f"gradient in {label}"] = leaf
        records.append(record)
    return pandas.DataFrame(records)


def _by_label(comparison: Comparison, gradient: Any) -> dict[str, Any] | None:
    if gradient is None:
        return None
    return dict(zip(comparison.labels, jax.tree.leaves(gradient), strict=True))


def plain(value: Any) -> Any:
    """The same data in objects that ``json.dumps`` takes."""
    match value:
        case dict():
            return {key: plain(entry) for key, entry in value.items()}
        case tuple() | list():
            return [plain(entry) for entry in value]
        case np.ndarray() | np.generic():
            return plain(value.tolist())
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
