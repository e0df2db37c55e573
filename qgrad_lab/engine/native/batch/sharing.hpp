// Strategies that evaluate a batch together: what its elements have in common is computed once.
#pragma once

#include <cstddef>

#include "host/parallel.hpp"
#include "plan/plan.hpp"

namespace qgrad {

// Threads for the elements of a batch, and those for the slices of one evaluation.
struct Workers {
    Threads outer;
    Threads inner;
};

// out[i] = E(theta_i). The preparation may not read theta.
template <class Real>
void evaluate_shifts(const Plan &plan, const double *theta, std::size_t count, const Complex *data,
                     const Workers &workers, double *out);

// out[i] = dE(theta; tangent_i). The preparation may not read theta.
template <class Real>
void evaluate_tangents(const Plan &plan, const Operands &operands, const double *tangents,
                       std::size_t count, const Workers &workers, double *out);

// out[i] = gradient of sum_m cotangent_im E_m. `final_state` is the state that is measured, or null
// if it has to be computed.
template <class Real>
void evaluate_cotangents(const Plan &plan, const Operands &operands, const double *cotangents,
                         std::size_t count, const std::complex<Real> *final_state,
                         const Workers &workers, double *out);

// out[i] = derivative along tangent_i of the gradient of sum_m cotangent_m E_m. Where the tangents
// are multiples of all unit vectors, the result is symmetric, and only half of it is computed. The
// preparation may not read theta.
template <class Real>
void evaluate_hessian(const Plan &plan, const Operands &operands, const double *tangents,
                      std::size_t count, const double *cotangent, const Workers &workers,
                      double *out);

} // namespace qgrad
