// Hermitian generators and Pauli words as maps on basis states, applied without any matrix.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace qgrad {

using Complex = std::complex<double>;

// P|j> = i^y (-1)^popcount(j & z) |j ^ x>, restricted to basis states with (j & control_mask) ==
// control_bits (zero elsewhere). Controls never overlap x.
struct PauliWord {
    std::uint64_t x = 0;
    std::uint64_t z = 0;
    unsigned num_y = 0;
    std::uint64_t control_mask = 0;
    std::uint64_t control_bits = 0;
};

// G of U(t) = exp(i scale t G).
struct Generator {
    enum class Kind { none, word, local, split };

    // <row| G |column> of a gate on a few wires; offsets are global bit masks of the targets.
    struct Entry {
        std::uint64_t row;
        std::uint64_t column;
        Complex value;
    };

    Kind kind = Kind::none;
    double scale = 0.0;
    PauliWord word;               // kind word
    std::vector<Entry> entries;   // kind local
    std::uint64_t fixed_mask = 0; // kind local: bits of targets and controls
    std::uint64_t control_mask = 0;
    std::uint64_t control_bits = 0;
    std::vector<unsigned> target_bits; // kind split: most significant first
    std::size_t dimension = 0;         // kind split: +1 below it, -1 from it on
};

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
