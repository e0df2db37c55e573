"""``qjit``: compile a hybrid quantum-classical function with JAX."""

from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypedDict, TypeVar, Unpack, overload

from qgrad_lab.compile.compiled import QJIT
from qgrad_lab.compile.options import check_elsewhere, check_options
from qgrad_lab.core.tracebacks import frames_hidden

__all__ = ["QJIT", "qjit"]

P = ParamSpec("P")
R = TypeVar("R")


class _Keywords(TypedDict, total=False):
    static_argnums: int | Sequence[int] | None
    static_argnames: str | Sequence[str] | None
    autograph: bool
    seed: int | None
    verbose: bool
    disable_assertions: bool
    abstracted_axes: None
    async_qnodes: bool
    capture: bool | str
    keep_intermediate: bool | int | str | None
    target: str


@overload
def qjit(fn: Callable[P, R], **options: Unpack[_Keywords]) -> QJIT[P, R]: ...
@overload
def qjit(**options: Unpack[_Keywords]) -> Callable[[Callable[P, R]], QJIT[P, R]]: ...
def qjit(
    fn: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Sequence[str] | None = None,
    autograph: bool = False,
    seed: int | None = None,
    verbose: bool = False,
    disable_assertions: bool = False,
    **elsewhere: Any,
) -> Any:
    """Compile a hybrid quantum-classical function.

    QNodes on ``lightning.qubit`` called inside become native circuits, and all classical code is
    compiled by JAX. The result is an ordinary JAX function. QNodes on other devices are executed,
    and differentiated by their ``diff_method``, by PennyLane in callbacks of the program.

    Parameters
    ----------
    fn : callable
        A function of pytrees of arrays, written with JAX and QNodes; a QNode; or a ``QJIT`` object,
        which is compiled anew with the given options. Without it, a decorator is returned.
    static_argnums : int or sequence of int, optional
        Positions of arguments that are compile-time constants; each new value (they must be
        hashable) compiles anew.
    static_argnames : str or sequence of str, optional
        Names of such arguments, however they are passed.
    autograph : bool, optional
        Whether Python's ``for``, ``while``, ``if``, ``and``, ``or`` and ``not`` may depend on
        traced values, in ``fn`` and in the functions of yours that it calls. Loops over lists,
        arrays and known ranges are unrolled; use `for_loop` for long ones.
    seed : int, optional
        Seed of the random numbers in the program, from 0 to 2**32 - 1, for circuits with shots or
        `measure`. Each call of the compiled function then gives the same results, on any number of
        threads. Without it, they are new at every call.
    verbose : bool, optional
        Whether to tell, on the standard error stream, what is compiled and how long it took.

    disable_assertions : bool, optional
        Whether to leave out every `debug_assert`.
    **elsewhere
        The other options of ``catalyst.qjit``, which are taken with their default values.

    Returns
    -------
    QJIT
        Its results have types of their own (``float64``), also those that come of Python's numbers.
        Compiles at the first call of each signature (shapes and types of the arguments); ahead of
        time, at once, if every argument is annotated with a scalar type (``float``) or an abstract
        array (``jax.ShapeDtypeStruct``). Arguments of such a function are converted to the declared
        types where these can hold them, as a float can hold an int.

    Raises
    ------
    TypeError
        If ``fn`` is not callable, or an option is unknown or has the wrong type.
    ValueError
        If ``seed`` is out of range, or an option of ``catalyst.qjit`` asks for what is not here.
    CompileError
        At the call, for a circuit that cannot be compiled; at once, if ``autograph`` does not find
        the source of ``fn``.

    Warns
    -----
    UserWarning
        If a function cannot be compiled ahead of time, though its arguments are annotated; when
        called, if it is compiled again because the arguments do not fit the annotations.

    Notes
    -----
    Circuits with shots (``qml.set_shots``) are sampled: each QNode in the program, each iteration
    of a loop and each element of ``jax.vmap`` on its own. A circuit whose arguments are the same
    for all elements of ``jax.vmap`` is evaluated, and sampled, once for all of them. In the same
    way ``jax.grad`` of a loop of JAX (``lax.scan``) may evaluate a circuit once whose arguments are
    the same in all iterations; in a `for_loop` it does not. Inside a seeded program, two calls of
    one ``jax.jit`` function with equal arguments may exchange their random numbers.

    With shots ``qml.sample`` returns an array of shape ``(shots, wires)``, of an observable one
    eigenvalue for each shot, and ``qml.counts`` a pair of arrays: the numbers of all basis states,
    or the eigenvalues of the observable, and how often each was found.
    Called inside another seeded program, a program draws from the random numbers of that one.

    Ctrl-C, or Jupyter's stop button, ends a program that runs circuits at once, by
    ``KeyboardInterrupt``, and leaves nothing behind for the next call. If a handler of yours takes
    SIGINT and returns, the program goes on: it begins again. Not stopped are XLA while it compiles,
    classical code that runs long between two circuits, devices other than ``lightning.qubit``, and
    a single gate on a large part of many wires. A call returns when its results are computed, if
    the program may take long, that is if it has circuits in loops or large ones. In a ``jax.jit``
    function of yours, which JAX does not wait for, it may be where a result is used that
    ``KeyboardInterrupt`` comes, after an error of JAX's that says "interrupted by SIGINT".

    What XLA compiled is kept in a folder of the user's (``~/.cache/qgrad_lab`` on Linux), so that
    after a restart the first call of the same program skips that step. The environment variable
    ``QGRAD_LAB_CACHE`` names another folder, or is ``0`` for none. If JAX's own
    ``jax_compilation_cache_dir`` is set, that one is used.

    Examples
    --------
    >>> import jax, pennylane as qml
    >>> from qgrad_lab import grad, qjit
    >>> @qml.qnode(qml.device("lightning.qubit", wires=1))
    ... def circuit(x):
    ...     qml.RX(x, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> @qjit
    ... def loss(x):
    ...     return circuit(x) ** 2
    >>> print(f"{loss(0.4):.6f} {jax.grad(loss)(0.4):.6f} {qjit(grad(loss))(0.4):.6f}")
    0.848353 -0.717356 -0.717356

    Compiled when it is defined, for a float, and called with an int:

    >>> @qjit
    ... def cube(x: float):
    ...     return x**3
    >>> cube(2)
    Array(8., dtype=float64)

    Constants of the program:

    >>> @qjit(static_argnames="power")
    ... def sum_of_powers(x, power):
    ...     return sum(x**n for n in range(power))
    >>> print(sum_of_powers(2.0, power=4))
    15.0

    Shots:

    >>> @qjit(seed=7)
    ... @qml.set_shots(100)
    ... @qml.qnode(qml.device("lightning.qubit", wires=1))
    ... def sampled(x):
    ...     qml.RX(x, wires=0)
    ...     return qml.sample(), qml.expval(qml.Z(0))
    >>> sample, mean = sampled(0.4)
    >>> sample.shape, bool(abs(mean - (1 - 2 * sample.mean())) < 1e-12)
    ((100, 1), True)

    Statements that depend on arguments:

    >>> @qjit(autograph=True)
    ... def collatz(n):
    ...     steps = 0
    ...     while n != 1:
    ...         if n % 2 == 0:
    ...             n = n // 2
    ...         else:
    ...             n = 3 * n + 1
    ...         steps += 1
    ...     return steps
    >>> print(collatz(27))
    111
    """
    with frames_hidden:
        check_elsewhere(elsewhere)
        options = check_options(
            static_argnums, static_argnames, autograph, seed, verbose, disable_assertions
        )
        if fn is None:
            return lambda fn: qjit(fn, **options.keywords())
        if not callable(fn):
            raise TypeError(
                f"qjit was given {fn!r} of type {type(fn).__name__}, which is not a callable "
                "object. Give it a function or a QNode."
            )
        if isinstance(fn, QJIT):
            fn = fn.original_function
        return QJIT(fn, options)
