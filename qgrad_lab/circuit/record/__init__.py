"""Run a quantum function once and keep what it does.

Queues of operators for each thread, the lines of the user's code that made them, and what the
function returned. In: a quantum function and its arguments. Out: a tape and the structure of its
results.
"""
