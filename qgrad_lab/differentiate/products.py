"""Products with a Jacobian that is never computed: ``jvp`` and ``vjp``."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, Unpack, overload

from qgrad_lab.core.tracebacks import frames_hidden
from qgrad_lab.differentiate import autodiff
from qgrad_lab.differentiate.call import (
    Call,
    check_callable,
    check_options,
    check_sequence,
    function_name,
)
from qgrad_lab.differentiate.keywords import ProductKeywords

R = TypeVar("R")
Aux = TypeVar("Aux")


@overload
def jvp(
    f: Callable[..., R],
    params: Sequence[Any],
    tangents: Sequence[Any],
    *,
    has_aux: Literal[False] = False,
    **options: Unpack[ProductKeywords],
) -> tuple[R, R]: ...
@overload
def jvp(
    f: Callable[..., tuple[R, Aux]],
    params: Sequence[Any],
    tangents: Sequence[Any],
    *,
    has_aux: Literal[True],
    **options: Unpack[ProductKeywords],
) -> tuple[R, R, Aux]: ...
def jvp(
    f: Callable[..., Any],
    params: Sequence[Any],
    tangents: Sequence[Any],
    *,
    method: str | None = None,
    h: float | None = None,
    argnum: int | Sequence[int] | None = None,
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
) -> tuple[Any, ...]:
    """Compute a Jacobian-vector product: how ``f(*params)`` changes along ``tangents``.

    Parameters
    ----------
    f : callable
        A function, QNode or compiled program that returns real arrays in any tree.
    params : list or tuple
        The arguments of ``f``.
    tangents : list or tuple
        One direction for each differentiated argument, with its tree, shapes and dtypes.
    method : {"auto", "fd"}, optional
        As in `grad`. ``"fd"`` takes two evaluations: ``(f(x + h v) - f(x)) / h``.
    h : float, optional
        As in `grad`: the step of ``"fd"``, in units of ``tangents``.
    argnum : int or sequence of int, optional
        The arguments to differentiate, in the order of ``tangents``. By default, all if there are
        as many tangents as ``params``, otherwise the first.
    argnums : int or sequence of int, optional
        Another spelling of ``argnum``.
    has_aux : bool, optional
        Whether ``f`` returns a pair: the result, and auxiliary data that is not differentiated.

    Returns
    -------
    tuple
        ``f(*params)`` and its derivative along ``tangents``, in the same tree; with ``has_aux`` the
        result, its derivative, and the auxiliary data.

    Raises
    ------
    ValueError
        If ``params`` or ``tangents`` is not a list or tuple, or if shapes differ; and as `grad`.
    TypeError
        If the numbers, trees or dtypes of ``tangents`` and differentiated ``params`` differ; and
        as `grad`.
    DifferentiableCompileError
        As `jacobian`.

    See Also
    --------
    vjp : The product from the other side.
    jax.jvp : What this is outside of compiled programs.

    Examples
    --------
    >>> jvp(lambda n, x: x**n, [3, 2.0], [1.0], argnum=[1])
    (Array(8., dtype=float64, weak_type=True), Array(12., dtype=float64, weak_type=True))
    >>> value, change, aux = jvp(lambda x: (x**3, {"x": x}), [2.0], [1.0], has_aux=True)
    >>> print(value, change, aux["x"])
    8.0 12.0 2.0
    """
    with frames_hidden:
        options = check_options(method, h, argnum, argnums, has_aux=has_aux)
        check_callable(f, "jvp")
        args = check_sequence(params, "jvp", "params")
        directions = check_sequence(tangents, "jvp", "tangents")
        wanted = options.argnum
        if wanted is None:
            wanted = tuple(range(len(args))) if args and len(directions) == len(args) else 0
        call = Call.bind(f, args, {}, wanted)
        if call.repeats:
            raise ValueError(
                f"Invalid argnum {list(call.requested)}: an argument of jvp has one tangent, so it "
                "can be differentiated only once."
            )
        if len(directions) != len(call.requested):
            raise TypeError(
                f"jvp got {len(directions)} tangents for {len(call.requested)} differentiated "
                f"arguments of {function_name(f)} (argnum={options.argnum}, {len(args)} params): "
                "give one tangent for each."
            )
        by_position = dict(zip(call.requested, directions, strict=True))
        directions = tuple(by_position[position] for position in call.places)
        return autodiff.jvp(call, directions, options)


@overload
def vjp(
    f: Callable[..., R],
    params: Sequence[Any],
    cotangents: Any,
    *,
    has_aux: Literal[False] = False,
    **options: Unpack[ProductKeywords],
) -> tuple[R, Any]: ...
@overload
def vjp(
    f: Callable[..., tuple[R, Aux]],
    params: Sequence[Any],
    cotangents: Any,
    *,
    has_aux: Literal[True],
    **options: Unpack[ProductKeywords],
) -> tuple[R, Any, Aux]: ...
def vjp(
    f: Callable[..., Any],
    params: Sequence[Any],
    cotangents: Any,
    *,
    method: str | None = None,
    h: float | None = None,
    argnum: int | Sequence[int] | None = None,
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
) -> tuple[Any, ...]:
    """Compute a vector-Jacobian product: the gradient of ``f(*params)`` weighted by ``cotangents``.

    Parameters
    ----------
    f : callable
        A function, QNode or compiled program that returns real arrays in any tree.
    params : list or tuple
        The arguments of ``f``.
    cotangents : tree or list or tuple
        One weight for every element that ``f`` returns: the tree that ``f`` returns, or a list or
        tuple of its leaves, with the same shapes and dtypes.
    method : {"auto", "fd"}, optional
        As in `grad`. ``"fd"`` computes the `jacobian` and multiplies it.
    h : float, optional
        As in `grad`.
    argnum : int or sequence of int, optional
        The arguments to differentiate, as in `grad`.
    argnums : int or sequence of int, optional
        Another spelling of ``argnum``.
    has_aux : bool, optional
        Whether ``f`` returns a pair: the result, and auxiliary data that is not differentiated.

    Returns
    -------
    tuple
        ``f(*params)``, and the product: a tree like the differentiated argument, or a tuple of
        these if ``argnum`` is a sequence; with ``has_aux`` the result, the product, and the
        auxiliary data.

    Raises
    ------
    ValueError
        If ``params`` is not a list or tuple, or if shapes differ; and as `grad`.
    TypeError
        If the numbers, trees or dtypes of ``cotangents`` and results differ; and as `grad`.
    DifferentiableCompileError
        As `jacobian`.

    See Also
    --------
    jvp : The product from the other side.
    jax.vjp : What this is outside of compiled programs.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> vjp(lambda x: jnp.array([x[0] * x[1], x[1] ** 2]), [jnp.array([2.0, 3.0])], [jnp.ones(2)])
    (Array([6., 9.], dtype=float64), Array([3., 8.], dtype=float64))
    """
    with frames_hidden:
        options = check_options(method, h, argnum, argnums, has_aux=has_aux)
        check_callable(f, "vjp")
        call = Call.bind(f, check_sequence(params, "vjp", "params"), {}, options.selection)
        return autodiff.vjp(call, cotangents, options)
