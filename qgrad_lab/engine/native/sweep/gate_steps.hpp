// One gate of a sweep: forwards on a state, backwards on a state and a co-state, and its gradient.
#pragma once

#include <cstddef>

#include "kernels/lightning.hpp"
#include "sweep/measure.hpp"

namespace qgrad {

// How far from unitary a matrix may be in a backward sweep over states of this precision.
template <class Real>
constexpr double unitary_tolerance = sizeof(Real) < sizeof(double) ? 1e-5 : 1e-8;

// Throws the std::invalid_argument of a backward sweep that meets a matrix which is not unitary.
[[noreturn]] void refuse_matrix();

// psi <- U psi, and its tangent along `tangent` where psi has one.
template <class Real>
void advance(const Step &step, const Operands &operands, const double *tangent,
             const Jet<Real> &psi, std::size_t num_wires);

// psi <- U^-1 psi. Throws std::invalid_argument if a matrix changes the norm of psi.
template <class Real>
void undo_state(const Step &step, const Operands &operands, const double *tangent,
                const Jet<Real> &psi, std::size_t num_wires);

// lambda <- U^dagger lambda
template <class Real>
void undo_costate(const Step &step, const Operands &operands, const double *tangent,
                  const Jet<Real> &lambda, std::size_t num_wires);

// The gradient in the angle of a gate, or its tangent, from the states behind the gate.
template <class Real>
double angle_gradient(const Gate &gate, const Jet<Real> &lambda, const Jet<Real> &psi,
                      std::size_t size);

// Adds the gradient in a matrix, from the state before and the co-state behind its gate.
template <class Real>
void add_matrix_gradient(const Step &step, const Jet<Real> &lambda, const Jet<Real> &psi,
                         double *gradient, std::size_t num_wires);

} // namespace qgrad
