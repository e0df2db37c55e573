"""Hold what the whole package needs of Python and JAX, and nothing about circuits.

The meaning of a QNode call in this thread (`mode`), walks over jaxprs, tracebacks of the user's
lines, errors that come out of XLA, the pace of garbage collection. In: plain values, jaxprs,
exceptions. Out: the same, changed or searched. Imports JAX and nothing of ours.
"""
