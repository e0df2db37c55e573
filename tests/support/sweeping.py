"""A function whose gradient has a closed form and takes a while, and sweeps of it."""

import os
import signal
import threading
import time

import numpy as np
import pennylane as qml
import zarr

import qgrad_lab

WIRES = 16

FIXED = {"theta": np.linspace(0.1, 0.6, WIRES)}

GRID = {"theta[0]": np.linspace(-1.0, 1.0, 24), "theta[5]": np.linspace(0.0, 2.0, 10)}

CHUNK = 5
"""Of 240 points: 48 blocks."""

BLOCKS = 48


@qml.qnode(qml.device("lightning.qubit", wires=WIRES), diff_method="adjoint")
def energy(theta):
    """The product of the cosines of all angles."""
    for wire in range(WIRES):
        qml.RY(theta[wire], wires=wire)
    for wire in range(WIRES - 1):
        qml.CNOT(wires=[wire, wire + 1])
    for wire in reversed(range(WIRES - 1)):
        qml.CNOT(wires=[wire, wire + 1])
    return qml.expval(qml.prod(*(qml.Z(wire) for wire in range(WIRES))))


def run_sweep(**options):
    """The sweep that is interrupted in the tests."""
    options = {"chunk": CHUNK, "progress": False, "fixed": FIXED} | options
    return qgrad_lab.sweep(energy, GRID, **options)


def check_sweep(found):
    """Compare all of ``found`` with the closed form."""
    first, fifth = np.meshgrid(*GRID.values(), indexing="ij")
    theta = np.broadcast_to(FIXED["theta"], (*first.shape, WIRES)).copy()
    theta[..., 0], theta[..., 5] = first, fifth
    others = np.stack([np.delete(np.cos(theta), wire, -1).prod(-1) for wire in range(WIRES)], -1)
    value = found.value.sel(diff_method="auto")
    gradient = found.gradient_theta.sel(diff_method="auto")
    np.testing.assert_allclose(value, np.cos(theta).prod(-1), atol=1e-12)
    np.testing.assert_allclose(gradient, -np.sin(theta) * others, atol=1e-12)


def blocks_in(store):
    """How many blocks are kept in ``store`` at this moment."""
    try:
        marks = zarr.open_group(str(store), mode="r")["completion/marks"]
        return int(np.count_nonzero(marks[:]))
    except (FileNotFoundError, KeyError, zarr.errors.GroupNotFoundError):
        return 0


def wait_for_blocks(store, count):
    """Wait until there are ``count``, and tell how many there are."""
    deadline = time.monotonic() + 120
    while (found := blocks_in(store)) < count:
        assert time.monotonic() < deadline, f"{found} blocks"
        time.sleep(0.02)
    return found


def kill_when(store, count, pid):
    """A thread that kills a process when ``store`` has ``count`` blocks."""

    def wait():
        wait_for_blocks(store, count)
        os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread
