"""Define the Program: the intermediate representation of a quantum circuit.

Instructions, the Program with its text, encoding, checks and drawing, and the circuits with shots.
In: gates, wires and places in arrays. Out: Programs, which the engine runs. Knows no operators of
PennyLane.
"""
