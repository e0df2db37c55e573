#include "batch/strategy.hpp"

namespace qgrad {
namespace {

// Whether all elements run the same gates on the same data. Integers may choose other gates.
bool has_one_circuit(const Batch &batch) {
    return batch.size > 1 && batch.index.is_shared() && batch.data.is_shared();
}

} // namespace

const char *name_of(Strategy strategy) {
    switch (strategy) {
    case Strategy::each:
        return "each";
    case Strategy::shifts:
        return "shifts";
    case Strategy::tangents:
        return "tangents";
    case Strategy::cotangents:
        return "cotangents";
    case Strategy::hessian:
        return "hessian";
    }
    return "";
}

// Each member of the family has one strategy beside `each`, and one set of conditions for it.
Strategy choose_strategy(const Batch &batch, const Plan &plan) {
    if (!has_one_circuit(batch)) {
        return Strategy::each;
    }
    const bool one_theta = batch.theta.is_shared();
    const bool one_beginning = !plan.preparation_reads_theta();
    if (!batch.with_tangent && !batch.transposed) {
        // Of two thetas that differ none is the common one. States that are kept are those of whole
        // evaluations.
        const bool fits = !one_theta && one_beginning && batch.size > 2 && !batch.keep;
        return fits ? Strategy::shifts : Strategy::each;
    }
    if (!batch.with_tangent) {
        const bool fits = one_theta && !batch.cotangent.is_shared();
        return fits ? Strategy::cotangents : Strategy::each;
    }
    const bool tangents_alone = one_theta && one_beginning && !batch.tangent.is_shared();
    if (!batch.transposed) {
        return tangents_alone ? Strategy::tangents : Strategy::each;
    }
    return tangents_alone && batch.cotangent.is_shared() ? Strategy::hessian : Strategy::each;
}

} // namespace qgrad
