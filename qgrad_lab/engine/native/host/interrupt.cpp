#include "host/interrupt.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>
#include <mutex>

namespace qgrad {

std::atomic<std::uint64_t> num_interrupts{0};
constinit thread_local const Stop *stop_of_this_thread = nullptr;

namespace {

// -- The handler ----------------------------------------------------------------------------------

using Handler = void (*)(int);
using InfoHandler = void (*)(int, siginfo_t *, void *);

static_assert(std::atomic<std::uint64_t>::is_always_lock_free &&
              std::atomic<InfoHandler>::is_always_lock_free); // what a signal handler may use

// The handler that ours calls, Python's, in whichever form it was installed.
std::atomic<Handler> next_handler{nullptr};
std::atomic<InfoHandler> next_info_handler{nullptr};

void on_interrupt(int signal, siginfo_t *info, void *context) {
    num_interrupts.fetch_add(1, std::memory_order_relaxed);
    if (const InfoHandler next = next_info_handler.load()) {
        next(signal, info, context);
    } else if (const Handler plain = next_handler.load()) {
        plain(signal);
    }
}

bool is_ours(const struct sigaction &action) {
    return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == on_interrupt;
}

// Whether our handler may be installed in front of it.
//
// Not where there is none: then a signal ends the process, or is ignored. And only in front of the
// first handler that is found, Python's, which stays the same whatever a Python program does about
// signals. Another library's handler may call the one that it replaced, ours: the two would call
// each other without end.
bool is_next(const struct sigaction &action) {
    if ((action.sa_flags & SA_SIGINFO) != 0) {
        const InfoHandler known = next_info_handler.load();
        return known == action.sa_sigaction || (known == nullptr && next_handler.load() == nullptr);
    }
    if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) {
        return false;
    }
    const Handler known = next_handler.load();
    return known == action.sa_handler || (known == nullptr && next_info_handler.load() == nullptr);
}

void install() {
    static std::mutex mutex;
    const std::unique_lock lock(mutex, std::try_to_lock);
    struct sigaction found = {};
    if (!lock || sigaction(SIGINT, nullptr, &found) != 0 || is_ours(found) || !is_next(found)) {
        return;
    }
    if ((found.sa_flags & SA_SIGINFO) != 0) {
        next_info_handler = found.sa_sigaction;
    } else {
        next_handler = found.sa_handler;
    }
    struct sigaction own = found; // with its flags and its mask
    own.sa_flags |= SA_SIGINFO;
    own.sa_sigaction = on_interrupt;
    struct sigaction replaced = {};
    if (sigaction(SIGINT, &own, &replaced) == 0 && !is_ours(replaced) && !is_next(replaced)) {
        sigaction(SIGINT, &replaced, nullptr); // installed by another thread meanwhile
    }
}

std::int64_t milliseconds() {
#ifdef CLOCK_MONOTONIC_COARSE
    constexpr clockid_t clock =
        CLOCK_MONOTONIC_COARSE; // a read from memory, accurate to a few milliseconds
#else
    constexpr clockid_t clock = CLOCK_MONOTONIC;
#endif
    timespec time = {};
    clock_gettime(clock, &time);
    return static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1000000;
}

// -- Runs -----------------------------------------------------------------------------------------

// The runs that called most recently.
class Runs {
  public:
    Stop stop(std::int64_t run) {
        const std::scoped_lock lock(mutex_);
        if (runs_[latest_].is_used && runs_[latest_].number == run) {
            return runs_[latest_].stop;
        }
        const auto found = find(run);
        if (found != runs_.end()) {
            latest_ = static_cast<std::size_t>(found - runs_.begin());
        } else {
            latest_ = oldest_;
            oldest_ = (oldest_ + 1) % runs_.size();
            runs_[latest_] = {true, run, Stop()};
        }
        return runs_[latest_].stop;
    }

    void forget(std::int64_t run) {
        const std::scoped_lock lock(mutex_);
        if (const auto found = find(run); found != runs_.end()) {
            found->is_used = false;
        }
    }

    void forget_all() {
        const std::scoped_lock lock(mutex_);
        for (Run &run : runs_) {
            run.is_used = false;
        }
    }

  private:
    struct Run {
        bool is_used = false;
        std::int64_t number = 0;
        Stop stop;
    };
    using Table = std::array<Run, 32>; // more than there are threads that call

    Table::iterator find(std::int64_t run) {
        return std::ranges::find_if(
            runs_, [&](const Run &each) { return each.is_used && each.number == run; });
    }

    std::mutex mutex_;
    Table runs_;
    std::size_t latest_ = 0;
    std::size_t oldest_ = 0;
};

Runs &runs() {
    static Runs instance;
    return instance;
}

} // namespace

Stop stop_of_run(std::int64_t run) { return runs().stop(run); }

void forget_run(std::int64_t run) { runs().forget(run); }

void forget_all_runs() { runs().forget_all(); }

void watch_for_interrupts() {
    constexpr std::int64_t interval = 50; // milliseconds
    static std::atomic<std::int64_t> next_look{0};
    const std::int64_t now = milliseconds();
    if (now >= next_look.load(std::memory_order_relaxed)) {
        next_look.store(now + interval, std::memory_order_relaxed);
        install();
    }
}

} // namespace qgrad
