"""Stages as data for JupyterLab's viewer: what is compressed, and the user's code beside it."""

import base64
import gzip
import inspect
import json
import linecache

import jax.numpy as jnp
import pennylane as qml
import pytest

from qgrad_lab import grad, stages
from qgrad_lab.inspection import bundle
from qgrad_lab.inspection.api import Line, Stage, Stages
from qgrad_lab.inspection.stage import Rendered
from qgrad_lab.inspection.user_code import snippets

X = jnp.array([0.3, 0.5])


@qml.qnode(qml.device("lightning.qubit", wires=2))
def circuit(x):
    qml.RX(x[0], wires=0)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.Z(1))


def loss(x):
    angles = jnp.sin(x)
    return circuit(angles) ** 2


def line_of(text):
    """The line of this file that has a text, outside of this function."""
    with open(__file__, encoding="utf-8") as file:
        (number,) = [n for n, line in enumerate(file, 1) if line.strip() == text]
    return Line(__file__, number)


def test_a_circuit_knows_its_call():
    found = stages(grad(loss), X)
    call = line_of("return circuit(angles) ** 2")
    for name in ("circuit", "program", "plan"):
        (where,) = found[name].calls
        assert (where.first, where.last) == (1, found[name].text.count("\n") + 1)
        assert where.places == (call,)
    assert not found["jaxpr"].calls


def test_each_of_two_circuits_has_its_lines():
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def other(x):
        qml.RZ(x[0], wires=0)
        return qml.expval(qml.X(0))

    def both(x):
        first = circuit(x)
        return first + other(x)

    found = stages(both, X)
    for name in ("circuit", "program", "plan"):
        lines = found[name].text.splitlines()
        calls = found[name].calls
        assert [call.places[0].number for call in calls] == [
            line_of("first = circuit(x)").number,
            line_of("return first + other(x)").number,
        ]
        assert "circuit" in lines[calls[0].first - 1] and "other" in lines[calls[1].first - 1]
        assert calls[1].first == calls[0].last + 2 and calls[1].last == len(lines)


def test_the_functions_that_the_source_calls():
    data = stages(grad(loss), X).to_dict()
    (source,) = data["sources"]
    lines, first = inspect.getsourcelines(circuit.func)
    assert source == {
        "name": "circuit",
        "file": __file__,
        "first": first,
        "text": "".join(lines).rstrip("\n"),
    }
    assert "def loss" in data["stages"][0]["text"]


@pytest.fixture
def cell():
    """A cell as IPython keeps it, with a function in a function, a class and a statement."""
    text = (
        "def outer():\n"
        "    a = 1\n"
        "    def inner():\n"
        "        return 2\n"
        "    return inner\n"
        "class C:\n"
        "    def method(self):\n"
        "        return 3\n"
        "x = f(\n"
        "    4,\n"
        ")\n"
    )
    name = "/tmp/ipykernel_1/123.py"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    yield name
    del linecache.cache[name]


def test_the_innermost_function_or_else_the_statement(cell):
    def around(*numbers, shown=()):
        places = [Line(cell, number) for number in numbers]
        found = snippets(places, {Line(cell, number) for number in shown})
        return [(snippet.name, snippet.first, snippet.text.count("\n") + 1) for snippet in found]

    assert around(4) == [("inner", 3, 2)]
    assert around(2) == [("outer", 1, 5)]
    assert around(2, 4) == [("outer", 1, 5)]
    assert around(8) == [("method", 7, 2)]
    assert around(10) == [("", 9, 3)]
    # A function of which lines are shown already is not shown again.
    assert around(2, shown=[3, 4]) == [("", 2, 1)]
    assert around(4, shown=[3, 4]) == []
    assert around(99) == []
    assert snippets([Line("/no/such/file.py", 1)], set()) == []


def test_a_cell_that_is_no_python(cell):
    linecache.cache[cell][2][:] = ["%%qgrad\n", "f(x)\n"]
    (snippet,) = snippets([Line(cell, 2)], set())
    assert snippet == ("", cell, 2, "f(x)")


def made(text, lines=None):
    """Stages with one of a text."""
    stage = Stage("hlo", "HLO", "hlo", lambda: Rendered(text, lines or {}))
    return Stages("f", {"hlo": stage})


def unpacked(stage):
    return json.loads(gzip.decompress(base64.b64decode(stage["gzip"])))


def of_notebook(found):
    (stage,) = found._repr_mimebundle_()[bundle.MIME_TYPE]["stages"]
    return stage


def test_long_texts_are_compressed():
    text = "\n".join(f"%{n} = add %{n - 1}, λ" for n in range(50_000))
    lines = {n: (Line("f.py", 3),) for n in (1, 50_000)}
    found = made(text, lines)
    stage = of_notebook(found)
    assert (stage["text"], stage["lines"]) == ("", [])
    assert stage["size"] == len(text.encode())
    assert len(stage["gzip"]) < len(text) / 3
    assert unpacked(stage) == {
        "text": text,
        "lines": [[1, [["f.py", 3]]], [50_000, [["f.py", 3]]]],
    }
    assert of_notebook(found) == stage
    (plain,) = found.to_dict()["stages"]
    assert plain["text"] == text and "gzip" not in plain


def test_what_cannot_be_compressed_enough_is_cut_at_a_line(monkeypatch):
    monkeypatch.setattr(bundle, "MOST_IN_A_NOTEBOOK", 50_000)
    text = "\n".join(f"%{n} = {n * 2654435761 % 2**32:x}" for n in range(20_000))
    stage = of_notebook(made(text, {n: (Line("f.py", 3),) for n in range(1, 20_001)}))
    assert len(stage["gzip"]) <= 50_000
    content = unpacked(stage)
    assert text.startswith(content["text"] + "\n")
    assert len(content["text"]) > 20_000
    count = content["text"].count("\n") + 1
    assert [entry[0] for entry in content["lines"]] == list(range(1, count + 1))
    assert stage["size"] == len(text)
