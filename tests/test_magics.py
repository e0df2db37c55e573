"""The ``%%qgrad`` magic, in a real IPython shell."""

import builtins
import re
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from qgrad_lab import reference
from qgrad_lab.workbench import Comparison

SETUP = """\
import jax, jax.numpy as jnp, pennylane as qml
from qgrad_lab import CompileError, grad, qjit

device = qml.device("lightning.qubit", wires=2)

@qml.qnode(device, diff_method="adjoint")
def circuit(x, layers=1):
    for _ in range(layers):
        qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))

@qml.qnode(device, diff_method="finite-diff")
def refused(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))

def loss(theta, scale=1.0):
    return {"loss": scale * circuit(theta[0]) * theta[1] ** 2}

theta = jnp.array([0.3, 0.7])
ran = []
"""


class Session:
    """A shell, and what running a cell in it printed."""

    def __init__(self, shell, capsys):
        self.shell, self.capsys = shell, capsys

    @property
    def names(self):
        return self.shell.user_ns

    def run(self, cell):
        self.capsys.readouterr()
        outcome = self.shell.run_cell(cell, store_history=True)
        printed = self.capsys.readouterr()
        error = outcome.error_before_exec or outcome.error_in_exec
        return SimpleNamespace(result=outcome.result, error=error, out=printed.out, err=printed.err)

    def good(self, cell):
        outcome = self.run(cell)
        assert outcome.error is None, outcome.out
        return outcome.result

    def usage_error(self, cell):
        """The one line that a cell is refused with."""
        outcome = self.run(cell)
        assert isinstance(outcome.error, UsageError), outcome.out
        assert outcome.out == ""
        assert outcome.err == f"UsageError: {outcome.error}\n"
        assert outcome.err.count("\n") == 1
        return str(outcome.error)


@pytest.fixture
def bare(capsys, tmp_path, monkeypatch):
    """A shell without the extension."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    # Python's own prompt, and so every doctest before this, leaves a ``_`` in the builtins;
    # IPython takes that for gettext's and then sets none.
    monkeypatch.delattr(builtins, "_", raising=False)
    InteractiveShell.clear_instance()
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    with shell.builtin_trap:
        yield Session(shell, capsys)
    InteractiveShell.clear_instance()


@pytest.fixture
def session(bare):
    bare.good("%load_ext qgrad_lab")
    bare.good(SETUP)
    return bare


class TestResult:
    def test_gradients_are_those_of_jax(self, session):
        result = session.good("%%qgrad\nloss(theta, scale=2.0)")
        assert isinstance(result, Comparison)
        moved = reference(session.names["loss"])
        expected = jax.grad(lambda t: moved(t, scale=2.0)["loss"])(jnp.array([0.3, 0.7]))
        np.testing.assert_allclose(result["auto"].gradient["loss"], expected, atol=1e-12)
        np.testing.assert_allclose(result["fd"].gradient["loss"], expected, atol=1e-6)
        np.testing.assert_allclose(result.reference["loss"], expected, atol=1e-12)
        assert result.call == "loss(theta, scale=2.0)"

    def test_it_is_the_result_of_the_cell(self, session):
        result = session.good("%%qgrad\ncircuit(0.3)")
        assert session.names["_"] is result
        assert "circuit(0.3) = 0.95533649" in session.run("_").out

    def test_it_is_shown(self, session):
        shown = session.run("%%qgrad\ncircuit(0.3)").out
        assert "method  gradient in x" in shown
        assert "-0.29552021" in shown

    def test_a_semicolon_silences(self, session):
        outcome = session.run("%%qgrad -o kept\ncircuit(0.3);")
        assert outcome.out == "" and outcome.result is None
        assert session.names["kept"]["auto"].difference < 1e-12

    def test_a_name(self, session):
        result = session.good("%%qgrad -o kept\ncircuit(0.3)")
        assert session.names["kept"] is result

    def test_methods_steps_and_arguments(self, session):
        result = session.good("%%qgrad -m fd --h 1e-3\nloss(theta)")
        assert [(row.method, row.h) for row in result.rows] == [("fd", 1e-3)]
        assert 1e-5 < result["fd"].difference < 1e-2
        result = session.good("%%qgrad --method fd auto --method fd -a 0 1\nloss(theta, 2.0)")
        assert [row.method for row in result.rows] == ["fd", "auto"]
        assert result.argnum == (0, 1)
        result = session.good("%%qgrad --argnum -1\nloss(theta, 2.0)")
        assert result.argnum == -1 and result.labels == ("scale",)

    def test_a_method_that_fails(self, session):
        shown = session.run("%%qgrad\nrefused(0.3)").out
        assert "auto failed: Finite differences at the QNode level" in shown
        assert "-0.295520" in shown


class TestCell:
    def test_it_runs_in_the_users_names(self, session):
        session.good("%%qgrad\nshift = 0.25\ndef f(x):\n    return circuit(x + shift)\nf(0.3)")
        assert session.names["shift"] == 0.25 and callable(session.names["f"])

    @pytest.mark.parametrize(
        "call",
        [
            "(lambda x: circuit(x) ** 2)(0.3)",
            "qjit(circuit)(0.3)",
            "grad(circuit)(0.3)",
            "namespace.f(0.3)",
            "functions[0](*[0.3], **{'layers': 2})",
            "circuit(\n    0.3,\n    layers=2,\n)",
            "circuit(0.3)  # a comment",
            "circuit(x=0.3)",
        ],
    )
    def test_any_call(self, session, call):
        session.good("from types import SimpleNamespace\nnamespace = SimpleNamespace(f=circuit)")
        result = session.good(f"%%qgrad\nfunctions = [circuit]\n{call}")
        assert result["auto"].difference < 1e-12

    def test_every_part_of_the_call_is_evaluated_once(self, session):
        session.good("def note(what, value):\n    ran.append(what)\n    return value")
        session.good("%%qgrad -m auto\nnote('f', circuit)(note('x', 0.3), layers=note('l', 2))")
        assert session.names["ran"] == ["f", "x", "l"]

    def test_ipython_syntax(self, session):
        cell = "%%qgrad -m auto\nwhere = %pwd\n%time y = 0.5\nfiles = !echo hello\ncircuit(y)"
        outcome = session.run(cell)
        assert outcome.error is None
        assert session.names["files"] == ["hello"]
        assert "Wall time" in outcome.out
        assert isinstance(session.names["where"], str)

    def test_curly_braces_and_dollars_are_the_users(self, session):
        assert session.good("%%qgrad -m auto\nname = '{theta}$theta'\ncircuit(0.3)")
        assert session.names["name"] == "{theta}$theta"

    def test_future_statements(self, session):
        session.good(
            "%%qgrad -m auto\nfrom __future__ import annotations\n"
            "def f(x: Undefined):\n    return circuit(x)\nf(0.3)"
        )

    def test_sources_of_functions_are_found(self, session):
        session.good("%%qgrad -m auto\ndef f(x):\n    return circuit(x)\nf(0.3)")
        session.good("import inspect")
        source = session.good("inspect.getsource(f)")
        assert source == "def f(x):\n    return circuit(x)\n"

    @pytest.mark.parametrize(
        ("last", "found"),
        [
            ("y = circuit(0.3)", "here it is: y = circuit(0.3) (to give the result a name, use"),
            ("y = 3", "here it is: y = 3"),
            ("circuit", "here it is: circuit"),
            ("for _ in range(3):\n    circuit(0.3)", "here it is: for _ in range(3): ..."),
            ("def f(x):\n    return x", "here it is: def f(x): ..."),
            ("circuit(0.3) + 1", "here it is: circuit(0.3) + 1"),
            ("!ls", "here it is: !ls"),
            ("%time circuit(0.3)", "here it is: %time circuit(0.3)"),
        ],
    )
    def test_a_last_line_that_is_no_call(self, session, last, found):
        message = session.usage_error(f"%%qgrad\nran.append(1)\n{last}")
        assert "such as loss(theta)" in message and found in message
        assert session.names["ran"] == []  # nothing is run before it is known to be right

    def test_no_code(self, session):
        assert "this cell has no code" in session.usage_error("%%qgrad\n# nothing\n")

    def test_what_cannot_be_called(self, session):
        message = session.usage_error("%%qgrad\ntheta(3)")
        assert "theta is of type ArrayImpl, which cannot be called" in message


class TestErrors:
    @pytest.mark.parametrize(
        ("line", "quoted"),
        [
            ("--method adjoint", "'adjoint'"),
            ("--method", "-m/--method"),
            ("--h zero", "'zero'"),
            ("--h 0", "'0'"),
            ("--h nan", "'nan'"),
            ("--argnum first", "'first'"),
            ("-o 2x", "'2x'"),
            ("-o class", "'class'"),
            ("-o 'x", "quotation"),
            ("--unknown", "--unknown"),
            ("loss(theta)", "loss(theta)"),
            ("-m auto --h 1e-3", "--h"),
        ],
    )
    def test_options(self, session, line, quoted):
        message = session.usage_error(f"%%qgrad {line}\nran.append(1)\ncircuit(0.3)")
        assert quoted in message
        assert session.names["ran"] == []

    @pytest.mark.parametrize(
        ("call", "said"),
        [
            ("circuit(2)", "only supports differentiation on floating-point arguments"),
            ("loss('a')", "str"),
            ("str(0.3)", "TypeError"),
            ("qml.probs(wires=0)", ""),
        ],
    )
    def test_calls_that_cannot_be_differentiated(self, session, call, said):
        outcome = session.run(f"%%qgrad\n{call}")
        assert outcome.error is not None
        if said:
            assert said in str(outcome.error)

    def test_arrays_are_not_differentiated(self, session):
        message = session.usage_error(
            "%%qgrad\n@qml.qnode(device)\ndef probabilities(x):\n    qml.RX(x, wires=0)\n"
            "    return qml.probs(wires=[0])\nprobabilities(0.3)"
        )
        assert "probabilities(0.3) returns float64[2]" in message
        assert "qml.expval" in message

    def test_an_argument_that_is_not_there(self, session):
        assert "Invalid argnum 4" in session.usage_error("%%qgrad --argnum 4\ncircuit(0.3)")

    def test_all_methods_fail_in_their_own_ways(self, session):
        message = session.usage_error("%%qgrad\nloss(1)\n"[:-1].replace("loss(1)", "circuit(1)"))
        assert message.count("floating-point") == 1  # said once, though both methods said it

    @pytest.mark.parametrize("blank", [0, 2])
    def test_the_users_traceback_above_the_call(self, session, blank):
        cell = "%%qgrad" + "\n" * (1 + blank) + "def f(x):\n    return 1 / x\nf(0)\ncircuit(0.3)"
        outcome = session.run(cell)
        assert isinstance(outcome.error, ZeroDivisionError)
        assert re.findall(r"^Cell In\[\d+\], line (\d+)", outcome.out, re.M) == [
            str(4 + blank),
            str(3 + blank),
        ]
        assert "ZeroDivisionError: division by zero" in outcome.out
        for ours in ("workbench", "qgrad_lab/", "get_ipython", "run_cell_magic"):
            assert ours not in outcome.out

    def test_the_users_traceback_in_the_call(self, session):
        outcome = session.run("%%qgrad\ncircuit(undefined)")
        assert isinstance(outcome.error, NameError)
        assert "----> 2 circuit(undefined)" in outcome.out
        assert "workbench" not in outcome.out and "get_ipython" not in outcome.out

    def test_the_users_traceback_in_the_function(self, session):
        session.good("def broken(x):\n    y = 2\n    return circuit(x) + undefined")
        outcome = session.run("%%qgrad\nbroken(0.3)")
        assert isinstance(outcome.error, NameError)
        assert "----> 3     return circuit(x) + undefined" in outcome.out
        for between in ("workbench", "qgrad_lab/", "get_ipython", "site-packages"):
            assert between not in outcome.out

    def test_the_users_traceback_in_a_circuit(self, session):
        outcome = session.run(
            "%%qgrad\n@qml.qnode(device)\ndef f(x):\n    qml.RX(x, wires=[0, 1])\n"
            "    return qml.expval(qml.Z(0))\nf(0.3)"
        )
        assert "----> 4     qml.RX(x, wires=[0, 1])" in outcome.out
        assert "wrong number of wires" in outcome.out
        assert "site-packages" not in outcome.out and "workbench" not in outcome.out

    def test_jax_names_the_users_function(self, session):
        session.good("def branch(x):\n    if x > 0:\n        return x\n    return circuit(x)")
        outcome = session.run("%%qgrad\nbranch(0.3)")
        assert isinstance(outcome.error, jax.errors.TracerBoolConversionError)
        assert "tracing the function branch" in outcome.out
        assert "the value of the argument x" in outcome.out
        assert "workbench" not in outcome.out

    @pytest.mark.parametrize(
        ("wrong", "line", "said"),
        [
            ("y = = 2", 3, "invalid syntax"),
            ("return 3", 3, "'return' outside function"),
            ("  y = 2", 3, "unexpected indent"),
        ],
    )
    def test_syntax_errors(self, session, wrong, line, said):
        outcome = session.run(f"%%qgrad\nran.append(1)\n{wrong}\ncircuit(0.3)")
        assert f", line {line}\n" in outcome.out and said in outcome.out
        assert re.search("(Syntax|Indentation)Error: ", outcome.out)
        assert "workbench" not in outcome.out and "get_ipython" not in outcome.out
        assert session.names["ran"] == []

    def test_the_cell_has_failed(self, session):
        """So that Run All stops there."""
        for cell in ("ran.append(1", "1 / 0\ncircuit(0.3)", "circuit(2)", "3"):
            assert not session.shell.run_cell(f"%%qgrad\n{cell}").success

    def test_a_failure_binds_nothing(self, session):
        session.run("%%qgrad -o kept\ncircuit(2)")
        assert "kept" not in session.names


class TestExtension:
    def test_unloading(self, session):
        session.good("%unload_ext qgrad_lab")
        assert "not found" in session.usage_error("%%qgrad\ncircuit(0.3)")
        assert complete(session, "%%qgrad --m") == []
        session.good("%load_ext qgrad_lab")
        assert session.good("%%qgrad\ncircuit(0.3)")

    def test_loading_twice_and_reloading(self, session):
        assert "already loaded" in session.run("%load_ext qgrad_lab").out
        session.good("%reload_ext qgrad_lab")
        assert session.good("%%qgrad\ncircuit(0.3)")
        assert complete(session, "%%qgrad --me") == ["--method"]

    def test_before_loading(self, bare):
        assert "not found" in bare.usage_error("%%qgrad\nf(0.3)")

    def test_help(self, session):
        text = session.shell.find_cell_magic("qgrad").__doc__
        for piece in ("%%qgrad --method fd --h 1e-5", "--argnum", "-o NAME", "options:"):
            assert piece in text

    @pytest.mark.parametrize(
        ("line", "offered"),
        [
            ("%%qgrad --", ["--argnum", "--h", "--ir", "--method"]),
            ("%%qgrad --me", ["--method"]),
            ("%%qgrad --method ", ["auto", "fd"]),
            ("%%qgrad --method auto ", ["fd"]),
            ("%%qgrad -m f", ["fd"]),
            ("%%qgrad -m fd --a", ["--argnum"]),
        ],
    )
    def test_completion(self, session, line, offered):
        assert sorted(complete(session, line)) == offered

    def test_completion_of_a_name_is_left_to_ipython(self, session):
        assert not any(match.startswith("-") for match in complete(session, "%%qgrad -o "))


class TestStages:
    def test_a_stage_of_a_call(self, session):
        stage = session.good("%qgrad_ir program loss(theta)")
        assert stage.name == "program"
        assert stage.text.startswith("program circuit(theta: f64[1])")
        assert "<details open>" in stage._repr_html_()

    def test_constants_of_the_program_are_as_in_a_cell(self, session):
        assert session.good("%qgrad_ir circuit circuit(0.3, layers=3)").text.count("RX") == 3

    def test_of_a_derivative_and_of_a_compiled_program(self, session):
        for f, transposed in {"grad(loss)": 1, "qjit(grad(loss))": 1, "loss": 0}.items():
            text = session.good(f"%qgrad_ir jaxpr {f}(theta)").text
            assert text.count("transposed=True") == transposed

    def test_the_lines_are_the_users(self, session):
        stage = session.good("%qgrad_ir program circuit(0.3)")
        ((place,),) = stage.lines.values()
        assert "qml.RX(x, wires=0)" in SETUP.splitlines()[place.number - 1]

    def test_nothing_is_run(self, session):
        session.good("def noted(x):\n    jax.debug.callback(ran.append, x)\n    return x")
        session.good("%qgrad_ir stablehlo noted(theta)")
        assert session.names["ran"] == []

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("", "'' is not a stage; these are: source, circuit, jaxpr"),
            ("loss(theta)", "'loss(theta)' is not a stage; these are: source, circuit"),
            ("ast loss(theta)", "'ast' is not a stage"),
            ("jaxpr", "%qgrad_ir takes the name of a stage and a call, such as %qgrad_ir jaxpr"),
            ("jaxpr theta", "%qgrad_ir takes the name of a stage and a call"),
            ("jaxpr y = loss(theta)", "here it is: y = loss(theta)"),
            ("jaxpr circuit(0.1, 0.2, 0.3)", "too many positional arguments|takes from 1 to 2"),
        ],
    )
    def test_what_is_wrong_is_said_in_one_line(self, session, line, words):
        outcome = session.run(f"%qgrad_ir {line}")
        assert outcome.error is not None
        assert re.search(words if "|" in words else re.escape(words), str(outcome.error))

    def test_beside_a_comparison(self, session):
        outcome = session.run("%%qgrad -m auto --ir program -o found\nloss(theta)")
        assert outcome.error is None
        assert isinstance(session.names["found"], Comparison)
        assert "<Stage program: " in outcome.out
        refused = session.usage_error("%%qgrad --ir ast\nloss(theta)")
        assert "argument --ir: 'ast' is not a stage; these are: source, circuit" in refused

    def test_completion(self, session):
        with session.shell.builtin_trap:
            assert complete(session, "%qgrad_ir st") == ["stablehlo"]
            assert "hlo" in complete(session, "%%qgrad --ir ")
            assert "stablehlo" not in complete(session, "%qgrad_ir hlo l")

    def test_it_is_taken_back(self, session):
        session.good("%unload_ext qgrad_lab")
        assert "not found" in session.run("%qgrad_ir jaxpr loss(theta)").err


def complete(session, line):
    _, matches = session.shell.complete(line.split(" ")[-1], line, len(line))
    return matches
