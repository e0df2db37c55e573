#include "ir/gate_table.hpp"

#include <array>

namespace qgrad {
namespace {

constexpr std::array<GateInfo, 31> table{{
    {Opcode::pauli_x, "PauliX", 1, false, "PauliX", "CNOT", "Toffoli", "PauliX"},
    {Opcode::pauli_y, "PauliY", 1, false, "PauliY", "CY", nullptr, "PauliY"},
    {Opcode::pauli_z, "PauliZ", 1, false, "PauliZ", "CZ", nullptr, "PauliZ"},
    {Opcode::hadamard, "Hadamard", 1, false, "Hadamard", nullptr, nullptr, "Hadamard"},
    {Opcode::s, "S", 1, false, "S", nullptr, nullptr, "S"},
    {Opcode::sx, "SX", 1, false, "SX", nullptr, nullptr, "SX"},
    {Opcode::t, "T", 1, false, "T", nullptr, nullptr, "T"},
    {Opcode::phase_shift, "PhaseShift", 1, true, "PhaseShift", "ControlledPhaseShift", nullptr,
     "PhaseShift"},
    {Opcode::rx, "RX", 1, true, "RX", "CRX", nullptr, "RX"},
    {Opcode::ry, "RY", 1, true, "RY", "CRY", nullptr, "RY"},
    {Opcode::rz, "RZ", 1, true, "RZ", "CRZ", nullptr, "RZ"},
    {Opcode::swap, "SWAP", 2, false, "SWAP", "CSWAP", nullptr, "SWAP"},
    {Opcode::ising_xx, "IsingXX", 2, true, "IsingXX", nullptr, nullptr, "IsingXX"},
    {Opcode::ising_xy, "IsingXY", 2, true, "IsingXY", nullptr, nullptr, "IsingXY"},
    {Opcode::ising_yy, "IsingYY", 2, true, "IsingYY", nullptr, nullptr, "IsingYY"},
    {Opcode::ising_zz, "IsingZZ", 2, true, "IsingZZ", nullptr, nullptr, "IsingZZ"},
    {Opcode::single_excitation, "SingleExcitation", 2, true, "SingleExcitation", nullptr, nullptr,
     "SingleExcitation"},
    {Opcode::single_excitation_minus, "SingleExcitationMinus", 2, true, "SingleExcitationMinus",
     nullptr, nullptr, "SingleExcitationMinus"},
    {Opcode::single_excitation_plus, "SingleExcitationPlus", 2, true, "SingleExcitationPlus",
     nullptr, nullptr, "SingleExcitationPlus"},
    {Opcode::double_excitation, "DoubleExcitation", 4, true, "DoubleExcitation", nullptr, nullptr,
     "DoubleExcitation"},
    {Opcode::double_excitation_minus, "DoubleExcitationMinus", 4, true, "DoubleExcitationMinus",
     nullptr, nullptr, "DoubleExcitationMinus"},
    {Opcode::double_excitation_plus, "DoubleExcitationPlus", 4, true, "DoubleExcitationPlus",
     nullptr, nullptr, "DoubleExcitationPlus"},
    {Opcode::pswap, "PSWAP", 2, true, "PSWAP", nullptr, nullptr, "PSWAP"},
    {Opcode::multi_rz, "MultiRZ", 0, true, "MultiRZ", nullptr, nullptr, "MultiRZ"},
    // Lightning's controlled GlobalPhase looks for a wire that is not a control and finds none
    // where all wires are; its PCPhase builds a dense matrix of 4^wires elements. Both are one
    // diagonal pass.
    {Opcode::global_phase, "GlobalPhase", 0, true, nullptr, nullptr, nullptr, nullptr},
    {Opcode::pc_phase, "PCPhase", 0, true, nullptr, nullptr, nullptr, nullptr},
    {Opcode::pauli_rot, "PauliRot", 0, true, nullptr, nullptr, nullptr, nullptr},
    {Opcode::qubit_unitary, "QubitUnitary", 0, false, nullptr, nullptr, nullptr, nullptr},
    {Opcode::basis_state, "BasisState", 0, false, nullptr, nullptr, nullptr, nullptr},
    {Opcode::state_prep, "StatePrep", 0, false, nullptr, nullptr, nullptr, nullptr},
    {Opcode::identity, "Identity", 1, false, nullptr, nullptr, nullptr, nullptr},
}};

// A basis state of the targets (first target most significant) as a mask of global bits.
std::uint64_t spread(std::uint64_t local, const Gate &gate, std::size_t num_wires) {
    const std::size_t k = gate.targets.size();
    std::uint64_t global = 0;
    for (std::size_t t = 0; t < k; ++t) {
        if ((local >> (k - 1 - t)) & 1U) {
            global |= std::uint64_t{1} << bit_of(gate.targets[t], num_wires);
        }
    }
    return global;
}

// A generator given by its elements between basis states of the targets.
struct LocalEntry {
    std::uint64_t row;
    std::uint64_t column;
    Complex value;
};

Generator local(const Gate &gate, std::size_t num_wires, double scale,
                const std::vector<LocalEntry> &entries) {
    Generator generator;
    generator.kind = Generator::Kind::local;
    generator.scale = scale;
    generator.control_mask = gate.control_mask;
    generator.control_bits = gate.control_bits;
    const std::uint64_t all = (std::uint64_t{1} << gate.targets.size()) - 1;
    generator.fixed_mask = gate.control_mask | spread(all, gate, num_wires);
    for (const auto &[row, column, value] : entries) {
        generator.entries.push_back(
            {spread(row, gate, num_wires), spread(column, gate, num_wires), value});
    }
    return generator;
}

// Excitations rotate the pair |low>, |high> by [[c, -s], [s, c]], which is exp(-i t/2 Y) on it; the
// Minus and Plus forms put a phase exp(-i t/2 diagonal) on every other basis state.
Generator excitation(const Gate &gate, std::size_t num_wires, std::uint64_t low, std::uint64_t high,
                     double diagonal) {
    std::vector<LocalEntry> entries{{low, high, {0.0, -1.0}}, {high, low, {0.0, 1.0}}};
    if (diagonal != 0.0) {
        for (std::uint64_t state = 0; state < (std::uint64_t{1} << gate.targets.size()); ++state) {
            if (state != low && state != high) {
                entries.push_back({state, state, {diagonal, 0.0}});
            }
        }
    }
    return local(gate, num_wires, -0.5, entries);
}

Generator word(const Gate &gate, double scale, PauliWord pauli_word) {
    Generator generator;
    generator.kind = Generator::Kind::word;
    generator.scale = scale;
    generator.word = pauli_word;
    generator.word.control_mask |= gate.control_mask;
    generator.word.control_bits |= gate.control_bits;
    return generator;
}

// U(t) = exp(i scale t G) of a gate whose wires and masks are set.
Generator make_generator(const Gate &gate, std::size_t num_wires) {
    const auto pauli = [&](const std::string &letters) {
        return word(gate, -0.5, make_word(gate.targets, letters, num_wires));
    };
    switch (gate.opcode) {
    case Opcode::rx:
        return pauli("X");
    case Opcode::ry:
        return pauli("Y");
    case Opcode::rz:
        return pauli("Z");
    case Opcode::ising_xx:
        return pauli("XX");
    case Opcode::ising_yy:
        return pauli("YY");
    case Opcode::ising_zz:
        return pauli("ZZ");
    case Opcode::multi_rz:
        return pauli(std::string(gate.targets.size(), 'Z'));
    case Opcode::pauli_rot:
        return pauli(gate.word);
    case Opcode::phase_shift: {
        // The projector on |1> is the identity under one more control.
        PauliWord projector;
        projector.control_mask = spread(1, gate, num_wires);
        projector.control_bits = projector.control_mask;
        return word(gate, 1.0, projector);
    }
    case Opcode::global_phase:
        return word(gate, -1.0, PauliWord{});
    case Opcode::ising_xy:
        return local(gate, num_wires, 0.5, {{1, 2, {1.0, 0.0}}, {2, 1, {1.0, 0.0}}});
    case Opcode::pswap:
        // The phase multiplies the swapped pair, so G is a projector that commutes with the swap.
        return local(gate, num_wires, 1.0, {{1, 1, {1.0, 0.0}}, {2, 2, {1.0, 0.0}}});
    case Opcode::single_excitation:
        return excitation(gate, num_wires, 1, 2, 0.0);
    case Opcode::single_excitation_minus:
        return excitation(gate, num_wires, 1, 2, 1.0);
    case Opcode::single_excitation_plus:
        return excitation(gate, num_wires, 1, 2, -1.0);
    case Opcode::double_excitation:
        return excitation(gate, num_wires, 3, 12, 0.0);
    case Opcode::double_excitation_minus:
        return excitation(gate, num_wires, 3, 12, 1.0);
    case Opcode::double_excitation_plus:
        return excitation(gate, num_wires, 3, 12, -1.0);
    case Opcode::pc_phase: {
        Generator generator;
        generator.kind = Generator::Kind::split;
        generator.scale = 1.0;
        generator.control_mask = gate.control_mask;
        generator.control_bits = gate.control_bits;
        generator.dimension = gate.dimension;
        for (const std::size_t wire : gate.targets) {
            generator.target_bits.push_back(bit_of(wire, num_wires));
        }
        return generator;
    }
    default:
        return Generator{};
    }
}

} // namespace

const GateInfo *find_gate(Opcode opcode) {
    // Unsigned: the code may be any word, and the least one minus 1 is no signed word.
    const std::uint64_t position = static_cast<std::uint64_t>(opcode) - 1;
    return position < table.size() ? &table[position] : nullptr;
}

bool is_diagonal(Opcode opcode) {
    switch (opcode) {
    case Opcode::pauli_z:
    case Opcode::s:
    case Opcode::t:
    case Opcode::phase_shift:
    case Opcode::rz:
    case Opcode::ising_zz:
    case Opcode::multi_rz:
    case Opcode::global_phase:
    case Opcode::pc_phase:
        return true;
    default:
        return false;
    }
}

std::uint64_t bits_of(const std::vector<std::size_t> &wires, std::size_t num_wires) {
    std::uint64_t bits = 0;
    for (const std::size_t wire : wires) {
        bits |= std::uint64_t{1} << bit_of(wire, num_wires);
    }
    return bits;
}

PauliWord make_word(const std::vector<std::size_t> &wires, const std::string &letters,
                    std::size_t num_wires) {
    PauliWord result;
    for (std::size_t i = 0; i < wires.size(); ++i) {
        const std::uint64_t bit = std::uint64_t{1} << bit_of(wires[i], num_wires);
        if (letters[i] == 'X' || letters[i] == 'Y') {
            result.x |= bit;
        }
        if (letters[i] == 'Z' || letters[i] == 'Y') {
            result.z |= bit;
        }
        result.num_y += letters[i] == 'Y' ? 1U : 0U;
    }
    return result;
}

void complete(Gate &gate, std::size_t num_wires) {
    gate.control_mask = bits_of(gate.controls, num_wires);
    gate.control_bits = 0;
    for (std::size_t i = 0; i < gate.controls.size(); ++i) {
        gate.control_bits |=
            gate.control_values[i] ? std::uint64_t{1} << bit_of(gate.controls[i], num_wires) : 0;
    }
    gate.generator = make_generator(gate, num_wires);
    if (gate.adjoint) {
        gate.generator.scale = -gate.generator.scale;
    }
}

} // namespace qgrad
