#include "sweep/gate_steps.hpp"

#include <cmath>
#include <stdexcept>

#include "kernels/generators.hpp"
#include "kernels/matrices.hpp"

namespace qgrad {
namespace {

double tangent_angle(const Step &step, const double *tangent) {
    return step.has_slot() ? tangent[step.slot] : 0.0;
}

// With U(t) = exp(i s t G): (U psi)' = U psi' + i s t' G (U psi).
template <class Real>
void add_generator(const Gate &gate, double amount, const Jet<Real> &jet, std::size_t size) {
    if (amount != 0.0) {
        accumulate(gate.generator, Complex{0.0, gate.generator.scale * amount}, jet.value,
                   jet.tangent, size);
    }
}

// The action of a gate on the tangent, before it is applied to the state itself.
template <class Real>
void advance_tangent(const Step &step, const Operands &operands, const double *tangent,
                     const Jet<Real> &psi, std::size_t num_wires) {
    const Gate &gate = *step.gate;
    if (gate.kind->extra == Extra::bits) {
        return; // it comes first, where the tangent is zero
    }
    if (gate.kind->extra == Extra::state) {
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

template <class Real> double squared_norm(const std::complex<Real> *ket, std::size_t size) {
    return overlap(PauliWord{}, ket, ket, 0, size).real();
}

// A backward sweep undoes a matrix by its adjoint, which changes the norm unless it is the inverse.
template <class Real> void check_unitary(double before, double after) {
    // Smaller norms have few digits.
    constexpr double smallest = sizeof(Real) < sizeof(double) ? 1e-30 : 1e-290;
    if (std::abs(after - before) > unitary_tolerance<Real> * before + smallest) {
        refuse_matrix();
    }
}

} // namespace

void refuse_matrix() {
    throw std::invalid_argument(
        "the adjoint method needs unitary matrices, and a QubitUnitary was given one that is not; "
        "give it a unitary matrix, or use diff_method='parameter-shift'");
}

template <class Real>
void advance(const Step &step, const Operands &operands, const double *tangent,
             const Jet<Real> &psi, std::size_t num_wires) {
    if (tangent != nullptr) {
        advance_tangent(step, operands, tangent, psi, num_wires);
    }
    apply(step, operands, false, psi.value, num_wires);
    if (tangent != nullptr) {
        add_generator(*step.gate, tangent_angle(step, tangent), psi, std::size_t{1} << num_wires);
    }
}

// psi' - i s t' G psi, then U^-1 on both.
template <class Real>
void undo_state(const Step &step, const Operands &operands, const double *tangent,
                const Jet<Real> &psi, std::size_t num_wires) {
    const std::size_t size = std::size_t{1} << num_wires;
    const Gate &gate = *step.gate;
    if (tangent != nullptr) {
        add_generator(gate, -tangent_angle(step, tangent), psi, size);
    }
    const bool is_matrix = gate.kind->extra == Extra::matrix;
    const double norm = is_matrix ? squared_norm(psi.value, size) : 0.0;
    apply(step, operands, true, psi.value, num_wires);
    if (is_matrix) {
        check_unitary<Real>(norm, squared_norm(psi.value, size));
    }
    if (tangent != nullptr) {
        if (gate.numbers_in_theta) {
            add_matrix(gate, numbers_in(step, tangent), gate.adjoint, -1.0, psi.value, psi.tangent,
                       num_wires);
        }
        apply(step, operands, true, psi.tangent, num_wires);
    }
}

// lambda <- U^dagger lambda, hence lambda' <- U^dagger lambda' + (U^dagger)' lambda.
template <class Real>
void undo_costate(const Step &step, const Operands &operands, const double *tangent,
                  const Jet<Real> &lambda, std::size_t num_wires) {
    const std::size_t size = std::size_t{1} << num_wires;
    const Gate &gate = *step.gate;
    if (tangent != nullptr) {
        add_generator(gate, -tangent_angle(step, tangent), lambda, size);
        apply(step, operands, true, lambda.tangent, num_wires);
        if (gate.numbers_in_theta) {
            add_matrix(gate, numbers_in(step, tangent), !gate.adjoint, 1.0, lambda.value,
                       lambda.tangent, num_wires);
        }
    }
    apply(step, operands, true, lambda.value, num_wires);
}

template <class Real>
void add_matrix_gradient(const Step &step, const Jet<Real> &lambda, const Jet<Real> &psi,
                         double *gradient, std::size_t num_wires) {
    double *own = gradient + step.numbers;
    if (lambda.tangent == nullptr) {
        add_matrix_gradient(*step.gate, lambda.value, psi.value, own, num_wires);
    } else {
        add_matrix_gradient(*step.gate, lambda.tangent, psi.value, own, num_wires);
        if (psi.tangent != nullptr) {
            add_matrix_gradient(*step.gate, lambda.value, psi.tangent, own, num_wires);
        }
    }
}

// dF/dt = 2 Re <lambda| i s G |psi> = -2 s Im <lambda|G|psi>, with the states behind the gate.
template <class Real>
double angle_gradient(const Gate &gate, const Jet<Real> &lambda, const Jet<Real> &psi,
                      std::size_t size) {
    const double factor = -2.0 * gate.generator.scale;
    if (lambda.tangent == nullptr) {
        return factor * overlap(gate.generator, lambda.value, psi.value, size).imag();
    }
    double sum = overlap(gate.generator, lambda.tangent, psi.value, size).imag();
    if (psi.tangent != nullptr) {
        sum += overlap(gate.generator, lambda.value, psi.tangent, size).imag();
    }
    return factor * sum;
}

template void advance(const Step &, const Operands &, const double *, const Jet<float> &,
                      std::size_t);
template void undo_state(const Step &, const Operands &, const double *, const Jet<float> &,
                         std::size_t);
template void undo_costate(const Step &, const Operands &, const double *, const Jet<float> &,
                           std::size_t);
template double angle_gradient(const Gate &, const Jet<float> &, const Jet<float> &, std::size_t);
template void add_matrix_gradient(const Step &, const Jet<float> &, const Jet<float> &, double *,
                                  std::size_t);
template void advance(const Step &, const Operands &, const double *, const Jet<double> &,
                      std::size_t);
template void undo_state(const Step &, const Operands &, const double *, const Jet<double> &,
                         std::size_t);
template void undo_costate(const Step &, const Operands &, const double *, const Jet<double> &,
                           std::size_t);
template double angle_gradient(const Gate &, const Jet<double> &, const Jet<double> &, std::size_t);
template void add_matrix_gradient(const Step &, const Jet<double> &, const Jet<double> &, double *,
                                  std::size_t);

} // namespace qgrad
