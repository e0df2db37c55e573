"""Hold what comparisons and studies return: data, tables, text and advice.

In: numbers that ``comparison/`` and ``studies/`` have computed. Out: `Comparison`, `Landscape`,
`StepSizes` and `Scaling`, which render themselves for terminals, notebooks, JSON and pandas.
`accuracy` is the one rule by which a gradient counts as accurate, in tables, figures and JSON.
Nothing here runs a circuit or computes a derivative; figures come from ``plots/``, imported lazily.
"""
