"""What JupyterLab's panel runs in a kernel: the list of functions, and the workbench it opens."""

import json
import threading

import pytest

from qgrad_lab._version import __version__
from qgrad_lab.workbench import list_functions, panel

CELL = """
import qgrad_lab, numpy as np
from json import dumps as imported
import functools

@qml.qnode(device)
def sampled(theta, /, g: float = 0.5, *, wires=(0, 1)):
    "What is measured.\\n\\nMore."
    return qml.expval(qml.Z(0))

compiled = qjit(loss)
by_jax = jax.jit(lambda x: x)
part = functools.partial(loss, scale=2.0)

def nothing():
    return 1.0

def many(first, *others, start=np.zeros(3), how={"a": [1, 2]}, **options):
    return first

class Loud:
    "An object that says when it is looked at."
    def __repr__(self):
        ran.append("repr")
        return "loud"
    def __call__(self, x, other=None):
        ran.append("call")
        return x

class Broken:
    def __getattr__(self, name):
        raise RuntimeError("not now")
    def __call__(self, x):
        return x

loud, broken = Loud(), Broken()

def defaults(x, y=loud):
    return x

_hidden = loss
"""


@pytest.fixture
def listed(session):
    session.good(CELL)
    return session


def by_name(text):
    found = json.loads(text)
    assert (found["protocol"], found["package"]) == (1, "qgrad-lab")
    assert found["version"] == __version__
    return {entry["name"]: entry for entry in found["functions"]}


class TestListing:
    def test_what_is_listed(self, listed):
        found = by_name(list_functions())
        assert list(found) == [
            *("circuit", "refused", "loss", "sampled", "compiled", "by_jax", "part", "many"),
            *("loud", "defaults"),
        ]
        kinds = {name: entry["kind"] for name, entry in found.items()}
        assert kinds["circuit"] == kinds["sampled"] == "qnode"
        assert kinds["compiled"] == kinds["by_jax"] == "compiled"
        assert kinds["loss"] == kinds["many"] == kinds["loud"] == "function"

    def test_signatures(self, listed):
        found = by_name(list_functions())
        signatures = {name: entry["signature"] for name, entry in found.items()}
        assert signatures["sampled"] == "(theta, /, g=0.5, *, wires=(0, 1))"
        assert signatures["many"] == (
            "(first, *others, start=<float64[3]>, how={'a': [1, 2]}, **options)"
        )
        assert signatures["defaults"] == "(x, y=<Loud>)"
        assert signatures["compiled"] == signatures["loss"] == "(theta, scale=1.0)"

    def test_arguments(self, listed):
        theta, g, wires = by_name(list_functions())["sampled"]["arguments"]
        assert theta == {
            "name": "theta",
            "kind": "positional-only",
            "default": None,
            "defined": True,
        }
        assert (g["default"], g["kind"], g["defined"]) == ("0.5", "positional or keyword", False)
        assert (wires["default"], wires["kind"]) == ("(0, 1)", "keyword-only")

    def test_documentation(self, listed):
        found = by_name(list_functions())
        assert found["sampled"]["summary"] == "What is measured."
        assert found["loss"]["summary"] is None

    def test_nothing_happens(self, listed):
        shell = listed.shell
        before = dict(shell.user_ns)
        kept = dict(shell.user_ns["Out"]), list(shell.user_ns["In"]), shell.execution_count
        answer = shell.user_expressions(
            {"found": "__import__('qgrad_lab.workbench', fromlist=['_']).list_functions()"}
        )["found"]
        assert answer["status"] == "ok"
        assert list(answer["data"]) == ["text/plain"]
        after = dict(shell.user_ns)
        assert list(after) == list(before)
        assert all(after[name] is before[name] for name in after)
        assert kept == (dict(after["Out"]), list(after["In"]), shell.execution_count)
        assert listed.names["ran"] == []

    def test_without_a_shell(self, run_python):
        program = """
            from qgrad_lab.workbench import list_functions
            def loss(theta):
                return theta
            print(list_functions())
        """
        assert list(by_name(run_python(program))) == ["loss"]


class TestPanel:
    @pytest.fixture
    def shown(self, session, monkeypatch):
        shown = []
        monkeypatch.setattr(panel, "display", shown.append)
        yield shown
        panel.close_workbench("one")

    def test_it_opens_a_workbench(self, session, shown):
        names = set(session.names)
        panel.open_workbench("one", "loss", "theta, scale=2.0", methods=["auto"], theme="dark")
        (bench,) = shown
        assert bench.wait(120)
        code = " ".join(bench.code.split())
        assert "qgrad_lab.compare( loss, jnp.array([0.3, 0.7]), 2.0, methods=['auto']" in code
        assert 'qgrad-theme-dark"' in bench.panel.output.value
        assert set(session.names) == names

    def test_the_next_takes_its_place(self, session, shown):
        threads = threading.active_count()
        panel.open_workbench("one", "circuit", "0.3", methods="auto")
        panel.open_workbench("one", "circuit", "0.4", methods="auto")
        first, second = shown
        assert first.comm is None and second.comm is not None
        panel.close_workbench("one")
        assert second.comm is None
        panel.close_workbench("one")
        for thread in threading.enumerate()[threads:]:
            thread.join(60)

    @pytest.mark.parametrize(
        ("function", "arguments", "said"),
        [
            ("gone", "", "There is no function gone in this kernel: refresh the list."),
            ("circuit", "0.3,,", "SyntaxError: "),
            ("circuit", "missing", "name &#x27;missing&#x27; is not defined"),
            ("circuit", "", "The arguments do not fit circuit(x, layers=1): missing a required"),
        ],
    )
    def test_what_is_wrong_is_said(self, session, shown, function, arguments, said):
        panel.open_workbench("one", function, arguments)
        (page,) = shown
        assert 'role="alert"' in page.data and said in page.data
