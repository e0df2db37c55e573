"""Evaluate blocks of a sweep: in this process, in others, on a Dask cluster.

In: programs and blocks of points. Out: values and gradients of each, or `Lost`.
"""
