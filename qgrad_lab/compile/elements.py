"""Assignments to elements of arrays, ``x[i] = y``, in what autograph rewrites.

Arrays of JAX do not change. ``x[i] = y`` becomes ``x = set_element(x, (i,), y)``, which makes a new
array, and assigns to an element of anything else as Python does.
"""

import ast
import operator
from typing import Any

import jax

from qgrad_lab.errors import CompileError


def set_element(container: Any, keys: tuple[Any, ...], value: Any) -> Any:
    """Return ``container`` after ``container[key][key]... = value``."""
    key, *further = keys
    if further:
        value = set_element(container[key], tuple(further), value)
    if isinstance(container, jax.Array):
        return container.at[key].set(value)
    container[key] = value
    return container


def update_element(container: Any, keys: tuple[Any, ...], name: str, value: Any) -> Any:
    """Return ``container`` after ``container[key][key]... op= value``, with the operator's name."""
    element = container
    for key in keys:
        element = element[key]
    return set_element(container, keys, getattr(operator, name)(element, value))


def set_element_outside(container: Any, keys: tuple[Any, ...], value: Any) -> None:
    """Assign to an element of a variable that does not belong to the function."""
    _check_outside(set_element(container, keys, value), container)


def update_element_outside(container: Any, keys: tuple[Any, ...], name: str, value: Any) -> None:
    """Update an element of a variable that does not belong to the function."""
    _check_outside(update_element(container, keys, name, value), container)


def _check_outside(result: Any, container: Any) -> None:
    if result is not container:
        raise CompileError(
            "A function assigns to an element of an array of JAX that was made outside of it, and "
            "these arrays do not change. Pass the array as an argument, or assign a copy to a "
            "variable of the function first, and return it."
        )


OPERATORS = (set_element, update_element, set_element_outside, update_element_outside)
"""What the rewritten source calls, by their names."""

_UPDATES = {
    ast.Add: "iadd",
    ast.BitAnd: "iand",
    ast.BitOr: "ior",
    ast.BitXor: "ixor",
    ast.Div: "itruediv",
    ast.FloorDiv: "ifloordiv",
    ast.LShift: "ilshift",
    ast.MatMult: "imatmul",
    ast.Mod: "imod",
    ast.Mult: "imul",
    ast.Pow: "ipow",
    ast.RShift: "irshift",
    ast.Sub: "isub",
}


def rewrite(node: Any) -> Any:
    """Rewrite the assignments to elements in a syntax tree."""
    return _Rewriting().visit(node)


class _Rewriting(ast.NodeTransformer):
    def __init__(self) -> None:
        self._owned: list[set[str]] = []

    def visit_FunctionDef(self, node: Any) -> Any:
        self._owned.append(_Names.of(node))
        node.body = [self.visit(statement) for statement in node.body]
        self._owned.pop()
        return node

    def visit_Assign(self, node: Any) -> Any:
        if len(node.targets) != 1 or not isinstance(node.targets[0], ast.Subscript):
            return node
        return self._call(node, node.targets[0], "set_element", [node.value])

    def visit_AugAssign(self, node: Any) -> Any:
        if not isinstance(node.target, ast.Subscript):
            return node
        name = ast.Constant(value=_UPDATES[type(node.op)])
        return self._call(node, node.target, "update_element", [name, node.value])

    def _call(self, node: Any, target: Any, name: str, values: list[Any]) -> Any:
        keys: list[Any] = []
        while isinstance(target, ast.Subscript):
            keys.insert(0, _key(target.slice))
            target = target.value
        if not isinstance(target, ast.Name):
            return node  # an attribute, or what a call returned
        owned = bool(self._owned) and target.id in self._owned[-1]
        function = ast.Attribute(
            value=_name("ag__", ast.Load()),
            attr=name if owned else f"{name}_outside",
            ctx=ast.Load(),
        )
        path = ast.Tuple(elts=keys, ctx=ast.Load())
        arguments = [_name(target.id, ast.Load()), path, *values]
        call = ast.Call(func=function, args=arguments, keywords=[])
        statement = (
            ast.Assign(targets=[_name(target.id, ast.Store())], value=call)
            if owned
            else ast.Expr(value=call)
        )
        return ast.fix_missing_locations(ast.copy_location(statement, node))


class _Names(ast.NodeVisitor):
    """The names that belong to a function, or that it may assign to."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    @classmethod
    def of(cls, function: Any) -> set[str]:
        found = cls()
        found.visit(function.args)
        for statement in function.body:
            found.visit(statement)
        return found.names

    def visit_Name(self, node: Any) -> None:
        if isinstance(node.ctx, ast.Store):
            self.names.add(node.id)

    def visit_arg(self, node: Any) -> None:
        self.names.add(node.arg)

    def visit_Global(self, node: Any) -> None:
        self.names.update(node.names)

    visit_Nonlocal = visit_Global

    def visit_FunctionDef(self, node: Any) -> None:
        self.names.add(node.name)

    def visit_Lambda(self, node: Any) -> None:
        """Leave out what belongs to a function in this one."""


def _name(name: str, context: Any) -> Any:
    return ast.Name(id=name, ctx=context)


def _key(key: Any) -> Any:
    """Return an expression for what stands in brackets, where ``1:3`` may stand."""
    if isinstance(key, ast.Tuple):
        return ast.Tuple(elts=[_key(part) for part in key.elts], ctx=ast.Load())
    if not isinstance(key, ast.Slice):
        return key
    nothing = ast.Constant(value=None)
    function = ast.Attribute(value=_name("ag__", ast.Load()), attr="slice_", ctx=ast.Load())
    bounds = [part or nothing for part in (key.lower, key.upper, key.step)]
    return ast.Call(func=function, args=bounds, keywords=[])
