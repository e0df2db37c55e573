// Ranges of amplitudes, for loops over a state on several threads.
#pragma once

#include <algorithm>
#include <cstddef>

#include "host/interrupt.hpp"
#include "host/parallel.hpp"

namespace qgrad {

// The number of ranges does not depend on that of threads, so that sums over them are the same to
// the last bit; each fits a processor's cache.
class Ranges {
  public:
    Ranges(std::size_t size, const Threads &threads)
        : size_(size), count_(std::clamp(size / range, std::size_t{1}, most)), threads_(threads) {}

    std::size_t count() const { return count_; }

    // Calls body(number, begin, end) for every range.
    template <class Body> void for_each(const Body &body) const {
        threads_.for_each(
            count_, [&](std::size_t i) { body(i, size_ * i / count_, size_ * (i + 1) / count_); });
    }

  private:
    static constexpr std::size_t range = std::size_t{1} << 12;
    static constexpr std::size_t most = 64;

    std::size_t size_;
    std::size_t count_;
    const Threads &threads_;
};

// Calls body(begin, end) for consecutive pieces of a long range, and can be interrupted between
// them.
template <class Body> void in_pieces(std::size_t begin, std::size_t end, const Body &body) {
    constexpr std::size_t piece = std::size_t{1} << 16;
    const Stop stop = Stop::here();
    for (; begin < end; begin += piece) {
        stop.check();
        body(begin, std::min(begin + piece, end));
    }
}

} // namespace qgrad
