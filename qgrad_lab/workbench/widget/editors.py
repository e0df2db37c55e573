"""Editors of the arguments of a call: a slider for a number, a table for an array."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets
import jax
import numpy as np

ROWS, COLUMNS = 8, 4
"""Rows and columns of a page of a table."""

GRID = 0.01
"""The distance between neighbouring values of a slider."""
REACH = 3.14
"""The distance to either end of a new slider."""
ECHO = 2.0
"""Seconds during which a slider may still report earlier positions."""

_WIDE = widgets.Layout(width="auto")
_NARROW: dict[str, Any] = {
    "layout": widgets.Layout(width="auto", min_width="0", flex="1 1 0%"),
    "style": {"description_width": "3em"},
}


class Leaf:
    """The editor of one leaf of an argument.

    Attributes
    ----------
    view : widget
        To show.
    value : object
        As edited, of the type that it had.
    """

    def __init__(self, value: Any, changed: Callable[[], None]) -> None:
        self.value = value
        self._changed = changed
        self.view: widgets.Widget = widgets.HTML()

    def _set(self, value: Any) -> None:
        self.value = value
        self._changed()


class Slider(Leaf):
    """An editor of a number: a slider whose range can be edited.

    The number is what counts, to the last digit. A slider in a page has values on a grid: it tells
    the kernel where on it a number has come to be, and sometimes where it was before. Neither is a
    person who moved it.
    """

    def __init__(self, name: str, value: Any, changed: Callable[[], None]) -> None:
        super().__init__(value, changed)
        number = float(value)
        self.number = widgets.FloatText(
            value=number, description=name, tooltip=f"The value of {name}", **_NARROW
        )
        self.slider = widgets.FloatSlider(
            value=number,
            min=number - REACH,
            max=number + REACH,
            step=GRID,
            readout=False,
            tooltip=f"Moves {name}",
            layout=widgets.Layout(width="auto"),
        )
        self.low, self.high = (
            widgets.FloatText(
                value=round(bound, 4),
                description=text,
                tooltip=f"The {word} end of the slider of {name}",
                **_NARROW,
            )
            for bound, text, word in (
                (self.slider.min, "from", "lower"),
                (self.slider.max, "to", "upper"),
            )
        )
        self._setting = False
        self._left = (math.nan, 0.0)
        self.number.observe(self._typed, "value")
        self.slider.observe(self._slid, "value")
        self.low.observe(lambda _: self._range(), "value")
        self.high.observe(lambda _: self._range(), "value")
        self.view = widgets.VBox([self.number, self.slider, widgets.HBox([self.low, self.high])])
        self.view.add_class("qgrad-slider")

    def _typed(self, change: Any) -> None:
        if math.isfinite(change.new):
            self._left = (change.old, time.monotonic())
            self._range()
        self._set(_like(self.value, change.new))

    def _slid(self, change: Any) -> None:
        here = self.number.value
        left, when = self._left
        echoes = [here] if time.monotonic() - when > ECHO else [here, left]
        if not self._setting and all(abs(change.new - at) > GRID / 2 * 1.001 for at in echoes):
            self.number.value = round(change.new, 10)

    def _range(self) -> None:
        """Set the slider's range so that it contains the number."""
        number = self.number.value
        low, high = sorted((self.low.value, self.high.value))
        low, high = min(low, number), max(high, number)
        if not (low < high and math.isfinite(high - low)):
            return
        self._setting = True
        with self.slider.hold_sync():
            self.slider.min = min(low, self.slider.max)
            self.slider.max = high
            self.slider.min = low
            self.slider.value = number
        self._setting = False


class Table(Leaf):
    """An editor of the elements of an array, a page at a time."""

    def __init__(self, name: str, value: Any, changed: Callable[[], None]) -> None:
        super().__init__(value, changed)
        self._name = name
        self._array = np.array(value)
        self._is_jax = isinstance(value, jax.Array)
        columns = self._array.shape[-1] if self._array.ndim > 1 else self._array.size
        self._columns = min(columns, COLUMNS)
        pages = math.ceil(self._array.size / (ROWS * self._columns))
        self.page = widgets.BoundedIntText(
            value=1,
            min=1,
            max=pages,
            description=f"{name}, page",
            tooltip=f"Which of the {pages} pages of {name} is shown",
            style={"description_width": "initial"},
            layout=widgets.Layout(width="12em", display="" if pages > 1 else "none"),
        )
        shape = " x ".join(map(str, self._array.shape))
        self._title = widgets.HTML(f"{name}: {shape} {self._array.dtype}")
        self.grid = widgets.GridBox(
            layout=widgets.Layout(grid_template_columns=f"repeat({self._columns}, 1fr)")
        )
        self.cells: list[widgets.FloatText] = []
        self.page.observe(lambda _: self._show(), "value")
        self._show()
        self.view = widgets.VBox([widgets.HBox([self._title, self.page]), self.grid])

    def _show(self) -> None:
        per_page = ROWS * self._columns
        start = (self.page.value - 1) * per_page
        self.cells = [self._cell(k) for k in range(start, min(start + per_page, self._array.size))]
        self.grid.children = self.cells

    def _cell(self, number: int) -> widgets.FloatText:
        place = np.unravel_index(number, self._array.shape)
        where = "[" + ", ".join(str(int(index)) for index in place) + "]"
        cell = widgets.FloatText(
            value=float(self._array[place]),
            description=where,
            tooltip=f"{self._name}{where}",
            layout=widgets.Layout(width="auto", min_width="0"),
            style={"description_width": "3.2em"},
        )

        def edited(change: Any) -> None:
            self._array = self._array.copy()
            self._array[place] = change.new
            self._set(jax.numpy.asarray(self._array) if self._is_jax else self._array)

        cell.observe(edited, "value")
        return cell


class Plain(Leaf):
    """An editor of a text, a whole number or a switch."""

    def __init__(self, name: str, value: Any, changed: Callable[[], None]) -> None:
        super().__init__(value, changed)
        kinds = {bool: widgets.Checkbox, int: widgets.IntText, str: widgets.Text}
        # Numbers of layers and names may be expensive to try, so they count when confirmed.
        options = {} if isinstance(value, bool) else {"continuous_update": False}
        self.view = kinds[type(value)](
            value=value,
            description=name,
            tooltip=f"The value of {name}",
            layout=_WIDE,
            **options,
        )
        self.view.observe(lambda change: self._set(change.new), "value")


class Fixed(Leaf):
    """A placeholder for a value that has no editor."""

    def __init__(self, name: str, value: Any, changed: Callable[[], None]) -> None:
        super().__init__(value, changed)
        words = repr(value)
        words = words if len(words) < 60 else words[:57] + "..."
        self.view = widgets.Label(f"{name} = {words}", layout=_WIDE)


class Editors:
    """Editors of all arguments of a call.

    Attributes
    ----------
    view : widget
        All of them; a pytree is folded under the name of its argument.
    leaves : dict of str to Leaf
        By name, such as ``params['w']``.
    """

    def __init__(
        self,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        names: Sequence[str],
        changed: Callable[[], None],
    ) -> None:
        self.leaves: dict[str, Leaf] = {}
        self._trees: list[tuple[Any, list[str]]] = []
        self._keywords = list(kwargs)
        boxes = []
        for name, argument in zip([*names, *kwargs], [*args, *kwargs.values()], strict=True):
            found, tree = jax.tree_util.tree_flatten_with_path(argument)
            own = {name + jax.tree_util.keystr(path): leaf for path, leaf in found}
            for label, leaf in own.items():
                self.leaves[label] = editor(label, leaf, changed)
            self._trees.append((tree, list(own)))
            views = [self.leaves[label].view for label in own]
            if len(views) == 1 and list(own) == [name]:
                boxes += views
            else:
                folded = widgets.Accordion([widgets.VBox(views)], titles=(name,))
                folded.selected_index = 0 if len(views) <= 4 else None
                boxes.append(folded)
        self.view = widgets.VBox(boxes)

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the call's arguments, as edited."""
        values = [
            jax.tree.unflatten(tree, [self.leaves[label].value for label in labels])
            for tree, labels in self._trees
        ]
        count = len(values) - len(self._keywords)
        return tuple(values[:count]), dict(zip(self._keywords, values[count:], strict=True))


def editor(name: str, value: Any, changed: Callable[[], None]) -> Leaf:
    """Return the editor that suits ``value``."""
    if isinstance(value, bool | int | str) and type(value) in (bool, int, str):
        return Plain(name, value, changed)
    if isinstance(value, float | np.floating):
        return Slider(name, value, changed)
    if isinstance(value, np.ndarray | jax.Array) and not isinstance(value, jax.core.Tracer):
        if value.dtype.kind == "f" and value.size:
            return Slider(name, value, changed) if value.ndim == 0 else Table(name, value, changed)
    return Fixed(name, value, changed)


def _like(old: Any, new: float) -> Any:
    """Convert ``new`` to the type of ``old``."""
    if isinstance(old, jax.Array):
        return jax.numpy.asarray(new, old.dtype)
    if isinstance(old, np.ndarray):
        return np.asarray(new, old.dtype)
    return type(old)(new)
