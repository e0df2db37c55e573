// One evaluation of a plan: the native members of the derivative family, D[0], D[1] and their
// transposes.
#pragma once

#include <cstddef>

#include "host/parallel.hpp"
#include "plan/plan.hpp"
#include "sweep/measure.hpp"

namespace qgrad {

// out = E(theta), or its derivative along `tangent` unless that is null. Without a tangent, the
// state that is measured is left in `state` unless that is null.
template <class Real>
void evaluate(const Plan &plan, const Operands &operands, const double *tangent,
              const Threads &threads, std::complex<Real> *state, double *out);

// out = gradient of sum_m cotangent_m E_m, or that gradient's derivative along `tangent` unless
// that is null. Without a tangent, `state` is the state that is measured, which is overwritten, or
// null.
template <class Real>
void evaluate_transposed(const Plan &plan, const Operands &operands, const double *tangent,
                         const double *cotangent, const Threads &threads, std::complex<Real> *state,
                         double *out);

} // namespace qgrad
