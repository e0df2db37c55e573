#include "sweep/evaluate.hpp"

#include <algorithm>

#include "host/workspace.hpp"
#include "sweep/passes.hpp"

namespace qgrad {
namespace {

// The states of one evaluation, allocated in the order in which they are needed.
template <class Real> struct States {
    Jet<Real> psi;
    Jet<Real> scratch;
    Jet<Real> lambda;

    // psi is `state` unless that is null.
    States(const Circuit &circuit, bool with_tangent, bool transposed, std::complex<Real> *state)
        : use_(Workspace::of_this_thread()) {
        const std::size_t size = circuit.dimension();
        std::size_t next = 0;
        const auto own = [&] {
            return Workspace::of_this_thread().state<Real>(next++, room<Real>(size));
        };
        const auto jet = [&](std::complex<Real> *value) {
            return Jet<Real>{value != nullptr ? value : own(), with_tangent ? own() : nullptr};
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

template <class Real>
void evaluate(const Plan &plan, const Operands &operands, const double *tangent,
              const Threads &threads, std::complex<Real> *state, double *out) {
    const States<Real> states(plan.circuit, tangent != nullptr, false, state);
    const Numbers numbers(plan, operands, tangent);
    Passes<Real>(plan, operands, tangent, threads, numbers).forward(states.psi);
    measure(plan.circuit, {operands.theta, tangent}, states.psi, states.scratch, threads, out);
}

template <class Real>
void evaluate_transposed(const Plan &plan, const Operands &operands, const double *tangent,
                         const double *cotangent, const Threads &threads, std::complex<Real> *state,
                         double *out) {
    const States<Real> states(plan.circuit, tangent != nullptr, true, state);
    std::fill(out, out + plan.circuit.num_theta, 0.0);
    const Numbers numbers(plan, operands, tangent);
    const Passes<Real> passes(plan, operands, tangent, threads, numbers);
    if (state == nullptr) {
        passes.forward(states.psi);
    }
    seed(plan.circuit, {operands.theta, tangent}, cotangent, states.psi, states.scratch,
         states.lambda, threads, out);
    passes.backward(states.psi, states.lambda, out);
}

template void evaluate(const Plan &, const Operands &, const double *, const Threads &,
                       std::complex<float> *, double *);
template void evaluate_transposed(const Plan &, const Operands &, const double *, const double *,
                                  const Threads &, std::complex<float> *, double *);
template void evaluate(const Plan &, const Operands &, const double *, const Threads &,
                       std::complex<double> *, double *);
template void evaluate_transposed(const Plan &, const Operands &, const double *, const double *,
                                  const Threads &, std::complex<double> *, double *);

} // namespace qgrad
