"""The namespaces that a program is written against.

- ``OURS``: qgrad_lab.
- ``PLAIN``: PennyLane's ``default.qubit`` with backprop, JAX and Python's own loops. It shares no
  code with qgrad_lab, and is where the expected values come from.
- ``peer()``: pennylane-catalyst.
"""

import functools
from types import SimpleNamespace
from typing import Any

import jax
import pennylane as qml


class _Branches:
    """``cond`` and ``switch`` of Python: a list of choices, of which the first that holds runs."""

    def __init__(self, holds, function):
        self.choices = [(holds, function)]

    def else_if(self, condition):
        return lambda function: self._add(condition, function)

    def otherwise(self, function):
        return self._add(True, function)

    def _add(self, holds, function):
        self.choices.append((holds, function))
        return self

    def __call__(self, *args):
        for holds, function in self.choices:
            if holds:
                return function(*args)
        return None


class _Cases:
    """``switch`` of Python."""

    def __init__(self, number, default):
        self.number = int(number)
        self.default = default
        self.functions = {}

    def branch(self, number):
        def add(function):
            self.functions[number] = function
            return self

        return add

    def __call__(self, *args):
        return self.functions.get(self.number, self.default)(*args)


def _for_loop(start, stop, step):
    def decorator(body):
        def loop(*carry):
            for i in range(int(start), int(stop), int(step)):
                carry = _tuple(body(i, *carry))
            return _result(carry)

        return loop

    return decorator


def _while_loop(condition):
    def decorator(body):
        def loop(*carry):
            while condition(*carry):
                carry = _tuple(body(*carry))
            return _result(carry)

        return loop

    return decorator


def _tuple(carry):
    return () if carry is None else carry if isinstance(carry, tuple) else (carry,)


def _result(carry):
    return None if not carry else carry[0] if len(carry) == 1 else carry


def _differentiate(in_jax):
    # jax.jacobian of a tree with one scalar is what grad gives: gradients inside the tree.
    def transform(f, *, method=None, h=None, argnums=None):
        single = not isinstance(argnums, list | tuple)
        wanted = (argnums or 0,) if single else tuple(argnums)

        @functools.wraps(f, updated=())
        def derivative(*args, **kwargs):
            distinct = sorted({i % len(args) for i in wanted})
            found = in_jax(f, argnums=tuple(distinct))(*args, **kwargs)

            def arranged(gradients):
                asked = tuple(gradients[distinct.index(i % len(args))] for i in wanted)
                return asked[0] if single else asked

            tree = jax.tree.structure(f(*args, **kwargs))
            return tree.unflatten([arranged(g) for g in tree.flatten_up_to(found)])

        return derivative

    return transform


def _value_and_grad(f, **options):
    gradient = _differentiate(jax.jacobian)(f, **options)

    @functools.wraps(f, updated=())
    def both(*args, **kwargs):
        return f(*args, **kwargs), gradient(*args, **kwargs)

    return both


def _qnode(device, diff_method):
    def qnode(wires, method="adjoint", **options):
        def decorator(function):
            chosen = diff_method or method
            return qml.QNode(
                function, qml.device(device, wires=wires), diff_method=chosen, **options
            )

        return decorator

    return qnode


def _plain_qjit(f=None, **options):
    return f if f is not None else lambda f: f


PLAIN = SimpleNamespace(
    name="plain",
    qjit=_plain_qjit,
    qnode=_qnode("default.qubit", "backprop"),
    grad=_differentiate(jax.jacobian),
    value_and_grad=_value_and_grad,
    jacobian=_differentiate(jax.jacobian),
    jvp=lambda f, params, tangents, **_: jax.jvp(f, tuple(params), tuple(tangents)),
    vjp=lambda f, params, cotangents, **_: _plain_vjp(f, params, cotangents),
    for_loop=_for_loop,
    while_loop=_while_loop,
    cond=lambda holds: lambda function: _Branches(holds, function),
    switch=lambda number: lambda default: _Cases(number, default),
    adjoint=qml.adjoint,
    ctrl=qml.ctrl,
)


def _plain_vjp(f, params, cotangents):
    value, pullback = jax.vjp(f, *params)
    leaves = jax.tree.leaves(cotangents)
    return value, pullback(jax.tree.unflatten(jax.tree.structure(value), leaves))[0]


@functools.cache
def ours() -> Any:
    """qgrad_lab."""
    import qgrad_lab

    names = ("qjit", "grad", "value_and_grad", "jacobian", "jvp", "vjp")
    loops = ("for_loop", "while_loop", "cond", "switch")
    return SimpleNamespace(
        name="qgrad_lab",
        qnode=_qnode("lightning.qubit", None),
        adjoint=qml.adjoint,
        ctrl=qml.ctrl,
        **{name: getattr(qgrad_lab, name) for name in names + loops},
    )


@functools.cache
def peer() -> Any:
    """pennylane-catalyst."""
    import catalyst

    names = ("qjit", "grad", "value_and_grad", "jacobian", "jvp", "vjp")
    loops = ("for_loop", "while_loop", "cond", "switch", "adjoint", "ctrl")
    return SimpleNamespace(
        name="catalyst",
        qnode=_qnode("lightning.qubit", None),
        **{name: getattr(catalyst, name) for name in names + loops},
    )
