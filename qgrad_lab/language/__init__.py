"""Provide what users write inside of programs: loops, branches, ``measure``.

In: the user's functions and values. Out: the same results as Python's own statements, over traced
values.
"""
