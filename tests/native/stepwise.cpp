#include "stepwise.hpp"

#include <algorithm>

#include "kernels/matrices.hpp"
#include "sweep/gate_steps.hpp"

namespace qgrad {
namespace {

// The states of one evaluation, in the order in which they are needed.
template <class Real> struct States {
    Jet<Real> psi;
    Jet<Real> scratch;
    Jet<Real> lambda;

    States(const Circuit &circuit, bool with_tangent, bool transposed, Workspace &workspace) {
        const std::size_t size = circuit.dimension();
        std::size_t next = 0;
        const auto jet = [&] {
            Jet<Real> result;
            result.value = workspace.state<Real>(next++, size);
            if (with_tangent) {
                result.tangent = workspace.state<Real>(next++, size);
            }
            return result;
        };
        psi = jet();
        if (circuit.needs_observable_scratch) {
            scratch = jet();
        }
        if (transposed) {
            lambda = jet();
        }
    }
};

template <class Real>
void forward(const Circuit &circuit, const Operands &operands, const double *tangent,
             const Jet<Real> &psi) {
    const std::size_t size = circuit.dimension();
    std::fill(psi.value, psi.value + size, std::complex<Real>{});
    psi.value[0] = 1.0;
    if (tangent != nullptr) {
        std::fill(psi.tangent, psi.tangent + size, std::complex<Real>{});
    }
    for (const Step &step : circuit.schedule.steps) {
        advance(step, operands, tangent, psi, circuit.num_wires);
    }
}

} // namespace

namespace stepwise {

template <class Real>
void evaluate(const Circuit &circuit, const Operands &operands, const double *tangent,
              Workspace &workspace, double *out) {
    const States<Real> states(circuit, tangent != nullptr, false, workspace);
    forward(circuit, operands, tangent, states.psi);
    measure(circuit, {operands.theta, tangent}, states.psi, states.scratch, Threads{}, out);
}

template <class Real>
void evaluate_transposed(const Circuit &circuit, const Operands &operands, const double *tangent,
                         const double *cotangent, Workspace &workspace, double *out) {
    const bool with_tangent = tangent != nullptr;
    const States<Real> states(circuit, with_tangent, true, workspace);
    const std::size_t size = circuit.dimension();
    std::fill(out, out + circuit.num_theta, 0.0);
    forward(circuit, operands, tangent, states.psi);
    seed(circuit, {operands.theta, tangent}, cotangent, states.psi, states.scratch, states.lambda,
         Threads{}, out);
    // Nothing before the first gate that reads theta has a derivative.
    const std::vector<Step> &steps = circuit.schedule.steps;
    std::size_t first = 0;
    while (first < steps.size() && !steps[first].reads_theta()) {
        ++first;
    }
    for (std::size_t i = steps.size(); i-- > first;) {
        const Step &step = steps[i];
        const Gate &gate = *step.gate;
        if (gate.kind->extra == Extra::state) {
            if (gate.numbers_in_theta) {
                add_state_gradient(gate, with_tangent ? states.lambda.tangent : states.lambda.value,
                                   out + step.numbers, circuit.num_wires);
            }
            break; // it comes first
        }
        if (step.has_slot()) {
            out[step.slot] += angle_gradient(gate, states.lambda, states.psi, size);
        }
        if (i > first || gate.numbers_in_theta) {
            undo_state(step, operands, tangent, states.psi, circuit.num_wires);
        }
        if (gate.numbers_in_theta) {
            add_matrix_gradient(step, states.lambda, states.psi, out, circuit.num_wires);
        }
        if (i > first) {
            undo_costate(step, operands, tangent, states.lambda, circuit.num_wires);
        }
    }
}

template void evaluate<float>(const Circuit &, const Operands &, const double *, Workspace &,
                              double *);
template void evaluate_transposed<float>(const Circuit &, const Operands &, const double *,
                                         const double *, Workspace &, double *);
template void evaluate<double>(const Circuit &, const Operands &, const double *, Workspace &,
                               double *);
template void evaluate_transposed<double>(const Circuit &, const Operands &, const double *,
                                          const double *, Workspace &, double *);

} // namespace stepwise
} // namespace qgrad
