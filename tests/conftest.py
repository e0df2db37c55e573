"""Make numerics strict in every test: 64-bit floats, no silent promotion of ranks.

The entry points of ``pyproject.toml`` are in force in every test, installed or not.
"""

import builtins
import importlib.metadata
import os
import subprocess
import sys
import tempfile
import textwrap
import tomllib
from collections.abc import Callable
from pathlib import Path

import jax
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tests.support.ipython_session import SETUP, Session

# Compiled programs are kept in a folder of the test's own, also by the processes that tests start.
_compiled_programs = tempfile.TemporaryDirectory(prefix="qgrad_lab_cache")
os.environ["QGRAD_LAB_CACHE"] = _compiled_programs.name

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")

ROOT = Path(__file__).parent.parent


def _write_entry_points(folder: Path) -> None:
    """Write a distribution that has our entry points and nothing else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    info = folder / "qgrad_lab_entry_points-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: qgrad-lab-entry-points\nVersion: 0\n"
    )
    (info / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
            for group, entries in project["entry-points"].items()
        )
    )


_entry_points = tempfile.TemporaryDirectory(prefix="qgrad_lab_entry_points")
if not importlib.metadata.entry_points(group="pennylane.compilers", name="qgrad_lab.qjit"):
    _write_entry_points(Path(_entry_points.name))
    sys.path.append(_entry_points.name)
    if "pennylane" in sys.modules:
        sys.modules["pennylane"].compiler.available_compilers()  # looks at the entry points again


@pytest.fixture
def seed() -> int:
    """Return the seed of a random test, printed on failure; set QGRAD_SEED to repeat one."""
    value = int(os.environ.get("QGRAD_SEED", int.from_bytes(os.urandom(4), "little")))
    print(f"QGRAD_SEED={value}")
    return value


@pytest.fixture(scope="session")
def subprocess_environment() -> dict[str, str]:
    """Return the environment in which a new Python finds this package and its entry points."""
    path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")]), _entry_points.name]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


@pytest.fixture
def run_python(subprocess_environment: dict[str, str]) -> Callable[[str], str]:
    """Return a function that runs a program in a new Python and returns what it prints."""

    def run(program: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)],
            env=subprocess_environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run


@pytest.fixture
def bare(capsys, tmp_path, monkeypatch):
    """Return an IPython session without the extension."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    # Python's own prompt, and so every doctest before this, leaves a ``_`` in the builtins;
    # IPython takes that for gettext's and then sets none.
    monkeypatch.delattr(builtins, "_", raising=False)
    InteractiveShell.clear_instance()
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    with shell.builtin_trap:
        yield Session(shell, capsys)
    InteractiveShell.clear_instance()


@pytest.fixture
def session(bare):
    """Return an IPython session with the magics, and with names to use."""
    bare.good("%load_ext qgrad_lab")
    bare.good(SETUP)
    return bare
