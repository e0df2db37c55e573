"""Evaluate blocks of a sweep: in this process, in others, on a Dask cluster.

`protocol` says what an executor is, `local` and `dask` have them, `choice` takes one for what the
user gave, `worker` is what runs where the points are. In: programs and blocks of points. Out:
values and gradients of each, or `Lost`.
"""
