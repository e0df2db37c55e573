// Cancellation by SIGINT: Ctrl-C, and the stop button of Jupyter.
//
// Python only records a signal, and raises KeyboardInterrupt once its main thread is back in Python
// code, which a compiled program may delay for hours. So our own signal handler counts interrupts
// and then calls Python's, and every long computation compares the count with the one at its start.
// The unit of cancellation is a run of a compiled program, which may call this library millions of
// times: the run stops if the count has changed since its first call. Hence nothing is ever reset,
// no run is affected by a signal from before it began, and Python's own handling of the signal is
// unchanged.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>

namespace qgrad {

// Interrupts so far.
extern std::atomic<std::uint64_t> num_interrupts;

// Unwinds a call that has been interrupted.
struct Interrupted : std::exception {
    const char *what() const noexcept override { return "interrupted"; }
};

class Stop;

// Of the call that a thread works for, or null. Initialised at compile time, so that reading it
// needs no guard.
extern constinit thread_local const Stop *stop_of_this_thread;

// The count that a call compares with; by default, that of a run that begins now.
class Stop {
  public:
    Stop() : known_(num_interrupts.load(std::memory_order_relaxed)) {}

    // Of the call that this thread works for, if it does.
    static Stop here() {
        const Stop *const stop = stop_of_this_thread;
        return stop != nullptr ? *stop : Stop();
    }

    // Throws Interrupted if there was an interrupt since. Takes about a nanosecond.
    void check() const {
        if (num_interrupts.load(std::memory_order_relaxed) != known_) [[unlikely]] {
            throw Interrupted();
        }
    }

    // While it lives, this thread works for a call.
    class Scope {
      public:
        explicit Scope(const Stop &stop) : previous_(stop_of_this_thread) {
            stop_of_this_thread = &stop;
        }
        ~Scope() { stop_of_this_thread = previous_; }
        Scope(const Scope &) = delete;
        Scope &operator=(const Scope &) = delete;

      private:
        const Stop *previous_;
    };

  private:
    std::uint64_t known_;
};

// For loops that only know the number of their next round: checks once every few thousand.
inline void check_now_and_then(std::size_t round) {
    if ((round & 0xFFFU) == 0xFFFU) {
        Stop::here().check();
    }
}

// For a call within the run that has this number. XLA numbers the runs of an executable
// consecutively, starting from a hash of its code.
Stop stop_of_run(std::int64_t run);

// A call that fails ends its run. A later run may have the same number: of the same code, compiled
// again.
void forget_run(std::int64_t run);
void forget_all_runs();

// Installs our handler in front of Python's unless it is there already: signal.signal, which
// ipykernel calls before every cell, removes it. Most calls only read a clock.
void watch_for_interrupts();

} // namespace qgrad
