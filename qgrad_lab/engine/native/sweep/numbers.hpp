// The matrices of a plan for given operands: all numbers of an evaluation except the states.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/diagonal_kernels.hpp"
#include "plan/plan.hpp"

namespace qgrad {

// The matrices of a run by the value of its control, and their tangents.
struct RunMatrices {
    WireMatrices value{};
    WireMatrices tangent{};
    bool varies = false; // whether the tangent is not zero
};

class Numbers {
  public:
    // With tangents unless `tangent` is null.
    Numbers(const Plan &plan, const Operands &operands, const double *tangent);

    // Computes those of one task, by its number, again for other operands.
    void update(std::size_t number, const Operands &operands, const double *tangent);

    const RunMatrices &run(std::size_t task) const { return runs_[task]; }

    // Sets `factors` to those of a diagonal task in the slice that begins at `base`.
    void factors(std::size_t number, std::size_t base, std::vector<ZFactor> &factors) const;

    // Throws std::invalid_argument if a matrix of a run is further than this from unitary.
    void check_unitary(double tolerance) const;

    // Adds the gradient in every angle of a diagonal task, from the overlaps Im <lambda|Z...Z|psi>.
    void add_gradient(std::size_t number, const double *overlaps, double *gradient) const;

    // Adds the gradient in every angle of a run, from the overlaps of the co-state and the state
    // behind it; with tangents, adds the tangent of that gradient instead.
    void add_gradient(std::size_t number, const RunMatrices &overlaps, const double *tangent,
                      double *gradient) const;

  private:
    const Plan &plan_;
    std::vector<Matrix2> members_; // of runs
    std::vector<ZFactor> factors_; // of diagonal tasks, by member
    std::vector<RunMatrices> runs_;
};

} // namespace qgrad
