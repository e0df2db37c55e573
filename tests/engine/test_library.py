"""Loading the native library: versions, what is missing, what an import costs, memory."""

import subprocess
import sys
import textwrap

import pytest

from qgrad_lab.engine import library
from qgrad_lab.engine.library import built_versions, check_versions


def run(code: str) -> subprocess.CompletedProcess:
    """``code`` in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=300
    )


@pytest.mark.parametrize("lightning", ["0.45.0", "0.45.1", "0.45.0.dev3"])
@pytest.mark.parametrize("jaxlib", ["0.7.1", "0.7.2", "0.10.2", "1.0.0"])
def test_versions_that_fit(lightning, jaxlib):
    check_versions("0.45.0", "0.7.1", lightning=lightning, jaxlib_version=jaxlib)


@pytest.mark.parametrize("lightning", ["0.44.0", "0.46.0", "1.45.0"])
def test_another_lightning_is_refused_with_both_versions_and_the_fix(lightning):
    with pytest.raises(ImportError) as caught:
        check_versions("0.45.0", "0.7.1", lightning=lightning, jaxlib_version="0.10.2")
    message = str(caught.value)
    assert "0.45.0" in message and lightning in message
    assert "pennylane-lightning==0.45.*" in message


@pytest.mark.parametrize("jaxlib", ["0.7.0", "0.6.2", "0.4.38"])
def test_an_older_jaxlib_is_refused_with_both_versions_and_the_fix(jaxlib):
    with pytest.raises(ImportError) as caught:
        check_versions("0.45.0", "0.7.1", lightning="0.45.0", jaxlib_version=jaxlib)
    message = str(caught.value)
    assert "0.7.1" in message and jaxlib in message and "pip install" in message


def test_a_lightning_that_does_not_fit_leaves_jax_usable():
    done = run(
        """
        import importlib.metadata as metadata
        true_version = metadata.version
        metadata.version = (
            lambda name: "0.12.3" if name == "pennylane-lightning" else true_version(name)
        )
        try:
            import qgrad_lab
        except ImportError as error:
            print("refused:", error)
        import jax
        print(jax.jit(lambda x: x + 1)(1))
        """
    )
    assert done.returncode == 0, done.stderr
    assert "refused:" in done.stdout and "0.12.3" in done.stdout
    assert done.stdout.endswith("2\n")


def test_versions_are_read_from_the_file(tmp_path):
    own = library.own_library()
    lightning, jaxlib = built_versions(own)
    check_versions(lightning, jaxlib, lightning=lightning, jaxlib_version=jaxlib)
    other = tmp_path / own.name
    other.write_bytes(b"\x7fELF and nothing else")
    with pytest.raises(ImportError, match="not a native library of qgrad_lab.*pip install"):
        built_versions(other)


def test_a_library_that_does_not_load_is_one_import_error(tmp_path):
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"\x7fELF" + library.own_library().read_bytes())  # it tells its versions
    done = run(
        f"""
        import ctypes, pathlib
        import jax, pennylane
        true = ctypes.CDLL
        ctypes.CDLL = lambda name: true({str(broken)!r} if "qgrad" in name else name)
        try:
            import qgrad_lab
        except ImportError as error:
            print(error)
        print(jax.jit(lambda x: x + 1)(1))
        """
    )
    assert done.returncode == 0, done.stderr
    lightning, jaxlib = built_versions(broken)
    assert f"pennylane-lightning {lightning}" in done.stdout and f"jaxlib {jaxlib}" in done.stdout
    assert "pip install" in done.stdout and done.stdout.endswith("2\n")


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ("importlib.util.find_spec = lambda name: None", "pip install --force-reinstall"),
        ("pathlib.Path.exists = lambda self: 'qgrad' not in self.name", "C++20 compiler"),
    ],
)
def test_a_missing_library_is_one_import_error(patch, words):
    done = run(
        f"""
        import importlib.util, pathlib
        import jax, pennylane
        {patch}
        try:
            import qgrad_lab
        except ImportError as error:
            print(error)
        print(jax.jit(lambda x: x + 1)(1))
        """
    )
    assert done.returncode == 0, done.stderr
    assert words in done.stdout
    assert done.stdout.endswith("2\n")


def test_the_import_brings_nothing_that_it_does_not_need():
    done = run(
        """
        import sys
        import jax, pennylane
        before = set(sys.modules)
        import qgrad_lab
        print(sorted({name.split(".")[0] for name in set(sys.modules) - before}))
        """
    )
    assert done.returncode == 0, done.stderr
    for package in ("matplotlib", "IPython", "ipywidgets", "pandas", "pennylane_lightning"):
        assert repr(package) not in done.stdout


def test_a_circuit_that_does_not_fit_into_memory_is_refused_and_the_next_one_runs():
    done = run(
        """
        import jax, jax.numpy as jnp, pennylane as qml, qgrad_lab

        def make(wires):
            @qml.qnode(qml.device("lightning.qubit", wires=wires))
            def circuit(x):
                qml.RX(x, wires=0)
                return qml.expval(qml.prod(*map(qml.Z, range(wires))))
            return qgrad_lab.qjit(qgrad_lab.grad(circuit))

        try:
            make(38)(0.3).block_until_ready()
        except MemoryError as error:
            print(error)
        print(round(float(make(2)(0.3)), 6))
        """
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "a circuit on 38 wires needs" in done.stdout and "GiB are available" in done.stdout
    assert done.stdout.endswith("-0.29552\n")
