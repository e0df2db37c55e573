// Hermitian generators and Pauli words, applied to states without any matrix.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ir/generator.hpp"

namespace qgrad {

// <bra| P |ket>, summed over the rows from begin to end: the whole state, or multiples of eight.
template <class Real>
Complex overlap(const PauliWord &word, const std::complex<Real> *bra, const std::complex<Real> *ket,
                std::size_t begin, std::size_t end);

// The same rows of out += factor * P ket.
template <class Real>
void accumulate(const PauliWord &word, Complex factor, const std::complex<Real> *ket,
                std::complex<Real> *out, std::size_t begin, std::size_t end);

// <bra| G |ket>
template <class Real>
Complex overlap(const Generator &generator, const std::complex<Real> *bra,
                const std::complex<Real> *ket, std::size_t size);

// out += factor * G ket
template <class Real>
void accumulate(const Generator &generator, Complex factor, const std::complex<Real> *ket,
                std::complex<Real> *out, std::size_t size);

// ket_i *= upper where the number formed by target_bits is below dimension, else lower; only where
// the controls hold. GlobalPhase is the case without target bits.
template <class Real>
void multiply_split(const std::vector<unsigned> &target_bits, std::size_t dimension,
                    std::uint64_t control_mask, std::uint64_t control_bits, Complex upper,
                    Complex lower, std::complex<Real> *ket, std::size_t size);

} // namespace qgrad
