"""PennyLane's simulator in JAX: ``jax.jit(jax.grad(qnode))`` on ``default.qubit``, backprop."""

import jax
import jax.numpy as jnp

from tests.benchmarks.contestants import Built
from tests.benchmarks.contestants.derivatives import JAX, derivative
from tests.benchmarks.contestants.qnodes import make_qnode
from tests.benchmarks.workloads import Workload

jax.config.update("jax_enable_x64", True)


def unable(workload: Workload) -> str | None:
    """It differentiates through the simulator, by no other method."""
    if workload.diff_method != "adjoint":
        return f"backprop is no {workload.diff_method}"
    return None


def build(workload: Workload) -> Built:
    """See the package."""
    qnode = make_qnode(workload, "default.qubit", "backprop")
    return Built(derivative(qnode, workload, JAX), tuple(map(jnp.asarray, workload.arguments())))
