// The matrices of a plan for given operands: all numbers of an evaluation but the states.
#pragma once

#include <cstddef>
#include <vector>

#include "plan.hpp"

namespace qgrad {

// The matrices of a run by the value of its control, and their tangents.
struct RunMatrices {
    WireMatrices value{};
    WireMatrices tangent{};
    bool varies = false; // whether the tangent is other than zero
};

class Numbers {
  public:
    // With tangents where `tangent` is not null.
    Numbers(const Plan &plan, const Operands &operands, const double *tangent);

    // Computes those of one task anew.
    void update(std::size_t task, const Operands &operands, const double *tangent);

    const RunMatrices &run(std::size_t task) const { return runs_[task]; }

    // Throws std::invalid_argument where a matrix of a run is not unitary.
    void check_unitary() const;

    // Adds the gradient in every angle of a run. `overlaps` are those of the co-state and the state
    // behind it; with tangents, the gradient's tangent is added instead.
    void add_gradient(std::size_t task, const RunMatrices &overlaps, const double *tangent,
                      double *gradient) const;

  private:
    const Plan &plan_;
    std::vector<Matrix2> members_;
    std::vector<RunMatrices> runs_;
};

} // namespace qgrad
