"""The ``qgrad-lab`` command: copy the tutorials into a folder and open JupyterLab on them."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from qgrad_lab._version import __version__

FOLDER = "qgrad_lab_notebooks"
START = "01_start_here.ipynb"

_PACKAGE = Path(__file__).resolve().parent


class CommandError(Exception):
    """The reason why the command failed, in one line for the user."""


def tutorials() -> Path:
    """Return the folder of the tutorials: inside the installed package, or in a clone beside it."""
    shipped = _PACKAGE / "_notebooks"
    clone = _PACKAGE.parent / "notebooks"
    if (shipped / START).is_file():
        return shipped
    if (clone / START).is_file() and (_PACKAGE.parent / "pyproject.toml").is_file():
        return clone
    raise CommandError(f"this installation has no {START}: reinstall qgrad-lab")


def _files(folder: Path) -> Iterator[Path]:
    """Yield every file to copy, relative to ``folder``, without what notebooks leave behind."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(
            part.startswith(".") or part == "__pycache__" for part in relative.parts
        ):
            yield relative


def _write_new(path: Path, content: bytes) -> bool:
    """Write ``content`` to a file that does not exist yet; return False where there is one."""
    try:
        # "x" also refuses a link that leads nowhere, so nothing is ever written through it.
        file = path.open("xb")
    except FileExistsError:
        return False
    try:
        with file:
            file.write(content)
    except OSError:
        # Half a notebook would pass for the user's own file the next time.
        path.unlink(missing_ok=True)
        raise
    return True


def copy_tutorials(source: Path, target: Path) -> tuple[list[str], list[str]]:
    """Copy the tutorials without overwriting anything.

    Parameters
    ----------
    source
        The folder that has the tutorials.
    target
        The folder to copy them to; it is made where it does not exist.

    Returns
    -------
    copied, kept
        The names of the files that were written, and of those that were already there with other
        content and were left as they are.

    Raises
    ------
    CommandError
        Where the target cannot be written to.
    """
    copied: list[str] = []
    kept: list[str] = []
    path = target
    try:
        target.mkdir(exist_ok=True)
        for relative in _files(source):
            path = target / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            content = (source / relative).read_bytes()
            if _write_new(path, content):
                copied.append(str(relative))
            elif not path.is_file() or path.read_bytes() != content:
                kept.append(str(relative))
    except OSError as error:
        reason = error.strerror or str(error)
        where = error.filename or path
        raise CommandError(
            f"cannot copy the tutorials to {target}: {where}: {reason}; "
            "run qgrad-lab in a folder of yours"
        ) from error
    return copied, kept


def _report(target: Path, copied: Sequence[str], kept: Sequence[str]) -> None:
    if copied:
        files = "1 file" if len(copied) == 1 else f"{len(copied)} files"
        print(f"qgrad-lab: copied {files} to {target}")
    else:
        print(f"qgrad-lab: the tutorials are already in {target}")
    if kept:
        names = ", ".join(kept[:5]) + (f" and {len(kept) - 5} more" if len(kept) > 5 else "")
        print(f"qgrad-lab: kept what was there already and differs: {names}")


def jupyterlab_command(target: Path, options: Sequence[str]) -> list[str]:
    """Return the command line that starts this interpreter's JupyterLab on the start notebook."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise CommandError(
            f"JupyterLab is not installed for {sys.executable}: "
            f"run '{sys.executable} -m pip install jupyterlab'"
        )
    command = [
        sys.executable,
        "-P",  # a notebook folder with a random.py in it must not break the server
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={target}",
        f"--LabApp.default_url=/lab/tree/{START}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # JupyterLab refuses to start for root, as in most containers, unless it is told to.
        command.append("--allow-root")
    return [*command, *options]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qgrad-lab",
        description=f"Copy the tutorials to ./{FOLDER} (nothing of yours is overwritten) "
        "and open JupyterLab on them.",
        epilog="Every other option goes to 'jupyter lab': --no-browser, --port=8889, --ip=..., "
        "and all that 'jupyter lab --help' lists.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument(
        "--copy-only", action="store_true", help="copy the tutorials, do not start JupyterLab"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = _parser()
    arguments, options = parser.parse_known_args(argv)
    if arguments.copy_only and options:
        parser.error(f"--copy-only starts no JupyterLab to give {' '.join(options)} to")
    try:
        try:
            target = Path.cwd() / FOLDER
        except FileNotFoundError as error:
            raise CommandError("the current folder no longer exists: cd to another") from error
        copied, kept = copy_tutorials(tutorials(), target)
        _report(target, copied, kept)
        if arguments.copy_only:
            return 0
        command = jupyterlab_command(target, options)
    except CommandError as error:
        print(f"qgrad-lab: error: {error}", file=sys.stderr)
        return 1
    sys.stdout.flush()
    os.chdir(target)
    # In this process: Ctrl-C, signals and the exit status are JupyterLab's own.
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
