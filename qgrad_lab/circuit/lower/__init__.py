"""Lower tapes of PennyLane's operators to Programs.

Operators become instructions, observables sums of Pauli words, adjoint and controlled blocks are
placed; what cannot be run is refused in words. In: a tape. Out: a Program, its operands, and
readouts.
"""
