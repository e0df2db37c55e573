// The sweeps: a plan's passes forwards over a state, and backwards over a state and a co-state.
#pragma once

#include <algorithm>
#include <cstddef>

#include "host/parallel.hpp"
#include "host/ranges.hpp"
#include "plan/plan.hpp"
#include "sweep/measure.hpp"
#include "sweep/numbers.hpp"
#include "sweep/slices.hpp"

namespace qgrad {

// How many amplitudes are allocated for a state, as kernels read a whole block at a time.
template <class Real> std::size_t room(std::size_t size) {
    return std::max(size, least_amplitudes<Real>);
}

// Clears what is allocated beyond a state that is smaller than a block.
template <class Real> void clear_padding(const Jet<Real> &jet, std::size_t size) {
    for (std::complex<Real> *state : {jet.value, jet.tangent}) {
        if (state != nullptr) {
            std::fill(state + size, state + room<Real>(size), std::complex<Real>{});
        }
    }
}

template <class Real>
void clear(std::complex<Real> *state, std::size_t size, const Threads &threads) {
    Ranges(size, threads).for_each([&](std::size_t, std::size_t begin, std::size_t end) {
        std::fill(state + begin, state + end, std::complex<Real>{});
    });
    clear_padding(Jet<Real>{state, nullptr}, size);
}

template <class Real>
void copy(const std::complex<Real> *from, std::complex<Real> *to, std::size_t size,
          const Threads &threads) {
    Ranges(size, threads).for_each([&](std::size_t, std::size_t begin, std::size_t end) {
        std::copy(from + begin, from + end, to + begin);
    });
    clear_padding(Jet<Real>{to, nullptr}, size);
}

template <class Real> class Passes {
  public:
    Passes(const Plan &plan, const Operands &operands, const double *tangent,
           const Threads &threads, const Numbers &numbers)
        : plan_(plan), operands_(operands), tangent_(tangent), threads_(threads),
          numbers_(numbers) {}

    // psi <- U |0>, and its tangent.
    void forward(const Jet<Real> &psi) const;

    // psi <- the state that the tasks begin with.
    void prepare(const Jet<Real> &psi) const;

    // Applies a range of tasks to a state that all earlier ones were applied to.
    void advance(const Jet<Real> &psi, std::size_t from, std::size_t to) const;

    // Adds the gradient in everything that the tasks and the preparation read, from the states
    // behind them. The states are carried back on the way.
    void backward(const Jet<Real> &psi, const Jet<Real> &lambda, double *gradient) const {
        backward(psi, lambda, {}, gradient);
    }

    // What a backward sweep along a tangent may skip.
    struct Limits {
        std::size_t first_task = 0;   // gradients of earlier tasks are not needed
        std::size_t first_change = 0; // the tangent of psi is zero before this task
    };
    void backward(const Jet<Real> &psi, const Jet<Real> &lambda, const Limits &limits,
                  double *gradient) const;

  private:
    void apply_task(const Pass &pass, std::size_t number, std::size_t base,
                    const Jet<Real> &psi) const;
    // What the gradients of a task follow from, summed over slices: for a run its overlaps, for a
    // diagonal task one number for each member, and for a single gate its gradient, in the first of
    // `matrices`.
    struct Sums {
        RunMatrices *matrices;
        double *numbers;
    };
    void undo_task(const Pass &pass, std::size_t number, std::size_t base, const Jet<Real> &psi,
                   const Jet<Real> &lambda, bool undo, const Sums &sums, double *gradient) const;
    void undo_diagonal(const Pass &pass, std::size_t number, std::size_t base, const Jet<Real> &psi,
                       const Jet<Real> &lambda, bool undo, double *sums) const;
    void undo_run(const Pass &pass, std::size_t number, std::size_t base, const Jet<Real> &psi,
                  const Jet<Real> &lambda, bool undo, RunMatrices &overlaps) const;
    void undo_single(const Pass &pass, const Step &step, const Jet<Real> &psi,
                     const Jet<Real> &lambda, bool undo, RunMatrices &overlaps,
                     double *gradient) const;
    void add_gradient(std::size_t number, const Sums &sums, double *gradient) const;

    const Plan &plan_;
    const Operands &operands_;
    const double *tangent_;
    const Threads &threads_;
    const Numbers &numbers_;
};

} // namespace qgrad
