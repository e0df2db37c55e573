// Final states of circuits, kept for the gradient that follows.
//
// A value and its gradient are two calls of the native library, and both begin with the same sweep.
// The first leaves its state here, and the second takes it. It was computed from the same bytes by
// the same Program, so that results are the same to the last bit whether or not it is found.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "host/workspace.hpp"
#include "plan/plan_cache.hpp"

namespace qgrad {

// What a state depends on: a Program, and the bytes of theta, index and data.
struct StateKey {
    std::shared_ptr<const PlannedProgram> program;
    std::array<std::span<const std::byte>, 3> operands;
};

// Keeps states in place of those that this Program left before, and evicts the oldest if there are
// too many or they take too much memory.
void keep_states(const StateKey &key, StateMemory states, std::size_t num_bytes);

// Null if there are none; otherwise the caller owns them.
StateMemory take_states(const StateKey &key);

// Whether states of so many bytes may be kept.
bool may_keep(std::size_t num_bytes);

} // namespace qgrad
