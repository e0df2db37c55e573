"""Compile control flow inside circuits: loops, branches, measurements in mid-circuit.

A loop becomes one ``scan`` in JAX and one ``repeat`` in the Program, a branch one ``switch`` and
one ``branch``. In: bodies as functions, carried values. Out: instructions, and what the loop or
branch returns.
"""
