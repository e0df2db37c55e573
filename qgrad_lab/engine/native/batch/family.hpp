// Rows of theta, or of tangents, with most elements in common, and where each begins to differ.
#pragma once

#include <cstddef>
#include <vector>

#include "plan/plan.hpp"

namespace qgrad {

class Family {
  public:
    // Rows of shifted parameters, `count` at least 3.
    static Family of_shifts(const Plan &plan, const double *rows, std::size_t count);

    // Tangents, whose common elements are 0.
    static Family of_tangents(const Plan &plan, const double *rows, std::size_t count);

    std::size_t size() const { return begins_.size(); }
    const double *row(std::size_t i) const { return rows_ + i * common_.size(); }
    const double *common() const { return common_.data(); }

    // The first task that differs between a row and the common row.
    std::size_t begin(std::size_t i) const { return begins_[i]; }

    // Rows in the order in which they begin to differ.
    std::vector<std::size_t> order() const;

    // Calls visit(task) for every task that a row changes; for some, more than once.
    template <class Visit> void for_each_difference(std::size_t i, const Visit &visit) const {
        for (const std::size_t slot : differences_[i]) {
            for (const std::size_t task : plan_.tasks_of(slot)) {
                visit(task);
            }
        }
    }

    // The slots in which a row differs.
    const std::vector<std::size_t> &differences(std::size_t i) const { return differences_[i]; }

  private:
    Family(const Plan &plan, const double *rows, std::size_t count, std::vector<double> common);

    const Plan &plan_;
    const double *rows_;
    std::vector<double> common_;
    std::vector<std::vector<std::size_t>> differences_;
    std::vector<std::size_t> begins_;
};

} // namespace qgrad
