// A plan for people to read: its text, and what it should cost.
#pragma once

#include <string>

#include "plan/plan.hpp"

namespace qgrad {

// The cost of an evaluation, with or without its gradient: how often a state goes through memory,
// and how many bytes and operations that takes. Measured operators are left out.
struct Cost {
    double sweeps = 0.0; // of one state
    double bytes = 0.0;
    double operations = 0.0; // in floating point; a multiplication with its addition is two
};

Cost value_cost(const Plan &plan);
Cost gradient_cost(const Plan &plan);

// One line for each pass and each task.
std::string describe(const Plan &plan);

} // namespace qgrad
