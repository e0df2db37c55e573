// Which way to evaluate a batch serves it best.
#pragma once

#include "batch/batch.hpp"
#include "plan/plan.hpp"

namespace qgrad {

// The ways to evaluate a batch, by what its elements share.
enum class Strategy {
    each,       // nothing: every element is an evaluation of its own
    shifts,     // values for several thetas: the gates before the first one that differs
    tangents,   // derivatives along several tangents: the gates before the first one that varies
    cotangents, // gradients for several cotangents: the final state
    hessian,    // one gradient's derivatives along several tangents: the gates before the first one
                // that varies, and the symmetry of second derivatives
};

// As tests and people call it.
const char *name_of(Strategy strategy);

// The strategy for a batch whose first element has this plan. It follows from the member of the
// derivative family and from which operands all elements share; neither the numbers in them nor the
// machine have a say.
Strategy choose_strategy(const Batch &batch, const Plan &plan);

} // namespace qgrad
