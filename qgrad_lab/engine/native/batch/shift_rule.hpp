// First derivatives by a shift rule: weighted sums of evaluations in which one element of theta is
// shifted.
#pragma once

#include <cstdint>
#include <span>

#include "batch/batch.hpp"

namespace qgrad {

// The derivative in theta[slots[t]] is the sum over its t of coefficients[t] * E(theta +
// shifts[t]).
struct ShiftRule {
    std::span<const std::int64_t> slots;
    std::span<const double> shifts;
    std::span<const double> coefficients;
};

// D[1] or the transpose of D[0], from evaluations of D[0] alone. Throws as evaluate does, and
// std::invalid_argument if the rule does not fit the Program.
void evaluate_shift_rule(const Batch &batch, const ShiftRule &rule, ThreadPool &pool);

} // namespace qgrad
