"""Read results from the numbers that a circuit measures: what several measurements share.

Expectation values of dense operators, reduced density matrices, entropies, eigenbases to sample in,
outcomes of measurements in the middle. In: observables and wires. Out: what the circuit has to
measure, and functions of JAX that read results from it. Knows no measurement process of PennyLane.
"""
