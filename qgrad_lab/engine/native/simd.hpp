// Fixed-length vectors in portable form, and functions compiled for several instruction sets.
#pragma once

#include <cstddef>

// One wheel serves every processor: the loader picks the widest version of a marked function that the
// machine can run. Sanitizers run before such choices can be made.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) &&        \
    !defined(__SANITIZE_ADDRESS__)
#define QGRAD_MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define QGRAD_MULTIVERSION
#endif

namespace qgrad {

// Four amplitudes, real and imaginary parts interleaved.
using Lanes = double __attribute__((vector_size(64)));
using LaneIndex = long long __attribute__((vector_size(64)));

constexpr std::size_t amplitudes_per_lanes = 4;

// Vectors go by reference: as values, their passing would depend on the instruction set.
[[gnu::always_inline]] inline void permute(const Lanes &values, const LaneIndex &order,
                                           Lanes &result) {
#ifdef __clang__
    for (int i = 0; i < 8; ++i) {
        result[i] = values[order[i]];
    }
#else
    result = __builtin_shuffle(values, order);
#endif
}

} // namespace qgrad
