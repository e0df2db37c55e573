"""The ``%%qgrad`` magic, in a real IPython shell."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qgrad_lab import reference
from qgrad_lab.comparison import Comparison


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
            ("--method magic", "'magic'"),
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
            ("-r 2", "'2'"),
            ("--at theta", "--at"),
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
