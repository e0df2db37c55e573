// One operation of a run of a Program, and the operands that it reads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ir/program.hpp"

namespace qgrad {

// One gate with its place in the operands.
struct Step {
    static constexpr std::size_t no_slot = static_cast<std::size_t>(-1);

    const Gate *gate = nullptr;
    std::size_t slot = no_slot; // of the angle in theta
    std::size_t numbers = 0;    // of a matrix or a state: begin in data or theta
    std::uint64_t basis = 0;    // of bits: the state, as a mask of global bits

    bool has_slot() const { return slot != no_slot; }
    bool reads_theta() const { return has_slot() || gate->numbers_in_theta; }
    double angle(const double *theta) const {
        return has_slot() ? theta[slot] : gate->angle.literal;
    }
};

// What an operation reads when it runs.
struct Operands {
    const double *theta = nullptr;
    const Complex *data = nullptr;
};

// The matrix or amplitudes of a step whose numbers are in `array`, laid out as theta is.
inline const Complex *numbers_in(const Step &step, const double *array) {
    return reinterpret_cast<const Complex *>(array + step.numbers);
}

} // namespace qgrad
