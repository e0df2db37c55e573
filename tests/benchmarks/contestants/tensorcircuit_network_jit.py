"""TensorCircuit-NG, with expectation values as one network each and no state in between.

Gates outside of the light cone of an observable are left out of its network. By default it computes
the state first, and that for all observables: that is the contestant ``tensorcircuit``.
"""

from tests.benchmarks.contestants import Built
from tests.benchmarks.contestants.tensorcircuit_jit import build_with
from tests.benchmarks.workloads import Workload


def unable(workload: Workload) -> str | None:
    """Whatever it cannot do is tried."""
    return None


def build(workload: Workload) -> Built:
    """See the package."""
    return build_with(workload, reuse=False, enable_lightcone=True)
