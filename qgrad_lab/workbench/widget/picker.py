"""The first view of a workbench without a function: the functions of the notebook."""

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from qgrad_lab.workbench.widget.namespace import arguments_of, functions, required
from qgrad_lab.workbench.widget.status import error_html

_NONE = (
    "There is no function to differentiate yet. Define one in a cell, such as a QNode, and run "
    "this cell again."
)


class Picker:
    """A menu of functions, and their arguments as text.

    Parameters
    ----------
    namespace : mapping
        The names of the notebook; arguments are evaluated there.
    chosen : callable
        Called with the function and the positional and keyword arguments of the call.
    """

    def __init__(
        self,
        namespace: Mapping[str, Any],
        chosen: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], None],
    ) -> None:
        self._namespace, self._chosen = dict(namespace), chosen
        self._functions = functions(namespace)
        if not self._functions:
            self.view: widgets.Widget = widgets.HTML(f"<p>{_NONE}</p>")
            return
        self.function = widgets.Dropdown(
            options=list(self._functions),
            description="function",
            tooltip="What is differentiated",
        )
        self.arguments = widgets.Text(
            description="arguments",
            tooltip="The arguments of the call, as they would stand in it",
            placeholder="0.5, layers=2",
            layout=widgets.Layout(width="30em"),
        )
        self.open = widgets.Button(
            description="Open", tooltip="Open the workbench on this call", button_style="primary"
        )
        self.error = widgets.HTML()
        self.function.observe(lambda _: self._propose(), "value")
        self.open.on_click(lambda _: self._open())
        self._propose()
        self.view = widgets.VBox(
            [widgets.HBox([self.function, self.arguments, self.open]), self.error]
        )

    def _propose(self) -> None:
        names = required(self._functions[self.function.value])
        self.arguments.value = ", ".join(name for name in names if name in self._namespace)

    def _open(self) -> None:
        try:
            args, kwargs = arguments_of(self.arguments.value, self._namespace)
            self._chosen(self._functions[self.function.value], args, kwargs)
        except Exception as error:
            self.error.value = error_html(error)
