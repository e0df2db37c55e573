"""Compile functions: ``qjit``, what it returns, and the folder of compiled programs.

In: a user's function and options. Out: a `QJIT`, which is called, traced, lowered, pickled,
exported.
"""
