"""Export results as plain data: for JSON, for JupyterLab's viewer and for pandas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from qgrad_lab.results import advice
from qgrad_lab.results.accuracy import TOLERANCE, best, is_accurate, limit
from qgrad_lab.results.comparison_data import ComparisonData
from qgrad_lab.results.rows import fields

if TYPE_CHECKING:
    from pandas import DataFrame

MIME_TYPE = "application/vnd.qgrad-lab.comparison.v1+json"
VERSION = 1


def dictionary(comparison: ComparisonData) -> dict[str, Any]:
    """Return what `Comparison.to_dict` does."""
    rows = [
        {
            **fields(row),
            "gradient": _by_label(comparison, row.gradient),
            "accurate": is_accurate(comparison, row),
            "advice": advice.explanation(comparison, row),
        }
        for row in comparison.rows
    ]
    recommended = best(comparison)
    found = jsonable(
        {
            "version": VERSION,
            "call": comparison.call,
            "function": comparison.function,
            "argnum": comparison.argnum,
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
            "infinity_remark": advice.infinity_remark(comparison),
            "precision_remark": advice.precision_remark(comparison),
            "tolerance": TOLERANCE,
            "limit": None if comparison.reference is None else limit(comparison.reference),
            "best": {
                "label": recommended.row.label if recommended.row else None,
                "reason": recommended.reason,
            },
        }
    )
    assert isinstance(found, dict)
    return found


def frame(comparison: ComparisonData) -> DataFrame:
    """Return what `Comparison.to_pandas` does."""
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
            "accurate": is_accurate(comparison, row),
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


def _by_label(comparison: ComparisonData, gradient: Any) -> dict[str, Any] | None:
    if gradient is None:
        return None
    return dict(zip(comparison.labels, jax.tree.leaves(gradient), strict=True))


def jsonable(value: Any) -> Any:
    """Convert data to objects that ``json.dumps`` takes.

    >>> jsonable({"x": (np.arange(2), float("inf"))})
    {'x': [[0, 1], 'Infinity']}
    """
    match value:
        case dict():
            return {key: jsonable(entry) for key, entry in value.items()}
        case tuple() | list():
            return [jsonable(entry) for entry in value]
        case np.ndarray() | np.generic():
            return jsonable(value.tolist())
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
