"""Draw keys for JAX's random numbers when a compiled program runs.

Everything after a key is functional: numbers are drawn from it by JAX. Only the key itself comes
from outside, through one primitive, which is a call of the native library with a side effect, so
that XLA neither merges two calls nor moves one out of a loop.

Keys are arrays u32[2], of the generator ``threefry2x32`` whatever the user's default is.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from qgrad_lab.core.eager import compiled
from qgrad_lab.core.mode import begin_run, next_site
from qgrad_lab.engine.library import RANDOM_TARGET
from qgrad_lab.engine.zeros import zero_tangent

key_p = Primitive("random_key")
"""Static parameters: ``shots``, how many outcomes are drawn from the key; ``site``, a pair of seed
and number of the call site, or ``None`` for random numbers of the operating system. With a site,
the first operand is the number of the run."""

run_p = Primitive("random_run")
"""The number of a run of a seeded program, u32[2]: a new one at every evaluation."""

# As ``engine/native/xla/random.cpp`` has them.
_FROM_SYSTEM, _BEGIN_RUN, _SEEDED = range(3)


def start_run() -> None:
    """Begin a run of the program being traced, if it has a seed and is in no other one."""
    begin_run(run_p.bind)


def next_key(*ties: Any, shots: int = 1) -> jax.Array:
    """Return a new key, u32[2], or one for each element of a batch.

    Parameters
    ----------
    ties
        Arrays that the random numbers are for. Under ``jax.vmap`` there is a key for each element
        of their batch; seeded keys depend on their values.
    shots
        How many outcomes are drawn from it.

    Returns
    -------
    jax.Array
        Fresh at every execution, in every iteration of a loop too, if the program has no seed.
    """
    found = next_site()
    if found is None:
        return key_p.bind(*ties, shots=shots, site=None)
    run, site = found
    return key_p.bind(run, *ties, shots=shots, site=site)


def wrapped(key: jax.Array) -> jax.Array:
    """Return ``key`` in the form that ``jax.random`` takes."""
    return jax.random.wrap_key_data(key, impl="threefry2x32")


def folded(key: jax.Array, *numbers: Any) -> jax.Array:
    """Return a key, u32[2], that depends on a sequence of numbers."""
    result = wrapped(key)
    for number in numbers:
        result = jax.random.fold_in(result, number)
    return jax.random.key_data(result)


def _abstract_eval(*ties: Any, shots: int, site: Any) -> jax.core.ShapedArray:
    return jax.core.ShapedArray((2,), jnp.dtype("uint32"))


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> tuple[Any, Any]:
    key = key_p.bind(*primals, **params)
    return key, zero_tangent(key)


def _batch(ties: Sequence[Any], dims: Sequence[int | None], **params: Any) -> tuple[Any, int]:
    size = next(tie.shape[dim] for tie, dim in zip(ties, dims, strict=True) if dim is not None)
    key = key_p.bind(*ties, **params)
    return jax.vmap(lambda number: folded(key, number))(jnp.arange(size, dtype=jnp.uint32)), 0


def _call(kind: int, *operands: Any, seed: int = 0, site: int = 0) -> jax.Array:
    call = jax.ffi.ffi_call(
        RANDOM_TARGET, jax.ShapeDtypeStruct((2,), jnp.dtype("uint32")), has_side_effect=True
    )
    return call(*operands, kind=np.int64(kind), seed=np.int64(seed), site=np.int64(site))


def _lowered(*ties: Any, shots: int, site: tuple[int, int] | None) -> jax.Array:
    if site is None:
        return _call(_FROM_SYSTEM)
    return _call(_SEEDED, *ties, seed=site[0], site=site[1])


def _impl(*ties: Any, **params: Any) -> Any:
    return compiled(lambda *ties: key_p.bind(*ties, **params))(*ties)


key_p.def_abstract_eval(_abstract_eval)
key_p.def_impl(_impl)
ad.primitive_jvps[key_p] = _jvp
batching.primitive_batchers[key_p] = _batch
mlir.register_lowering(key_p, mlir.lower_fun(_lowered, multiple_results=False))

run_p.def_abstract_eval(lambda: jax.core.ShapedArray((2,), jnp.dtype("uint32")))
run_p.def_impl(lambda: compiled(lambda: run_p.bind())())
mlir.register_lowering(run_p, mlir.lower_fun(lambda: _call(_BEGIN_RUN), multiple_results=False))
