"""Write the table of errors: ``python -m tests.errors``."""

from pathlib import Path

from tests.errors import circuits, options, studies, sweeps  # noqa: F401 (they fill the table)
from tests.errors.table import TABLE, Entry

PAGE = Path(__file__).parents[2] / "notebooks/errors.md"

INTRODUCTION = """# Errors: causes and fixes

Every error of `qgrad_lab` names what it was given, what is allowed and what to do. This is the
whole list; each line is a program in the tests. `DifferentiableCompileError` is a `CompileError`,
and both are importable from `qgrad_lab`. The traceback holds your own lines alone
(`JAX_TRACEBACK_FILTERING=off` shows all of them), and where the error is about an operation, a
measurement or a loop, it ends with the line that made it, also where the circuit is running.
The next call after an error works as if it had not happened.

`KeyboardInterrupt` (Ctrl-C, Jupyter's stop button) ends a program while its circuits run. Where
JAX runs it without us, as in a `jax.jit` function of yours, JAX's `JaxRuntimeError` comes before
it, and says `interrupted by SIGINT`.

| class | the message says | cause | what to do |
|---|---|---|---|
"""


def page() -> str:
    """The whole text."""

    def place(entry: Entry) -> tuple[str, int]:
        code = entry.program.__code__
        return Path(code.co_filename).name, code.co_firstlineno

    lines = []
    for entry in sorted(TABLE.values(), key=place):
        words = entry.message.split("|")[0].replace("\\", "").replace(".*", "...")
        lines.append(f"| `{entry.error.__name__}` | {words} | {entry.cause} | {entry.fix} |\n")
    return INTRODUCTION + "".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {len(TABLE)} errors")
