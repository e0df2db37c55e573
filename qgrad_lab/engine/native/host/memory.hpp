// How much memory there is: what this process may still take, and a processor's cache.
#pragma once

#include <cstddef>
#include <string>

namespace qgrad {

// Bytes available on the machine and inside of this process's control groups; SIZE_MAX where it is
// not known. `root` is where the system's files are.
std::size_t available_memory(const std::string &root = "");

// Bytes of one processor's level-2 cache; 1 MiB where it is not known.
std::size_t level2_cache();

} // namespace qgrad
