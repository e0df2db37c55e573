"""Differentiate hybrid programs: ``grad`` and its relatives.

Inside a compiled program they differentiate within it. A QNode called there is a JAX primitive
with derivatives of its own, so ``method="auto"`` is JAX's automatic differentiation and
``method="fd"`` is `finite_difference`, and what is left for this module is the contract around
them: which arguments, which trees, which errors. Outside of one they dispatch to their namesakes in
JAX.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, TypeVar, Unpack, overload

from qgrad_lab.core.tracebacks import frames_hidden
from qgrad_lab.differentiate import autodiff
from qgrad_lab.differentiate.autodiff import Derivative
from qgrad_lab.differentiate.call import BoundCall, function_name
from qgrad_lab.differentiate.keywords import Keywords, ProductKeywords
from qgrad_lab.differentiate.options import (
    DerivativeOptions,
    check_callable,
    check_options,
    check_sequence,
)

__all__ = ["grad", "hessian", "jacobian", "jvp", "value_and_grad", "vjp"]

P = ParamSpec("P")
R = TypeVar("R")
Aux = TypeVar("Aux")


@overload
def grad(f: Callable[P, Any], **options: Unpack[Keywords]) -> Callable[P, Any]: ...
@overload
def grad(**options: Unpack[Keywords]) -> Callable[[Callable[P, Any]], Callable[P, Any]]: ...
def grad(
    f: Callable[..., Any] | None = None,
    *,
    method: str | None = None,
    h: float | None = None,
    argnum: int | Sequence[int] | None = None,
    argnums: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    allow_int: bool = False,
) -> Callable[..., Any]:
    """Make a function that computes the gradient of ``f``.

    Parameters
    ----------
    f : callable, optional
        A function, QNode or compiled program that returns one real scalar, perhaps inside a
        pytree. Without it, ``grad`` is a decorator: ``@grad`` or ``@grad(method="fd")``.
    method : {"auto", "fd"}, optional
        ``"auto"``, the default, differentiates every QNode by its own ``diff_method`` and all
        classical code by JAX. ``"fd"`` takes first-order forward differences,
        ``(f(x + h e_i) - f(x)) / h``, of the whole of ``f``, in as many evaluations as the
        arguments have elements and one more; because it is asked for by name, it is honoured
        outside of compiled programs too.
    h : float, optional
        The step of ``"fd"``, in the units of the argument; ``"auto"`` has no use for it. The
        default is 1e-7, and longer only where rounding errors would be larger than the
        difference: about 5e-5 for a difference of a difference, 3.5e-4 for a function that
        returns 32-bit floats, ``shots**-0.25`` for circuits with shots.
    argnum : int or sequence of int, optional
        The positions of the arguments to differentiate, the first by default. Negative ones count
        from the last argument.
    argnums : int or sequence of int, optional
        Another spelling of ``argnum``.
    argnames : str or sequence of str, optional
        The names of the arguments to differentiate, however they are passed. With ``argnum`` too,
        the gradients are one tuple: those by position, then those by name.
    has_aux : bool, optional
        Whether ``f`` returns a pair: the scalar, and auxiliary data that is not differentiated.
        Then a pair is returned: the gradient, and the data.
    allow_int : bool, optional
        Whether a differentiated argument may have leaves of integers and booleans. The gradient in
        these is zero, of JAX's type ``float0``.

    Returns
    -------
    callable
        With the arguments of ``f``. It returns the gradient in the tree that ``f`` returns its
        scalar in: for each differentiated argument a tree like that argument, with leaves of the
        same shapes; a tuple of these if ``argnum`` or ``argnames`` is a sequence or both are given.

    Raises
    ------
    ValueError
        If an option is not among the values above; when called, if ``argnum`` or ``argnames`` is
        not among the arguments of the call.
    TypeError
        If ``f`` is not callable, or both ``argnum`` and ``argnums`` are given; when called, if
        ``f`` returns no pair though ``has_aux`` is set.
    DifferentiableCompileError
        When called, if ``f`` does not return one scalar, if the scalar or a differentiated
        argument is not real floating point, or if a QNode cannot be differentiated. Outside of
        compiled programs ``"auto"`` raises the errors of `jax.grad`.

    Warns
    -----
    UserWarning
        When called, if ``h`` is so short that the differences are mostly rounding error; under
        ``"fd"``, if there are circuits with shots, with the noise that this means.

    See Also
    --------
    value_and_grad : The value of ``f`` too, for no extra evaluation.
    jacobian : For results that are no scalars.
    jax.grad : What this is outside of compiled programs.

    Notes
    -----
    Derivatives of any order are made by nesting, and ``"auto"`` and ``"fd"`` mix. For automatic
    differentiation see Griewank and Walther, *Evaluating Derivatives*, 2nd ed. (2008), chapter 3;
    for the error of differences, Press et al., *Numerical Recipes*, 3rd ed. (2007), section 5.7.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> import pennylane as qml
    >>> from qgrad_lab import qjit
    >>> @qml.qnode(qml.device("lightning.qubit", wires=1), diff_method="adjoint")
    ... def circuit(x):
    ...     qml.RX(jnp.pi * x, wires=0)
    ...     return qml.expval(qml.Y(0))
    >>> @qjit
    ... def workflow(x):
    ...     return grad(circuit)(x), grad(circuit, method="fd")(x)
    >>> [round(float(slope), 6) for slope in workflow(2.0)]
    [-3.141593, -3.141593]

    The scalar may stand in a tree, and several arguments may be differentiated at once:

    >>> @grad(method="fd", argnum=[0, 1])
    ... def gradients(x, y):
    ...     return x * jnp.sum(y**2)
    >>> [g.round(5).tolist() for g in gradients(2.0, jnp.array([1.0, 3.0]))]
    [10.0, [4.0, 12.0]]
    >>> @qjit
    ... def tree(x):
    ...     return grad(lambda x: {"loss": x**2})(x)
    >>> print(tree(2.3))
    {'loss': Array(4.6, dtype=float64)}

    Arguments may be chosen by name, and data that is not differentiated comes back as well:

    >>> @qjit
    ... def step(w, data):
    ...     def loss(data, *, w):
    ...         errors = circuit(w) - data
    ...         return jnp.mean(errors**2), {"worst": jnp.max(jnp.abs(errors))}
    ...     return grad(loss, argnames="w", has_aux=True)(data, w=w)
    >>> slope, aux = step(0.1, jnp.array([0.0, 0.5]))
    >>> print(f"{slope:.6f} {aux['worst']:.6f}")
    3.340498 0.809017
    """
    with frames_hidden:
        options = check_options(method, h, argnum, argnums, argnames, has_aux, allow_int)
        return _transform("grad", f, options)


@overload
def value_and_grad(
    f: Callable[P, R], **options: Unpack[Keywords]
) -> Callable[P, tuple[R, Any]]: ...
@overload
def value_and_grad(
    **options: Unpack[Keywords],
) -> Callable[[Callable[P, R]], Callable[P, tuple[R, Any]]]: ...
def value_and_grad(
    f: Callable[..., Any] | None = None,
    *,
    method: str | None = None,
    h: float | None = None,
    argnum: int | Sequence[int] | None = None,
    argnums: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    allow_int: bool = False,
) -> Callable[..., Any]:
    """Make a function that computes the value of ``f`` and its gradient.

    The parameters, errors and warnings are those of `grad`.

    Returns
    -------
    callable
        With the arguments of ``f``. It returns a pair: what ``f`` returns (with ``has_aux``, the
        pair of scalar and data), and the gradient as `grad` returns it. The value is a by-product
        of the gradient and costs no evaluation of its own.

    See Also
    --------
    grad : The gradient alone, and what the parameters mean.
    jax.value_and_grad : What this is outside of compiled programs.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> value_and_grad(jnp.square)(2.3)
    (Array(5.29, dtype=float64, weak_type=True), Array(4.6, dtype=float64, weak_type=True))
    >>> (value, aux), slope = value_and_grad(lambda x: (x**2, {"x": x}), has_aux=True)(2.0)
    >>> print(value, aux["x"], slope)
    4.0 2.0 4.0
    """
    with frames_hidden:
        options = check_options(method, h, argnum, argnums, argnames, has_aux, allow_int)
        return _transform("value_and_grad", f, options)


@overload
def jacobian(f: Callable[P, Any], **options: Unpack[Keywords]) -> Callable[P, Any]: ...
@overload
def jacobian(**options: Unpack[Keywords]) -> Callable[[Callable[P, Any]], Callable[P, Any]]: ...
def jacobian(
    f: Callable[..., Any] | None = None,
    *,
    method: str | None = None,
    h: float | None = None,
    argnum: int | Sequence[int] | None = None,
    argnums: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    allow_int: bool = False,
) -> Callable[..., Any]:
    """Make a function that computes the Jacobian of ``f``.

    The parameters, errors and warnings are those of `grad`, but ``f`` may return any tree of real
    arrays.
    ``"auto"`` goes in reverse or in forward mode, whichever takes fewer passes.

    Returns
    -------
    callable
        With the arguments of ``f``. It returns the tree that ``f`` returns, with a tree like the
        differentiated argument (or a tuple of those) in place of each leaf. The derivative of a
        result of shape ``s`` in an argument of shape ``t`` is an array of shape ``s + t``, of the
        argument's dtype; zeros of that dtype for integers, with ``allow_int``. With ``has_aux`` it
        returns a pair: this, and the auxiliary data.

    See Also
    --------
    grad : For scalar functions, and what the parameters mean.
    hessian : The Jacobian of the Jacobian.
    jvp : The product with a tangent, without computing the Jacobian.
    vjp : The product with a cotangent, in the same way.
    jax.jacobian : What this is outside of compiled programs.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> jacobian(lambda x: jnp.array([x[0] * x[1], x[1] ** 2]))(jnp.array([2.0, 3.0]))
    Array([[3., 2.],
           [0., 6.]], dtype=float64)
    >>> print(*jacobian(lambda x, n: x**n, argnums=(0, 1), allow_int=True)(2.0, 3))
    12.0 0
    """
    with frames_hidden:
        options = check_options(method, h, argnum, argnums, argnames, has_aux, allow_int)
        return _transform("jacobian", f, options)


@overload
def hessian(f: Callable[P, Any], **options: Unpack[Keywords]) -> Callable[P, Any]: ...
@overload
def hessian(**options: Unpack[Keywords]) -> Callable[[Callable[P, Any]], Callable[P, Any]]: ...
def hessian(
    f: Callable[..., Any] | None = None,
    *,
    method: str | None = None,
    h: float | None = None,
    argnum: int | Sequence[int] | None = None,
    argnums: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    allow_int: bool = False,
) -> Callable[..., Any]:
    """Make a function that computes the second derivatives of ``f``.

    The parameters, errors and warnings are those of `jacobian`, of which this is the `jacobian`.
    Unlike in JAX, ``allow_int`` is one of them.

    Returns
    -------
    callable
        With the arguments of ``f``. The second derivative of a result of shape ``s`` in arguments
        of shapes ``t`` and ``u`` is an array of shape ``s + t + u``; it stands in the tree of
        ``f``'s result, in it that of the first argument, in it that of the second.

    See Also
    --------
    jacobian : First derivatives, and what the trees look like.
    jax.hessian : What this is outside of compiled programs.

    Notes
    -----
    Under ``"auto"`` the second derivatives of circuits are exact, for every ``diff_method``, and
    are computed in one batch, of which symmetry saves half.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> hessian(lambda x: x[0] ** 2 * x[1])(jnp.array([2.0, 3.0]))
    Array([[6., 4.],
           [4., 0.]], dtype=float64)
    >>> print(hessian(lambda x, *, scale: jnp.exp(scale * x), argnames="scale")(2.0, scale=0.0))
    4.0
    """
    with frames_hidden:
        options = check_options(method, h, argnum, argnums, argnames, has_aux, allow_int)
        return _transform("hessian", f, options)


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
        call = BoundCall.bind(f, args, {}, wanted)
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
        call = BoundCall.bind(f, check_sequence(params, "vjp", "params"), {}, options.selection)
        return autodiff.vjp(call, cotangents, options)


def _transform(
    transform: str, f: Callable[..., Any] | None, options: DerivativeOptions
) -> Callable[..., Any]:
    def decorator(f: Callable[..., Any]) -> Derivative:
        with frames_hidden:
            return Derivative(transform, check_callable(f, transform), options)

    return decorator if f is None else decorator(f)
