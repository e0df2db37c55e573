"""Lower measurement processes: one file for each, and the registry that lists them.

In: a measurement process of PennyLane, in a circuit that is exact or has shots. Out: what the
circuit has to measure, and a readout, a function of JAX from the measured numbers to the result.
The most specific registered type wins; refusals and messages follow from the registry.
"""
