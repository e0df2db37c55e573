"""Every form of a program, and from its lines to the user's."""

import importlib.util
import inspect
import json
import platform

import jax
import jax.numpy as jnp
import pennylane as qml
import pytest

from qgrad_lab import CompileError, grad, qjit, stages

NAMES = ["source", "circuit", "jaxpr", "program", "plan", "stablehlo", "hlo", "llvm", "assembly"]


@qml.qnode(qml.device("lightning.qubit", wires=2))
def circuit(x):
    qml.RX(x[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(x[1], wires=1)
    return qml.expval(qml.Z(1))


def loss(x):
    """Classical code before and after a circuit."""
    angles = jnp.sin(x) * 2
    return jnp.tanh(circuit(angles)) ** 2


X = jnp.array([0.3, 0.5])
FIRST = inspect.getsourcelines(loss)[1]


def users_lines(stage, text):
    """The lines of `loss` or `circuit` that the lines of ``stage`` with ``text`` come from."""
    numbers = [n for n, line in enumerate(stage.text.splitlines(), 1) if text in line]
    assert numbers, (text, stage.text)
    found = [place for n in numbers for place in stage.lines.get(n, ())]
    assert all(place.file == __file__ for place in found), found
    with open(__file__) as file:
        lines = file.read().splitlines()
    return {lines[place.number - 1].strip() for place in found}


SINE = "angles = jnp.sin(x) * 2"
TANH = "return jnp.tanh(circuit(angles)) ** 2"


@pytest.mark.parametrize("fn", [loss, grad(loss), qjit(loss), qjit(grad(loss))])
def test_all_stages_in_order(fn):
    found = stages(fn, X)
    assert list(found) == NAMES
    assert len(found) == len(NAMES)
    for name, stage in found.items():
        assert not stage.is_computed
        assert "not computed" in repr(stage)
        assert stage.text or stage.missing, name
        assert stage.size == len(stage.text.encode())
        assert stage.seconds >= 0
        assert "\n" not in stage.missing
        assert set(stage.lines) <= set(range(1, stage.text.count("\n") + 2)), name
    assert "def loss(x):" in found["source"].text
    assert found["source"].lines[1] == ((__file__, FIRST),)
    assert "RX(theta[0])" in found["circuit"].text
    assert "plan on 2 wires" in found["plan"].text
    assert "stablehlo.tanh" in found["stablehlo"].text
    assert found["hlo"].text.startswith("HloModule")


def test_of_a_quantum_function():
    found = stages(circuit, X)
    assert "qml.RY(x[1], wires=1)" in found["source"].text
    assert found["assembly"].missing or found["assembly"].text


def test_nothing_else_is_computed():
    found = stages(grad(loss), X)
    assert found["stablehlo"].text
    computed = [name for name, stage in found.items() if stage.is_computed]
    assert computed == ["stablehlo"]
    assert repr(found) == f"<Stages of loss: {', '.join(NAMES)}>"
    assert [name for name, stage in found.items() if stage.is_computed] == computed


def test_a_program_that_ran_before_is_compiled_anew():
    compiled = qjit(loss)
    compiled(X)
    assert stages(compiled, X)["jaxpr"].seconds > 1e-4


def test_lines_of_the_program():
    program = stages(grad(loss), X)["program"]
    assert users_lines(program, "RX(theta[0]) 0") == {"qml.RX(x[0], wires=0)"}
    assert users_lines(program, "CNOT 0 1") == {"qml.CNOT(wires=[0, 1])"}
    assert users_lines(program, "RY(theta[1]) 1") == {"qml.RY(x[1], wires=1)"}


@pytest.mark.parametrize(
    ("name", "sine", "tanh", "call"),
    [
        ("jaxpr", " sin ", " tanh ", " circuit["),
        ("stablehlo", "stablehlo.sine", "stablehlo.tanh", "stablehlo.custom_call"),
    ],
)
def test_lines_of_what_jax_makes(name, sine, tanh, call):
    stage = stages(loss, X)[name]
    assert SINE in users_lines(stage, sine)
    assert TANH in users_lines(stage, tanh)
    assert TANH in users_lines(stage, call)


def test_lines_of_what_xla_makes():
    stage = stages(loss, X)["hlo"]
    assert {SINE, TANH} <= users_lines(stage, " = ")
    assert users_lines(stage, " sine(") == {SINE}
    assert users_lines(stage, " tanh(") == {TANH}
    assert "FileNames" not in stage.text


def test_lines_of_machine_code():
    found = stages(lambda x: jnp.sum(jnp.sin(x) * jnp.exp(x)), jnp.ones(64))
    assembly, llvm = found["assembly"], found["llvm"]
    assert llvm.missing or "define " in llvm.text
    for stage in (llvm, assembly):
        if not stage.missing:
            assert any(place.file == __file__ for p in stage.lines.values() for place in p)
    if platform.system() == "Linux" and importlib.util.find_spec("capstone"):
        assert " ret" in assembly.text


def test_lines_are_not_of_an_equal_program_that_was_kept(tmp_path):
    text = "import jax.numpy as jnp\ndef f(x):\n    return jnp.tanh(circuit(x)) ** 3\n"
    for name in "before.py", "after.py":
        file = tmp_path / name
        file.write_text(text)
        space = {"circuit": circuit}
        exec(compile(text, str(file), "exec"), space)
        qjit(space["f"])(X)  # kept on disk, with these lines
        hlo = stages(space["f"], X)["hlo"]
        found = {line for lines in hlo.lines.values() for line in lines}
        assert {line for line in found if line.file != __file__} == {(str(file), 3)}


def test_a_program_without_machine_code_of_its_own():
    found = stages(qml.QNode(lambda: qml.state(), qml.device("default.qubit", wires=1)))
    assert found["program"].missing == "no circuit runs natively in this program"
    assert not found["program"].text
    assert str(found["program"]) == f"no Program: {found['program'].missing}"


def test_each_circuit_of_a_program_once():
    def twice(x):
        return circuit(x) + circuit(2 * x) + other(x)

    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def other(x):
        qml.RZ(x[0], wires=0)
        return qml.expval(qml.X(0))

    found = stages(twice, X)
    assert found["program"].text.count("program circuit") == 1
    assert found["program"].text.count("program other") == 1
    assert found["circuit"].text.count("return expval") == 2


def test_wrong_names_and_functions():
    with pytest.raises(KeyError, match="'ir' is not a stage; these are: source, circuit, jaxpr"):
        stages(loss, X)["ir"]
    with pytest.raises(TypeError, match="not a callable object"):
        stages(3.0, X)

    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def wrong(x):
        qml.RX(x, wires=7)
        return qml.expval(qml.Z(0))

    found = stages(wrong, 0.1)
    assert "qml.RX(x, wires=7)" in found["source"].text
    with pytest.raises(CompileError, match="which the device does not have"):
        _ = found["program"].text


def test_differences():
    found = stages(grad(loss), X)
    lines = found.diff("stablehlo", "hlo").splitlines()
    assert lines[:2] == ["--- stablehlo", "+++ hlo"]
    assert found.diff("hlo", "hlo") == ""
    shorter = found.diff("stablehlo", "hlo", context=0)
    assert len(shorter.splitlines()) <= len(lines)


def test_files(tmp_path):
    found = stages(loss, X)
    files = found.save(tmp_path / "ir")
    texts = {name: stage.text for name, stage in found.items() if stage.text}
    assert [file.name.split(".")[0].split("_")[1] for file in files] == list(texts)
    assert files[0].name == "1_source.py"
    for file, text in zip(files, texts.values(), strict=True):
        assert file.read_text() == text + "\n"
    assert found.save(tmp_path / "ir") == files


def test_what_a_notebook_is_given():
    found = stages(grad(loss), X)
    bundle = json.loads(json.dumps(found._repr_mimebundle_()))
    assert bundle["text/plain"] == repr(found)
    data = bundle["application/vnd.qgrad-lab.stages.v1+json"]
    assert data == json.loads(json.dumps(found.to_dict()))
    assert data["version"] == 1
    assert [stage["name"] for stage in data["stages"]] == NAMES
    html = bundle["text/html"]
    assert html.count("<details>") == len(NAMES)
    assert "<script" not in html
    assert "qml.RX(x[0], wires=0)" not in html  # loss is the source, and it is quoted
    assert "jnp.sin(x) * 2" in html


def test_long_texts_are_cut_in_the_view_alone():
    def long(x):
        for _ in range(3000):
            x = jnp.sin(x)
        return x

    found = stages(long, 0.5)
    html = found._repr_mimebundle_()["text/html"]
    assert found["stablehlo"].text.count("stablehlo.sine") == 3000
    assert html.count("stablehlo.sine") < 600
    assert "more: .text has all of it" in html
    assert len(html) < 600_000


def test_special_characters_are_quoted():
    def compare(x):
        return jnp.where(x < 1, "<b>" == "", x)

    html = stages(compare, 0.5)._repr_mimebundle_()["text/html"]
    assert "x &lt; 1, &quot;&lt;b&gt;&quot;" in html


def test_in_other_transformations():
    found = stages(jax.vmap(grad(loss)), jnp.ones((3, 2)))
    assert "f64[3,2]" in found["jaxpr"].text
    assert "program circuit" in found["program"].text
