// The native members of the derivative family, D[0], D[1] and their transposes, by the plan of a
// circuit.
#pragma once

#include <cstddef>

#include "host/parallel.hpp"
#include "plan/plan.hpp"
#include "sweep/measure.hpp"

namespace qgrad {

// out = E(theta), or its derivative along `tangent` where that is not null. Without a tangent, the
// state that is measured is left in `state` where that is not null.
template <class Real>
void evaluate(const Plan &plan, const Operands &operands, const double *tangent,
              const Threads &threads, std::complex<Real> *state, double *out);

// out = gradient of sum_m cotangent_m E_m, or that gradient's derivative along `tangent`. Without a
// tangent, `state` is the state that is measured, to be overwritten, or null.
template <class Real>
void evaluate_transposed(const Plan &plan, const Operands &operands, const double *tangent,
                         const double *cotangent, const Threads &threads, std::complex<Real> *state,
                         double *out);

} // namespace qgrad
