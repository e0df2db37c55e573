#include "sweep.hpp"

#include <algorithm>

namespace qgrad {
namespace {

// The states of one evaluation, in the order in which they are needed.
struct States {
    Jet psi;
    Jet scratch;
    Jet lambda;

    States(const Program &program, bool with_tangent, bool transposed, Workspace &workspace) {
        const std::size_t size = program.dimension();
        std::size_t next = 0;
        const auto jet = [&] {
            Jet result;
            result.value = workspace.state(next++, size);
            if (with_tangent) {
                result.tangent = workspace.state(next++, size);
            }
            return result;
        };
        psi = jet();
        if (program.needs_observable_scratch) {
            scratch = jet();
        }
        if (transposed) {
            lambda = jet();
        }
    }
};

double tangent_angle(const Step &step, const double *tangent) {
    return step.has_slot() ? tangent[step.slot] : 0.0;
}

// With U(t) = exp(i s t G): (U psi)' = U psi' + i s t' G (U psi).
void add_generator(const Gate &gate, double amount, const Jet &jet, std::size_t size) {
    if (amount != 0.0) {
        accumulate(gate.generator, Complex{0.0, gate.generator.scale * amount}, jet.value,
                   jet.tangent, size);
    }
}

void forward(const Program &program, const Schedule &schedule, const Operands &operands, const double *tangent,
             const Jet &psi) {
    const std::size_t size = program.dimension();
    std::fill(psi.value, psi.value + size, Complex{});
    psi.value[0] = 1.0;
    if (tangent != nullptr) {
        std::fill(psi.tangent, psi.tangent + size, Complex{});
    }
    for (const Step &step : schedule.steps) {
        apply(step, operands, false, psi.value, program.num_wires);
        if (tangent == nullptr || step.gate->opcode == Opcode::basis_state ||
            step.gate->opcode == Opcode::state_prep) {
            continue; // a prepared state has no tangent: it comes first, and data is constant
        }
        apply(step, operands, false, psi.tangent, program.num_wires);
        add_generator(*step.gate, tangent_angle(step, tangent), psi, size);
    }
}

// Undo one gate on a state and its tangent: psi' - i s t' G psi, then U^-1 on both. A co-state obeys
// the same rule, for it is carried by the adjoint of the same unitary.
void undo(const Step &step, const Operands &operands, const double *tangent, const Jet &jet,
          const Program &program) {
    if (tangent != nullptr) {
        add_generator(*step.gate, -tangent_angle(step, tangent), jet, program.dimension());
        apply(step, operands, true, jet.tangent, program.num_wires);
    }
    apply(step, operands, true, jet.value, program.num_wires);
}

// dF/dt = 2 Re <lambda| i s G |psi> = -2 s Im <lambda|G|psi> for the states behind the gate.
double angle_gradient(const Gate &gate, bool with_tangent, const Jet &lambda, const Jet &psi,
                      std::size_t size) {
    const double factor = -2.0 * gate.generator.scale;
    if (!with_tangent) {
        return factor * overlap(gate.generator, lambda.value, psi.value, size).imag();
    }
    return factor * (overlap(gate.generator, lambda.tangent, psi.value, size).imag() +
                     overlap(gate.generator, lambda.value, psi.tangent, size).imag());
}

} // namespace

std::size_t num_states(const Program &program, bool with_tangent, bool transposed) {
    const std::size_t jets =
        1U + (program.needs_observable_scratch ? 1U : 0U) + (transposed ? 1U : 0U);
    return jets * (with_tangent ? 2U : 1U);
}

void evaluate(const Program &program, const Schedule &schedule, const Operands &operands,
              const double *tangent, Workspace &workspace, double *out) {
    const States states(program, tangent != nullptr, false, workspace);
    forward(program, schedule, operands, tangent, states.psi);
    measure(program, {operands.theta, tangent}, states.psi, states.scratch, out);
}

void evaluate_transposed(const Program &program, const Schedule &schedule,
                         const Operands &operands, const double *tangent, const double *cotangent,
                         Workspace &workspace, double *out) {
    const bool with_tangent = tangent != nullptr;
    const States states(program, with_tangent, true, workspace);
    const std::size_t size = program.dimension();
    std::fill(out, out + program.num_theta, 0.0);
    forward(program, schedule, operands, tangent, states.psi);
    seed(program, {operands.theta, tangent}, cotangent, states.psi, states.scratch, states.lambda,
         out);
    // Nothing before the first gate with a slot has a derivative.
    const std::vector<Step> &steps = schedule.steps;
    std::size_t first = 0;
    while (first < steps.size() && !steps[first].has_slot()) {
        ++first;
    }
    for (std::size_t i = steps.size(); i-- > first;) {
        const Step &step = steps[i];
        if (step.has_slot()) {
            out[step.slot] +=
                angle_gradient(*step.gate, with_tangent, states.lambda, states.psi, size);
        }
        if (i > first) {
            undo(step, operands, tangent, states.psi, program);
            undo(step, operands, tangent, states.lambda, program);
        }
    }
}

} // namespace qgrad
