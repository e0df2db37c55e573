"""The workflows on GitHub: they run what runs here, and every action has a version."""

import os
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NAMES = ("ci", "wheels")


def workflow(name):
    return yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))


def steps(name):
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


def test_these_are_all():
    assert sorted(path.name for path in WORKFLOWS.iterdir()) == [f"{name}.yml" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_every_action_has_a_version(name):
    actions = [step["uses"] for step in steps(name) if "uses" in step]
    assert actions
    assert [action for action in actions if not re.search(r"@v\d+\.\d+\.\d+$", action)] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_they_run_of_ours_exists(name):
    commands = [step["run"] for step in steps(name) if "run" in step]
    scripts = {script for command in commands for script in re.findall(r"\.ci/\w+", command)}
    assert scripts
    assert [script for script in scripts if not os.access(ROOT / script, os.X_OK)] == []


@pytest.mark.parametrize("name", NAMES)
def test_they_may_read_alone_and_end(name):
    assert workflow(name)["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 60 for job in workflow(name)["jobs"].values())


def test_ci_is_the_script_and_nothing_else():
    (job,) = workflow("ci")["jobs"].values()
    assert [step.get("run") for step in job["steps"]] == [None, ".ci/run"]
    assert job["container"]["image"].startswith("python:3.11")


def test_every_wheel_that_is_built_is_installed():
    jobs = workflow("wheels")["jobs"]
    built = {row["platform"] for row in jobs["wheel"]["strategy"]["matrix"]["include"]}
    matrix = jobs["install"]["strategy"]["matrix"]
    assert built == set(matrix["platform"]) == {row["platform"] for row in matrix["include"]}
    assert built == {"linux-x86_64", "linux-aarch64", "macos-arm64"}


def test_wheels_bring_no_library_of_lightning_or_jaxlib():
    settings = PROJECT["tool"]["cibuildwheel"]
    for platform in ("linux", "macos"):
        command = settings[platform]["repair-wheel-command"]
        assert "--exclude liblightning_qubit_catalyst" in command and "libjax" in command
    # One wheel is for every Python, so that it is built by one.
    assert len(settings["build"].split()) == 1


def test_there_is_no_compiler_where_wheels_are_tried():
    script = (ROOT / ".ci" / "try_wheel").read_text(encoding="utf-8")
    assert "export PATH=$PWD/bin" in script
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert ".ci/try_wheel" in ci
