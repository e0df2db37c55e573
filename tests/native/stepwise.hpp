// The native members of the derivative family gate by gate, on one thread, on states of either
// precision: what tests compare with. Kernels are chosen for all gates.
#pragma once

#include <cstddef>

#include "host/workspace.hpp"
#include "kernels/lightning.hpp"
#include "plan/circuit.hpp"

namespace qgrad::stepwise {

// out = E(theta), or its derivative along `tangent` where that is not null.
template <class Real>
void evaluate(const Circuit &circuit, const Operands &operands, const double *tangent,
              Workspace &workspace, double *out);

// out = gradient of sum_m cotangent_m E_m, or that gradient's derivative along `tangent`.
template <class Real>
void evaluate_transposed(const Circuit &circuit, const Operands &operands, const double *tangent,
                         const double *cotangent, Workspace &workspace, double *out);

} // namespace qgrad::stepwise
