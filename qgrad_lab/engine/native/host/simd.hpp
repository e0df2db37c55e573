// Portable fixed-length vectors, and functions compiled for several instruction sets.
#pragma once

#include <cstddef>
#include <limits>

// One wheel serves every processor: of a marked function, the loader picks the widest version that
// the machine can run. Such a function cannot be a template; the overloads for both precisions wrap
// an inlined one. Not under sanitizers, which would run before the loader can choose.
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

// How many products a lane adds up before its sum joins the total. In single precision the rounding
// errors of a long sum matter: for equal products, as in a uniform superposition, they all have the
// same sign.
template <class Real> constexpr bool limits_terms = sizeof(Real) < sizeof(double);
template <class Real>
constexpr std::size_t most_terms =
    limits_terms<Real> ? 32 : std::numeric_limits<std::size_t>::max();

// Vectors are passed by reference: by value, the calling convention would depend on the instruction
// set.
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
