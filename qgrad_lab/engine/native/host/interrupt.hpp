// Whether what is running has to stop, because of SIGINT: Ctrl-C, and the stop button of Jupyter.
//
// Python only notes a signal, and raises KeyboardInterrupt when its main thread is back in Python
// code, which a compiled program may keep it from for hours. So a signal handler of ours, which
// calls Python's, counts, and whatever may take long compares the count with what it was at first.
// The unit is a run of a compiled program, of which a call of this library may be one of millions:
// the run has to stop if the count has changed since its first call. So nothing is ever reset, no
// run suffers from a signal that came before it began, and Python's own handling of the signal
// stays as it is.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>

namespace qgrad {

// Interrupts so far.
extern std::atomic<std::uint64_t> num_interrupts;

// Leaves a call that has to stop.
struct Interrupted : std::exception {
    const char *what() const noexcept override { return "interrupted"; }
};

class Stop;

// Of the call that a thread works for, or null. Constant at first, so that to read it takes no
// test.
extern constinit thread_local const Stop *stop_of_this_thread;

// What a call compares with; by default, that of a run which begins now.
class Stop {
  public:
    Stop() : known_(num_interrupts.load(std::memory_order_relaxed)) {}

    // Of the call that this thread works for, if it does.
    static Stop here() {
        const Stop *const stop = stop_of_this_thread;
        return stop != nullptr ? *stop : Stop();
    }

    // Throws Interrupted where the call has to stop. Takes about a nanosecond.
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

// For loops that know no more than which of their rounds comes next: checks every few thousand.
inline void check_now_and_then(std::size_t round) {
    if ((round & 0xFFFU) == 0xFFFU) {
        Stop::here().check();
    }
}

// For a call that belongs to the run of a program with this number. XLA numbers the runs of one
// executable one after the other, from a hash of its code.
Stop stop_of_run(std::int64_t run);

// One call that fails ends a run. Another run may have its number: of the same code, compiled
// again.
void forget_run(std::int64_t run);
void forget_all_runs();

// Puts our handler in front of Python's if it is not there: signal.signal, which ipykernel calls
// before every cell, takes it away. Most calls only look at a clock.
void watch_for_interrupts();

} // namespace qgrad
