// Hermitian generators and Pauli words, as data: maps on basis states.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ir/complex.hpp"

namespace qgrad {

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

} // namespace qgrad
