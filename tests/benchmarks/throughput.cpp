// The machine's limits: a STREAM triad, and multiply-adds in registers.
//
//     throughput THREADS DOUBLES SECONDS
//
// prints bytes a second of the triad over three arrays of DOUBLES numbers, counted as STREAM counts
// them (24 bytes an element), and floating-point operations a second (two for a multiply-add). Both
// are the best of as many passes as fit into SECONDS each.

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif

typedef double Vector __attribute__((vector_size(kBytes)));

double now() {
    using Clock = std::chrono::steady_clock;
    return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

// The least seconds of a pass over all threads. `prepare` and `pass` are called with the thread's
// number; threads start each pass together.
double fastest(int threads, double seconds, const std::function<void(int)> &prepare,
               const std::function<void(int)> &pass) {
    std::barrier gate(threads);
    std::atomic<bool> stop{false};
    double best = 1e300;
    const auto run = [&](int thread) {
        prepare(thread);
        gate.arrive_and_wait();
        const double begin = now();
        for (int round = 0;; ++round) {
            gate.arrive_and_wait();
            const double start = now();
            pass(thread);
            gate.arrive_and_wait();
            if (thread == 0) {
                if (round > 0)
                    best = std::min(best, now() - start);
                stop = round > 2 && now() - begin > seconds;
            }
            gate.arrive_and_wait();
            if (stop)
                return;
        }
    };
    std::vector<std::thread> others;
    for (int thread = 1; thread < threads; ++thread)
        others.emplace_back(run, thread);
    run(0);
    for (auto &other : others)
        other.join();
    return best;
}

// Memory that is not touched yet, in huge pages where the system has them: small ones would measure
// how fast addresses are looked up.
std::unique_ptr<double[], decltype(&std::free)> allocate(size_t length) {
    constexpr size_t kPage = 1 << 21;
    const size_t bytes = (length * sizeof(double) + kPage - 1) / kPage * kPage;
    void *memory = std::aligned_alloc(kPage, bytes);
    if (memory == nullptr)
        std::exit(3);
#if defined(MADV_HUGEPAGE)
    madvise(memory, bytes, MADV_HUGEPAGE);
#endif
    return {static_cast<double *>(memory), &std::free};
}

double triad(int threads, size_t length, double seconds) {
    const auto a = allocate(length), b = allocate(length), c = allocate(length);
    const auto part = [&](int thread) { return length * thread / threads; };
    const auto prepare = [&](int thread) { // each thread touches its own part first
        for (size_t i = part(thread); i < part(thread + 1); ++i)
            a[i] = 0, b[i] = 1, c[i] = 2;
    };
    const auto pass = [&](int thread) {
        double *__restrict out = a.get();
        const double *__restrict x = b.get(), *__restrict y = c.get();
        for (size_t i = part(thread), end = part(thread + 1); i < end; ++i)
            out[i] = x[i] + 3.0 * y[i];
    };
    return 24.0 * length / fastest(threads, seconds, prepare, pass);
}

double multiply_adds(int threads, double seconds) {
    constexpr int kChains = 12, kSteps = 1 << 20;
    std::vector<double> sink(threads);
    const auto pass = [&](int thread) {
        Vector chains[kChains], factor, summand;
        for (int lane = 0; lane < kBytes / 8; ++lane) {
            factor[lane] = 0.999999 + 1e-9 * thread;
            summand[lane] = 1e-6;
            for (int chain = 0; chain < kChains; ++chain)
                chains[chain][lane] = chain + lane;
        }
        for (int step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
            for (int chain = 0; chain < kChains; ++chain)
                chains[chain] = chains[chain] * factor + summand;
        }
        for (int chain = 0; chain < kChains; ++chain)
            sink[thread] += chains[chain][0];
    };
    const double time = fastest(threads, seconds, [](int) {}, pass);
    volatile double kept = sink[0];
    (void)kept;
    return 2.0 * kChains * (kBytes / 8.0) * kSteps * threads / time;
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    const int threads = std::atoi(argv[1]);
    const size_t length = std::strtoull(argv[2], nullptr, 10);
    const double seconds = std::atof(argv[3]);
    std::printf("%.6e %.6e\n", triad(threads, length, seconds), multiply_adds(threads, seconds));
}
