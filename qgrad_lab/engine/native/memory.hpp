// How much memory this process may still take.
#pragma once

#include <cstddef>
#include <string>

namespace qgrad {

// Bytes available on the machine and inside of this process's control groups; SIZE_MAX where it is not
// known. `root` is where the system's files are.
std::size_t available_memory(const std::string &root = "");

} // namespace qgrad
