"""The right results, computed in a process of their own: see `checks`."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import qgrad_lab
from tests.benchmarks.adam import adam
from tests.benchmarks.checks import Reference, Route, tolerance, vector
from tests.benchmarks.circuits import combined
from tests.benchmarks.contestants.derivatives import JAX, derivative, scalar
from tests.benchmarks.contestants.qnodes import make_qnode
from tests.benchmarks.workloads import Workload

_STEP = 1e-3


def reference(workload: Workload, route: Route) -> Reference:
    """The right result of ``workload`` by ``route``."""
    allowed = tolerance(workload, route)
    if route == "difference":
        direction, slope = _difference(workload)
        return Reference(route, slope, allowed, direction)
    result = _backprop(workload) if route == "backprop" else _adjoint(workload)
    return Reference(route, vector(result), allowed)


def _backprop(workload: Workload) -> Any:
    # The QNode is moved to default.qubit; for shot-free circuits the method says nothing more.
    values = qgrad_lab.reference(make_qnode(workload, "lightning.qubit", "adjoint"))
    arguments = tuple(map(jnp.asarray, workload.arguments()))
    if workload.task == "optimise":
        # So many gradients that it pays to compile.
        gradient = jax.jit(jax.grad(scalar(values, workload)))
        return adam(gradient, workload.arguments()[0], workload.steps)
    framework = JAX._replace(jit=lambda function: function)
    return derivative(values, workload, framework)(*arguments)


def _adjoint(workload: Workload) -> Any:
    total = dataclasses.replace(
        workload, observables=(combined(workload.observables, workload.weights),)
    )
    qnode = make_qnode(total, "lightning.qubit", "adjoint")
    return derivative(qnode, total, JAX._replace(jit=lambda function: function))(
        *map(jnp.asarray, workload.arguments())
    )


def _difference(workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    total = dataclasses.replace(
        workload, observables=(combined(workload.observables, workload.weights),)
    )
    qnode = make_qnode(total, "lightning.qubit", "adjoint")
    (x,) = workload.arguments()
    direction = np.random.default_rng(11).normal(size=x.shape)
    direction /= np.linalg.norm(direction)

    def difference(step: float) -> float:
        forward, backward = (float(qnode(x + sign * step * direction)) for sign in (1, -1))
        return (forward - backward) / (2 * step)

    # Richardson's extrapolation: what is left is of the fourth order in the step.
    slope = (4 * difference(_STEP) - difference(2 * _STEP)) / 3
    return direction.ravel(), np.array([slope])
