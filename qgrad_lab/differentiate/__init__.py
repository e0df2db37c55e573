"""Differentiate functions: ``grad`` and its relatives, by JAX or by finite differences.

Options and their checks, which arguments of a call, the function as one of flat vectors, the
reference on ``default.qubit``. In: a function, its arguments. Out: derivatives in the form that
was asked for.
"""
