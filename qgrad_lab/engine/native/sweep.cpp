#include "sweep.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "matrices.hpp"

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

// What a gate does to the tangent before it is applied to the state itself.
void advance_tangent(const Step &step, const Operands &operands, const double *tangent,
                     const Jet &psi, std::size_t num_wires) {
    const Gate &gate = *step.gate;
    if (gate.opcode == Opcode::basis_state) {
        return; // it comes first, where the tangent is zero
    }
    if (gate.opcode == Opcode::state_prep) {
        if (gate.numbers_in_theta) {
            embed_state(gate, numbers_in(step, tangent), psi.tangent, num_wires);
        }
        return;
    }
    apply(step, operands, false, psi.tangent, num_wires);
    if (gate.numbers_in_theta) {
        add_matrix(gate, numbers_in(step, tangent), gate.adjoint, 1.0, psi.value, psi.tangent,
                   num_wires);
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
        if (tangent != nullptr) {
            advance_tangent(step, operands, tangent, psi, program.num_wires);
        }
        apply(step, operands, false, psi.value, program.num_wires);
        if (tangent != nullptr) {
            add_generator(*step.gate, tangent_angle(step, tangent), psi, size);
        }
    }
}

double squared_norm(const Complex *ket, std::size_t size) {
    return overlap(PauliWord{}, ket, ket, size).real();
}

// A sweep back undoes a matrix by its adjoint, which changes the norm if that is not its inverse.
void check_unitary(double before, double after) {
    if (std::abs(after - before) > 1e-8 * before) {
        throw std::invalid_argument(
            "the adjoint method needs unitary matrices, and a QubitUnitary was given one that is "
            "not; give it a unitary matrix, or use diff_method='parameter-shift'");
    }
}

// Undo one gate on a state and its tangent: psi' - i s t' G psi, then U^-1 on both.
void undo_state(const Step &step, const Operands &operands, const double *tangent, const Jet &psi,
                const Program &program) {
    const Gate &gate = *step.gate;
    if (tangent != nullptr) {
        add_generator(gate, -tangent_angle(step, tangent), psi, program.dimension());
    }
    const bool is_matrix = gate.opcode == Opcode::qubit_unitary;
    const double norm = is_matrix ? squared_norm(psi.value, program.dimension()) : 0.0;
    apply(step, operands, true, psi.value, program.num_wires);
    if (is_matrix) {
        check_unitary(norm, squared_norm(psi.value, program.dimension()));
    }
    if (tangent != nullptr) {
        if (gate.numbers_in_theta) {
            add_matrix(gate, numbers_in(step, tangent), gate.adjoint, -1.0, psi.value,
                       psi.tangent, program.num_wires);
        }
        apply(step, operands, true, psi.tangent, program.num_wires);
    }
}

// The same for a co-state, which is carried by the adjoint: lambda = U^dagger lambda, hence
// lambda' = U^dagger lambda' + (U^dagger)' lambda.
void undo_costate(const Step &step, const Operands &operands, const double *tangent,
                  const Jet &lambda, const Program &program) {
    const Gate &gate = *step.gate;
    if (tangent != nullptr) {
        add_generator(gate, -tangent_angle(step, tangent), lambda, program.dimension());
        apply(step, operands, true, lambda.tangent, program.num_wires);
        if (gate.numbers_in_theta) {
            add_matrix(gate, numbers_in(step, tangent), !gate.adjoint, 1.0, lambda.value,
                       lambda.tangent, program.num_wires);
        }
    }
    apply(step, operands, true, lambda.value, program.num_wires);
}

// The gradient in a matrix, for the state before and the co-state behind its gate.
void matrix_gradient(const Step &step, const Jet &lambda, const Jet &psi, double *gradient,
                     std::size_t num_wires) {
    double *own = gradient + step.numbers;
    if (lambda.tangent == nullptr) {
        add_matrix_gradient(*step.gate, lambda.value, psi.value, own, num_wires);
    } else {
        add_matrix_gradient(*step.gate, lambda.tangent, psi.value, own, num_wires);
        add_matrix_gradient(*step.gate, lambda.value, psi.tangent, own, num_wires);
    }
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
    // Nothing before the first gate that reads theta has a derivative.
    const std::vector<Step> &steps = schedule.steps;
    std::size_t first = 0;
    while (first < steps.size() && !steps[first].reads_theta()) {
        ++first;
    }
    for (std::size_t i = steps.size(); i-- > first;) {
        const Step &step = steps[i];
        const Gate &gate = *step.gate;
        if (gate.opcode == Opcode::state_prep) {
            if (gate.numbers_in_theta) {
                add_state_gradient(gate, with_tangent ? states.lambda.tangent : states.lambda.value,
                                   out + step.numbers, program.num_wires);
            }
            break; // it comes first
        }
        if (step.has_slot()) {
            out[step.slot] += angle_gradient(gate, with_tangent, states.lambda, states.psi, size);
        }
        if (i > first || gate.numbers_in_theta) {
            undo_state(step, operands, tangent, states.psi, program);
        }
        if (gate.numbers_in_theta) {
            matrix_gradient(step, states.lambda, states.psi, out, program.num_wires);
        }
        if (i > first) {
            undo_costate(step, operands, tangent, states.lambda, program);
        }
    }
}

} // namespace qgrad
