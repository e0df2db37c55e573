#include "batch/shift_rule.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace qgrad {
namespace {

void check(const ShiftRule &rule, const Program &program) {
    const bool fits = std::ranges::all_of(rule.slots, [&](std::int64_t slot) {
        return slot >= 0 && std::cmp_less(slot, program.num_theta);
    });
    if (!fits || rule.shifts.size() != rule.slots.size() ||
        rule.coefficients.size() != rule.slots.size()) {
        throw std::invalid_argument("a shift rule that does not fit the Program");
    }
}

// One element of the batch.
class Evaluations {
  public:
    Evaluations(const Batch &batch, const ShiftRule &rule, std::size_t element, ThreadPool &pool)
        : batch_(batch), rule_(rule), element_(element), pool_(pool),
          width_(batch.program().num_theta), num_outputs_(batch.program().num_outputs),
          sums_(batch.out + element * (batch.transposed ? width_ : num_outputs_)) {}

    void run() {
        std::fill(sums_, sums_ + (batch_.transposed ? width_ : num_outputs_), 0.0);
        // As many evaluations at once as keep operands and results at a moderate size.
        constexpr std::size_t most_numbers = std::size_t{1} << 21;
        const std::size_t most =
            std::max<std::size_t>(3, most_numbers / (width_ + num_outputs_ + 1));
        std::vector<std::size_t> shifts;
        for (std::size_t t = 0; t < rule_.slots.size(); ++t) {
            if (!batch_.with_tangent || batch_.tangent[element_][slot(t)] != 0.0) {
                shifts.push_back(t);
            }
            if (shifts.size() == most) {
                add(shifts);
                shifts.clear();
            }
        }
        if (!shifts.empty()) {
            add(shifts);
        }
    }

  private:
    std::size_t slot(std::size_t t) const { return static_cast<std::size_t>(rule_.slots[t]); }

    void add(const std::vector<std::size_t> &shifts) {
        const double *const theta = batch_.theta[element_];
        thetas_.clear();
        for (const std::size_t t : shifts) {
            thetas_.insert(thetas_.end(), theta, theta + width_);
            thetas_[thetas_.size() - width_ + slot(t)] += rule_.shifts[t];
        }
        values_.resize(shifts.size() * num_outputs_);
        Batch shifted;
        shifted.planned = batch_.planned;
        shifted.size = shifts.size();
        shifted.theta = {thetas_.data(), shifts.size(), width_};
        shifted.index = {batch_.index[element_], 1, batch_.index.width};
        shifted.data = {batch_.data[element_], 1, batch_.data.width};
        shifted.out = values_.data();
        evaluate(shifted, pool_);
        for (std::size_t i = 0; i < shifts.size(); ++i) {
            add(shifts[i], values_.data() + i * num_outputs_);
        }
    }

    void add(std::size_t t, const double *value) {
        const double coefficient = rule_.coefficients[t];
        if (batch_.transposed) {
            const double *const cotangent = batch_.cotangent[element_];
            double sum = 0.0;
            for (std::size_t m = 0; m < num_outputs_; ++m) {
                sum += cotangent[m] * value[m];
            }
            sums_[slot(t)] += coefficient * sum;
        } else {
            const double weight = coefficient * batch_.tangent[element_][slot(t)];
            for (std::size_t m = 0; m < num_outputs_; ++m) {
                sums_[m] += weight * value[m];
            }
        }
    }

    const Batch &batch_;
    const ShiftRule &rule_;
    std::size_t element_;
    ThreadPool &pool_;
    std::size_t width_;
    std::size_t num_outputs_;
    double *sums_;
    std::vector<double> thetas_;
    std::vector<double> values_;
};

} // namespace

void evaluate_shift_rule(const Batch &batch, const ShiftRule &rule, ThreadPool &pool) {
    check(rule, batch.program());
    for (std::size_t element = 0; element < batch.size; ++element) {
        Evaluations(batch, rule, element, pool).run();
    }
}

} // namespace qgrad
