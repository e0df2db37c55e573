"""Compute gradients over a grid of points, as one labelled dataset: ``sweep``.

In: a function, values of its arguments along named dimensions, and perhaps an executor and a store.
Out: an xarray Dataset. `grid`, `paths` and `target` say what is computed, `methods` how, `blocks`,
`programs`, `streaming` and `executors` compute it, `layout`, `memory`, `store` and `provenance`
keep it with its labels.
"""

from qgrad_lab.sweeps.api import sweep

__all__ = ["sweep"]
