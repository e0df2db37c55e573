"""The native library under the address and undefined-behaviour sanitizers, warnings as errors.

A small C++ driver stands in for XLA (``native/driver.cpp``). It gets Programs from the Python
encoder and the numbers that the library as installed gives for them.
"""

import numpy as np
import pytest
from circuits import SEED, member_values, random_cases
from native_build import run_driver, write_cases

from qgrad_lab.circuit.gates import GATES
from qgrad_lab.circuit.program import walk


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
    """LM, AVX2 and AVX-512, of which a machine uses one by itself."""
    counts = {}
    for line in run_driver("kernels", cases).splitlines():
        name, tested, absent = line.split()
        counts[name] = int(tested), int(absent)
    print(counts)
    assert list(counts) == ["LM", "AVX2", "AVX512"]
    tested, absent = counts["LM"]
    assert tested > 300 and absent == 0
    assert all(sum(count) == tested for count in counts.values())


def test_plans_of_every_size_of_slices_agree_with_single_gates(cases):
    words = run_driver("plans", cases).split()
    assert words[:2] == ["120", "cases,"] and int(words[2]) > 1000
