"""Record what a quantum function does while it runs.

Queues of operators for each thread, the lines of the user's code that made them, and what the
function returned. In: a quantum function and its arguments. Out: a tape and the structure of its
results. The function runs once, or two or three times: where a loop, a branch or ``measure`` needs
the wires of a device that has none, where ``measure`` meets shots, and with parameter broadcasting.
"""
