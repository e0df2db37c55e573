"""The native library under the address and undefined-behaviour sanitizers, warnings as errors.

A small C++ driver stands in for XLA (``native/driver.cpp``). It gets Programs from the Python
encoder and the numbers that the library as installed gives for them.
"""

import numpy as np
import pytest

from qgrad_lab.circuit.ir.instructions import walk
from qgrad_lab.gates.table import GATES
from tests.support.circuits import SEED, member_values, random_cases
from tests.support.native_build import run_driver, write_cases


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Random Programs; together they hold everything that a Program can hold."""
    print(f"QGRAD_SEED={SEED}")
    made = random_cases(np.random.default_rng(SEED), 120)
    gates = {gate.kind.name for member, _ in made for gate, _ in walk(member.circuit.body)}
    assert gates == set(GATES)
    values = []
    for start in range(0, len(made), 40):
        values += member_values(made[start : start + 40])
    path = tmp_path_factory.mktemp("cases") / "cases"
    write_cases(path, made, values)
    return path


def test_every_native_member_of_random_programs_runs_clean(cases):
    assert run_driver("run", cases) == "120 cases\n"


def test_every_family_of_kernels_gives_the_same_numbers(cases):
    """LM, AVX2 and AVX-512, of which a machine uses one by itself, and the matrices of the rows."""
    counts = {}
    for line in run_driver("kernels", cases).splitlines():
        name, tested, absent = line.split()
        counts[name] = int(tested), int(absent)
    print(counts)
    assert list(counts) == ["LM", "AVX2", "AVX512", "row"]
    tested, absent = counts["LM"]
    assert tested > 300 and absent == 0
    assert counts["row"][0] > 200
    assert all(sum(count) == tested for count in counts.values())


def test_plans_of_every_size_of_slices_agree_with_single_gates(cases):
    words = run_driver("plans", cases).split()
    assert words[:2] == ["120", "cases,"] and int(words[2]) > 1000


def test_calls_stop_at_any_time_and_leave_nothing_behind(cases):
    """Signals come faster than calls end, so that they are unwound from everywhere."""
    *_, result = run_driver("interrupt", cases, 20).splitlines()
    calls, stopped = (int(word) for word in result.split() if word.isdigit())
    print(result)
    assert calls == 2400 and 50 < stopped < 2400


GIB = 2**30


@pytest.mark.parametrize(
    ("files", "available"),
    [
        ({}, 10 * GIB),
        # The limit of a container, which sees its own group as the root.
        (
            {
                "sys/fs/cgroup/memory.max": f"{4 * GIB}",
                "sys/fs/cgroup/memory.current": f"{3 * GIB}",
            },
            1 * GIB,
        ),
        # Files in memory make way.
        (
            {
                "sys/fs/cgroup/memory.max": f"{4 * GIB}",
                "sys/fs/cgroup/memory.current": f"{3 * GIB}",
                "sys/fs/cgroup/memory.stat": f"anon 5\ninactive_file {2 * GIB}\n",
            },
            3 * GIB,
        ),
        # No limit of its own, one of a group around it.
        (
            {
                "proc/self/cgroup": "0::/user/batch/job\n",
                "sys/fs/cgroup/user/batch/job/memory.max": "max\n",
                "sys/fs/cgroup/user/batch/job/memory.current": "5",
                "sys/fs/cgroup/user/batch/memory.max": f"{2 * GIB}",
                "sys/fs/cgroup/user/batch/memory.current": "0",
            },
            2 * GIB,
        ),
        # Version 1.
        (
            {
                "proc/self/cgroup": "9:name=systemd:/\n4:cpu,memory:/slurm/job\n1:odd",
                "sys/fs/cgroup/memory/slurm/job/memory.limit_in_bytes": f"{3 * GIB}",
                "sys/fs/cgroup/memory/slurm/job/memory.usage_in_bytes": f"{4 * GIB}",
            },
            0,
        ),
    ],
)
def test_memory_available_in_control_groups(files, available, tmp_path):
    files = {"proc/meminfo": f"MemTotal: 9 kB\nMemAvailable: {10 * 2**20} kB\n"} | files
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    assert int(run_driver("memory", tmp_path)) == available
