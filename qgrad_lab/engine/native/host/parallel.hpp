// Loops over independent tasks on the threads of a pool.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>

#include "host/interrupt.hpp"

namespace qgrad {

// Threads that someone else owns: in use, XLA's (xla/ffi.cpp).
class ThreadPool {
  public:
    ThreadPool() = default;
    ThreadPool(const ThreadPool &) = delete;
    ThreadPool &operator=(const ThreadPool &) = delete;
    virtual ~ThreadPool() = default;

    // At least one.
    virtual std::size_t num_threads() const = 0;

    // Calls task() once, later, on one of the threads.
    virtual void schedule(std::function<void()> task) = 0;
};

// Waits some ten nanoseconds, in which a second thread of the same core has more of it.
inline void pause_briefly() {
#ifdef __x86_64__
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Calls body(i) once for every i below count, on at most max_workers threads. The first exception
// cancels the tasks that have not started, and is rethrown. The calling thread takes tasks as well
// and waits only for those that have started: it may itself belong to the pool, and if all of the
// pool's threads merely waited, they would wait for ever.
inline void parallel_for(ThreadPool &pool, std::size_t count, std::size_t max_workers,
                         const std::function<void(std::size_t)> &body) {
    struct Shared {
        std::atomic<std::size_t> next{0};
        std::atomic<std::size_t> finished{0};
        std::atomic<bool> failed{false};
        std::exception_ptr error;
        std::mutex mutex;
        std::condition_variable done;
    };
    auto shared = std::make_shared<Shared>();
    // `body` is only touched by a worker that has claimed a task, hence before this function
    // returns.
    const auto work = [shared, count, &body, stop = Stop::here()] {
        const Stop::Scope scope(stop);
        for (std::size_t i = shared->next++; i < count; i = shared->next++) {
            std::exception_ptr error;
            try {
                if (!shared->failed) {
                    stop.check();
                    body(i);
                }
            } catch (...) {
                error = std::current_exception();
            }
            if (error) {
                const std::scoped_lock lock(shared->mutex);
                if (!shared->error) {
                    shared->error = error;
                }
                shared->failed = true;
            }
            if (++shared->finished == count) {
                const std::scoped_lock lock(shared->mutex);
                shared->done.notify_all();
            }
        }
    };
    const std::size_t workers = std::min({count, pool.num_threads(), max_workers});
    for (std::size_t i = 1; i < workers; ++i) {
        pool.schedule(work);
    }
    work();
    // The others usually finish at about the same time, sooner than a sleeping thread wakes up.
    constexpr int most_looks = 4000;
    for (int look = 0; look < most_looks && shared->finished != count; ++look) {
        pause_briefly();
    }
    std::unique_lock lock(shared->mutex);
    shared->done.wait(lock, [&] { return shared->finished == count; });
    if (shared->error) {
        std::rethrow_exception(shared->error);
    }
}

// Where independent tasks run: on at most max_workers threads of a pool, or on this thread alone.
struct Threads {
    ThreadPool *pool = nullptr;
    std::size_t max_workers = 1;

    // Calls body(i) once for every i below count, in any order.
    template <class Body> void for_each(std::size_t count, const Body &body) const {
        if (count == 1) {
            body(std::size_t{0});
            return;
        }
        watch_for_interrupts();
        if (pool == nullptr || max_workers == 1) {
            const Stop stop = Stop::here();
            for (std::size_t i = 0; i < count; ++i) {
                stop.check();
                body(i);
            }
        } else {
            parallel_for(*pool, count, max_workers, body);
        }
    }
};

} // namespace qgrad
