"""Benchmarks. Nothing here is asserted; run ``python -m tests.benchmarks``."""
