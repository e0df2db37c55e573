"""The ``%%qgrad`` cell magic."""

import keyword
import math
from argparse import ArgumentTypeError
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NoReturn

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import (
    Magics,
    cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
    output_can_be_silenced,
)
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display

from qgrad_lab.differentiate import grad
from qgrad_lab.stages import STAGES, Stage
from qgrad_lab.workbench.cell import Call, Cell, Magic
from qgrad_lab.workbench.comparison import METHODS, Comparison
from qgrad_lab.workbench.point import Point
from qgrad_lab.workbench.running import compare
from qgrad_lab.workbench.tracebacks import leave_out_libraries, message

_IR = Magic(
    "%qgrad_ir",
    "%qgrad_ir takes the name of a stage and a call, such as %qgrad_ir jaxpr loss(theta)",
)


def _method(text: str) -> str:
    if text in METHODS:
        return text
    raise ArgumentTypeError(
        f"{text!r} is not a method: it is auto (every QNode by its own diff_method) or fd (finite "
        "differences)."
    )


def _step(text: str) -> float:
    try:
        step = float(text)
    except ValueError:
        step = math.nan
    if math.isfinite(step) and step > 0:
        return step
    raise ArgumentTypeError(f"{text!r} is not a finite number above zero, such as 1e-7.")


def _position(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is not a position: the first argument of the call is 0, the last -1."
        ) from None


def _name(text: str) -> str:
    if text.isidentifier() and not keyword.iskeyword(text):
        return text
    raise ArgumentTypeError(f"{text!r} is not a Python name.")


def _stage(text: str) -> str:
    if text in STAGES:
        return text
    raise ArgumentTypeError(f"{text!r} is not a stage; these are: {', '.join(STAGES)}.")


@magics_class
class QgradMagics(Magics):
    """The magics of qgrad_lab."""

    shell: InteractiveShell

    @magic_arguments()
    @argument(
        "-m",
        "--method",
        metavar="M",
        nargs="+",
        action="extend",
        type=_method,
        help=f"How to differentiate, one or more of: {', '.join(METHODS)}. All by default.",
    )
    @argument(
        "--h",
        metavar="H",
        type=_step,
        help="The step of fd, finite differences; 1e-7 by default.",
    )
    @argument(
        "-a",
        "--argnum",
        metavar="N",
        nargs="+",
        action="extend",
        type=_position,
        help="""The positions of the arguments to differentiate; 0, the first, by default. With more
        than one, the gradient is a tuple.""",
    )
    @argument(
        "--ir",
        metavar="STAGE",
        type=_stage,
        help=f"""A stage of the compilation of the gradient by the first method, to be shown too:
        {", ".join(STAGES)}.""",
    )
    @argument(
        "-o",
        metavar="NAME",
        dest="output",
        type=_name,
        help="A variable for the result, which is also that of the cell.",
    )
    @no_var_expand
    @output_can_be_silenced
    @cell_magic
    def qgrad(self, line: str, cell: str) -> Comparison:
        """Differentiate the call on the last line of the cell, and compare methods.

        The lines before are run as in any cell. The last line is a call such as ``loss(theta)``,
        of a function, QNode or compiled program that returns one real number. It is differentiated
        with respect to its first argument, at that point, by each method.

        The table has for each method the gradient, its largest difference to ``jax.grad`` on
        ``default.qubit``, the time to the first result (tracing, compilation and one run) and the
        time per call from then on. A semicolon after the call hides it.

        Examples
        --------
        ::

          %%qgrad
          loss(theta)

          %%qgrad --method fd --h 1e-5
          loss(theta)

          %%qgrad --argnum 0 1 -o result
          theta = jnp.array([0.1, 0.2])
          model(theta, phi, layers=3);

        after which ``result.gradient`` is the gradient, ``result["fd"]`` all about one method, and
        ``result.to_dict()`` everything in plain numbers.
        """
        options = self._options(line)
        call = Cell(self.shell, line, cell).run()
        result = self._compare(call, options)
        if options.ir is not None:
            derivative = grad(
                call.f,
                method=options.method[0],
                h=options.h if options.method[0] == "fd" else None,
                argnum=options.argnum,
            )
            display(self._stage(options.ir, call, options.argnum, derivative))
        if options.output is not None:
            self.shell.user_ns[options.output] = result
        return result

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
            name = _stage(name)
        except ArgumentTypeError as error:
            raise UsageError(str(error)) from None
        call = Cell(self.shell, name, source.strip(), _IR).run()
        return self._stage(name, call, None, call.f)

    def _stage(self, name: str, call: Call, argnum: Any, derivative: Callable[..., Any]) -> Stage:
        try:
            stage = Point(call.f, call.args, call.kwargs, argnum).stages(derivative)[name]
            str(stage)  # what is wrong with the program is to be said here
        except Exception as error:
            self._say(error)
        return stage

    def _say(self, error: Exception) -> NoReturn:
        """Raise ``error``, as it is to be shown."""
        words = message(error)
        if words is not None:
            raise UsageError(words) from None
        leave_out_libraries(error, self.shell)
        raise error

    def _options(self, line: str) -> Any:
        try:
            options = parse_argstring(self.qgrad, line)
        except (UsageError, ValueError) as error:  # ValueError: an open quotation mark
            problem = str(error).rstrip(".")
            raise UsageError(f"{problem}. See %%qgrad? for the options.") from None
        options.method = tuple(dict.fromkeys(options.method or METHODS))
        if options.h is not None and "fd" not in options.method:
            raise UsageError("--h is the step of the method fd, which --method leaves out.")
        if options.argnum is not None and len(options.argnum) == 1:
            (options.argnum,) = options.argnum
        return options

    def _compare(self, call: Call, options: Any) -> Comparison:
        try:
            result = compare(
                call.f,
                call.args,
                call.kwargs,
                methods=options.method,
                h=options.h,
                argnum=options.argnum,
                function=call.function,
                call=call.text,
            )
        except Exception as error:
            self._say(error)
        errors = {row.method: row.error for row in result.rows if row.error is not None}
        if len(errors) < len(result.rows):
            return result
        if len(set(errors.values())) == 1:
            raise UsageError(next(iter(errors.values())))
        raise UsageError("; ".join(f"{method}: {error}" for method, error in errors.items()))


def complete(_: InteractiveShell, event: SimpleNamespace) -> list[str]:
    """The options of ``%%qgrad``, or the methods where a method is expected."""
    words = event.text_until_cursor.split()[1:]
    if event.symbol:
        words = words[:-1]
    # The option that the word at the cursor may be a value of.
    option = next((word for word in reversed(words) if word.startswith("-")), None)
    if option in ("-m", "--method") and not event.symbol.startswith("-"):
        return [method for method in METHODS if method not in words]
    if option in ("-o", "--h") and words[-1] == option:
        return []
    if option == "--ir":
        return list(STAGES)
    return ["--method", "--h", "--argnum", "--ir", "-o"]


def complete_ir(_: InteractiveShell, event: SimpleNamespace) -> list[str]:
    """The stages, where ``%qgrad_ir`` expects one."""
    words = event.line.split()[1:]
    typing = words[:1] == [event.symbol] if event.symbol else not words
    return list(STAGES) if typing else []


_COMPLETED = {"%%qgrad": complete, "%qgrad_ir": complete_ir}


def load(shell: InteractiveShell) -> None:
    """Register the magics and their completion, in place of any that are there."""
    unload(shell)
    shell.register_magics(QgradMagics)
    for key, completer in _COMPLETED.items():
        shell.set_hook("complete_command", completer, str_key=key)


def unload(shell: InteractiveShell) -> None:
    """Take back all that `load` did; IPython has no function for that."""
    manager = shell.magics_manager
    manager.magics["cell"].pop("qgrad", None)
    manager.magics["line"].pop("qgrad_ir", None)
    manager.registry.pop(QgradMagics.__name__, None)
    completers = shell.strdispatchers.get("complete_command")
    if completers is not None:
        for key in _COMPLETED:
            completers.strs.pop(key, None)
