"""``%qgrad_ir``, and stages beside a comparison."""

import re

import pytest

from qgrad_lab.comparison import Comparison
from tests.support.ipython_session import SETUP


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
        assert session.complete("%qgrad_ir st") == ["stablehlo"]
        assert "hlo" in session.complete("%%qgrad --ir ")
        assert "stablehlo" not in session.complete("%qgrad_ir hlo l")

    def test_it_is_taken_back(self, session):
        session.good("%unload_ext qgrad_lab")
        assert "not found" in session.run("%qgrad_ir jaxpr loss(theta)").err
