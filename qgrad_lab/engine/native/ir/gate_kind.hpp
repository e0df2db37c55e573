// What is known of every gate of a kind: the rows of the gate table, made from
// qgrad_lab/gates/table.py, where each field is explained.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "ir/generator.hpp"

namespace qgrad {

// Of the generator K = scale G in U(t) = exp(i t K) F.
enum class Form {
    none,    // no angle
    pauli,   // a Pauli word
    letters, // the Pauli word that the gate's letters spell
    split,   // 1 on basis states below the gate's dimension, -1 on the others
    local,   // an operator with given entries
};

// What a gate takes besides wires and an angle.
enum class Extra { none, dimension, letters, matrix, state, bits };

// What applies a gate to a state (kernels/lightning.cpp).
enum class Kernel {
    lightning, // Lightning's kernel of its name or, where there is none, the matrix of its row
    nothing,   // the identity
    phases,    // our own for generators whose values are 1 and -1
    pauli_rot, // Lightning's PauliRot
    matrix,    // the matrix that is its operand
    state,     // the state that is its operand replaces the whole state
    bits,      // so does a basis state
};

// <row| A |column> between basis states of the targets, the first target most significant.
using MatrixEntry = Generator::Entry;

// A term of U(t) = sum cos(frequency t) A + sin(frequency t) B.
struct Wave {
    double frequency;
    std::span<const MatrixEntry> cosine; // A
    std::span<const MatrixEntry> sine;   // B
};

struct GateKind {
    static constexpr std::size_t any = static_cast<std::size_t>(-1);

    const char *name = nullptr;
    std::size_t num_targets = any;
    Form form = Form::none;
    double scale = 0.0;
    const char *letters = ""; // of form pauli: for each target, or one for all
    // GCC misses the braces in the rows. NOLINTBEGIN(readability-redundant-member-init)
    std::span<const MatrixEntry> generator{}; // G, where it is the same for all gates of the kind
    std::span<const Wave> waves{};            // likewise U(t)
    // NOLINTEND(readability-redundant-member-init)
    std::array<const char *, 2> controlled{}; // its name with one control of value 1, with two
    Extra extra = Extra::none;
    Kernel kernel = Kernel::lightning;
    bool takes_controls = true;
    bool prepares = false;
    bool is_diagonal = false;
    bool is_monomial = false;
    bool inverts_itself = false;

    bool has_angle() const { return form != Form::none; }

    // Its name with so many controls of value 1, or nullptr.
    const char *name_with(std::size_t num_controls) const {
        if (num_controls == 0) {
            return name;
        }
        return num_controls <= controlled.size() ? controlled[num_controls - 1] : nullptr;
    }
};

// The waves and the generator of a kind on one wire as full matrices, which are quicker: most gates
// of most circuits are of such a kind.
struct OneWire {
    std::size_t num_waves = 0; // two eigenvalues make two at most
    std::array<double, 2> frequencies{};
    std::array<Matrix2, 2> cosines{};
    std::array<Matrix2, 2> sines{};
    Matrix2 generator{};
};

// All zero for a kind on several wires, or on any number.
const OneWire &one_wire(const GateKind &kind);

// nullptr where there is no such opcode.
const GateKind *find_gate(std::int64_t opcode);

} // namespace qgrad
