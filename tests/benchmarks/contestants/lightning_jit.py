"""PennyLane's own way on its fast device: ``jax.jit(jax.grad(qnode))`` on ``lightning.qubit``."""

import jax
import jax.numpy as jnp

from tests.benchmarks.contestants import Built
from tests.benchmarks.contestants.derivatives import JAX, derivative
from tests.benchmarks.contestants.qnodes import make_qnode
from tests.benchmarks.workloads import Workload

jax.config.update("jax_enable_x64", True)


def unable(workload: Workload) -> str | None:
    """Whatever it cannot do is tried."""
    return None


def build(workload: Workload) -> Built:
    """See the package."""
    if workload.task == "hessian":
        # Its adjoint method has no second derivatives.
        qnode = make_qnode(workload, "lightning.qubit", "parameter-shift", max_diff=2)
    else:
        qnode = make_qnode(workload, "lightning.qubit", workload.diff_method)
    return Built(derivative(qnode, workload, JAX), tuple(map(jnp.asarray, workload.arguments())))
