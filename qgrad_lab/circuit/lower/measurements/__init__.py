"""Lower measurement processes: what a Program measures, and how a result is read from that.

In: a measurement process of PennyLane. Out: measurements of the Program, and a readout, a function
of JAX from the measured numbers to the result. Exact and with shots.
"""
