// Programs and plans that are kept between calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "ir/program.hpp"
#include "plan/plan.hpp"

namespace qgrad {

struct PlannedProgram {
    Program program;
    std::shared_ptr<const Plan> plan; // null where it depends on index
};

// Decodes and validates a Program, and plans it where its plan does not depend on index; once, for
// it is kept in a table under `digest`. Words are compared one by one, so that a colliding digest
// can never run another Program. Throws as decode does.
std::shared_ptr<const PlannedProgram> decode_once(const std::int64_t *words, std::size_t count,
                                                  std::int64_t digest);

// The plan for these integers. One that depends on them is kept for this thread's next call.
std::shared_ptr<const Plan> plan_for(const std::shared_ptr<const PlannedProgram> &program,
                                     const std::int64_t *index);

} // namespace qgrad
