// Sizes of memory: what this process may still allocate, and a processor's cache.
#pragma once

#include <cstddef>
#include <string>

namespace qgrad {

// Bytes available on the machine and within this process's control groups; SIZE_MAX if unknown.
// `root` is the folder of the system's files.
std::size_t available_memory(const std::string &root = "");

// Bytes of one processor's level-2 cache; 1 MiB if unknown.
std::size_t level2_cache();

} // namespace qgrad
