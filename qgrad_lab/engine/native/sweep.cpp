#include "sweep.hpp"

#include <algorithm>

#include "passes.hpp"
#include "workspace.hpp"

namespace qgrad {
namespace {

// The states of one evaluation, in the order in which they are needed.
struct States {
    Jet psi;
    Jet scratch;
    Jet lambda;

    // psi is `state` where that is not null.
    States(const Circuit &circuit, bool with_tangent, bool transposed, Complex *state)
        : use_(Workspace::of_this_thread()) {
        const std::size_t size = circuit.dimension();
        std::size_t next = 0;
        const auto own = [&] { return Workspace::of_this_thread().state(next++, room(size)); };
        const auto jet = [&](Complex *value) {
            return Jet{value != nullptr ? value : own(), with_tangent ? own() : nullptr};
        };
        psi = jet(state);
        if (circuit.needs_observable_scratch) {
            scratch = jet(nullptr);
        }
        if (transposed) {
            lambda = jet(nullptr);
            clear_padding(lambda, size);
        }
    }

  private:
    Workspace::Use use_;
};

} // namespace

void evaluate(const Plan &plan, const Operands &operands, const double *tangent,
              const Threads &threads, Complex *state, double *out) {
    const States states(plan.circuit, tangent != nullptr, false, state);
    const Numbers numbers(plan, operands, tangent);
    Passes(plan, operands, tangent, threads, numbers).forward(states.psi);
    measure(plan.circuit, {operands.theta, tangent}, states.psi, states.scratch, threads, out);
}

void evaluate_transposed(const Plan &plan, const Operands &operands, const double *tangent,
                         const double *cotangent, const Threads &threads, Complex *state,
                         double *out) {
    const States states(plan.circuit, tangent != nullptr, true, state);
    std::fill(out, out + plan.circuit.num_theta, 0.0);
    const Numbers numbers(plan, operands, tangent);
    const Passes passes(plan, operands, tangent, threads, numbers);
    if (state == nullptr) {
        passes.forward(states.psi);
    }
    seed(plan.circuit, {operands.theta, tangent}, cotangent, states.psi, states.scratch,
         states.lambda, threads, out);
    passes.backward(states.psi, states.lambda, out);
}

} // namespace qgrad
