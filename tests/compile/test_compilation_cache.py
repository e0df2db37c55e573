"""What XLA compiled is kept on disk, for programs of ours and for no others."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import grad, qjit
from qgrad_lab.compile.cache import MAX_BYTES, folder
from qgrad_lab.compile.cache_folder import CacheFolder


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """An empty folder for compiled programs."""
    monkeypatch.setenv("QGRAD_LAB_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


_found: list[str] = []


@jax.monitoring.register_event_listener
def _listen(event, **_):
    if event == "/jax/compilation_cache/cache_hits":
        _found.append(event)


@pytest.fixture
def hits():
    """A list with one element for each program that was found in a cache on disk."""
    _found.clear()
    return _found


def entries(path):
    return sorted(path.iterdir()) if path.exists() else []


def gradient(scale=1.0):
    """The same program every time, and a function that no other cache of JAX has."""

    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def circuit(x):
        qml.RX(scale * x[0], wires=0)
        qml.RY(x[1], wires=1)
        qml.CNOT(wires=[0, 1])
        return qml.expval(qml.Z(1))

    return qjit(grad(circuit))


POINT = np.array([0.3, 0.8])
EXPECTED = np.array([-np.sin(0.3) * np.cos(0.8), -np.cos(0.3) * np.sin(0.8)])


def check(function):
    np.testing.assert_allclose(function(POINT), EXPECTED, atol=1e-14)


def test_a_program_is_compiled_once(kept, hits):
    check(gradient())
    first = entries(kept)
    assert len(first) == 1 and not hits
    check(gradient())
    assert entries(kept) == first and len(hits) == 1


def test_the_folder_is_for_this_user_alone(kept):
    check(gradient())
    assert kept.stat().st_mode & 0o777 == 0o700


def test_another_circuit_is_another_entry(kept, hits):
    check(gradient())
    doubled = gradient(2.0)([0.15, 0.8])
    np.testing.assert_allclose(doubled, [2 * EXPECTED[0], EXPECTED[1]], atol=1e-14)
    assert len(entries(kept)) == 2 and not hits


def test_the_same_circuit_with_other_constants_is_another_entry(kept, hits):
    for angle in (0.1, 0.2):

        @qjit
        @qml.qnode(qml.device("lightning.qubit", wires=1))
        def circuit(x, angle=angle):
            qml.RX(x, wires=0)
            qml.RX(0.5, wires=0)
            qml.RX(angle, wires=0)
            return qml.expval(qml.Z(0))

        np.testing.assert_allclose(circuit(0.7), np.cos(0.7 + 0.5 + angle), atol=1e-14)
    assert not hits


def test_a_decoder_of_other_words_is_another_entry(kept, hits, monkeypatch):
    """The version of the words is in the name of the native function, and so in JAX's key."""
    from qgrad_lab.engine import evaluate, library

    check(gradient())
    handler = jax.ffi.pycapsule(library.native_function("qgrad_lab_derivative", None))
    jax.ffi.register_ffi_target("qgrad_lab_derivative_v999", handler, platform="cpu")
    monkeypatch.setattr(evaluate, "FFI_TARGET", "qgrad_lab_derivative_v999")
    check(gradient())
    assert len(entries(kept)) == 2 and not hits
    assert str(library.ENCODING_VERSION) in library.FFI_TARGET


def test_functions_of_ours_under_the_transformations_of_jax(kept, hits):
    compiled = []
    for _ in range(2):

        @qjit
        @qml.qnode(qml.device("lightning.qubit", wires=1))
        def circuit(x):
            qml.RX(x, wires=0)
            return qml.expval(qml.Z(0))

        np.testing.assert_allclose(jax.jit(jax.grad(circuit))(0.7), -np.sin(0.7), atol=1e-14)
        compiled.append(len(entries(kept)))
    assert compiled == [1, 1] and len(hits) == 1


def test_programs_of_the_user_are_none_of_ours(kept, hits):
    check(gradient())
    known = entries(kept)
    for number in range(2):
        jax.jit(lambda x: jnp.sin(x) + 12.5)(POINT + number)
    assert entries(kept) == known and not hits
    assert jax.config.jax_compilation_cache_dir is None
    assert jax.config.jax_persistent_cache_min_compile_time_secs == 1.0


def test_code_that_calls_python_is_not_kept(kept, hits):
    for number in (1.0, 2.0):

        @qjit
        def program(x, number=number):
            shape = jax.ShapeDtypeStruct((), x.dtype)
            return jax.pure_callback(lambda x: np.asarray(x) * number, shape, x)

        assert program(3.0) == 3.0 * number
    assert not entries(kept) and not hits


@pytest.mark.filterwarnings("ignore:.*default.qubit")
def test_circuits_that_pennylane_runs_are_not_mixed_up(kept):
    for angle in (0.0, 0.5):

        @qjit
        @qml.qnode(qml.device("default.qubit", wires=1))
        def foreign(x, angle=angle):
            qml.RX(x, wires=0)
            qml.RX(angle, wires=0)
            return qml.expval(qml.Z(0))

        np.testing.assert_allclose(foreign(0.7), np.cos(0.7 + angle), atol=1e-14)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:500] + bytes([content[500] ^ 1]) + content[501:],
        lambda content: content + b"more",
        lambda content: b"\0" * len(content),
    ],
    ids=["empty", "half", "one bit", "longer", "zeros"],
)
def test_a_damaged_entry_is_compiled_anew(kept, hits, damage):
    check(gradient())
    (entry,) = entries(kept)
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    check(gradient())
    assert not hits and len(entry.read_bytes()) > 500
    check(gradient())
    assert len(hits) == 1


@pytest.mark.filterwarnings("error")
def test_a_folder_that_cannot_be_made(monkeypatch, tmp_path, hits):
    (tmp_path / "file").write_text("not a folder")
    for path in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/no/such/folder")):
        monkeypatch.setenv("QGRAD_LAB_CACHE", str(path))
        check(gradient())
    assert not hits and (tmp_path / "file").read_text() == "not a folder"


@pytest.mark.filterwarnings("error")
def test_a_full_disk(kept, hits):
    """The device on which every write fails for want of space takes the place of the new file."""
    kept.mkdir()
    store = CacheFolder(kept, MAX_BYTES)
    full = os.open("/dev/full", os.O_WRONLY)
    made = str(kept / "x.unfinished")
    Path(made).touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.mkstemp", lambda *args, **kwargs: (full, made))
        store.put("name", b"content" * 10_000)
    assert store.get("name") is None and not entries(kept)


def test_opting_out(monkeypatch, tmp_path, hits):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("0", "off", "False", "no"):
        monkeypatch.setenv("QGRAD_LAB_CACHE", value)
        check(gradient())
    assert not hits and not entries(tmp_path)


def test_the_folder_of_a_user(monkeypatch, tmp_path):
    monkeypatch.delenv("QGRAD_LAB_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert folder() == tmp_path / "caches" / "qgrad_lab"
    for not_absolute in ("", "caches"):
        monkeypatch.setenv("XDG_CACHE_HOME", not_absolute)
        assert folder() == tmp_path / ".cache" / "qgrad_lab"
    monkeypatch.setattr("sys.platform", "darwin")
    assert folder() == tmp_path / "Library" / "Caches" / "qgrad_lab"
    monkeypatch.setenv("QGRAD_LAB_CACHE", "~/elsewhere")
    assert folder() == tmp_path / "elsewhere"


PROGRAM = """
import json, warnings
warnings.simplefilter("error")
import jax
counts = {"hits": 0, "writes": 0}
def listen(event, **_):
    counts["hits"] += event == "/jax/compilation_cache/cache_hits"
    counts["writes"] += event == "/jax/compilation_cache/cache_misses"
jax.monitoring.register_event_listener(listen)
import jax.numpy as jnp, pennylane as qml, qgrad_lab
from qgrad_lab import for_loop, grad, qjit

@qml.set_shots(100)
@qml.qnode(qml.device("lightning.qubit", wires=2))
def sampled(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))

@qml.qnode(qml.device("lightning.qubit", wires=2))
def circuit(x, n):
    @for_loop(0, n, 1)
    def loop(i):
        qml.RX(x[0], wires=i)
    loop()
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.Z(1))

results = [
    qjit(grad(circuit))(jnp.array([0.3]), 2)[0],
    qjit(sampled, seed=5)(0.4),
]
jax.jit(lambda x: x * 17.5)(2.0)
print(json.dumps({"results": [float(r).hex() for r in results], **counts}))
"""


def run(environment, **changes):
    """The program above in a new process."""
    changed = {**environment, **{k: str(v) for k, v in changes.items()}}
    changed = {name: value for name, value in changed.items() if value != "unset"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=changed, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    return json.loads(done.stdout)


def test_after_a_restart(subprocess_environment, tmp_path):
    """Two processes that start together, one more, and the folder in its usual place."""
    home = {"QGRAD_LAB_CACHE": "unset", "XDG_CACHE_HOME": tmp_path, "HOME": tmp_path}
    pair = [None, None]

    def start(number):
        pair[number] = run(subprocess_environment, **home)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = entries(tmp_path / "qgrad_lab")
    assert written and all(entry.suffix == ".entry" for entry in written)
    third = run(subprocess_environment, **home)
    assert third["hits"] == len(written) and third["writes"] == 0
    assert pair[0]["results"] == pair[1]["results"] == third["results"]
    assert entries(tmp_path / "qgrad_lab") == written


def test_the_folder_that_the_user_gave_to_jax(subprocess_environment, tmp_path):
    settings = {
        "JAX_COMPILATION_CACHE_DIR": tmp_path / "jax",
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": 0,
        "QGRAD_LAB_CACHE": tmp_path / "ours",
    }
    first = run(subprocess_environment, **settings)
    assert entries(tmp_path / "jax") and not entries(tmp_path / "ours")
    assert first["writes"] == len(list((tmp_path / "jax").glob("*-cache")))


def test_the_least_recently_used_entries_go_first(tmp_path):
    store = CacheFolder(tmp_path, max_bytes=10_000)
    for number in range(9):
        before = set(tmp_path.iterdir())
        store.put(f"entry {number}", bytes([number]) * 1000)
        (file,) = set(tmp_path.iterdir()) - before
        os.utime(file, (number, number))
    assert store.get("entry 0") == bytes(1000)  # just used
    store.put("entry 9", bytes([9]) * 1000)
    left = [number for number in range(10) if store.get(f"entry {number}") is not None]
    assert left == [0, 3, 4, 5, 6, 7, 8, 9]  # a tenth of the room is free
    store.put("too large", bytes(20_000))
    assert store.get("too large") is None and store.get("entry 9") is not None


def test_files_of_processes_that_ended_are_removed(tmp_path):
    store = CacheFolder(tmp_path, max_bytes=10_000)
    for age, name in ((7200, "old.unfinished"), (0, "new.unfinished"), (7200, "mine.txt")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    store.put("name", b"content")
    assert {entry.name for entry in entries(tmp_path)} >= {"new.unfinished", "mine.txt"}
    assert not (tmp_path / "old.unfinished").exists()


def test_many_writers_and_readers_of_one_folder(tmp_path):
    """Each with a view of its own, as processes have; a reader sees whole entries or none."""
    content = {f"name {n}": os.urandom(2000) for n in range(8)}
    wrong = []

    def work(number):
        store = CacheFolder(tmp_path, max_bytes=12_000)
        for step in range(60):
            name = f"name {(number + step) % 8}"
            store.put(name, content[name])
            found = store.get(f"name {(number * step) % 8}")
            if found not in (None, content[f"name {(number * step) % 8}"]):
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert all(entry.suffix == ".entry" for entry in entries(tmp_path))
