// What each opcode is: how many wires, whether it has an angle, its generator, Lightning's names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ir/program.hpp"

namespace qgrad {

struct GateInfo {
    Opcode opcode;
    const char *name;
    std::size_t num_targets; // 0: any number
    bool has_angle;
    const char *kernel;            // Lightning's name without controls; nullptr: our own kernel
    const char *one_control;       // Lightning's name with one control of value 1, or nullptr
    const char *two_controls;      // with two controls of value 1, or nullptr
    const char *controlled_kernel; // Lightning's name for any controls, or nullptr
};

// nullptr where there is no such opcode.
const GateInfo *find_gate(Opcode opcode);

// Sets what the wires of a gate decide: its masks and its generator.
void complete(Gate &gate, std::size_t num_wires);

// Whether an operation sets the whole state.
constexpr bool prepares(Opcode opcode) {
    return opcode == Opcode::basis_state || opcode == Opcode::state_prep;
}

// Global bit of a wire: wire 0 is the most significant one.
constexpr unsigned bit_of(std::size_t wire, std::size_t num_wires) {
    return static_cast<unsigned>(num_wires - 1 - wire);
}

// The same for several wires, as a mask.
std::uint64_t bits_of(const std::vector<std::size_t> &wires, std::size_t num_wires);

// Whether a gate is diagonal on its targets.
bool is_diagonal(Opcode opcode);

PauliWord make_word(const std::vector<std::size_t> &wires, const std::string &letters,
                    std::size_t num_wires);

} // namespace qgrad
