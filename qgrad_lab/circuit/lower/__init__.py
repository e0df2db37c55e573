"""Lower tapes of PennyLane's operators to Programs.

Operators become instructions and observables sums of Pauli words, adjoint and controlled blocks are
placed; measurement processes (``measurements``) become what the circuit measures and how results
are read from that (``readouts``). What cannot be run is refused with a reason. In: a tape. Out: a
Program, its operands, and readouts.
"""
