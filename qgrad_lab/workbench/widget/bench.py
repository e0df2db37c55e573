"""`Workbench`, the widget."""

import contextvars
import html
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets
from IPython.core.getipython import get_ipython
from IPython.display import HTML, DisplayHandle, display

from qgrad_lab.comparison.methods import methods_of
from qgrad_lab.comparison.point import argument_name
from qgrad_lab.comparison.references import Kind, check_kind
from qgrad_lab.core.tracebacks import frames_hidden
from qgrad_lab.differentiate.call import signature_of
from qgrad_lab.differentiate.options import check_callable
from qgrad_lab.methods.table import DEFAULT_NAMES, any_takes_step
from qgrad_lab.results.comparison import THEMES
from qgrad_lab.workbench.widget.code import Unwritable, imports, name_of
from qgrad_lab.workbench.widget.controls import Controls, check_argnum, group
from qgrad_lab.workbench.widget.editors import Editors
from qgrad_lab.workbench.widget.panels import PANELS, Panel, Question
from qgrad_lab.workbench.widget.picker import Picker
from qgrad_lab.workbench.widget.status import Status
from qgrad_lab.workbench.widget.style import STATIC_STYLE, STYLE
from qgrad_lab.workbench.widget.worker import Worker

_Wanted = tuple[Question, int]
"""What a panel shows or will show: the answer to a question, at a version of its own choices."""


class Workbench(widgets.VBox):
    """Differentiate a function interactively.

    On the left, the arguments of the call and how to differentiate it; on the right, in tabs, the
    comparison of methods, the landscape around the point, finite differences against their step,
    the forms of the compiled program, and time against accuracy. Every change is computed in a
    thread of its own, so that other cells run meanwhile.

    Parameters
    ----------
    fn : callable, optional
        A function, QNode or compiled program that returns one real number. Without it, the
        functions of the notebook are offered.
    *args, **kwargs
        The arguments to begin with. Numbers get sliders, arrays tables.
    methods, h, argnum, reference
        What is chosen to begin with, as for `compare`; ``h`` is one number.
    theme : {"auto", "light", "dark"}, optional
        The colours of plots; with ``"auto"`` they are those of the page.

    Raises
    ------
    TypeError, ValueError
        If ``fn`` is not callable, or not with these arguments; if an option has a value that
        `compare` does not take.

    Notes
    -----
    A static picture of the latest result is saved in the notebook beside the widget, with the code
    that leads to it: for readers without a kernel, and for going on where one was. (The widget
    itself is saved too if JupyterLab's setting "Save Widget State Automatically" is on.) Work is
    cancelled between two calls of compiled programs; compilation and a call that runs are waited
    for.

    Examples
    --------
    >>> from qgrad_lab import Workbench
    >>> bench = Workbench(lambda x, y: x * y**2, 0.5, 2.0, methods=["auto", "fd"])
    >>> bench.wait(60)
    True
    >>> print(bench.code)
    import qgrad_lab
    <BLANKLINE>
    qgrad_lab.compare(
        <lambda>,
        0.5,
        2.0,
        methods=['auto', 'fd'],
        argnum=0,
        reference='jax',
    )
    >>> bench.close()
    """

    def __init__(
        self,
        fn: Callable[..., Any] | None = None,
        *args: Any,
        methods: Sequence[str] | str = DEFAULT_NAMES,
        h: float | None = None,
        argnum: int | Sequence[int] | None = None,
        reference: Kind = "jax",
        theme: str = "auto",
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.add_class("qgrad-workbench")
        self._worker = Worker()
        self._static: DisplayHandle | None = None
        self._picture = ""
        with frames_hidden:
            names = [methods] if isinstance(methods, str) else list(methods)
            methods_of(names, h if any_takes_step(names) else None)
            check_kind(reference)
            if theme not in THEMES:
                raise ValueError(
                    f"Invalid theme {theme!r}: it is 'light', 'dark', or 'auto' (as the page is)."
                )
            if fn is not None:
                check_callable(fn, "Workbench")
        self._theme = theme
        self._options: dict[str, Any] = {"methods": names, "h": h, "reference": reference}
        if fn is None:
            self.picker = Picker(_namespace(), lambda f, a, k: self._open(f, a, k, argnum))
            self.children = [widgets.HTML(STYLE), self.picker.view]
        else:
            self._open(fn, args, kwargs, argnum)

    def _open(
        self,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        argnum: int | Sequence[int] | None,
    ) -> None:
        """Show editors and tabs for a function."""
        args, kwargs = _bound(fn, args, kwargs)
        check_argnum(argnum, len(args))
        self._fn = fn
        self._asked: Question | None = None
        names = [argument_name(fn, position) for position in range(len(args))]
        self.editors = Editors(args, kwargs, names, self._changed)
        shots = getattr(getattr(fn, "shots", None), "total_shots", None)
        self.controls = Controls(names, argnum, shots=shots, changed=self._changed, **self._options)
        self.panels: list[Panel] = [panel(self._ask) for panel in PANELS]
        self._answered: dict[Panel, _Wanted] = {}
        self.status = Status(self._worker.cancel)
        self.tabs = widgets.Tab(
            [panel.view for panel in self.panels], titles=[panel.title for panel in self.panels]
        )
        self.tabs.selected_index = 0
        self.tabs.observe(lambda _: self._ask(), "selected_index")
        self._code_area = widgets.Textarea(
            description="Code",
            tooltip="A cell that has the same result as what is on screen",
            rows=9,
            layout=widgets.Layout(width="100%", display="none"),
        )
        self.copy = widgets.ToggleButton(
            description="Copy as code", icon="copy", tooltip="Code for what is on screen"
        )
        self.copy.observe(self._show_code, "value")
        self._names = [*names, *kwargs]
        signature = html.escape(self._call())
        left = widgets.VBox(
            [
                widgets.HTML(f'<div class="qgrad-signature">{signature}</div>'),
                group("Arguments", [self.editors.view]),
                self.controls.view,
                self.copy,
            ],
            layout=widgets.Layout(width="340px", flex="0 0 340px", overflow="auto"),
        )
        right = widgets.VBox(
            [self.status.view, self._code_area, self.tabs],
            layout=widgets.Layout(flex="1 1 0%", min_width="0"),
        )
        left.add_class("qgrad-left")
        right.add_class("qgrad-right")
        # The context of this cell routes the messages of the worker's thread.
        self._context = contextvars.copy_context()
        columns = widgets.HBox([left, right])
        columns.add_class("qgrad-columns")
        self.children = [widgets.HTML(STYLE), columns]
        self._ask()

    @property
    def code(self) -> str:
        """Python that has the same result as what is on screen, as "Copy as code" shows it."""
        question = self._question()
        namespace = _namespace()
        function = self._name()
        if question.f is not self._fn:
            function = f"qml.set_shots({function}, {question.choice.shots})"
        try:
            code = self.panel.code(question, function, namespace)
        except Unwritable as reason:
            return f"# {reason}"
        found = imports(code)
        return f"{found}\n\n{code}" if found else code

    @property
    def panel(self) -> Panel:
        """The tab that is shown, with its ``title``."""
        return self.panels[self.tabs.selected_index or 0]

    def wait(self, timeout: float) -> bool:
        """Wait for the current computation.

        Parameters
        ----------
        timeout : float
            The most seconds to wait.

        Returns
        -------
        bool
            Whether what is on screen is the newest, or came to be within that time.
        """
        return self._worker.wait(timeout)

    def close(self) -> None:
        """Remove the widget and end its thread."""
        self._worker.close()
        super().close()

    def _name(self) -> str:
        try:
            return name_of(self._fn, _namespace())
        except Unwritable:
            return str(getattr(self._fn, "__name__", type(self._fn).__name__))

    def _call(self) -> str:
        return f"{self._name()}({', '.join(self._names)})"

    def _question(self) -> Question:
        """Return the current question: the same object until a change, as it keeps results."""
        if self._asked is None:
            self._asked = self._new_question()
        return self._asked

    def _new_question(self) -> Question:
        choice = self.controls.choice()
        args, kwargs = self.editors.arguments()
        f = self._fn
        own = getattr(getattr(f, "shots", None), "total_shots", None)
        if choice.shots is not None and choice.shots != own:
            f = f.update_shots(choice.shots)  # type: ignore[attr-defined]
        return Question(f, args, kwargs, choice, self._name(), self._call(), self._theme)

    def _changed(self) -> None:
        """Mark all answers as outdated."""
        self._asked = None
        self._ask()

    def _ask(self) -> None:
        """Compute the visible tab, if its answer is outdated."""
        if not hasattr(self, "_code_area"):
            return  # controls are still being made
        question, panel = self._question(), self.panel
        if self._code_area.layout.display != "none":
            self._code_area.value = self.code
        if question.choice.problem is not None:
            self._worker.cancel()
            self.status.say(question.choice.problem)
            return
        wanted = question, panel.revision
        if self._answered.get(panel) == wanted:
            self._keep_picture(panel)
            return
        try:
            panel.prepare(question)
        except Exception as error:
            self.status.fail(error)
            return
        self.status.begin()
        self._worker.submit(_Job(self, panel, question))

    def _show(self, panel: Panel, wanted: _Wanted, answer: str) -> None:
        panel.output.value = answer
        self._answered[panel] = wanted
        self.status.end(wanted[0].precision_notice())
        self._keep_picture(panel)

    def _keep_picture(self, panel: Panel) -> None:
        """Store what is shown now for readers without a kernel."""
        code = html.escape(self.code)
        self._picture = (
            f'{STATIC_STYLE}<div class="qgrad-static"><p>{html.escape(self._name())}: '
            f"{panel.title}. A picture of the workbench; run the cell to use it.</p>"
            f"{panel.output.value}"
            f"<details><summary>Code</summary><pre>{code}</pre></details></div>"
        )
        if self._static is not None:
            # A copy, as two threads cannot enter one context at once.
            self._context.copy().run(self._static.update, HTML(self._picture))

    def _show_code(self, change: Any) -> None:
        self._code_area.layout.display = "" if change.new else "none"
        if change.new:
            self._code_area.value = self.code

    def __repr__(self) -> str:
        call = self._call() if hasattr(self, "_names") else "a function to be chosen"
        return f"<Workbench of {call}>"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        return {**bundle, "text/plain": repr(self)}

    def _ipython_display_(self) -> None:
        display(self._repr_mimebundle_(), raw=True)
        self._context = contextvars.copy_context()
        picture = self._picture or f'{STATIC_STYLE}<div class="qgrad-static"></div>'
        self._static = display(HTML(picture), display_id=True)


def _bound(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Bind arguments by position where possible, since only those can be differentiated."""
    signature = signature_of(fn)
    if signature is None:
        return args, kwargs
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        name = getattr(fn, "__name__", "fn")
        raise TypeError(
            f"The arguments do not fit {name}{signature}: {error}. Workbench({name}, ...) takes "
            "those of the call to begin with."
        ) from None
    return bound.args, bound.kwargs


class _Job:
    """A job: one question to one panel."""

    def __init__(self, bench: Workbench, panel: Panel, question: Question) -> None:
        self._bench, self._panel, self._question = bench, panel, question
        self._wanted = question, panel.revision

    def compute(self, progress: Callable[[float, str], None]) -> str:
        return self._panel.compute(self._question, progress)

    def done(self, result: str) -> None:
        self._bench._show(self._panel, self._wanted, result)

    def failed(self, error: Exception) -> None:
        self._panel.output.value = ""
        self._bench.status.fail(error)

    def cancelled(self) -> None:
        self._bench.status.say("Cancelled. What is shown is older than what is chosen.")

    def progressed(self, part: float, now: str) -> None:
        self._bench.status.progress(part, now)


def _namespace() -> dict[str, Any]:
    shell = get_ipython()
    return {} if shell is None else dict(shell.user_ns)
