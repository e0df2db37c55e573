"""Run a cell whose last line is a call, except for that call."""

import ast
import dataclasses
import types
from collections.abc import Callable
from typing import Any, NamedTuple

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from qgrad_lab.workbench.tracebacks import begin_below


class Magic(NamedTuple):
    """A magic: its name, and its message where no call was given."""

    name: str
    advice: str


QGRAD = Magic(
    "%%qgrad", "The last line of a %%qgrad cell is the call to differentiate, such as loss(theta)"
)


@dataclasses.dataclass(frozen=True)
class Call:
    """A call not yet made: the function, its arguments, and their source text."""

    f: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    function: str
    text: str


class CellSyntaxError(Exception):
    """A syntax error in a cell, shown as IPython shows that of any other cell.

    Raised as the ``SyntaxError`` that it is, it would be shown below the frames of IPython and
    of ours.
    """

    def __init__(self, error: SyntaxError, shell: InteractiveShell) -> None:
        super().__init__(str(error))
        self._lines = shell.SyntaxTB.structured_traceback(type(error), error)

    def _render_traceback_(self) -> list[str]:
        return self._lines


class Cell:
    """A cell and a call, compiled as a whole before any of it is run.

    Parameters
    ----------
    shell : InteractiveShell
        Where it is run, and by whose rules it is transformed and compiled.
    line : str
        What follows the magic on its line.
    source : str
        The lines below.
    magic : Magic, optional
        Whose cell it is.
    target : str, optional
        The source of the call, where that is not the last line.

    Raises
    ------
    UsageError
        If the last line is not a call, where it has to be.
    CellSyntaxError
        If the cell, or the target, is not valid Python.
    """

    def __init__(
        self,
        shell: InteractiveShell,
        line: str,
        source: str,
        magic: Magic = QGRAD,
        target: str | None = None,
    ) -> None:
        self._magic = magic
        self._shell = shell
        # A running cell has been counted already; IPython's own prompts rely on that too.
        count = max(shell.execution_count - 1, 0)
        try:
            # The magic's own line stays as a comment, so that lines have the numbers of the editor.
            text = _above(f"{magic.name} {line}", source) + shell.transform_cell(source)
            name = shell.compile.cache(text, count)
            tree = shell.transform_ast(shell.compile.ast_parse(text, filename=name))
            if target is None:
                call = _last_call(tree, text, source, magic)
            else:
                call = _parsed_call(target, shell)
            # IPython's compiler takes trees, too, whatever the types of its base class say.
            compiler: Callable[..., types.CodeType] = shell.compile
            self._statements = compiler(tree, name, "exec")
            self._parts = compiler(_parts(call), name, "eval")
        except SyntaxError as error:
            raise CellSyntaxError(error, shell) from None
        self._function = ast.unparse(call.func)
        self._text = ast.unparse(call)

    def run(self) -> Call:
        """Run all statements but the call, and evaluate what the call is made of.

        Raises
        ------
        UsageError
            If what is called is not callable.
        Exception
            Whatever the cell raises, with a traceback that begins in the cell.
        """
        try:
            exec(self._statements, self._shell.user_global_ns, self._shell.user_ns)
            f, args, kwargs = eval(self._parts, self._shell.user_global_ns, self._shell.user_ns)
        except BaseException as error:
            begin_below(1, error, self._shell)
            raise
        if not callable(f):
            raise UsageError(
                f"{self._magic.advice}, and {self._function} is of type {type(f).__name__}, "
                "which cannot be called."
            )
        return Call(f, tuple(args), kwargs, self._function, self._text)


def _above(first: str, source: str) -> str:
    """Return the magic's line and blank lines after it, which IPython's transformation drops."""
    blank = source[: len(source) - len(source.lstrip())].count("\n")
    return f"# {first}".rstrip() + "\n" * (1 + blank)


def _last_call(tree: ast.Module, text: str, source: str, magic: Magic) -> ast.Call:
    """Remove the last statement from the tree, and return the call in it."""
    if not tree.body:
        raise UsageError(f"{magic.advice}; this cell has no code.")
    last = tree.body.pop()
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        if not _is_command(last.value):
            return last.value
        found = source.strip().splitlines()[-1]  # as typed, before IPython's transformation
    else:
        found = ast.get_source_segment(text, last) or type(last).__name__
    first, *others = found.splitlines()
    if others:
        first += " ..."
    message = f"{magic.advice}; here it is: {first}"
    is_call = isinstance(last, ast.Assign | ast.AnnAssign) and isinstance(last.value, ast.Call)
    if is_call and magic is QGRAD:
        message += " (to give the result a name, use %%qgrad -o NAME)"
    raise UsageError(message)


def _parsed_call(target: str, shell: InteractiveShell) -> ast.Call:
    name = shell.compile.cache(target, max(shell.execution_count - 1, 0))
    match shell.compile.ast_parse(target, filename=name):
        case ast.Module(body=[ast.Expr(value=ast.Call() as call)]):
            return call
    raise UsageError(f"-f and --at make no call of one function: {target}")


def _is_command(call: ast.Call) -> bool:
    """Return whether this was a magic or a shell command before IPython's transformation."""
    match call.func:
        case ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython"))):
            return True
    return False


def _parts(call: ast.Call) -> ast.Expression:
    """Return the expression ``(f, [*args], {**kwargs})``."""
    keywords = ast.Dict(
        keys=[None if key.arg is None else ast.Constant(key.arg) for key in call.keywords],
        values=[key.value for key in call.keywords],
    )
    parts = ast.Tuple([call.func, ast.List(call.args, ast.Load()), keywords], ast.Load())
    return ast.fix_missing_locations(ast.Expression(ast.copy_location(parts, call)))
