"""Open and close workbenches in JupyterLab's panel: run by the extension in the kernel."""

from collections.abc import Mapping, Sequence
from typing import Any

from IPython.display import HTML, display

from qgrad_lab.comparison.references import Kind
from qgrad_lab.methods.table import DEFAULT_NAMES
from qgrad_lab.workbench.listing import user_names
from qgrad_lab.workbench.widget.bench import Workbench
from qgrad_lab.workbench.widget.namespace import arguments_of, functions
from qgrad_lab.workbench.widget.status import error_html
from qgrad_lab.workbench.widget.style import STYLE

_open: dict[str, Workbench] = {}
"""The workbench that each panel shows."""


def open_workbench(
    panel: str,
    function: str,
    arguments: str = "",
    *,
    methods: Sequence[str] = DEFAULT_NAMES,
    h: float | None = None,
    reference: Kind = "jax",
    theme: str = "auto",
    namespace: Mapping[str, Any] | None = None,
) -> None:
    """Show a `Workbench` in a panel, in place of the previous one.

    What is wrong with the function or its arguments is shown instead, as a message. Nothing is
    added to the namespace.

    Parameters
    ----------
    panel : str
        Any name of the panel.
    function : str
        The name of a function, one of those of `qgrad_lab.workbench.list_functions`.
    arguments : str
        The arguments of the call as they would stand in it, such as ``theta, layers=2``; they are
        evaluated.
    methods, h, reference, theme
        As for `Workbench`.
    namespace : mapping, optional
        That of the running IPython shell by default.
    """
    close_workbench(panel)
    names, hidden = user_names() if namespace is None else (namespace, ())
    try:
        found = functions(names, hidden)
        if function not in found:
            raise ValueError(f"There is no function {function} in this kernel: refresh the list.")
        args, kwargs = arguments_of(arguments, names)
        options: dict[str, Any] = {"methods": methods, "h": h, "reference": reference}
        bench = Workbench(found[function], *args, theme=theme, **options, **kwargs)
    except Exception as error:  # of any kind: the expressions are the user's
        display(HTML(f'{STYLE}<div class="qgrad-workbench">{error_html(error)}</div>'))
        return
    _open[panel] = bench
    display(bench)


def close_workbench(panel: str) -> None:
    """Close the workbench of a panel, its thread and its widgets, if there is one."""
    bench = _open.pop(panel, None)
    if bench is not None:
        bench.close()
