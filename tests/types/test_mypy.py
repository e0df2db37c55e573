"""mypy accepts the right uses of this folder and no wrong one, under a user's strict settings."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def test_what_mypy_says_of_the_public_functions():
    # An error that a wrong use is marked with and that is not found is an error itself.
    uses = sorted(HERE.glob("test_*_uses.py"))
    assert len(uses) == 2
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", HERE / "mypy.ini", *uses]
        + ["--cache-dir", ROOT / ".mypy_cache" / "users"],
        env=os.environ | {"MYPYPATH": str(ROOT)},
        cwd=HERE,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
