// One gate in a sweep: forwards on a state, backwards on a state and a co-state, and its gradient.
#pragma once

#include <cstddef>

#include "kernels.hpp"
#include "measure.hpp"

namespace qgrad {

// Throws std::invalid_argument: a sweep back met a matrix that is not unitary.
[[noreturn]] void refuse_matrix();

// psi <- U psi, and its tangent along `tangent` where psi has one.
void advance(const Step &step, const Operands &operands, const double *tangent, const Jet &psi,
             std::size_t num_wires);

// psi <- U^-1 psi. Throws std::invalid_argument where a matrix changes the norm of psi.
void undo_state(const Step &step, const Operands &operands, const double *tangent, const Jet &psi,
                std::size_t num_wires);

// lambda <- U^dagger lambda
void undo_costate(const Step &step, const Operands &operands, const double *tangent,
                  const Jet &lambda, std::size_t num_wires);

// The gradient in the angle of a gate, or its tangent, for the states behind it.
double angle_gradient(const Gate &gate, const Jet &lambda, const Jet &psi, std::size_t size);

// The gradient in a matrix, for the state before and the co-state behind its gate, is added.
void add_matrix_gradient(const Step &step, const Jet &lambda, const Jet &psi, double *gradient,
                         std::size_t num_wires);

} // namespace qgrad
