"""Arguments of a compiled function: with declared types, static, or constants of the program.

A function whose arguments are all annotated with scalar types or abstract arrays is compiled when
it is decorated. In a call, values of other types that convert without loss, such as an int for a
float, are converted instead of compiled for.
"""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_SCALARS = (float, int, bool, complex)


@jax.tree_util.register_pytree_node_class
class Constant:
    """An argument that is a constant of the program, known by its identity.

    Such as the instance that a method belongs to.
    """

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)

    def tree_flatten(self) -> tuple[tuple[()], "Constant"]:
        """Return no leaves: all of it is part of the tree's structure."""
        return (), self

    @classmethod
    def tree_unflatten(cls, data: "Constant", children: Any) -> "Constant":
        """Return the constant that was flattened."""
        return data


def unwrapped(argument: Any) -> Any:
    """Return the value of a constant, and other arguments as they are."""
    return argument.value if type(argument) is Constant else argument


@dataclasses.dataclass(frozen=True)
class Declared:
    """A function's annotations, if it declares the types of all its arguments.

    Attributes
    ----------
    arguments : dict of str to jax.ShapeDtypeStruct
        For each name, in the order of the definition.
    """

    signature: inspect.Signature
    arguments: dict[str, jax.ShapeDtypeStruct]

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Declared | None":
        """Return the declared signature of ``function``; ``None`` unless all arguments have types.

        Without arguments there is nothing left to declare.
        Variadic arguments cannot be declared: their number is known at the call only.
        """
        try:
            signature = inspect.signature(function, eval_str=True)
        except (TypeError, ValueError, NameError, SyntaxError, AttributeError):
            return None
        arguments = {}
        for name, parameter in signature.parameters.items():
            declared = _abstract(parameter.annotation)
            if declared is None or parameter.kind in (
                parameter.VAR_POSITIONAL,
                parameter.VAR_KEYWORD,
            ):
                return None
            arguments[name] = declared
        return cls(signature, arguments)

    def required(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return abstract arguments for a call that leaves out those with defaults."""
        given = {
            name: declared
            for name, declared in self.arguments.items()
            if self.signature.parameters[name].default is inspect.Parameter.empty
        }
        bound = inspect.BoundArguments(self.signature, given)  # type: ignore[arg-type]
        return bound.args, bound.kwargs

    def promote(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Convert the arguments of a call to the declared types, as far as these can hold them.

        Arguments that were passed by keyword are made positional where they can be, so that both
        spellings are the same signature.
        """
        if kwargs:
            try:
                bound = self.signature.bind(*args, **kwargs)
            except TypeError:  # the call of the function says it better
                return args, kwargs
            args = bound.args
            kwargs = {name: _promote(v, self.arguments[name]) for name, v in bound.kwargs.items()}
        return tuple(map(_promote, args, self.arguments.values())), kwargs

    def mismatch(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
        """Describe the arguments that do not have their declared types; ``None`` if all do."""
        try:
            given = self.signature.bind(*args, **kwargs).arguments
        except TypeError:
            return None
        wrong = [
            f"{name} is declared as {declared.dtype}{list(declared.shape)} and was given "
            + _text(value)
            for name, value in given.items()
            for declared in [self.arguments[name]]
            if _type_of(value) != (declared.shape, declared.dtype)
        ]
        return "; ".join(wrong) or None


def static_arguments(
    function: Callable[..., Any], argnums: tuple[int, ...], argnames: tuple[str, ...]
) -> tuple[tuple[int, ...] | None, tuple[str, ...] | None]:
    """Return positions and names of static arguments that cover either spelling of a call.

    ``jax.jit`` finds the one from the other itself, unless it is given both.
    """
    if not (argnums and argnames):
        return argnums or None, argnames or None
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return argnums, argnames
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    all_nums = set(argnums) | {named.index(name) for name in argnames if name in named}
    all_names = set(argnames) | {named[i] for i in argnums if -len(named) <= i < len(named)}
    return tuple(sorted(all_nums)), tuple(sorted(all_names))


def _abstract(annotation: Any) -> jax.ShapeDtypeStruct | None:
    """Return the abstract array that an annotation stands for; ``None`` if it stands for none.

    It may be a scalar type (``float``), a NumPy dtype, or an abstract array itself.
    """
    if isinstance(annotation, jax.ShapeDtypeStruct):
        return annotation
    if isinstance(annotation, type):
        if annotation in _SCALARS:
            # As JAX does with a value of this type.
            return jax.ShapeDtypeStruct((), np.dtype(annotation), weak_type=annotation is not bool)
        if issubclass(annotation, np.generic):
            try:
                return jax.ShapeDtypeStruct((), np.dtype(annotation))
            except TypeError:  # an abstract type, such as np.floating
                return None
        return None
    if isinstance(annotation, np.dtype):
        return jax.ShapeDtypeStruct((), annotation)
    if isinstance(getattr(annotation, "shape", None), tuple) and hasattr(annotation, "dtype"):
        return jax.ShapeDtypeStruct(annotation.shape, annotation.dtype)
    return None


def _promote(value: Any, declared: jax.ShapeDtypeStruct) -> Any:
    if declared.weak_type and type(value) is _python_type(declared):
        return value  # the common case, at no cost
    given = _type_of(value)
    if given is None or given[0] != declared.shape:
        return value
    if jnp.promote_types(given[1], declared.dtype) != declared.dtype:
        return value
    if isinstance(value, jax.core.Tracer):
        return value if given[1] == declared.dtype else value.astype(declared.dtype)
    if declared.weak_type:
        return _python_type(declared)(value)
    if isinstance(value, jax.Array):
        return value.astype(declared.dtype)
    return np.asarray(value, declared.dtype)


def _python_type(declared: jax.ShapeDtypeStruct) -> type:
    kind = declared.dtype.kind
    return float if kind == "f" else int if kind == "i" else complex


def _type_of(value: Any) -> tuple[tuple[int, ...], np.dtype] | None:
    """Return shape and dtype of an array or number; ``None`` for all else, lists of numbers too."""
    if isinstance(value, int | float | complex | np.generic | np.ndarray | jax.Array):
        return np.shape(value), jnp.result_type(value)
    return None


def _text(value: Any) -> str:
    found = _type_of(value)
    return f"{found[1]}{list(found[0])}" if found else f"a {type(value).__name__}"
