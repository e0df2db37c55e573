"""Strict numerics for every test: 64-bit floats, no silent promotion of ranks."""

import os

import jax
import pytest

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture
def seed() -> int:
    """Seed of a random test, printed on failure; set QGRAD_SEED to repeat one."""
    value = int(os.environ.get("QGRAD_SEED", int.from_bytes(os.urandom(4), "little")))
    print(f"QGRAD_SEED={value}")
    return value
