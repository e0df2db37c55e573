"""Builds the sanitized native library with its driver, and writes cases for it."""

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from qgrad_lab.engine.member import Member, result_width

ROOT = Path(__file__).parents[2]
NATIVE = ROOT / "qgrad_lab/engine/native"
SOURCES = sorted(NATIVE.rglob("*.cpp"))
DRIVER = sorted((ROOT / "tests/native").glob("*.cpp"))
"""The stand-in for XLA, and the sweep gate by gate that plans are compared with."""

FLAGS = """-std=c++20 -O1 -g1 -fPIC -fopenmp-simd -fvisibility=hidden -Wall -Wextra -Werror
-fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all""".split()

ELEMENTS = {"f": 0, "i": 1, "c": 2}


def _compiler() -> str:
    for name in (os.environ.get("CXX"), "g++", "clang++"):
        if name and shutil.which(name):
            return name
    pytest.skip("no C++ compiler on this machine (g++ or clang++)")


def _folders() -> tuple[Path, Path]:
    """Of jaxlib and of pennylane-lightning, without importing either."""
    found = []
    for name, folder in [("jaxlib", "jaxlib"), ("pennylane-lightning", "pennylane_lightning")]:
        found.append(Path(importlib.metadata.distribution(name).locate_file(folder)))
    return found[0], found[1]


@cache
def sanitized_driver() -> Path:
    """The driver, with address and undefined-behaviour sanitizers; built once per state of sources.

    Kept in the temporary folder under a hash of everything that goes into it.
    """
    compiler = _compiler()
    jaxlib, lightning = _folders()
    core = lightning / "core"
    qubit = core / "simulators/lightning_qubit"
    system = [
        jaxlib / "include",
        qubit,
        qubit / "gates",
        qubit / "gates/cpu_kernels",
        qubit / "utils",
        core / "gates",
        core / "utils",
    ]
    command = [compiler, *FLAGS, f"-I{NATIVE}"]
    command += [part for folder in system for part in ("-isystem", str(folder))]
    command += ['-DQGRAD_LIGHTNING_VERSION=""', '-DQGRAD_JAXLIB_VERSION=""']

    digest = hashlib.sha256(repr(command).encode())
    headers = [path for path in NATIVE.rglob("*") if path.suffix in {".hpp", ".inc"}]
    for source in [*SOURCES, *DRIVER, *sorted(headers)]:
        digest.update(source.read_bytes())
    digest.update((jaxlib / "version.py").read_bytes())
    folder = Path(tempfile.gettempdir()) / f"qgrad_lab_sanitized_{digest.hexdigest()[:16]}"
    driver = folder / "driver"
    if driver.exists():
        return driver
    folder.mkdir(parents=True, exist_ok=True)

    def build(*arguments: object) -> None:
        done = subprocess.run(
            [*command, *map(str, arguments)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-8000:]

    sources = [*SOURCES, *DRIVER]
    objects = [folder / f"{source.parent.name}.{source.stem}.o" for source in sources]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(
            pool.map(
                lambda pair: build("-c", pair[0], "-o", pair[1]), zip(sources, objects, strict=True)
            )
        )
    library = next(lightning.glob("liblightning_qubit_catalyst.*"))
    unfinished = folder / f"driver.{os.getpid()}"
    build(*objects, library, f"-Wl,-rpath,{lightning}", "-pthread", "-o", unfinished)
    unfinished.rename(driver)
    return driver


def run_driver(*arguments: object) -> str:
    """What the driver prints; a failure shows what the sanitizers say."""
    environment = {
        **os.environ,
        "ASAN_OPTIONS": "allocator_may_return_null=1:max_allocation_size_mb=4096:detect_leaks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    done = subprocess.run(
        [sanitized_driver(), *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, (arguments, done.stdout[-2000:], done.stderr[-8000:])
    return done.stdout


def _operand(array: np.ndarray) -> list[np.ndarray]:
    head = np.array([ELEMENTS[array.dtype.kind], *array.shape], np.int64)
    return [head, np.ascontiguousarray(array).view(np.int64).ravel()]


def write_cases(path: Path, cases: list[tuple[Member, list[np.ndarray]]], values) -> None:
    """Cases for the driver: members, their operands [rows, width], and the expected values."""
    parts = []
    for (member, operands), value in zip(cases, values, strict=True):
        words = np.asarray(member.circuit.words, np.int64)
        value = np.asarray(value, np.float64).reshape(-1, result_width(member))
        head = [member.order, int(member.transposed), len(value), len(operands)]
        parts += [np.array([len(words)]), words, np.array(head)]
        for operand in operands:
            parts += _operand(np.asarray(operand))
        parts += _operand(value)
    path.write_bytes(np.concatenate([np.asarray(part, np.int64) for part in parts]).tobytes())
