"""The ``qgrad-lab`` command: what it copies, what it never touches, how it starts JupyterLab."""

import ast
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from qgrad_lab import cli
from qgrad_lab._version import __version__


@pytest.fixture
def source(tmp_path):
    """Return a folder of tutorials that has files which must not be copied."""
    folder = tmp_path / "source"
    for name, content in {
        cli.START: "start",
        "02_more.ipynb": "more",
        "images/workbench.png": "picture",
        ".ipynb_checkpoints/01_start_here-checkpoint.ipynb": "old",
        "__pycache__/helper.pyc": "old",
        ".DS_Store": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch, source):
    """Change to an empty folder, with the tutorials in ``source``."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(cli, "tutorials", lambda: source)
    return folder


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


COPIED = {cli.START: "start", "02_more.ipynb": "more", "images/workbench.png": "picture"}


def test_copies_the_tutorials_and_nothing_else(here, capsys):
    assert cli.main(["--copy-only"]) == 0
    assert tree(here / cli.FOLDER) == COPIED
    assert capsys.readouterr().out == f"qgrad-lab: copied 3 files to {here / cli.FOLDER}\n"


def test_a_second_run_changes_nothing(here, capsys):
    cli.main(["--copy-only"])
    before = {path: path.stat().st_mtime_ns for path in here.rglob("*")}
    capsys.readouterr()
    assert cli.main(["--copy-only"]) == 0
    assert {path: path.stat().st_mtime_ns for path in here.rglob("*")} == before
    out = capsys.readouterr().out
    assert out == f"qgrad-lab: the tutorials are already in {here / cli.FOLDER}\n"


def test_keeps_what_the_user_has_and_says_so_in_one_line(here, capsys):
    mine = here / cli.FOLDER
    (mine / "images").mkdir(parents=True)
    (mine / cli.START).write_text("my edits")
    (mine / "notes.ipynb").write_text("my notes")
    (mine / "images" / "workbench.png").write_text("")
    assert cli.main(["--copy-only"]) == 0
    assert tree(mine) == {
        cli.START: "my edits",
        "02_more.ipynb": "more",
        "notes.ipynb": "my notes",
        "images/workbench.png": "",
    }
    assert capsys.readouterr().out.splitlines() == [
        f"qgrad-lab: copied 1 file to {mine}",
        f"qgrad-lab: kept what was there already and differs: {cli.START}, images/workbench.png",
    ]


def test_a_long_list_of_kept_files_is_cut_short(here, source, capsys):
    (here / cli.FOLDER).mkdir()
    for number in range(7):
        (source / f"1{number}.ipynb").write_text("new")
        (here / cli.FOLDER / f"1{number}.ipynb").write_text("mine")
    assert cli.main(["--copy-only"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith("10.ipynb, 11.ipynb, 12.ipynb, 13.ipynb, 14.ipynb and 2 more")


@pytest.mark.parametrize("leads_somewhere", [True, False])
def test_writes_nothing_through_a_link(here, tmp_path, leads_somewhere):
    elsewhere = tmp_path / "elsewhere.ipynb"
    if leads_somewhere:
        elsewhere.write_text("mine")
    (here / cli.FOLDER).mkdir()
    (here / cli.FOLDER / cli.START).symlink_to(elsewhere)
    assert cli.main(["--copy-only"]) == 0
    assert elsewhere.exists() == leads_somewhere
    if leads_somewhere:
        assert elsewhere.read_text() == "mine"


def one_error(capsys):
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("qgrad-lab: error: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_a_file_in_the_place_of_the_folder(here, capsys):
    (here / cli.FOLDER).write_text("mine")
    assert cli.main([]) == 1
    assert str(here / cli.FOLDER) in one_error(capsys)
    assert tree(here) == {cli.FOLDER: "mine"}


def test_a_folder_that_cannot_be_written(here, capsys, monkeypatch):
    # Root may write everywhere but into the kernel's own file systems.
    folder = Path("/sys/kernel") if os.geteuid() == 0 else here
    monkeypatch.chdir(folder)
    if folder == here:
        here.chmod(0o500)
    try:
        assert cli.main([]) == 1
    finally:
        here.chmod(0o700)
    error = one_error(capsys)
    assert f"cannot copy the tutorials to {folder / cli.FOLDER}" in error
    assert "ermission denied" in error or "ermitted" in error or "Read-only" in error


def test_half_a_file_does_not_stay(here, capsys, monkeypatch):
    class FullDisk:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, content):
            self.file.write(content[:1])
            raise OSError(28, "No space left on device")

    opened = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda self, mode="r", *rest: (
            FullDisk(opened(self, mode)) if mode == "xb" else opened(self, mode, *rest)
        ),
    )
    assert cli.main([]) == 1
    assert "No space left on device" in one_error(capsys)
    assert tree(here / cli.FOLDER) == {}


def test_a_current_folder_that_is_gone(here, capsys):
    here.rmdir()
    assert cli.main([]) == 1
    assert "no longer exists" in one_error(capsys)


def test_without_jupyterlab(here, capsys, monkeypatch):
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    assert cli.main([]) == 1
    assert "pip install jupyterlab" in capsys.readouterr().err


def test_an_installation_without_tutorials(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli, "_PACKAGE", tmp_path / "site-packages" / "qgrad_lab")
    # Some other package's folder of that name is not ours.
    (tmp_path / "site-packages" / "notebooks").mkdir(parents=True)
    (tmp_path / "site-packages" / "notebooks" / cli.START).write_text("theirs")
    assert cli.main(["--copy-only"]) == 1
    assert "reinstall" in one_error(capsys)


def test_the_tutorials_of_this_installation():
    found = cli.tutorials()
    names = {path.name for path in found.iterdir()}
    assert {cli.START, "02_documented_examples.ipynb"} <= names
    json.loads((found / cli.START).read_text(encoding="utf-8"))


@pytest.mark.parametrize("root", [True, False])
def test_starts_jupyterlab_in_the_folder(here, monkeypatch, root):
    started = []
    monkeypatch.setattr(cli.os, "execv", lambda path, command: started.append((path, command)))
    monkeypatch.setattr(cli.os, "geteuid", lambda: 0 if root else 1000)
    cli.main(["--no-browser", "--port", "9999", "--ServerApp.root_dir=/somewhere"])
    ((path, command),) = started
    assert path == sys.executable
    assert command[:4] == [sys.executable, "-P", "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={here / cli.FOLDER}" in command
    assert f"--LabApp.default_url=/lab/tree/{cli.START}" in command
    assert ("--allow-root" in command) == root
    # Last, so that what the user says wins.
    assert command[-4:] == ["--no-browser", "--port", "9999", "--ServerApp.root_dir=/somewhere"]
    assert Path.cwd() == here / cli.FOLDER


def test_options_for_jupyterlab_make_no_sense_without_it(here, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--copy-only", "--no-browser"])
    assert stopped.value.code == 2
    assert "--no-browser" in capsys.readouterr().err
    assert not (here / cli.FOLDER).exists()


def test_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"qgrad-lab {__version__}\n"


def test_help_names_every_option_and_where_the_others_go(here, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    for word in ("--copy-only", "--version", "--no-browser", "jupyter lab", cli.FOLDER):
        assert word in out
    assert not (here / cli.FOLDER).exists()


def test_the_module_imports_the_standard_library_only():
    imported = set()
    for node in ast.walk(ast.parse(Path(cli.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    packages = {name.partition(".")[0] for name in imported}
    assert packages - set(sys.stdlib_module_names) == {"qgrad_lab"}
    assert {name for name in imported if name.startswith("qgrad_lab")} == {"qgrad_lab._version"}


def test_a_real_jupyterlab_opens_the_start_notebook(tmp_path):
    """Run the installed command in a folder with a module that would break a careless start."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path / cli.FOLDER
    folder.mkdir()
    (folder / "random.py").write_text("raise RuntimeError('the notebook folder is on sys.path')")
    command = Path(sys.executable).parent / "qgrad-lab"
    log = tmp_path / "log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [
                command,
                "--no-browser",
                "--ip=127.0.0.1",
                f"--port={port}",
                "--ServerApp.port_retries=0",
                "--IdentityProvider.token=secret",
            ],
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(path):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}", headers={"Authorization": "token secret"}
        )
        with opener.open(request, timeout=30) as answer:
            return answer.geturl(), answer.read()

    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                _, content = ask(f"/api/contents/{cli.START}")
                break
            except ConnectionError:
                pass
            except urllib.error.URLError as error:
                if not isinstance(error.reason, ConnectionError):
                    raise
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        notebook = json.loads(content)
        assert notebook["type"] == "notebook"
        assert notebook["content"]["cells"]
        # The address that JupyterLab prints and opens is the start notebook's.
        address, page = ask("/")
        assert address.endswith(f"/lab/tree/{cli.START}")
        assert b"jupyter-config-data" in page
        assert re.search(rf"http://127\.0\.0\.1:{port}/lab/tree/{cli.START}", log.read_text())
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            raise
    assert (folder / cli.START).is_file()
