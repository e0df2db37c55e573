"""Take over the call of a QNode inside a compiled program.

Patches of PennyLane that ask `core.mode` what a call means, the way from a QNode to measured
numbers, and devices that the engine has no kernels for. In: a QNode and its arguments. Out: its
results.
"""
