"""Turn a QNode into a Program.

`capture` takes the call of a QNode over, `record` runs its quantum function and collects what it
does, `control` compiles loops, branches and measurements in mid-circuit, `lower` makes
instructions of operators and readouts of measurements, `classical` computes the numbers that they
read, `ir` is the Program. In: a QNode and its arguments. Out: its measured numbers, as values of
JAX.
"""
