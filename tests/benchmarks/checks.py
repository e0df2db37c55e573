"""Whether a contestant's numbers are right.

Three independent routes, the first one that is feasible:

- backprop: ``default.qubit`` through `qgrad_lab.reference`, differentiated by JAX, not compiled;
- adjoint: ``lightning.qubit`` with its own adjoint method, executed by PennyLane;
- difference: the slope along a random direction, by central differences of plain executions of
  ``lightning.qubit``, extrapolated.

Where the second one checks the contestant of the same engine, it is the others that agree with it
who check both.
"""

import sys
from typing import Any, Literal, NamedTuple

import numpy as np

from tests.benchmarks.workloads import Workload

Route = Literal["backprop", "adjoint", "difference"]

TITLES: dict[Route, str] = {
    "backprop": "default.qubit, backprop",
    "adjoint": "lightning.qubit, adjoint in PennyLane",
    "difference": "lightning.qubit, central differences along a random direction",
}


class Reference(NamedTuple):
    """What is right.

    Attributes
    ----------
    route
        Where it comes from.
    values
        f64[n]: the leaves of the right result, one after the other; or, with ``direction``, the
        slope along it.
    tolerance
        The greatest error allowed, relative to the greatest of the values if that is above 1.
    direction
        f64[n], of length 1.
    """

    route: Route
    values: np.ndarray
    tolerance: float
    direction: np.ndarray | None = None

    def error(self, result: np.ndarray) -> float:
        """How wrong ``result`` is; infinite if it is no result at all."""
        if self.direction is not None:
            if result.shape != self.direction.shape:
                return float("inf")
            result = np.array([result @ self.direction])
        if result.shape != self.values.shape or not np.all(np.isfinite(result)):
            return float("inf")
        scale = max(1.0, float(np.max(np.abs(self.values))))
        return float(np.max(np.abs(result - self.values))) / scale


def routes(workload: Workload) -> tuple[Route, ...]:
    """The routes to try, in this order."""
    if workload.task not in ("grad", "value_and_grad"):
        return ("backprop",)
    if workload.task == "value_and_grad":
        return ("adjoint",)
    if workload.wires <= 10 and workload.gates <= 300:
        return "backprop", "adjoint"
    if workload.wires <= 20 and workload.gates <= 2000:
        return "adjoint", "difference"
    return ("difference",)


def tolerance(workload: Workload, route: Route) -> float:
    """Of results in double precision.

    Differences are wrong by about 1e-12, for the step's fourth power and for rounding. Adam is less
    exact: optax corrects its bias in single precision, by which every step is wrong by some 1e-9.
    """
    if workload.task == "optimise":
        return 1e-6
    return 1e-9 if route == "difference" else 1e-11


def vector(tree: Any) -> np.ndarray:
    """The leaves of a result, one after the other."""
    jax = sys.modules.get("jax")
    if jax is not None:
        leaves = jax.tree.leaves(tree)
    else:
        leaves = tree if isinstance(tree, tuple) else (tree,)
    return np.concatenate([np.ravel(np.asarray(leaf)) for leaf in leaves])
