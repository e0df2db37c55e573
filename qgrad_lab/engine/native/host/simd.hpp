// Fixed-length vectors in portable form, and functions compiled for several instruction sets.
#pragma once

#include <cstddef>
#include <limits>

// One wheel serves every processor: the loader picks the widest version of a marked function that
// the machine can run. Such a function is no template: those for both precisions are overloads
// around one that is inlined. Sanitizers run before such choices can be made.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) &&       \
    !defined(__SANITIZE_ADDRESS__)
#define QGRAD_MULTIVERSION                                                                         \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define QGRAD_MULTIVERSION
#endif

namespace qgrad {

// A block of a state: 64 bytes of amplitudes, real and imaginary parts interleaved.
template <class Real> struct LanesOf;

template <> struct LanesOf<double> {
    using Values = double __attribute__((vector_size(64)));
    using Index = long long __attribute__((vector_size(64)));
    static constexpr unsigned bits = 2; // of the number of an amplitude in its block
};

template <> struct LanesOf<float> {
    using Values = float __attribute__((vector_size(64)));
    using Index = int __attribute__((vector_size(64)));
    static constexpr unsigned bits = 3;
};

template <class Real> using Lanes = typename LanesOf<Real>::Values;
template <class Real> using LaneIndex = typename LanesOf<Real>::Index;

template <class Real> constexpr unsigned lane_bits = LanesOf<Real>::bits;
template <class Real>
constexpr std::size_t amplitudes_per_lanes = std::size_t{1} << lane_bits<Real>;

// How many products a lane adds up at most before its sum is added to one of sums. In single
// precision rounding errors of a long sum matter: of equal products, as those of a uniform
// superposition, they all point the same way.
template <class Real> constexpr bool limits_terms = sizeof(Real) < sizeof(double);
template <class Real>
constexpr std::size_t most_terms =
    limits_terms<Real> ? 32 : std::numeric_limits<std::size_t>::max();

// Vectors go by reference: as values, their passing would depend on the instruction set.
template <class Values, class Index>
[[gnu::always_inline]] inline void permute(const Values &values, const Index &order,
                                           Values &result) {
#ifdef __clang__
    for (std::size_t i = 0; i < sizeof order / sizeof order[0]; ++i) {
        result[i] = values[order[i]];
    }
#else
    result = __builtin_shuffle(values, order);
#endif
}

} // namespace qgrad
