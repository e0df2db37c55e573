// Kernels of our own for matrices on one wire, which may depend on the value of a control.
//
// A state is read in blocks of four amplitudes, or eight in single precision. A wire of the two or
// three lowest bits pairs amplitudes within a block, any other wire pairs blocks; both take four
// fused multiply-adds an amplitude. Matrices and sums are in double precision for every state.
#pragma once

#include <array>
#include <complex>
#include <cstddef>

#include "ir/complex.hpp"

namespace qgrad {

constexpr int no_control = -1;

// Which amplitudes form a pair, and which value of the control they belong to; bits of the state.
struct Wire {
    unsigned target = 0;
    int control = no_control;
};

// One matrix for each value of the control; without a control, only the first counts.
using WireMatrices = std::array<Matrix2, 2>;

// A smaller state has room for this many amplitudes, of which the remaining ones are zero.
template <class Real> constexpr std::size_t least_amplitudes = 64 / sizeof(std::complex<Real>);

// ket <- M ket
void apply(const Wire &wire, const WireMatrices &matrices, std::complex<float> *ket,
           std::size_t size);
void apply(const Wire &wire, const WireMatrices &matrices, std::complex<double> *ket,
           std::size_t size);

// out += M ket
void accumulate(const Wire &wire, const WireMatrices &matrices, const std::complex<float> *ket,
                std::complex<float> *out, std::size_t size);
void accumulate(const Wire &wire, const WireMatrices &matrices, const std::complex<double> *ket,
                std::complex<double> *out, std::size_t size);

// sums[c][2a + b] += sum of conj(bra_a) ket_b over pairs where the control is c.
void add_overlaps(const Wire &wire, const std::complex<float> *bra, const std::complex<float> *ket,
                  std::size_t size, WireMatrices &sums);
void add_overlaps(const Wire &wire, const std::complex<double> *bra,
                  const std::complex<double> *ket, std::size_t size, WireMatrices &sums);

// The same, and then bra <- M bra and ket <- M ket, in one pass over both.
void add_overlaps_and_apply(const Wire &wire, const WireMatrices &matrices,
                            std::complex<float> *bra, std::complex<float> *ket, std::size_t size,
                            WireMatrices &sums);
void add_overlaps_and_apply(const Wire &wire, const WireMatrices &matrices,
                            std::complex<double> *bra, std::complex<double> *ket, std::size_t size,
                            WireMatrices &sums);

} // namespace qgrad
