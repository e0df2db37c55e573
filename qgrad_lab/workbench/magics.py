"""The magics: ``%%qgrad``, ``%qgrad`` and ``%qgrad_ir``."""

import ast
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any, NoReturn

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
    output_can_be_silenced,
)
from IPython.core.magic_arguments import magic_arguments
from IPython.display import display

from qgrad_lab.comparison import Comparison
from qgrad_lab.comparison.methods import derivative, methods_of
from qgrad_lab.comparison.point import Point
from qgrad_lab.comparison.references import KINDS, Kind
from qgrad_lab.comparison.running import run
from qgrad_lab.differentiate.api import grad
from qgrad_lab.inspection.api import Stage
from qgrad_lab.workbench import options as own
from qgrad_lab.workbench.cell import QGRAD, Call, Cell, Magic
from qgrad_lab.workbench.tracebacks import leave_out_libraries, message

_LINE = Magic(
    "%qgrad",
    "%qgrad takes options, and then the call to differentiate, such as %qgrad -m fd loss(theta)",
)
_IR = Magic(
    "%qgrad_ir",
    "%qgrad_ir takes the name of a stage and a call, such as %qgrad_ir jaxpr loss(theta)",
)


@magics_class
class QgradMagics(Magics):
    """The magics of qgrad_lab."""

    shell: InteractiveShell

    @magic_arguments()
    @own.comparison_arguments
    @no_var_expand
    @output_can_be_silenced
    @line_cell_magic
    def qgrad(self, line: str, cell: str | None = None) -> Comparison | None:
        """Differentiate a call, and compare methods.

        As ``%%qgrad`` it is the call on the last line of the cell, whose lines before are run as in
        any cell. As ``%qgrad`` it stands at the end of the line. It is a call such as
        ``loss(theta)``, of a function, QNode or compiled program that returns one real number. It
        is differentiated with respect to its first argument, at that point, by each method.

        The table has for each method the gradient, its largest difference to ``jax.grad`` on
        ``default.qubit``, the time to the first result (tracing, compilation and one run), the time
        per call from then on, and what a call takes. A semicolon after the call hides it.

        Examples
        --------
        ::

          %%qgrad
          loss(theta)

          %%qgrad --method auto fd --h 1e-3 1e-5 1e-7 --plot
          loss(theta)

          %%qgrad --argnum 0 1 -o result
          theta = jnp.array([0.1, 0.2])
          model(theta, phi, layers=3);

          %qgrad -m adjoint parameter-shift -r catalyst loss(theta)

          %qgrad -f loss --at theta

        after which ``result.gradient`` is the gradient, ``result["fd"]`` all about one method, and
        ``result.to_dict()`` everything in plain numbers.
        """
        if cell is None:
            line, cell = own.split(line, _is_call)
            magic = _LINE
        else:
            magic = QGRAD
        options = own.parse(self.qgrad, line, magic.name)
        call = Cell(self.shell, line, cell, magic, _target(options)).run()
        result = self._compare(call, options)
        if options.output is not None:
            self.shell.user_ns[options.output] = result
        if options.ir is not None:
            first = methods_of(options.method, options.h)[0]
            derived = derivative(call.f, first, options.argnum, grad)
            display(self._stage(options.ir, call, options.argnum, derived))
        if options.plot:
            display(result.plot(theme=options.theme or "auto"))
        return None if options.quiet else result

    @no_var_expand
    @output_can_be_silenced
    @line_magic
    def qgrad_ir(self, line: str) -> Stage:
        """Show a stage of the compilation of a call.

        The first word is the name of the stage: source, circuit, jaxpr, program, plan, stablehlo,
        hlo, llvm or assembly. The rest is a call, as it would stand in a cell, of a function, a
        QNode, a derivative or a compiled program. It is compiled and not run.

        Examples
        --------
        ::

          %qgrad_ir program loss(theta)

          %qgrad_ir hlo grad(loss)(theta)
        """
        name, _, source = line.strip().partition(" ")
        try:
            name = own.stage(name)
        except ArgumentTypeError as error:
            raise UsageError(str(error)) from None
        call = Cell(self.shell, name, source.strip(), _IR).run()
        return self._stage(name, call, None, call.f)

    def _stage(self, name: str, call: Call, argnum: Any, derived: Callable[..., Any]) -> Stage:
        try:
            stage = Point(call.f, call.args, call.kwargs, argnum).stages(derived)[name]
            str(stage)  # what is wrong with the program is to be said here
        except Exception as error:
            self._say(error)
        return stage

    def _say(self, error: Exception) -> NoReturn:
        """Raise ``error`` in the form in which it is shown."""
        words = message(error)
        if words is not None:
            raise UsageError(words) from None
        leave_out_libraries(error, self.shell)
        raise error

    def _reference(self, text: str | None) -> Kind:
        if text is None:
            return "jax"
        if text == "none":
            return None
        if text in KINDS:
            kind: Kind = text  # type: ignore[assignment]
            return kind
        first, *attributes = text.split(".")
        value = self.shell.user_ns.get(first)
        for attribute in attributes:
            value = getattr(value, attribute, None)
        if not callable(value):
            raise UsageError(
                f"--reference {text}: it is one of {', '.join(KINDS)}, none, or the name of a "
                "function from the arguments to the gradient, and there is no such function."
            )
        function: Callable[..., Any] = value
        return function

    def _compare(self, call: Call, options: Any) -> Comparison:
        reference = self._reference(options.reference)
        try:
            result = run(
                call.f,
                call.args,
                call.kwargs,
                methods=options.method,
                h=options.h,
                argnum=options.argnum,
                reference=reference,
                function=call.function,
                call=call.text,
            )
        except Exception as error:
            self._say(error)
        errors = {row.label: row.error for row in result.rows if row.error is not None}
        if len(errors) < len(result.rows):
            return result
        if len(set(errors.values())) == 1:
            raise UsageError(next(iter(errors.values())))
        raise UsageError("; ".join(f"{label}: {error}" for label, error in errors.items()))


def _target(options: Any) -> str | None:
    """Return the call that ``-f`` and ``--at`` make, if they are given."""
    if options.function is None:
        return None
    arguments = " ".join(options.at or [])
    quoted = len(arguments) > 1 and arguments[0] == arguments[-1] and arguments[0] in "'\""
    return f"{options.function}({arguments[1:-1] if quoted else arguments})"


def _is_call(text: str) -> bool:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return False
    last = tree.body[-1] if tree.body else None
    return isinstance(last, ast.Expr) and isinstance(last.value, ast.Call)


_COMPLETED = {
    "%%qgrad": own.complete,
    "%qgrad": own.complete_line,
    "%qgrad_ir": own.complete_ir,
}


def load(shell: InteractiveShell) -> None:
    """Register the magics and their completion, replacing earlier ones."""
    unload(shell)
    shell.register_magics(QgradMagics)
    for key, completer in _COMPLETED.items():
        shell.set_hook("complete_command", completer, str_key=key)


def unload(shell: InteractiveShell) -> None:
    """Undo `load`, for which IPython has no function."""
    manager = shell.magics_manager
    for kind, name in (("cell", "qgrad"), ("line", "qgrad"), ("line", "qgrad_ir")):
        manager.magics[kind].pop(name, None)
    manager.registry.pop(QgradMagics.__name__, None)
    completers = shell.strdispatchers.get("complete_command")
    if completers is not None:
        for key in _COMPLETED:
            completers.strs.pop(key, None)
