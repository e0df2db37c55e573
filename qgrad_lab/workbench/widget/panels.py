"""The tabs on the right of a workbench: each computes, shows, and writes itself as code."""

import base64
import dataclasses
import html
import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from qgrad_lab import plots
from qgrad_lab.comparison.methods import derivative, methods_of
from qgrad_lab.comparison.point import Point
from qgrad_lab.comparison.running import Progress
from qgrad_lab.comparison.running import run as compare
from qgrad_lab.differentiate.api import grad
from qgrad_lab.inspection.api import STAGES
from qgrad_lab.inspection.view import stage_html
from qgrad_lab.methods.table import BY_NAME, STEPPED, Scope
from qgrad_lab.results import comparison_table
from qgrad_lab.results.comparison import Comparison
from qgrad_lab.results.precision import coarsest, smallest_difference
from qgrad_lab.studies import landscapes, steps
from qgrad_lab.studies.elements import elements_of
from qgrad_lab.workbench.widget.code import call_text, literal
from qgrad_lab.workbench.widget.controls import Choice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESOLUTION = 110
"""The resolution of pictures, in dots per inch."""


@dataclasses.dataclass(eq=False)
class Question:
    """A question to the panels: a call, and how to differentiate it."""

    f: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    choice: Choice
    function: str
    call: str
    theme: str = "auto"
    _comparison: Comparison | None = dataclasses.field(default=None, init=False)

    @property
    def ink(self) -> str:
        """The theme to draw in: light if it follows the page, whose style inverts it."""
        return "light" if self.theme == "auto" else self.theme

    @property
    def themed(self) -> str:
        """The theme as an argument in code, unless it is the default."""
        return "" if self.theme == "auto" else f"theme={self.theme!r}"

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of `compare` and of studies for this choice."""
        choice = self.choice
        return {
            "methods": choice.methods,
            "h": choice.h,
            "argnum": choice.argnum,
            "reference": choice.reference,
        }

    def point(self) -> Point:
        """Return the call as a point."""
        return Point(self.f, self.args, self.kwargs, self.choice.argnum)

    def precision_notice(self) -> str:
        """Return which differences mean nothing, in words; empty for numbers of 64 bits."""
        point = self.point()
        value = None if self._comparison is None else self._comparison.value
        coarse = coarsest([point.selected, value])
        return "" if coarse is None else smallest_difference(coarse)

    def compared(self, progress: Progress) -> Comparison:
        """Return the comparison of the methods, computed for the first panel that needs it."""
        if self._comparison is None:
            self._comparison = compare(
                self.f,
                self.args,
                self.kwargs,
                function=self.function,
                call=self.call,
                progress=progress,
                **self.options,
            )
        return self._comparison


class Panel:
    """A tab; ``ask`` is called when something on it changes."""

    title = ""

    def __init__(self, ask: Callable[[], None]) -> None:
        self.controls: list[widgets.Widget] = []
        self.output = widgets.HTML()
        self.revision = 0
        """The number of changes to the choices on this tab."""
        self._ask = ask

    @property
    def view(self) -> widgets.Widget:
        """The whole tab."""
        controls = widgets.HBox(self.controls, layout=widgets.Layout(flex_flow="row wrap"))
        return widgets.VBox([controls, self.output])

    def prepare(self, question: Question) -> None:
        """Offer the choices for a question."""

    def compute(self, question: Question, progress: Progress) -> str:
        """Return the answer as HTML; runs in the worker's thread."""
        raise NotImplementedError

    def code(self, question: Question, function: str, namespace: Mapping[str, Any]) -> str:
        """Return Python with the same answer; ``function`` is how to write the function."""
        raise NotImplementedError

    def _changed(self, _: Any) -> None:
        self.revision += 1
        self._ask()

    def _menu(self, label: str, options: Any, tooltip: str, value: Any = None) -> Any:
        menu = widgets.Dropdown(
            options=options,
            value=value,
            description=label,
            tooltip=tooltip,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )
        menu.observe(self._changed, "value")
        return menu


class Compare(Panel):
    """The table of methods and the plot of their gradients."""

    title = "Compare"

    def compute(self, question: Question, progress: Progress) -> str:
        """Return the table and the picture."""
        found = question.compared(progress)
        picture = plots.gradients(found, theme=question.ink)
        table = comparison_table.html(found)
        return table + image(picture, "Gradients of each method", question.theme)

    def code(self, question: Question, function: str, namespace: Mapping[str, Any]) -> str:
        """Write a call of `compare`."""
        return _code("qgrad_lab.compare", question, function, namespace)


class Landscape(Panel):
    """Value and derivative along one element, or over two."""

    title = "Landscape"

    def __init__(self, ask: Callable[[], None]) -> None:
        super().__init__(ask)
        self.along = self._menu("along", ["0"], "The element of the arguments that is moved", "0")
        self.over = self._menu("and", ["—"], "A second element, for a surface", "—")
        self.span = widgets.BoundedFloatText(
            value=6.2832,
            min=1e-6,
            max=1e6,
            description="span",
            tooltip="How far the element is moved, from end to end",
            continuous_update=False,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="9em"),
        )
        self.span.observe(self._changed, "value")
        self.controls = [self.along, self.over, self.span]

    def prepare(self, question: Question) -> None:
        """Offer the elements of the differentiated arguments."""
        names = [element.name for element in elements_of(question.point())]
        for menu, options in ((self.along, names), (self.over, ["—", *names])):
            if options and list(menu.options) != options:
                kept = menu.value if menu.value in options else options[0]
                menu.options = options
                menu.value = kept

    def compute(self, question: Question, progress: Progress) -> str:
        """Return the picture."""
        found = landscapes.run(
            question.f,
            question.args,
            question.kwargs,
            along=self._along(),
            span=self.span.value,
            points=None,
            function=question.function,
            call=question.call,
            progress=progress,
            **question.options,
        )
        title = f"{question.function} along {', '.join(found.elements)}"
        return image(found.plot(theme=question.ink), title, question.theme)

    def code(self, question: Question, function: str, namespace: Mapping[str, Any]) -> str:
        """Write a call of `landscape`."""
        along = self._along()
        own = {"along": repr(along), "span": repr(self.span.value)}
        plot = f".plot({question.themed})"
        return _code("qgrad_lab.landscape", question, function, namespace, own, plot)

    def _along(self) -> str | tuple[str, str]:
        first, second = self.along.value, self.over.value
        return first if second in ("—", first) else (first, second)


class StepSize(Panel):
    """The error of finite differences against their step."""

    title = "Step size"

    def compute(self, question: Question, progress: Progress) -> str:
        """Return the picture, and the reason for the best step."""
        found = steps.run(
            question.f,
            question.args,
            question.kwargs,
            hs=None,
            along=None,
            argnum=question.choice.argnum,
            reference=question.choice.reference,
            function=question.function,
            call=question.call,
            progress=progress,
        )
        title = "Error of finite differences against h"
        picture = image(found.plot(theme=question.ink), title, question.theme)
        return f"{picture}<p>{html.escape(found.reason)}</p>"

    def code(self, question: Question, function: str, namespace: Mapping[str, Any]) -> str:
        """Write a call of `step_sizes`."""
        left_out, plot = ("methods", "h"), f".plot({question.themed})"
        return _code("qgrad_lab.step_sizes", question, function, namespace, {}, plot, left_out)


class Stages(Panel):
    """The compiled gradient at one stage."""

    title = "IR"

    def __init__(self, ask: Callable[[], None]) -> None:
        super().__init__(ask)
        names = list(STAGES)
        self.stage = self._menu("stage", names, "Which form of the compiled gradient", "program")
        self.method = self._menu("of", ["auto"], "The method whose gradient it is", "auto")
        self.controls = [self.stage, self.method]

    def prepare(self, question: Question) -> None:
        """Offer the chosen methods."""
        names = question.choice.methods
        if tuple(self.method.options) != names:
            kept = self.method.value if self.method.value in names else names[0]
            self.method.options = names
            self.method.value = kept

    def compute(self, question: Question, progress: Progress) -> str:
        """Return the text."""
        progress(0.1, f"compiling {self.method.value}")
        (method, *_) = methods_of(self.method.value, _step(self.method.value, question.choice))
        derived = derivative(question.f, method, question.choice.argnum, grad)
        stage = question.point().stages(derived)[self.stage.value]
        return stage_html(stage)

    def code(self, question: Question, function: str, namespace: Mapping[str, Any]) -> str:
        """Write a call of `stages`."""
        choice, method = question.choice, self.method.value
        options = {"argnum": repr(choice.argnum)}
        if BY_NAME[method].scope is Scope.FUNCTION:
            options["method"] = repr(method)
            if _step(method, choice) is not None:
                options["h"] = repr(choice.h)
            inner = function
        else:
            inner = f"qgrad_lab.with_diff_method({function}, {method!r})"
        written = ", ".join(f"{name}={value}" for name, value in options.items())
        derived = f"qgrad_lab.grad({inner}, {written})"
        positional, keywords = _arguments(question, derived, namespace)
        return call_text("qgrad_lab.stages", positional, keywords, f"[{self.stage.value!r}]")


class Cost(Panel):
    """Time against accuracy."""

    title = "Cost"

    def compute(self, question: Question, progress: Progress) -> str:
        """Return the picture."""
        found = question.compared(progress)
        title = "Time per call against the difference to the reference"
        return image(plots.cost(found, theme=question.ink), title, question.theme)

    def code(self, question: Question, function: str, namespace: Mapping[str, Any]) -> str:
        """Write a call of `compare`, and the plot of its result."""
        compared = _code("qgrad_lab.compare", question, function, namespace)
        given = ", ".join(filter(None, [compared, question.themed]))
        return f"from qgrad_lab import plots\n\nplots.cost({given})"


PANELS: tuple[type[Panel], ...] = (Compare, Landscape, StepSize, Stages, Cost)


def image(figure: "Figure", description: str, theme: str = "auto") -> str:
    """Return a figure as an HTML image, which follows the page if its theme is ``"auto"``."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=RESOLUTION, bbox_inches="tight")
    data = base64.b64encode(file.getvalue()).decode()
    return (
        f'<img class="qgrad-figure qgrad-theme-{theme}" alt="{html.escape(description)}" '
        f'src="data:image/png;base64,{data}">'
    )


def _step(method: str, choice: Choice) -> float | None:
    return choice.h if method in STEPPED else None


def _arguments(
    question: Question, function: str, namespace: Mapping[str, Any]
) -> tuple[list[str], dict[str, str]]:
    positional = [function, *(literal(value, namespace) for value in question.args)]
    return positional, {name: literal(v, namespace) for name, v in question.kwargs.items()}


def _code(
    called: str,
    question: Question,
    function: str,
    namespace: Mapping[str, Any],
    own: Mapping[str, str] | None = None,
    suffix: str = "",
    left_out: tuple[str, ...] = (),
) -> str:
    positional, keywords = _arguments(question, function, namespace)
    for name, value in question.options.items():
        if name not in left_out and not (name == "h" and value is None):
            value = list(value) if name == "methods" else value
            keywords[name] = literal(value, namespace)
    return call_text(called, positional, {**keywords, **(own or {})}, suffix)
