#include "ir/gate_table.hpp"

#include <iterator>

namespace qgrad {
namespace {

#include "ir/gates.inc"

constexpr Matrix2 full(std::span<const MatrixEntry> entries) {
    Matrix2 matrix{};
    for (const auto &[row, column, value] : entries) {
        matrix[2 * row + column] = value;
    }
    return matrix;
}

constexpr std::array<OneWire, std::size(rows)> one_wire_rows = [] {
    std::array<OneWire, std::size(rows)> result{};
    for (std::size_t i = 0; i < result.size(); ++i) {
        if (rows[i].num_targets != 1) {
            continue;
        }
        for (const auto &[frequency, cosine, sine] : rows[i].waves) {
            const std::size_t wave = result[i].num_waves++;
            result[i].frequencies[wave] = frequency;
            result[i].cosines[wave] = full(cosine);
            result[i].sines[wave] = full(sine);
        }
        result[i].generator = full(rows[i].generator);
    }
    return result;
}();

// A basis state of the targets (first target most significant) as a mask of global bits.
std::uint64_t spread(std::uint64_t local, const Gate &gate, std::size_t num_wires) {
    const std::size_t k = gate.targets.size();
    std::uint64_t global = 0;
    for (std::size_t t = 0; t < k; ++t) {
        if (((local >> (k - 1 - t)) & 1U) != 0) {
            global |= std::uint64_t{1} << bit_of(gate.targets[t], num_wires);
        }
    }
    return global;
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

Generator local(const Gate &gate, std::size_t num_wires) {
    const auto entries = gate.kind->generator;
    const std::uint64_t all = (std::uint64_t{1} << gate.targets.size()) - 1;
    if (entries.size() == 1 && entries.front().row == entries.front().column &&
        entries.front().value == 1.0) {
        // The projector on a basis state is the identity under controls of its bits.
        PauliWord projector;
        projector.control_mask = spread(all, gate, num_wires);
        projector.control_bits = spread(entries.front().row, gate, num_wires);
        return word(gate, gate.kind->scale, projector);
    }
    Generator generator;
    generator.kind = Generator::Kind::local;
    generator.scale = gate.kind->scale;
    generator.control_mask = gate.control_mask;
    generator.control_bits = gate.control_bits;
    generator.fixed_mask = gate.control_mask | spread(all, gate, num_wires);
    for (const auto &[row, column, value] : entries) {
        generator.entries.push_back(
            {spread(row, gate, num_wires), spread(column, gate, num_wires), value});
    }
    return generator;
}

Generator split(const Gate &gate, std::size_t num_wires) {
    Generator generator;
    generator.kind = Generator::Kind::split;
    generator.scale = gate.kind->scale;
    generator.control_mask = gate.control_mask;
    generator.control_bits = gate.control_bits;
    generator.dimension = gate.dimension;
    for (const std::size_t wire : gate.targets) {
        generator.target_bits.push_back(bit_of(wire, num_wires));
    }
    return generator;
}

// U(t) = exp(i scale t G) of a gate whose wires and masks are set.
Generator make_generator(const Gate &gate, std::size_t num_wires) {
    const GateKind &kind = *gate.kind;
    switch (kind.form) {
    case Form::pauli: {
        const std::string letters = kind.num_targets == GateKind::any
                                        ? std::string(gate.targets.size(), *kind.letters)
                                        : kind.letters;
        return word(gate, kind.scale, make_word(gate.targets, letters, num_wires));
    }
    case Form::letters:
        return word(gate, kind.scale, make_word(gate.targets, gate.word, num_wires));
    case Form::split:
        return split(gate, num_wires);
    case Form::local:
        return local(gate, num_wires);
    case Form::none:
        break;
    }
    return Generator{};
}

} // namespace

const GateKind *find_gate(std::int64_t opcode) {
    // Unsigned: the code may be any word, and the least one minus 1 is no signed word.
    const std::uint64_t position = static_cast<std::uint64_t>(opcode) - 1;
    return position < std::size(rows) ? &rows[position] : nullptr;
}

const OneWire &one_wire(const GateKind &kind) { return one_wire_rows[&kind - rows]; }

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
