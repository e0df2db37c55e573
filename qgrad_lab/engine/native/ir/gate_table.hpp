// What the kind of a gate says of it once its wires are known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ir/program.hpp"

namespace qgrad {

// Sets what the wires of a gate decide: its masks and its generator.
void complete(Gate &gate, std::size_t num_wires);

// Global bit of a wire: wire 0 is the most significant one.
constexpr unsigned bit_of(std::size_t wire, std::size_t num_wires) {
    return static_cast<unsigned>(num_wires - 1 - wire);
}

// The same for several wires, as a mask.
std::uint64_t bits_of(const std::vector<std::size_t> &wires, std::size_t num_wires);

PauliWord make_word(const std::vector<std::size_t> &wires, const std::string &letters,
                    std::size_t num_wires);

} // namespace qgrad
