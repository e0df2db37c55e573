"""Python's own ``for``, ``while``, ``if``, ``and``, ``or`` and ``not`` over traced values.

``qjit(autograph=True)`` rewrites the source of a function (with ``malt``, which PennyLane depends
on), so that its statements call the operators of this module. Where condition, bound and iterable
are known they do what Python does: a loop over a list, an array or a known range is unrolled. Where
one of them is traced, they become `for_loop`, `while_loop` and `cond`.
"""

import builtins
import copy
import functools
import importlib.util  # malt uses it too, and does not import it
import inspect
import os
import sysconfig
import types
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.circuit.capture.qnode import is_qnode
from qgrad_lab.compile import elements
from qgrad_lab.core.tracebacks import PACKAGE
from qgrad_lab.differentiate.autodiff import Derivative
from qgrad_lab.errors import CompileError
from qgrad_lab.language import control_flow

VariableValues = tuple[Any, ...]
"""Values of the variables that a statement may change."""


def convert(function: Callable[..., Any]) -> Callable[..., Any]:
    """Rewrite the statements of ``function``, and those of the functions it calls.

    Parameters
    ----------
    function
        A function, a method, a QNode, a derivative, a partial, or an object that can be called.

    Raises
    ------
    CompileError
        If its source is not to be had, or has something in it that cannot be rewritten.
    """
    if is_qnode(function):
        converted = copy.copy(function)
        converted.func = convert(function.func)  # type: ignore[attr-defined]
        return converted
    if isinstance(function, Derivative):
        return Derivative(function.transform, convert(function.f), function.options)
    if isinstance(function, functools.partial):
        return functools.partial(convert(function.func), *function.args, **function.keywords)
    if isinstance(function, staticmethod):
        return staticmethod(convert(function.__func__))
    if inspect.ismethod(function):
        return types.MethodType(convert(function.__func__), function.__self__)
    if inspect.isfunction(function) and not _is_users(function):
        return _with_converted_closure(function)
    if not inspect.isfunction(function):
        call = type(function).__call__
        return types.MethodType(convert(call), function) if inspect.isfunction(call) else function
    try:
        return _transpile(function)
    except Exception as error:  # malt raises many kinds, from the reading of files on
        raise CompileError(
            f"autograph cannot convert {getattr(function, '__qualname__', function)}: {error} "
            "It needs the source of a plain function, in a file or a notebook cell."
        ) from error


def _with_converted_closure(
    function: types.FunctionType, inside: tuple[types.FunctionType, ...] = ()
) -> types.FunctionType:
    """Convert the user's functions in a library's, such as what ``jax.vmap(f)`` returns."""

    def converted(value: Any) -> Any:
        if _is_users(value):
            return convert(value)
        if inspect.isfunction(value) and value not in inside:  # a recursive one closes over itself
            return _with_converted_closure(value, inside)
        return value

    inside = (*inside, function)
    cells = function.__closure__ or ()
    try:
        contents = [cell.cell_contents for cell in cells]
    except ValueError:  # a name without a value as yet
        return function
    found = [converted(value) for value in contents]
    if all(new is old for new, old in zip(found, contents, strict=True)):
        return function
    copied = types.FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        tuple(map(types.CellType, found)),
    )
    copied.__kwdefaults__ = function.__kwdefaults__
    functools.update_wrapper(copied, function)
    return copied


@functools.cache
def _transpiler() -> Any:
    from malt.impl.api import PyToPy

    class Transpiler(PyToPy):
        def get_extra_locals(self) -> dict[str, Any]:
            if self._extra_locals is None:
                names = super().get_extra_locals()
                for operator in (*_OPERATORS, *elements.OPERATORS):
                    setattr(names["ag__"], operator.__name__, operator)
                names["ag__"].slice_ = slice
            return self._extra_locals

        def transform_ast(self, node: Any, ctx: Any) -> Any:
            # Before malt looks which variables a statement changes.
            return super().transform_ast(elements.rewrite(node), ctx)

    return Transpiler()


def _transpile(function: types.FunctionType) -> Callable[..., Any]:
    from malt.core import converter
    from malt.impl.api import autograph_artifact, is_autograph_artifact

    if is_autograph_artifact(function):
        return function
    options = converter.ConversionOptions(
        recursive=True,
        user_requested=True,
        optional_features=converter.Feature.BUILTIN_FUNCTIONS,
    )
    converted, _, _ = _transpiler().transform_function(function, converter.ProgramContext(options))
    return autograph_artifact(functools.update_wrapper(converted, function, updated=()))


# The operators that the rewritten source calls: ``ag__.if_stmt`` and so on, as malt has them.


def if_stmt(
    pred: Any,
    body: Callable[[], None],
    orelse: Callable[[], None],
    get_state: Callable[[], VariableValues],
    set_state: Callable[[VariableValues], None],
    names: tuple[str, ...],
    num_outputs: int,
) -> None:
    """Run ``if pred: body() else: orelse()``, which change the variables ``names``."""
    if not _is_traced(pred):
        body() if pred else orelse()
        return
    initial = get_state()
    outcomes: list[VariableValues] = []

    def branch(statements: Callable[[], None]) -> list[Any]:
        set_state(jax.tree.map(_copied, initial))  # of a list, each branch changes its own
        statements()
        # The other variables are not used after the statement.
        outcome = get_state()[:num_outputs]
        for name, *values in zip(names, outcome, *outcomes, strict=False):
            _check_same_kind(name, values)
        outcomes.append(outcome)
        return [leaf for leaf in _leaves(outcome) if _is_number(leaf)]

    numbers = control_flow.cond(pred, lambda: branch(body), lambda: branch(orelse))()
    structure = _structure(outcomes[0])
    remaining = iter(numbers)
    merged = []
    for one, other in zip(*map(_leaves, outcomes), strict=True):
        number = next(remaining) if _is_number(one) else None
        # What was known and is the same in both branches stays known.
        merged.append(one if number is None or _is_same_constant(one, other) else number)
    set_state(jax.tree.unflatten(structure, merged) + initial[num_outputs:])


def if_exp(pred: Any, if_true: Callable[[], Any], if_false: Callable[[], Any], _text: str) -> Any:
    """Evaluate ``if_true() if pred else if_false()``."""
    if _is_traced(pred):
        return control_flow.cond(pred, if_true, if_false)()
    return if_true() if pred else if_false()


def while_stmt(
    test: Callable[[], Any],
    body: Callable[[], None],
    get_state: Callable[[], VariableValues],
    set_state: Callable[[VariableValues], None],
    names: tuple[str, ...],
    _options: Any,
) -> None:
    """Run ``while test(): body()``."""
    while not _is_traced(holds := test()):
        if not holds:
            return
        body()
    variables = _Carried(get_state(), names, "while")

    def still(numbers: Any) -> Any:
        set_state(variables.state(numbers))
        return test()

    @functools.wraps(body)  # so that messages and labels are those of the user's loop
    def iteration(numbers: Any) -> Any:
        set_state(variables.state(numbers))
        body()
        return variables.numbers(get_state())

    final = control_flow.while_loop(still)(iteration)(variables.initial)
    set_state(variables.state(final))


def for_stmt(
    iterable: Any,
    extra_test: Callable[[], Any] | None,
    body: Callable[[Any], None],
    get_state: Callable[[], VariableValues],
    set_state: Callable[[VariableValues], None],
    names: tuple[str, ...],
    _options: Any,
) -> None:
    """Run ``for target in iterable: body(target)``, as long as ``extra_test()`` if given."""
    if isinstance(iterable, TracedRange):
        _for_range(iterable, extra_test, body, get_state, set_state, names)
        return
    for target in iterable:
        goes_on = True if extra_test is None else extra_test()
        if _is_traced(goes_on):  # a break under a traced condition
            run = functools.partial(body, target)
            if_stmt(goes_on, run, lambda: None, get_state, set_state, names, len(names))
        elif goes_on:
            body(target)
        else:
            return


def _for_range(
    bounds: "TracedRange",
    extra_test: Callable[[], Any] | None,
    body: Callable[[Any], None],
    get_state: Callable[[], VariableValues],
    set_state: Callable[[VariableValues], None],
    names: tuple[str, ...],
) -> None:
    variables = _Carried(get_state(), names, "for")

    @functools.wraps(body)
    def iteration(i: Any, numbers: Any) -> Any:
        set_state(variables.state(numbers))
        body(i)
        return variables.numbers(get_state())

    if extra_test is None:
        loop = control_flow.for_loop(bounds.start, bounds.stop, bounds.step)(iteration)
        set_state(variables.state(loop(variables.initial)))
        return

    def still(i: Any, numbers: Any) -> Any:
        set_state(variables.state(numbers))
        return jnp.logical_and((bounds.stop - i) * jnp.sign(bounds.step) > 0, extra_test())

    @functools.wraps(body)
    def step(i: Any, numbers: Any) -> Any:
        return i + bounds.step, iteration(i, numbers)

    _, final = control_flow.while_loop(still)(step)(bounds.start, variables.initial)
    set_state(variables.state(final))


def and_(a: Callable[[], Any], b: Callable[[], Any]) -> Any:
    """Evaluate ``a() and b()``."""
    left = a()
    return jnp.logical_and(left, b()) if _is_traced(left) else left and b()


def or_(a: Callable[[], Any], b: Callable[[], Any]) -> Any:
    """Evaluate ``a() or b()``."""
    left = a()
    return jnp.logical_or(left, b()) if _is_traced(left) else left or b()


def not_(a: Any) -> Any:
    """Evaluate ``not a``."""
    return jnp.logical_not(a) if _is_traced(a) else not a


def converted_call(
    f: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None, scope: Any = None, _: Any = None
) -> Any:
    """Call ``f(*args, **kwargs)``, with ``f`` converted if it is the user's.

    Other functions are called as they are, with the functions among their arguments converted,
    such as that of ``jax.vmap`` or ``qml.adjoint``.
    """
    from malt.operators import py_builtins

    kwargs = kwargs or {}
    if f is range and any(map(_is_traced, args)):
        return TracedRange(*args)
    if f is super and not args:
        return py_builtins.super_in_original_context(f, args, scope)
    if f in (builtins.globals, builtins.locals):
        name = "globals_in_original_context" if f is globals else "locals_in_original_context"
        return getattr(py_builtins, name)(scope)
    if f is eval:
        return py_builtins.eval_in_original_context(f, args, scope)
    if _is_users(f) or (not isinstance(f, type) and _is_users(type(f).__call__)):
        return _converted(f)(*args, **kwargs)
    if isinstance(f, _FUNCTIONS) or f is map or f is filter:
        args = tuple(_converted(a) if _is_users(a) else a for a in args)
        kwargs = {name: _converted(a) if _is_users(a) else a for name, a in kwargs.items()}
    return f(*args, **kwargs)


_FUNCTIONS = types.FunctionType | types.MethodType | types.BuiltinFunctionType
_OPERATORS = (if_stmt, if_exp, while_stmt, for_stmt, and_, or_, not_, converted_call)


class TracedRange:
    """A ``range`` with a traced bound or step."""

    def __init__(self, start: Any, stop: Any = None, step: Any = 1) -> None:
        self.start: Any = 0 if stop is None else start
        self.stop: Any = start if stop is None else stop
        self.step: Any = step

    def __iter__(self) -> Any:
        raise CompileError(
            "A range with a traced bound was used in another way than in a for statement, where "
            "its length is needed when the program is compiled."
        )


class _Carried:
    """The variables of a loop: numbers, which it carries, and others, which it must not change."""

    def __init__(self, state: VariableValues, names: tuple[str, ...], statement: str) -> None:
        self._names = names
        self._statement = statement
        self._initial = state
        self._structure = _structure(state)
        for name, value in zip(names, state, strict=True):
            if _is_undefined(value):
                hint = (
                    "Assign the result to a variable, and return it after the loop."
                    if "retval_" in name or "do_return" in name
                    else f"Give {name} a value before the loop."
                )
                what = "A return inside" if "retval_" in name else f"The variable {name} of"
                raise CompileError(
                    f"{what} a {statement} loop over traced values has no value when the loop "
                    f"begins. {hint}"
                )
        self.initial = self.numbers(state)

    def numbers(self, state: VariableValues) -> list[Any]:
        """Return what the loop carries of ``state``."""
        if _structure(state) != self._structure or any(
            old is not new and not (_is_number(old) and _is_number(new))
            for old, new in zip(_leaves(self._initial), _leaves(state), strict=True)
        ):
            changed = [
                name
                for name, old, new in zip(self._names, self._initial, state, strict=True)
                if _structure((old,)) != _structure((new,))
                or not all(
                    a is b or (_is_number(a) and _is_number(b))
                    for a, b in zip(_leaves((old,)), _leaves((new,)), strict=True)
                )
            ]
            raise CompileError(
                f"A {self._statement} loop over traced values changes {', '.join(changed)}. "
                "Numbers and arrays may change there, in value; other objects, the lengths of "
                "lists and the keys of dictionaries may not."
            )
        return [jnp.asarray(leaf) for leaf in _leaves(state) if _is_number(leaf)]

    def state(self, numbers: Iterable[Any]) -> VariableValues:
        """Return the variables, given the carried ``numbers``."""
        remaining = iter(numbers)
        leaves = [next(remaining) if _is_number(leaf) else leaf for leaf in _leaves(self._initial)]
        return jax.tree.unflatten(self._structure, leaves)


def _check_same_kind(name: str, values: list[Any]) -> None:
    """Check that a variable has the same structure and objects after every branch so far."""
    first = (values[0],)
    for value in values[1:]:
        if _structure(first) == _structure((value,)) and all(
            a is b or (_is_number(a) and _is_number(b)) or _is_same_constant(a, b)
            for a, b in zip(_leaves(first), _leaves((value,)), strict=True)
        ):
            continue
        raise CompileError(
            f"The variable {name} differs between the branches of an if statement with a traced "
            "condition in more than its value. Give it, in both branches or before them, numbers "
            "or arrays in the same structure."
        )


def _copied(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf


def _is_same_constant(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if _is_undefined(a) and _is_undefined(b):
        return True
    return type(a) is type(b) and isinstance(a, bool | int | float | complex | str) and a == b


def _is_undefined(value: Any) -> bool:
    from malt.operators.variables import Undefined, UndefinedReturnValue

    return isinstance(value, Undefined | UndefinedReturnValue)


def _is_traced(value: Any) -> bool:
    return isinstance(value, jax.core.Tracer)


def _is_number(leaf: Any) -> bool:
    return isinstance(leaf, bool | int | float | complex | np.generic | np.ndarray | jax.Array)


def _leaves(state: VariableValues) -> list[Any]:
    return jax.tree.leaves(state)


def _structure(state: VariableValues) -> Any:
    return jax.tree.structure(state)


def _converted(f: Any) -> Any:
    """Return ``f``, converted if that is possible."""
    try:
        return convert(f)
    except CompileError as error:
        if getattr(f, "__name__", "") != "<lambda>":
            warnings.warn(f"{error} It runs unconverted.", UserWarning, stacklevel=2)
        return f


def _folder(package: str) -> str:
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None  # we depend on it
    return os.path.dirname(spec.origin) + os.sep


_LIBRARIES = tuple(
    {
        *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")),
        # These may lie elsewhere, in the packages of the user or of a base environment.
        *map(_folder, ("jax", "pennylane", "numpy", "scipy")),
        PACKAGE,
    }
)


def _is_users(f: Any) -> bool:
    """Return whether ``f`` is a function or QNode whose source is the user's, not a library's."""
    if is_qnode(f) or isinstance(f, functools.partial):
        return _is_users(f.func)
    if isinstance(f, Derivative):
        return _is_users(f.f)
    function = getattr(f, "__func__", f)
    return (
        inspect.isfunction(function)
        and not inspect.isgeneratorfunction(function)
        and not inspect.iscoroutinefunction(function)
        and not function.__code__.co_filename.startswith(_LIBRARIES)
    )
