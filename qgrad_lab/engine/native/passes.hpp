// A plan's passes over states: forwards on a state, backwards on a state and a co-state.
#pragma once

#include <algorithm>
#include <cstddef>

#include "measure.hpp"
#include "numbers.hpp"
#include "parallel.hpp"
#include "plan.hpp"
#include "slices.hpp"

namespace qgrad {

// How many amplitudes are allocated for a state: kernels read four at a time.
inline std::size_t room(std::size_t size) { return std::max(size, least_amplitudes); }

inline void clear(Complex *state, std::size_t size) { std::fill(state, state + room(size), Complex{}); }

// What is allocated beyond a state of less than four amplitudes; seed() sets the state itself.
inline void clear_padding(const Jet &jet, std::size_t size) {
    for (Complex *state : {jet.value, jet.tangent}) {
        if (state != nullptr) {
            std::fill(state + size, state + room(size), Complex{});
        }
    }
}

class Passes {
  public:
    Passes(const Plan &plan, const Operands &operands, const double *tangent,
           const Threads &threads, const Numbers &numbers)
        : plan_(plan), operands_(operands), tangent_(tangent), threads_(threads),
          numbers_(numbers) {}

    // psi <- U |0>, and its tangent.
    void forward(const Jet &psi) const;

    // psi <- the state that the tasks begin with.
    void prepare(const Jet &psi) const;

    // The tasks from one to another, on a state that all before them were applied to.
    void advance(const Jet &psi, std::size_t from, std::size_t to) const;

    // The gradient in all that the tasks and the preparation read, for the states behind them, is added.
    // The states are undone on the way.
    void backward(const Jet &psi, const Jet &lambda, double *gradient) const {
        backward(psi, lambda, {}, gradient);
    }

    // What a sweep back along a tangent need not do.
    struct Limits {
        std::size_t first_task = 0;   // gradients of earlier tasks are not asked for
        std::size_t first_change = 0; // the tangent of psi is zero before this task
    };
    void backward(const Jet &psi, const Jet &lambda, const Limits &limits, double *gradient) const;

  private:
    void apply_task(const Pass &pass, std::size_t number, std::size_t base, const Jet &psi) const;
    void undo_task(const Pass &pass, std::size_t number, std::size_t base, const Jet &psi,
                   const Jet &lambda, bool undo, RunMatrices &overlaps, double *gradient) const;
    void undo_run(const Pass &pass, std::size_t number, std::size_t base, const Jet &psi,
                  const Jet &lambda, bool undo, RunMatrices &overlaps) const;
    void undo_single(const Pass &pass, const Step &step, const Jet &psi, const Jet &lambda,
                     bool undo, RunMatrices &overlaps, double *gradient) const;
    void add_gradient(std::size_t number, const RunMatrices &overlaps, double *gradient) const;

    const Plan &plan_;
    const Operands &operands_;
    const double *tangent_;
    const Threads &threads_;
    const Numbers &numbers_;
};

} // namespace qgrad
