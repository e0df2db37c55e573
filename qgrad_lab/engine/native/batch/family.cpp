#include "batch/family.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <numeric>
#include <utility>

namespace qgrad {
namespace {

bool differ(double a, double b) {
    return std::bit_cast<std::uint64_t>(a) != std::bit_cast<std::uint64_t>(b);
}

} // namespace

Family Family::of_shifts(const Plan &plan, const double *rows, std::size_t count) {
    const std::size_t width = plan.circuit.num_theta;
    std::vector<double> common(width);
    // Of three rows of shifted parameters, two agree in every element.
    const std::array samples{rows, rows + count / 2 * width, rows + (count - 1) * width};
    for (std::size_t slot = 0; slot < width; ++slot) {
        const bool first_is_odd = differ(samples[0][slot], samples[1][slot]) &&
                                  !differ(samples[1][slot], samples[2][slot]);
        common[slot] = samples[first_is_odd ? 1 : 0][slot];
    }
    return {plan, rows, count, std::move(common)};
}

Family Family::of_tangents(const Plan &plan, const double *rows, std::size_t count) {
    return {plan, rows, count, std::vector<double>(plan.circuit.num_theta)};
}

Family::Family(const Plan &plan, const double *rows, std::size_t count, std::vector<double> common)
    : plan_(plan), rows_(rows), common_(std::move(common)), differences_(count), begins_(count) {
    for (std::size_t i = 0; i < count; ++i) {
        begins_[i] = plan.tasks.size();
        for (std::size_t slot = 0; slot < common_.size(); ++slot) {
            if (differ(row(i)[slot], common_[slot])) {
                differences_[i].push_back(slot);
                begins_[i] = std::min(begins_[i], plan.first_task_of(slot));
            }
        }
    }
}

std::vector<std::size_t> Family::order() const {
    std::vector<std::size_t> order(size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return begin(i); });
    return order;
}

} // namespace qgrad
