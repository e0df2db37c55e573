"""``sweep``: value and gradient at every point of a grid."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qgrad_lab.core.tracebacks import frames_hidden
from qgrad_lab.differentiate.options import check_callable
from qgrad_lab.sweeps.executors.choice import executor_for
from qgrad_lab.sweeps.extra import required
from qgrad_lab.sweeps.grid import Grid
from qgrad_lab.sweeps.methods import Ways
from qgrad_lab.sweeps.running import Request, run_sweep
from qgrad_lab.sweeps.target import Target

if TYPE_CHECKING:
    import xarray


def sweep(
    fn: Callable[..., Any],
    grid: Mapping[str, Any],
    *,
    fixed: Mapping[str, Any] | None = None,
    argnum: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
    methods: str | Sequence[str] = ("auto",),
    h: float | Sequence[float] | None = None,
    executor: Any = None,
    store: Any = None,
    chunk: int | None = None,
    units: Mapping[str, str] | None = None,
    progress: bool = True,
) -> "xarray.Dataset":
    """Compute value and gradient of ``fn`` at every point of a grid, as one labelled dataset.

    The program is compiled once for a block of points, and blocks are computed in this process, by
    the workers of an executor, or on a Dask cluster. With a ``store``, a sweep that was stopped in
    any way goes on where it was when it is called again.

    Parameters
    ----------
    fn : callable
        A function, QNode or compiled program with named arguments, that returns one real number,
        perhaps in a pytree.
    grid : mapping of str to sequence
        What takes which values: the name of an argument (``"x"``), or of a part of one
        (``"theta[3]"``, ``"params['w'][0, 1]"``), with its values. A sequence of numbers makes a
        dimension with the same name; different dimensions make an outer product. Of an array with
        more axes the first are the points, along a dimension ``"theta_point"``. An
        `xarray.DataArray` names its dimensions itself: its first is swept, and values that share
        its name move together.
    fixed : mapping of str to object, optional
        The other arguments, and arguments of which parts are swept. Arrays are arguments of the
        compiled program; strings, numbers of layers and the like are its constants.
    argnum, argnames : int, str or sequence of these, optional
        What is differentiated, by position or by name: the first argument by default. Integers in
        it become floats.
    methods : str or sequence of str, optional
        Those of `qgrad_lab.compare`: ``"auto"``, ``"fd"``, or for all QNodes ``"adjoint"``,
        ``"parameter-shift"`` or ``"backprop"``.
    h : float or sequence of float, optional
        The step of ``"fd"``. A sequence makes a dimension ``h``, along which the numbers of other
        methods are repeated, and not computed again.
    executor : concurrent.futures.Executor or dask.distributed.Client, optional
        Where to compute: this process by default. Processes of an executor have to be started anew
        (``multiprocessing.get_context("spawn")``), not forked. A client's cluster may grow and
        shrink, and its workers may die.
    store : str, path or zarr store, optional
        Where to keep the results as they come. ``xarray.open_zarr`` reads it at any time.
    chunk : int, optional
        The most points in a block. This is what is lost with a worker that dies, and a chunk of
        the store. By default, a block takes about a second by the first method.
    units : mapping of str to str, optional
        Of what is swept or differentiated, by name, and of what ``fn`` returns, as ``"value"``.
    progress : bool, optional
        Whether to show a bar, with rate and remaining time.

    Returns
    -------
    xarray.Dataset
        ``value``, one ``gradient_...`` for each differentiated array and ``seconds``, the time per
        point, along the dimensions of the grid, ``diff_method``, and perhaps ``h``; gradients also
        along the axes of the array (``theta_0``, ...). They and what is swept have
        ``units``. The attributes say where the numbers come from: function and digests of its
        source and of its program, versions, time. From a store, numbers are read when they are
        used.

        A method that does not apply to ``fn`` has NaN, and its reason in the coordinate
        ``failure``; if none does, the first reason is raised.

    Raises
    ------
    TypeError, ValueError
        If an argument is not among those above; if there is another sweep, or something else, in
        the store.
    CompileError
        If the program cannot leave this process, because it calls Python, and would have to.
    ImportError
        If the packages of ``pip install 'qgrad-lab[sweep]'`` are missing.
    RuntimeError
        If the executor or the cluster is lost. What is in the store is kept.
    Exception
        Whatever ``fn`` raises, with the point in a note.

    Warns
    -----
    UserWarning
        If a method does not apply.

    Notes
    -----
    Workers need this package, and not the source of ``fn``: programs are sent as ``jax.export``
    writes them. Each worker compiles a program once. Results are written by this process alone,
    which can take in some hundred blocks a second; with many workers, choose ``chunk`` larger. One
    store is for one call at a time. The random numbers of circuits with shots depend on the blocks:
    with a seed and the same ``chunk`` they are the same.

    Examples
    --------
    >>> import numpy as np, pennylane as qml
    >>> from qgrad_lab import sweep
    >>> @qml.qnode(qml.device("lightning.qubit", wires=1))
    ... def circuit(x, y):
    ...     qml.RX(x, wires=0)
    ...     qml.RY(y, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> angles = np.linspace(0, 3, 4)
    >>> found = sweep(circuit, {"x": angles, "y": angles}, units={"x": "rad"}, progress=False)
    >>> dict(found.sizes), found.gradient_x.attrs["units"]
    ({'x': 4, 'y': 4, 'diff_method': 1}, '1 / rad')
    >>> print(f"{found.gradient_x.sel(x=1, y=2, diff_method='auto'):.6f}")
    0.350175

    Some elements of an array, and the error of finite differences for several steps:

    >>> def loss(theta, power):
    ...     return circuit(theta[0], theta[1]) ** power
    >>> found = sweep(
    ...     loss, {"theta[0]": angles}, fixed={"theta": np.array([0.0, 0.3]), "power": 2},
    ...     methods=["auto", "fd"], h=[1e-2, 1e-4], progress=False,
    ... )
    >>> found.gradient_theta.dims
    ('theta[0]', 'diff_method', 'h', 'theta_0')
    >>> exact, differences = (found.sel(diff_method=name) for name in ("auto", "fd"))
    >>> errors = abs(differences.gradient_theta - exact.gradient_theta)
    >>> print(*errors.max(["theta[0]", "theta_0"]).values.round(6))
    0.009126 9.1e-05

    Values that move together, and a store to go on from:

    >>> import tempfile, xarray
    >>> starts = xarray.DataArray([[0.1, 0.2], [0.5, 0.6]], dims=["start", "angle"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for _ in range(2):  # the second time everything is there
    ...         found = sweep(
    ...             loss, {"theta": starts, "power": xarray.DataArray([1, 2], dims="start")},
    ...             store=f"{folder}/sweep.zarr", progress=False,
    ...         ).load()
    >>> print(found.value.dims, found.gradient_theta[:, 0].values.round(6).tolist())
    ('start', 'diff_method') [[-0.097843, -0.197677], [-0.573192, -0.717811]]
    """
    with frames_hidden:
        required("xarray")
        check_callable(fn, "sweep")
        fixed, units = dict(fixed or {}), dict(units or {})
        points, ways = Grid(grid), Ways(methods, h)
        target = Target(fn, points, fixed, argnum, argnames)
        request = Request(target, points.with_values(target.swept), ways, fixed, units, chunk)
        return run_sweep(request, executor_for(executor), store, bool(progress))
