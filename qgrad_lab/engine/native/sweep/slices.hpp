// The slices of a pass, one after the other or on several threads.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "host/interrupt.hpp"
#include "host/parallel.hpp"
#include "host/workspace.hpp"
#include "plan/plan.hpp"

namespace qgrad {

template <class Real> class Slices {
  public:
    // Up to four states, null where there are fewer.
    using States = std::array<std::complex<Real> *, 4>;

    Slices(const Pass &pass, std::size_t num_wires)
        : pass_(pass), num_wires_(num_wires),
          count_(std::size_t{1} << (num_wires - pass.bits.size())) {}

    // The number of groups of slices does not depend on that of threads, so that sums over them are
    // the same to the last bit.
    std::size_t num_groups() const { return std::min(count_, most_groups); }

    // Calls body(group, base, slices) for every slice of the given states, with the index of its
    // first amplitude and pointers to it in each state. A slice that is not contiguous is copied
    // and written back.
    template <class Body>
    void for_each(const Threads &threads, const States &states, const Body &body) const {
        const std::size_t groups = num_groups();
        if (count_ == 1) {
            visit(0, 0, states, body);
            return;
        }
        const Stop stop = Stop::here();
        threads.for_each(groups, [&](std::size_t group) {
            for (std::size_t i = count_ * group / groups; i < count_ * (group + 1) / groups; ++i) {
                stop.check();
                visit(group, base_of(i), states, body);
            }
        });
    }

  private:
    static constexpr std::size_t most_groups = 64;

    template <class Body>
    void visit(std::size_t group, std::size_t base, const States &states, const Body &body) const {
        States slices{};
        for (std::size_t s = 0; s < states.size(); ++s) {
            if (states[s] != nullptr) {
                slices[s] = states[s] + base;
            }
        }
        if (pass_.contiguous) {
            body(group, base, slices);
            return;
        }
        States copies{};
        for (std::size_t s = 0; s < states.size(); ++s) {
            if (states[s] != nullptr) {
                copies[s] = gathered(slices[s], s);
            }
        }
        body(group, base, copies);
        for (std::size_t s = 0; s < states.size(); ++s) {
            if (states[s] != nullptr) {
                scatter(copies[s], slices[s]);
            }
        }
    }

    std::size_t base_of(std::size_t slice) const {
        std::size_t base = 0;
        auto own = pass_.bits.begin();
        for (unsigned bit = 0; bit < num_wires_; ++bit) {
            if (own != pass_.bits.end() && *own == bit) {
                ++own;
            } else {
                base |= (slice & 1U) << bit;
                slice >>= 1;
            }
        }
        return base;
    }

    std::complex<Real> *gathered(const std::complex<Real> *from, std::size_t slot) const {
        std::complex<Real> *const copy =
            Workspace::for_slices_of_this_thread().state<Real>(slot, pass_.slice_size());
        std::complex<Real> *to = copy;
        for (const std::size_t row : pass_.rows) {
            to = std::copy(from + row, from + row + pass_.row_size, to);
        }
        return copy;
    }

    void scatter(const std::complex<Real> *from, std::complex<Real> *to) const {
        for (const std::size_t row : pass_.rows) {
            std::copy(from, from + pass_.row_size, to + row);
            from += pass_.row_size;
        }
    }

    const Pass &pass_;
    std::size_t num_wires_;
    std::size_t count_;
};

} // namespace qgrad
