"""The list of JAX's primitive names, against the JAX that is installed."""

import ast
import collections
import gc
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import Primitive

import qgrad_lab
from qgrad_lab.core import primitives
from qgrad_lab.core.primitives import NAMES, REARRANGING, SPLITTING, called

NEWER = {"stack", "unstack"}
"""Not in the oldest JAX that is supported, 0.7.1."""

IN_JAX = {thing.name for thing in gc.get_objects() if isinstance(thing, Primitive)}


def test_every_name_is_one_of_jax():
    assert NAMES - IN_JAX <= NEWER


def test_each_name_is_written_once():
    words = collections.Counter()
    for node in ast.walk(ast.parse(Path(primitives.__file__).read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if NAMES.issuperset(node.value.split()):
                words.update(node.value.split())
    assert words == dict.fromkeys(NAMES, 1)


def test_no_other_file_compares_names_with_strings():
    found = []
    for file in Path(qgrad_lab.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Compare | ast.Call) and "primitive.name" in ast.unparse(node):
                parts = list(ast.walk(node))
                if any(isinstance(p, ast.Constant) and isinstance(p.value, str) for p in parts):
                    found.append(f"{file}:{node.lineno}: {ast.unparse(node)}")
    assert found == []


ARRAY = np.arange(24.0).reshape(2, 3, 4)

EXAMPLES = {
    "broadcast_in_dim": lambda a: jax.lax.broadcast_in_dim(a, (2, 5, 3, 4), (0, 2, 3)),
    "concatenate": lambda a: jax.lax.concatenate([a, a], 1),
    "copy": lambda a: jnp.array(a, copy=True),
    "reshape": lambda a: jax.lax.reshape(a, (4, 6)),
    "rev": lambda a: jax.lax.rev(a, (0, 2)),
    "slice": lambda a: jax.lax.slice(a, (0, 1, 1), (2, 3, 4), (1, 1, 2)),
    "split": lambda a: jax.lax.split(a, (1, 2), 1),
    "squeeze": lambda a: jax.lax.squeeze(a[:1, :, :1], (0, 2)),
    "stack": lambda a: jnp.stack([a, a], axis=1),
    "transpose": lambda a: jax.lax.transpose(a, (2, 0, 1)),
    "unstack": lambda a: jnp.unstack(a, axis=1),
}


def test_there_is_an_example_of_each():
    assert EXAMPLES.keys() == REARRANGING.keys() | SPLITTING.keys()


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() & IN_JAX))
def test_numpy_does_what_jax_does(name):
    closed = jax.make_jaxpr(EXAMPLES[name])(ARRAY)
    equation = closed.jaxpr.eqns[-1]
    while (inner := called(equation)) is not None:
        equation = inner.jaxpr.eqns[-1]
    assert equation.primitive.name == name
    shapes = [operand.aval.shape for operand in equation.invars]
    operands = [np.random.default_rng(i).normal(size=shape) for i, shape in enumerate(shapes)]
    expected = equation.primitive.bind(*map(jnp.asarray, operands), **equation.params)
    if name in SPLITTING:
        found = SPLITTING[name](equation.params, *operands)
        assert len(found) == len(expected)
    else:
        found, expected = [REARRANGING[name](equation.params, *operands)], [expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
