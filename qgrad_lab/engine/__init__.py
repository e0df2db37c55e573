"""Program to numbers: the JAX primitive and the native library under it."""
