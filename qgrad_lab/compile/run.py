"""Call a compiled function: again where a loop needs more room, or where SIGINT stopped nothing."""

import threading
from collections.abc import Mapping
from typing import Any

from qgrad_lab.circuit.record.sources import source_of_number
from qgrad_lab.compile.jitted import JittedFunction
from qgrad_lab.core.failures import LoopOverflow, is_interrupted, loop_overflow, python_error
from qgrad_lab.core.mode import ThreadState
from qgrad_lab.engine import interrupts as engine_interrupts


def run_jitted(
    function: JittedFunction, state: ThreadState, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Return the result of a call, which is computed or cannot fail any more.

    Parameters
    ----------
    state
        ``threads.state`` of the calling thread, which the caller has at hand.

    Raises
    ------
    Exception
        What is wrong with the program, as Python says it rather than XLA.
    KeyboardInterrupt
        If SIGINT stopped it.
    """
    interrupts = 0
    while True:
        capacities = function.capacities
        previous = state.running
        state.running = function
        try:
            result = function.jitted(*args, **kwargs)
            if function.waits:
                function.wait(result)  # so that the error, if there is one, comes here
            return result
        except Exception as error:
            if is_interrupted(error):
                interrupts = _go_on(interrupts)
                continue
            overflow = overflow_of(error, capacities)
        finally:
            state.running = previous
        # The program is pure: with room for more iterations it runs again, from the start.
        function.make_room(overflow)


def overflow_of(error: Exception, capacities: Mapping[int, int]) -> LoopOverflow:
    """Return the loop that ``error`` tells of, if there may be room for it; raise other errors.

    ``capacities`` are those that the program had.
    """
    overflow = loop_overflow(error)
    # The second is a program that does not get the room it is given.
    if overflow is not None and capacities.get(overflow.label, 0) <= overflow.capacity:
        return overflow
    told = python_error(error, source_of_number)
    if told is None:
        raise error
    raise told from None


def _go_on(interrupts: int) -> int:
    """Return the number of interrupts, if one that the engine stopped for need not stop a program.

    A handler of the user's that returned, where Python's raises KeyboardInterrupt, lets what runs
    in the main thread go on, as it does for Python's own functions. ``interrupts`` is the number
    with which the program ran; if there was none since, it was given the result of one that ended.
    """
    count = engine_interrupts.count()
    if count == interrupts or threading.current_thread() is not threading.main_thread():
        raise KeyboardInterrupt("SIGINT stopped this program, or one whose result it was given")
    return count
