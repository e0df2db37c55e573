// The gates of a Program in the order in which they run: loops unrolled, branches taken, traced
// wires resolved. Everything that decides it is in `index`, so it is known before the first gate
// runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "ir/program.hpp"

namespace qgrad {

// One gate with its place in the operands.
struct Step {
    static constexpr std::size_t no_slot = static_cast<std::size_t>(-1);

    const Gate *gate = nullptr;
    std::size_t slot = no_slot; // of the angle in theta
    std::size_t numbers = 0;    // QubitUnitary, StatePrep: begin in data or theta
    std::uint64_t basis = 0;    // BasisState: the state, as a mask of global bits

    bool has_slot() const { return slot != no_slot; }
    bool reads_theta() const { return has_slot() || gate->numbers_in_theta; }
    double angle(const double *theta) const {
        return has_slot() ? theta[slot] : gate->angle.literal;
    }
};

struct Schedule {
    std::vector<Step> steps;
    std::deque<Gate> resolved; // gates with traced wires, once for every choice of wires
};

// Throws std::invalid_argument where the index asks for what a Program cannot do: a wire out of
// range or used twice by one operation, more iterations than there is room for, a branch that does
// not exist.
Schedule make_schedule(const Program &program, const std::int64_t *index);

} // namespace qgrad
