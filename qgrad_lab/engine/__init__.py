"""Evaluate Programs and their derivatives: a JAX primitive over the native library.

In: an encoded Program and its operands. Out: measured numbers or a derivative of any order, as JAX
arrays. `primitive` has the rules, `evaluate` and `methods/` turn a member into native calls, and
`native/` is the C++ library, which `library` loads.
"""
