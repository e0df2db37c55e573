"""Hold everything that the package says about a differentiation method, once.

`table` has one row a method; messages, completion, checkboxes, looks of plots, the extension's
settings and its list follow from it. In: nothing. Out: `table.METHODS`, which the rooms above read;
`python -m qgrad_lab.methods` writes what TypeScript reads.
"""
