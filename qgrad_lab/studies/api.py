"""The public functions of this room: ``landscape``, ``step_sizes`` and ``scaling``."""

from collections.abc import Callable, Sequence
from typing import Any

from qgrad_lab.comparison.references import Kind
from qgrad_lab.core.tracebacks import frames_hidden
from qgrad_lab.differentiate.options import check_callable
from qgrad_lab.methods.table import DEFAULT_NAMES
from qgrad_lab.results.landscapes import Landscape
from qgrad_lab.results.scalings import Scaling
from qgrad_lab.results.steps import StepSizes
from qgrad_lab.studies import growth, landscapes, steps


def landscape(
    fn: Callable[..., Any],
    *args: Any,
    along: landscapes.Along = None,
    span: landscapes.Span = None,
    points: int | Sequence[int] | None = None,
    methods: Sequence[str] | str = DEFAULT_NAMES,
    h: float | Sequence[float] | None = None,
    argnum: int | Sequence[int] | None = None,
    reference: Kind = "jax",
    **kwargs: Any,
) -> Landscape:
    """Evaluate and differentiate ``fn`` along one element of its arguments, or over two.

    Every method is compiled once, for the derivatives in these elements only, and evaluated point
    by point.

    Parameters
    ----------
    fn : callable
        A function, QNode or compiled program that returns one real number, perhaps in a pytree.
    *args, **kwargs
        The arguments of the call. Everything that is not moved stays at these values.
    along : int or str, or a pair of these, optional
        The element: its number among all of the differentiated arguments, or its name, such as
        ``"phi"``, ``"theta[3]"`` or ``"params['w'][1, 2]"``. A pair is a plane. The first element
        by default. A name may be that of any argument, unless ``argnum`` is given.
    span : float or pair of float, or a pair of these, optional
        The width around the value in the call, or both ends; a width of ``2 * pi`` by default.
    points : int or pair of int, optional
        The number of points: 101 along one element, 31 along each of two by default.
    methods, h, argnum, reference
        As for `compare`.

    Returns
    -------
    Landscape
        The grid, the values, and the derivatives by each method and by the reference. A method that
        fails, or does not apply, has the reason in its row. ``found.plot()`` draws it.

    Raises
    ------
    TypeError, ValueError
        If ``fn`` is not callable; if an option has a value that is not among those above.
    DifferentiableCompileError
        If ``fn`` does not return one number.
    Exception
        Whatever ``fn`` raises, and `CompileError` for a program that cannot be compiled.

    See Also
    --------
    compare : All elements of the gradient, at one point.
    step_sizes : The error of finite differences against their step.

    Notes
    -----
    For large circuits the reference takes nearly all of the time; ``reference=None`` omits it.

    Examples
    --------
    >>> import jax.numpy as jnp, pennylane as qml
    >>> from qgrad_lab import landscape
    >>> @qml.qnode(qml.device("lightning.qubit", wires=1))
    ... def circuit(theta):
    ...     qml.RX(theta[0], wires=0)
    ...     qml.RY(theta[1], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> found = landscape(circuit, jnp.array([0.4, 0.0]), along="theta[0]", points=5)
    >>> print((found.axes[0] - 0.4).round(3))
    [-3.142 -1.571  0.     1.571  3.142]
    >>> print(found["auto"].derivatives[0].round(5))
    [ 0.38942  0.92106 -0.38942 -0.92106  0.38942]
    >>> found["auto"].difference < 1e-12
    True
    >>> landscape(circuit, jnp.array([0.4, 0.0]), along=(0, 1), points=(3, 5)).value.shape
    (3, 5)
    """
    with frames_hidden:
        return landscapes.run(
            check_callable(fn, "landscape"),
            args,
            kwargs,
            along=along,
            span=span,
            points=points,
            methods=methods,
            h=h,
            argnum=argnum,
            reference=reference,
        )


def step_sizes(
    fn: Callable[..., Any],
    *args: Any,
    hs: Sequence[float] | None = None,
    along: int | str | Sequence[int | str] | None = None,
    argnum: int | Sequence[int] | None = None,
    reference: Kind = "jax",
    **kwargs: Any,
) -> StepSizes:
    """Measure the error of finite differences of ``fn`` against their step.

    ``(f(x + h) - f(x)) / h`` is off by about ``h |f''| / 2``, because ``f`` is not a straight line
    (truncation), and by about ``2 eps / h`` because its values have an error ``eps``, from rounding
    or shots. The best step balances the two.

    Parameters
    ----------
    fn : callable
        A function, QNode or compiled program that returns one real number, perhaps in a pytree.
    *args, **kwargs
        The arguments of the call.
    hs : sequence of float, optional
        The steps; three for each power of ten from 1e-13 to 1 by default.
    along : int or str, or a sequence of these, optional
        The elements to differentiate, as for `landscape`, in the arguments at ``argnum``. All of
        them by default, or 64 that are evenly spread if there are more.
    argnum, reference
        As for `compare`. Without a reference, ``grad`` by ``"auto"`` takes its place.

    Returns
    -------
    StepSizes
        The errors, their two parts, and the best step, measured and predicted. ``found.plot()``
        draws it.

    Raises
    ------
    TypeError, ValueError
        If ``fn`` is not callable; if an option has a value that is not among those above.
    DifferentiableCompileError
        If ``fn`` does not return one number, or there is no element to differentiate.
    Exception
        Whatever ``fn`` raises, and `CompileError` for a program that cannot be compiled.

    See Also
    --------
    compare : Several steps beside the other methods.

    Notes
    -----
    The second derivatives are exact, computed by the engine. The rounding error of a value is
    estimated from higher differences (More and Wild, SIAM J. Sci. Comput. 33 (2011) 1292), and is
    at least half a unit in its last place; the error by shots is estimated from repeated values.
    For both parts of the error see Press et al., *Numerical Recipes*, 3rd ed. (2007), section
    5.7.

    Examples
    --------
    >>> import pennylane as qml
    >>> from qgrad_lab import step_sizes
    >>> @qml.qnode(qml.device("lightning.qubit", wires=1))
    ... def circuit(x):
    ...     qml.RX(x, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> found = step_sizes(circuit, 0.4, hs=[1e-1, 1e-2, 1e-8, 1e-13])
    >>> print(found.second.round(5))
    [-0.92106]
    >>> print(found.errors[-1].round(4), found.truncation[-1].round(4))
    0.0454 0.0461
    >>> found.best, 1e-8 < found.predicted < 1e-7
    (1e-08, True)
    """
    with frames_hidden:
        return steps.run(
            check_callable(fn, "step_sizes"),
            args,
            kwargs,
            hs=hs,
            along=along,
            argnum=argnum,
            reference=reference,
        )


def scaling(
    make: Callable[[Any], tuple[Callable[..., Any], tuple[Any, ...]]],
    sizes: Sequence[Any],
    *,
    methods: Sequence[str] | str = DEFAULT_NAMES,
    h: float | Sequence[float] | None = None,
    argnum: int | Sequence[int] | None = None,
) -> Scaling:
    """Time gradients of functions of growing size.

    At each size all methods run in turn, so that a machine that slows down slows all of them.

    Parameters
    ----------
    make : callable
        From a size to a pair: a function, QNode or compiled program that returns one real number,
        and a tuple of its arguments.
    sizes : sequence
        The sizes that ``make`` is called with, in increasing order, such as numbers of layers or of
        wires.
    methods, h, argnum
        As for `compare`.

    Returns
    -------
    Scaling
        The median time per call of each method at each size, value and gradient together, and the
        number of parameters. A method that fails at a size has the reason there, and one that took
        more than 10 seconds is not tried again. ``found.plot()`` draws it.

    Raises
    ------
    TypeError, ValueError
        If ``make`` is not callable, or returns anything but such a pair; if an option has a value
        that is not among those above.
    DifferentiableCompileError
        If a function does not return one number.
    Exception
        Whatever ``make`` and its functions raise.

    See Also
    --------
    compare : Time and accuracy of one function.

    Examples
    --------
    >>> import jax.numpy as jnp, pennylane as qml
    >>> from qgrad_lab import scaling
    >>> def chain(wires):
    ...     @qml.qnode(qml.device("lightning.qubit", wires=wires))
    ...     def circuit(theta):
    ...         for wire in range(wires):
    ...             qml.RY(theta[wire], wires=wire)
    ...         return qml.expval(qml.Z(0))
    ...     return circuit, (jnp.ones(wires),)
    >>> found = scaling(chain, [2, 4], methods=["auto", "parameter-shift"])
    >>> print(found.parameters, [row.label for row in found.rows])
    [2 4] ['auto', 'parameter-shift']
    >>> bool((found["auto"].seconds > 0).all())
    True
    """
    with frames_hidden:
        return growth.run(make, sizes, methods=methods, h=h, argnum=argnum)
