"""Evaluate the derivatives of circuits: one file a method, which a row of ``methods.table`` names.

Each has ``NATIVE_ORDERS``, how many orders of derivatives are native sweeps, and ``evaluate``, from
any member but D[0] to native calls (``engine.calls``) and lower members, which it binds. A method
changes how a member is evaluated, never its meaning.
"""
