"""Differentiate functions: ``grad`` and its relatives, by JAX or by finite differences.

`options` are checked, `call` knows which arguments are differentiated, `flat_function` makes lists
of arrays of these, `autodiff` and `finite_difference` differentiate; `on_default_qubit` is the
reference. In: a function, its arguments. Out: derivatives in the form that was asked for.
"""
