"""The options of ``qjit``, declared signatures, and the life of a ``QJIT`` object."""

import copy
import functools
import importlib.util
import inspect
import pickle
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import QJIT, grad, qjit, reference, while_loop
from qgrad_lab.engine.library import FFI_TARGET

F64 = jnp.float64


@qml.qnode(qml.device("lightning.qubit", wires=1))
def circuit(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


@pytest.fixture(scope="module")
def events():
    """Names of everything that JAX has traced, lowered and compiled."""
    seen = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, duration, **_: seen.append(name.rsplit("/", 1)[-1])
    )
    return seen


def compilations(events):
    return events.count("backend_compile_duration")


@pytest.fixture
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


# Static arguments


def power(x, n=2, *, scale=1.0, kind="sum"):
    assert isinstance(n, int)
    return scale * x**n if kind == "sum" else -scale * x**n


@pytest.mark.parametrize(
    "options",
    [
        {"static_argnums": 1, "static_argnames": "kind"},
        {"static_argnums": [1], "static_argnames": ["kind"]},
        {"static_argnames": ("n", "kind")},
    ],
)
def test_static_arguments(options):
    f = qjit(power, **options)
    assert f(3.0, 3) == 27.0
    assert f(3.0, n=2, scale=2.0) == 18.0
    assert f(3.0, 2, kind="difference") == -9.0
    assert jax.grad(f)(3.0, 3) == 27.0


def test_a_static_argument_compiles_once_for_each_value():
    traces = []

    @qjit(static_argnames="n")
    def f(x, n):
        traces.append(n)
        return x * n

    assert [f(2.0, 3), f(3.0, 3), f(3.0, n=4), f(1.0, n=4)] == [6.0, 9.0, 12.0, 4.0]
    assert traces == [3, 4]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"static_argnums": "x"}, "static_argnums was 'x'"),
        ({"static_argnums": True}, "static_argnums was True"),
        ({"static_argnums": [0.5]}, "sequence of ints"),
        ({"static_argnames": 1}, "static_argnames was 1; it is a str"),
        ({"static_argnames": [1]}, "sequence of strs"),
        ({"seed": "a"}, "seed was 'a'"),
        ({"seed": 1.0}, "seed was 1.0"),
        ({"seed": True}, "seed was True"),
    ],
)
def test_options_of_the_wrong_type(options, message):
    with pytest.raises(TypeError, match=message):
        qjit(power, **options)
    with pytest.raises(TypeError, match=message):
        qjit(**options)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seed_out_of_range(seed):
    with pytest.raises(ValueError, match="unsigned 32-bit integer"):
        qjit(power, seed=seed)


@pytest.mark.parametrize("seed", [None, 0, 2**32 - 1, np.int64(5)])
def test_seed(seed):
    assert qjit(seed=seed)(lambda x: x).seed == seed


def test_not_callable():
    with pytest.raises(TypeError, match="is not a callable object"):
        qjit(3)


def test_of_a_qjit_with_other_options():
    f = qjit(qjit(power, seed=3), static_argnums=1)
    assert f(2.0, 3) == 8.0
    assert f.seed is None


# Verbose


def test_verbose_tells_each_compilation_once(capfd, events):
    f = qjit(lambda x: circuit(x) ** 2, verbose=True)
    before = compilations(events)
    f(0.1), f(0.2)
    assert compilations(events) == before + 1
    f(jnp.ones(()))
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "<lambda>(float64[])" in lines[0]
    assert all(word in lines[0] for word in ("tracing", "lowering", "XLA", " s"))


def test_verbose_is_quiet_inside_of_other_programs(capfd):
    f = qjit(circuit, verbose=True)
    outer = qjit(lambda x: f(x))
    np.testing.assert_allclose([outer(0.1), jax.grad(f)(0.1)], [np.cos(0.1), -np.sin(0.1)])
    assert capfd.readouterr().err == ""


def test_verbose_tells_compilations_ahead(capfd):
    @qjit(verbose=True)
    def f(x: float):
        return circuit(x)

    assert "compiled" in capfd.readouterr().err
    f(0.3)
    assert capfd.readouterr().err == ""


# Declared signatures

CALLS = {
    "float": lambda: 2.0,
    "int": lambda: 2,
    "bool": lambda: True,
    "np.float64": lambda: np.float64(2.0),
    "np.float32": lambda: np.float32(2.0),
    "np.int32": lambda: np.int32(2),
    "np.ndarray": lambda: np.array(2),
    "jax float": lambda: jnp.array(2.0),
    "jax int": lambda: jnp.array(2),
}


@pytest.mark.parametrize("annotation", [float, np.float64, jax.ShapeDtypeStruct((), F64)])
@pytest.mark.parametrize("make", CALLS.values(), ids=CALLS.keys())
def test_arguments_are_promoted(annotation, make, no_warnings, events):
    traces = []

    def f(x):
        traces.append(x)
        return x * 1.5

    f.__annotations__ = {"x": annotation}
    f = qjit(f)
    assert len(traces) == 1
    value = make()
    before = compilations(events)
    result = f(value)
    assert compilations(events) - before <= int(isinstance(value, jax.Array))  # its conversion
    assert len(traces) == 1
    np.testing.assert_allclose(result, float(value) * 1.5)
    assert result.dtype == F64


def test_compiled_ahead_only_once(events):
    before = compilations(events)

    @qjit
    def f(x: float, y: jax.ShapeDtypeStruct((2,), F64)):
        return circuit(x) * y

    assert compilations(events) == before + 1
    f(0.3, np.ones(2))
    f(1, np.ones(2, int))
    f(y=np.ones(2), x=0.3)
    assert compilations(events) == before + 1


def test_arrays_are_promoted(no_warnings):
    @qjit
    def f(x: jax.ShapeDtypeStruct((2,), F64)):
        return x.sum()

    results = [f(np.ones(2, t)) for t in (int, np.float32, bool)] + [f(jnp.ones(2, int))]
    assert all(r == 2.0 and r.dtype == F64 for r in results)


@pytest.mark.parametrize("value", [1j, np.ones(2), [1.0, 2.0]], ids=str)
def test_another_signature_is_compiled_with_a_notice(value):
    @qjit
    def f(x: float):
        return jax.tree.map(lambda leaf: leaf * 2, x)

    with pytest.warns(UserWarning, match="did not match declared signature, recompiling") as seen:
        result = f(value)
    jax.tree.map(np.testing.assert_allclose, result, jax.tree.map(lambda leaf: leaf * 2, value))
    assert "x is declared as float64[] and was given" in str(seen[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # once is enough
        f(value)
        assert f(2.0) == 4.0


def test_a_float_is_not_truncated():
    f = qjit(_annotated(lambda n: n * 2, n=int))
    with pytest.warns(UserWarning, match="n is declared as int64"):
        assert f(1.5) == 3.0


def test_no_notice_without_annotations(no_warnings):
    f = qjit(lambda x: x * 2)
    f(1.0), f(1), f(np.ones(2))


def _annotated(f, **annotations):
    f.__annotations__ = annotations
    return f


def test_text_annotations(no_warnings):
    traces = []

    def f(x):
        traces.append(x)
        return x / 2

    f.__annotations__ = {"x": "float"}
    assert qjit(f)(3) == 1.5
    assert len(traces) == 1


@pytest.mark.parametrize(
    "annotation", [jax.Array, np.ndarray, "NoSuchName", object, np.floating, list], ids=str
)
def test_annotations_that_say_too_little(annotation, no_warnings):
    traces = []

    def f(x):
        traces.append(x)
        return x * 2

    f.__annotations__ = {"x": annotation}
    f = qjit(f)
    assert traces == []
    assert f(2) == 4


def test_defaults_and_keyword_only_arguments(no_warnings):
    def f(x: float, n: int = 2, *, scale: float = 1.0):
        return scale * x * n

    f = qjit(f)
    assert f(3) == 6.0
    assert f(3, 4) == 12.0
    assert f(x=3, scale=2) == 12.0
    assert f(3.0, n=1, scale=0.5) == 1.5


def test_required_keyword_only_argument(no_warnings):
    traces = []

    def f(*, x: float):
        traces.append(x)
        return x * 2

    f = qjit(f)
    assert f(x=3) == 6.0
    assert len(traces) == 1


def test_promotion_under_transformations(no_warnings):
    @qjit
    def f(x: float):
        return circuit(x)

    np.testing.assert_allclose(jax.vmap(f)(jnp.arange(3)), np.cos([0, 1, 2]))
    np.testing.assert_allclose(jax.jit(f)(1), np.cos(1))
    np.testing.assert_allclose(jax.grad(f)(0.3), -np.sin(0.3))


def test_failure_ahead_warns_and_raises_at_the_call():
    with pytest.warns(UserWarning, match="AOT compilation failed: .mine"):

        @qjit
        def f(x: float):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        f(1.0)


def test_a_wrong_call_is_an_ordinary_type_error():
    f = qjit(_annotated(lambda x: x, x=float))
    with pytest.raises(TypeError, match="unexpected keyword argument 'y'"):
        f(y=1.0)


# What can be compiled


def test_kinds_of_callables():
    class Callable:
        factor = 3.0

        def __call__(self, x):
            return self.factor * circuit(x)

        def method(self, x):
            return self(x)

    expected = 3 * np.cos(0.3)
    for f in (
        lambda x: 3 * circuit(x),
        functools.partial(lambda factor, x: factor * circuit(x), 3.0),
        functools.partial(lambda x, *, factor: factor * circuit(x), factor=3),
        Callable(),
        Callable().method,
    ):
        np.testing.assert_allclose(qjit(f)(0.3), expected)
        np.testing.assert_allclose(jax.grad(qjit(f))(0.3), -3 * np.sin(0.3))
        assert repr(qjit(f)).startswith("<qjit-compiled function ")


def test_signatures():
    @qjit
    def f(x, y=2.0, *args, scale=1.0, **kwargs):
        return (x + y + sum(args) + sum(kwargs.values())) * scale

    assert f(1.0) == 3.0
    assert f(1.0, 3.0, 4.0, 5.0) == 13.0
    assert f(1.0, y=1.0, scale=2.0, a=1.0, b=2.0) == 10.0


def test_metadata():
    @qjit
    def f(x, y=1):
        """What f does."""

    assert (f.__name__, f.__doc__, f.__module__) == ("f", "What f does.", __name__)
    assert f.__wrapped__ is f.original_function
    assert str(inspect.signature(f)) == "(x, y=1)"


class Model:
    def __init__(self, scale):
        self.scale = scale
        self.traces = 0

    @qjit
    def loss(self, x, power=1):
        """The loss."""
        self.traces += 1
        return self.scale * circuit(x) ** power

    @staticmethod
    @qjit
    def static(x):
        return circuit(x)

    @classmethod
    @qjit
    def of_class(cls, x):
        return circuit(x) if cls is Model else 0.0

    __hash__ = None  # as a mutable class with __eq__


def test_methods():
    two, three = Model(2.0), Model(3.0)
    np.testing.assert_allclose(two.loss(0.3), 2 * np.cos(0.3))
    np.testing.assert_allclose(three.loss(0.3, power=2), 3 * np.cos(0.3) ** 2)
    np.testing.assert_allclose(jax.grad(two.loss)(0.3), -2 * np.sin(0.3))
    np.testing.assert_allclose(grad(three.loss)(0.3), -3 * np.sin(0.3))
    np.testing.assert_allclose(reference(two.loss)(0.3), 2 * np.cos(0.3))
    before = two.traces
    two.loss(0.4)
    assert two.traces == before
    np.testing.assert_allclose([Model.static(0.3), two.static(0.3)], np.cos(0.3))
    np.testing.assert_allclose(two.of_class(0.3), np.cos(0.3))
    assert isinstance(Model.loss, QJIT)
    assert two.loss.__doc__ == "The loss."


def test_a_method_of_a_pytree_is_differentiable_in_it():
    @jax.tree_util.register_pytree_node_class
    class Weights:
        def __init__(self, w):
            self.w = w

        def tree_flatten(self):
            return (self.w,), None

        @classmethod
        def tree_unflatten(cls, _, children):
            return cls(*children)

        @qjit
        def loss(self, x):
            return self.w * circuit(x)

    np.testing.assert_allclose(jax.grad(lambda m: m.loss(0.3))(Weights(2.0)).w, np.cos(0.3))


# Threads, copies, pickles, exports


def test_threads():
    @qjit
    def f(x):
        return circuit(x) * jnp.ones(x.shape).sum() if x.shape else circuit(x)

    @qjit
    def doublings(x, limit):
        return while_loop(lambda y: y < limit)(lambda y: y * 2.0)(x)

    barrier = threading.Barrier(8)

    def work(number):
        barrier.wait()
        x = 0.1 * number
        value, gradient = f(jnp.array(x)), qjit(grad(circuit))(x)
        big = doublings(1.0, 2.0 ** (10 * number))
        assert not qml.compiler.active()
        return value, gradient, big

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    angles = 0.1 * np.arange(8)
    np.testing.assert_allclose([r[0] for r in results], np.cos(angles), atol=1e-12)
    np.testing.assert_allclose([r[1] for r in results], -np.sin(angles), atol=1e-12)
    np.testing.assert_allclose([r[2] for r in results], 2.0 ** (10 * np.arange(8)))


@qjit
def named(x):
    return circuit(x)


def unnamed(x):
    return 2 * circuit(x)


def test_pickle_by_name():
    assert pickle.loads(pickle.dumps(named)) is named
    assert copy.copy(named) is named
    assert copy.deepcopy([named])[0] is named


def test_pickle_by_parts():
    original = qjit(unnamed, seed=7, static_argnames=())
    np.testing.assert_allclose(original(0.3), 2 * np.cos(0.3))
    # its name finds the function itself, which is not the compiled one
    for made in (pickle.loads(pickle.dumps(original)), copy.copy(original)):
        assert made.original_function is unnamed
        assert made.seed == 7
        np.testing.assert_allclose(made(0.3), 2 * np.cos(0.3))


def test_deepcopy_copies_the_state_of_a_callable():
    class Scaled:
        def __init__(self):
            self.scale = [2.0]

        def __call__(self, x):
            return self.scale[0] * x

    original = qjit(Scaled())
    made = copy.deepcopy(original)
    made.original_function.scale[0] = 5.0
    assert (original(1.0), made(1.0)) == (2.0, 5.0)


CLOUDPICKLE = """
import cloudpickle, pickle, sys
import qgrad_lab, pennylane as qml
scale = 2.0
@qgrad_lab.qjit(static_argnums=1)
def f(x, n):
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))
    return scale * circuit(x) * n
local = qgrad_lab.qjit(lambda x: f(x, 3) + 1)
f(0.1, 2)
sys.stdout.buffer.write(cloudpickle.dumps([f, local, qgrad_lab.qjit(qgrad_lab.grad(local))]))
"""


@pytest.mark.skipif(
    importlib.util.find_spec("cloudpickle") is None, reason="cloudpickle is not installed"
)
def test_cloudpickle_to_another_process(subprocess_environment):
    done = subprocess.run(
        [sys.executable, "-c", CLOUDPICKLE], env=subprocess_environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    f, local, gradient = pickle.loads(done.stdout)
    assert isinstance(f, QJIT)
    np.testing.assert_allclose(f(0.3, 5), 10 * np.cos(0.3))
    np.testing.assert_allclose(local(0.3), 6 * np.cos(0.3) + 1)
    np.testing.assert_allclose(gradient(0.3), -6 * np.sin(0.3))


def test_export():
    allowed = [jax.export.DisabledSafetyCheck.custom_call(FFI_TARGET)]
    f = qjit(lambda x: circuit(x) * 2)
    for function, expected in ((f, 2 * np.cos(0.3)), (jax.grad(f), -2 * np.sin(0.3))):
        exported = jax.export.export(jax.jit(function), disabled_checks=allowed)(0.3)
        np.testing.assert_allclose(exported.call(0.3), expected)


# Its cost
