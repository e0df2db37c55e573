// How much memory this process may still take.
#pragma once

#include <cstddef>

namespace qgrad {

// Bytes available on the machine and inside its control group; SIZE_MAX where it is not known.
std::size_t available_memory();

} // namespace qgrad
