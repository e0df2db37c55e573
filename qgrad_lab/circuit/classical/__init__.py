"""Compute the numbers that a circuit reads, in as few operations of XLA as possible.

The classical part of a quantum function is a jaxpr. Angles that are the same expression of
different elements are computed at once; elements of arrays are taken and assembled at once. In:
traced values. Out: the vectors theta, index and data.
"""
