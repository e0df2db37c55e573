// The native members of the derivative family: D[0], D[1] and their transposes (DESIGN: engine).
#pragma once

#include <cstddef>

#include "kernels.hpp"
#include "measure.hpp"
#include "workspace.hpp"

namespace qgrad {

// How many states one evaluation holds.
std::size_t num_states(const Program &program, bool with_tangent, bool transposed);

// out = E(theta), or its derivative along `tangent` where that is not null.
void evaluate(const Program &program, const Schedule &schedule, const Operands &operands,
              const double *tangent, Workspace &workspace, double *out);

// out = gradient of sum_m cotangent_m E_m, or that gradient's derivative along `tangent`.
void evaluate_transposed(const Program &program, const Schedule &schedule,
                         const Operands &operands, const double *tangent, const double *cotangent,
                         Workspace &workspace, double *out);

} // namespace qgrad
