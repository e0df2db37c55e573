// The gates of a Program in the order in which they run: loops unrolled, branches taken, traced
// wires resolved. All of this follows from `index`, so it is known before the first gate runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "ir/program.hpp"
#include "ir/step.hpp"

namespace qgrad {

struct Schedule {
    std::vector<Step> steps;
    std::deque<Gate> resolved; // gates with traced wires, one for every choice of wires
};

// Throws std::invalid_argument where the index asks for what a Program cannot do: a wire out of
// range or used twice by one operation, more iterations than there is room for, a branch that does
// not exist.
Schedule make_schedule(const Program &program, const std::int64_t *index);

} // namespace qgrad
