"""SIGINT, as Ctrl-C and Jupyter's stop button send it, while the native library is at work."""

import json
import re
import signal
import subprocess
import sys
import time

import pytest
from jupyter_client.manager import KernelManager

from tests.interrupt.__main__ import CALLS

SECONDS = 5.0
"""In which a call has to stop. It takes milliseconds, on a machine that does nothing else."""


class Process:
    """A Python process that runs calls and scenarios by their names."""

    def __init__(self, environment):
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.interrupt"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, name):
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()

    def interrupt(self):
        self._process.send_signal(signal.SIGINT)

    def line(self):
        return self._process.stdout.readline()

    def scenario(self, name):
        self.begin(name)
        return json.loads(self.line())

    def status(self):
        """That it ends with."""
        return self._process.wait(60)

    def end(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


@pytest.fixture(scope="module")
def process(subprocess_environment):
    """One for all tests: nothing that they do may call for a restart."""
    started = Process(subprocess_environment)
    yield started
    started.end()


@pytest.mark.parametrize("name", CALLS)
def test_a_long_call_stops_and_the_next_one_is_right(name, process):
    process.begin(name)
    assert process.line() == "started\n"
    sent = time.monotonic()
    process.interrupt()
    result = json.loads(process.line())
    seconds = result["stopped"] - sent
    print(f"{name}: stopped after {seconds:.3f} s\n{result['text']}")
    assert 0 < seconds < SECONDS
    assert result["same"] and result["difference"] < 1e-9
    # There is no error of JAX's that it came with.
    assert result["text"].splitlines()[-1] == "KeyboardInterrupt"
    assert "Error" not in result["text"]


def test_no_frames_of_ours_or_of_jax(process):
    process.begin("loop")
    process.line()
    process.interrupt()
    text = json.loads(process.line())["text"]
    files = re.findall(r'File "(.*?)"', text)
    assert len(files) == 1 and files[0].endswith("__main__.py"), text


def test_a_handler_that_returns_lets_the_call_go_on(process):
    calls, same, began_again = process.scenario("own_handler")
    assert calls == 1 and same and began_again


def test_sigint_that_is_ignored(process):
    assert process.scenario("ignored") == 400


def test_in_another_thread(process):
    main, thread, message, difference = process.scenario("in_another_thread")
    assert main == thread == "KeyboardInterrupt"
    assert message.startswith("SIGINT stopped this program")
    assert difference < 1e-9


def test_a_result_that_was_not_finished_is_not_used(process):
    message, difference = process.scenario("results_that_were_not_finished")
    assert message.startswith("SIGINT stopped this program, or one whose result it was given")
    assert difference < 1e-9


def test_no_call_suffers_from_a_signal_before_it(process):
    assert process.scenario("between_calls") == 0


def test_a_forked_process(process):
    assert process.scenario("forked") == 7


def test_another_library_in_front(process):
    assert process.scenario("behind_another_library") == "KeyboardInterrupt"


def test_sigint_without_a_handler_ends_the_process(process):
    """The last one: the next test gets no other process."""
    process.begin("without_a_handler")
    assert process.status() == -signal.SIGINT


class Kernel:
    """A Jupyter kernel, as JupyterLab starts and stops it."""

    def __init__(self, environment):
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(env=environment)
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=120)

    def run(self, code, stop=False):
        """What a cell prints, and the error that ends it; stopped when it has printed "started"."""
        cell = self._client.execute(code)
        text, error, sent = "", None, None
        while True:
            message = self._client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != cell:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                text += content["text"]
            if stop and sent is None and "started" in text:
                sent = time.monotonic()
                self._manager.interrupt_kernel()
            if message["msg_type"] == "error":
                error = content["ename"], "\n".join(content["traceback"])
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return text, error, sent and time.monotonic() - sent

    def end(self):
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel(subprocess_environment):
    started = Kernel(subprocess_environment)
    yield started
    started.end()


def test_the_stop_button_of_jupyter(kernel):
    text, error, _ = kernel.run("from tests.interrupt.__main__ import CALLS, when_at_work, np")
    assert error is None, error
    for name in ("batch", "loop"):
        kernel.run(f"function, long, short, expected = CALLS[{name!r}]")
        _, (error, traceback), seconds = kernel.run(
            "when_at_work(lambda: print('started', flush=True))\nfunction(*long)", stop=True
        )
        print(f"{name}: the cell ended after {seconds:.3f} s\n{traceback}")
        assert error == "KeyboardInterrupt" and seconds < SECONDS
        assert "During handling" not in traceback
        text, error, _ = kernel.run("print(np.max(np.abs(function(*short) - expected(*short))))")
        assert error is None and float(text) < 1e-9


def test_a_kernel_that_is_stopped_between_cells(kernel):
    """The handler that ipykernel has there ignores it."""
    kernel.run("from tests.interrupt.__main__ import CALLS, np")
    kernel.run("gradient, _, short, expected = CALLS['loop']")
    for _ in range(3):
        kernel._manager.interrupt_kernel()
        text, error, _ = kernel.run("print(np.max(np.abs(gradient(*short) - expected(*short))))")
        assert error is None and float(text) < 1e-9
