"""The controls on the left of a workbench, below the arguments."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import ipywidgets as widgets

from qgrad_lab.comparison.references import Kind
from qgrad_lab.methods.table import DEFAULT_NAMES, METHODS, STEPPED, listed, tooltip

_REFERENCES: dict[str, Kind] = {
    "jax.grad on default.qubit": "jax",
    "catalyst.grad": "catalyst",
    "none": None,
}


class Choice(NamedTuple):
    """A choice of how to differentiate."""

    methods: tuple[str, ...]
    h: float | None
    argnum: int | tuple[int, ...]
    reference: Kind
    shots: int | None
    """The shots of the QNode; None to keep its own."""

    @property
    def problem(self) -> str | None:
        """Why there is nothing to compute, or None."""
        if not self.methods:
            return "Choose a method, at least one."
        if self.argnum == ():
            return "Choose an argument to differentiate, at least one."
        return None


class Controls:
    """The controls, and the choice that they make.

    Attributes
    ----------
    methods, arguments : dict of str to Checkbox
        By the name of the method, and of the argument.
    step, default_step
        The slider of ``h``, and whether it is left to the engine instead.
    reference, shots
        The menu of references, and the number of shots where the function is a QNode with shots.
    view : widget
        All of them.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        argnum: int | Sequence[int] | None,
        methods: Sequence[str] = DEFAULT_NAMES,
        h: float | None = None,
        reference: Kind = "jax",
        shots: int | None = None,
        *,
        changed: Callable[[], None],
    ) -> None:
        self._own_shots = shots
        self.methods = {
            row.name: _box(row.name, tooltip(row), row.name in methods) for row in METHODS
        }
        self.default_step = _box(
            "the default step", "1e-7, or longer for values in 32 bits", h is None
        )
        self.step = widgets.FloatLogSlider(
            value=1e-7 if h is None else h,
            min=-13,
            max=0,
            step=0.25,
            readout_format=".1e",
            description="h",
            tooltip="The step of finite differences",
            disabled=h is None,
            style={"description_width": "1.5em"},
            layout=widgets.Layout(width="auto"),
        )
        chosen = [argnum or 0] if argnum is None or isinstance(argnum, int) else list(argnum)
        chosen = [position % len(arguments) if arguments else 0 for position in chosen]
        self.arguments = {
            name: _box(name, f"Differentiate in {name}", position in chosen)
            for position, name in enumerate(arguments)
        }
        choices = dict(_REFERENCES)
        if callable(reference):
            choices[str(getattr(reference, "__name__", "your function"))] = reference
        self.reference = widgets.Dropdown(
            options=list(choices.items()),
            value=reference,
            description="reference",
            tooltip="What the gradients are checked against",
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )
        self.shots = widgets.BoundedIntText(
            value=shots or 1000,
            min=1,
            max=10**9,
            description="shots",
            tooltip="How often each circuit is measured",
            continuous_update=False,
            layout=widgets.Layout(display="" if shots else "none", width="auto"),
            style={"description_width": "initial"},
        )
        for control in self._all():
            control.observe(lambda _: changed(), "value")
        self.default_step.observe(self._lock_step, "value")
        self.view = widgets.VBox(
            [
                group("Methods", [_row(self.methods.values())]),
                group(f"Step of {listed(STEPPED, 'and')}", [self.step, self.default_step]),
                group("Differentiate in", [_row(self.arguments.values())]),
                self.reference,
                self.shots,
            ]
        )

    def choice(self) -> Choice:
        """Return the current choice."""
        positions = tuple(i for i, box in enumerate(self.arguments.values()) if box.value)
        stepped = any(self.methods[name].value for name in STEPPED)
        steps = stepped and not self.default_step.value
        return Choice(
            tuple(name for name, box in self.methods.items() if box.value),
            self.step.value if steps else None,
            positions[0] if len(positions) == 1 else positions,
            self.reference.value,
            self.shots.value if self._own_shots else None,
        )

    def _all(self) -> list[Any]:
        return [
            *self.methods.values(),
            self.default_step,
            self.step,
            *self.arguments.values(),
            self.reference,
            self.shots,
        ]

    def _lock_step(self, change: Any) -> None:
        self.step.disabled = change.new


def check_argnum(argnum: int | Sequence[int] | None, count: int) -> None:
    """Refuse positions beyond the ``count`` arguments of a call.

    Raises
    ------
    ValueError
        If there is one.
    """
    positions = [argnum] if isinstance(argnum, int) else list(argnum or [])
    for position in positions:
        if not -count <= position < count:
            raise ValueError(
                f"Invalid argnum {argnum!r}: the call has {count} positional argument"
                f"{'' if count == 1 else 's'}, counted from 0, or from -1 at the end."
            )


def group(title: str, children: list[Any]) -> widgets.VBox:
    """Put widgets under a heading."""
    return widgets.VBox([widgets.HTML(f'<div class="qgrad-heading">{title}</div>'), *children])


def _row(boxes: Iterable[widgets.Widget]) -> widgets.HBox:
    return widgets.HBox(list(boxes), layout=widgets.Layout(flex_flow="row wrap"))


def _box(name: str, tooltip: str, value: bool) -> widgets.Checkbox:
    return widgets.Checkbox(
        value=value,
        description=name,
        tooltip=tooltip,
        indent=False,
        layout=widgets.Layout(width="auto"),
    )
