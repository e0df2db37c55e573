"""Compile functions: ``qjit``, what it returns, and the folder of compiled programs.

`compiled` is the face of a compiled function, `jitted` the function of JAX behind it, `run` its
call, `ahead` its compilation before one, `export` its way to other processes. In: a user's function
and options. Out: a `QJIT`, which is called, traced, lowered, pickled, exported.
"""
