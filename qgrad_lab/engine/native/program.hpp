// A decoded and validated Program: everything the sweeps need, and nothing that could be out of range.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "generators.hpp"

namespace qgrad {

using Complex = std::complex<double>;

// A number that an instruction or an observable reads: nothing, a literal, or an element of theta.
struct Operand {
    enum class Kind : std::int64_t { none = 0, literal = 1, slot = 2 };
    Kind kind = Kind::none;
    double literal = 0.0;
    std::size_t slot = 0;

    bool is_slot() const { return kind == Kind::slot; }
    double value(const double *theta) const { return is_slot() ? theta[slot] : literal; }
};

// The numbers are those of circuit/gates.py; a Program travels as these codes.
enum class Opcode : std::int64_t {
    pauli_x = 1,
    pauli_y,
    pauli_z,
    hadamard,
    s,
    sx,
    t,
    phase_shift,
    rx,
    ry,
    rz,
    swap,
    ising_xx,
    ising_xy,
    ising_yy,
    ising_zz,
    single_excitation,
    single_excitation_minus,
    single_excitation_plus,
    double_excitation,
    double_excitation_minus,
    double_excitation_plus,
    pswap,
    multi_rz,
    global_phase,
    pc_phase,
    pauli_rot,
    qubit_unitary,
    basis_state,
    state_prep,
};

// One bit of a BasisState: known at compile time, or an element of index.
struct Bit {
    bool is_slot = false;
    bool literal = false;
    std::size_t slot = 0;
};

struct Gate {
    Opcode opcode{};
    bool adjoint = false;
    Operand angle;
    std::vector<std::size_t> controls;
    std::vector<bool> control_values;
    std::vector<std::size_t> targets;
    std::uint64_t control_mask = 0;
    std::uint64_t control_bits = 0;
    std::size_t data_offset = 0; // QubitUnitary, StatePrep
    std::size_t dimension = 0;   // PCPhase
    std::string word;            // PauliRot
    std::vector<Bit> bits;       // BasisState
    Generator generator;         // of a gate with an angle: U(t) = exp(i scale t G)
    // Which of Lightning's kernels, resolved once (kernels.cpp).
    int kernel = 0;
    std::uint32_t operation = 0;
    std::vector<std::size_t> kernel_wires; // empty where the kernel takes the controls apart
};

// A weighted sum of Pauli words.
struct Term {
    Operand coefficient;
    PauliWord word;
};

struct Measurement {
    enum class Kind : std::int64_t { expval = 0, var = 1, probs = 2, state = 3 };
    Kind kind{};
    std::size_t offset = 0; // of its first number in the output vector
    std::size_t size = 0;   // how many numbers it gives
    std::vector<Term> terms;
    std::vector<std::size_t> wires; // probs
};

struct Program {
    std::size_t num_wires = 0;
    std::size_t num_theta = 0;
    std::size_t num_index = 0;
    std::size_t num_data = 0;
    std::size_t num_outputs = 0;
    std::vector<Gate> gates;
    std::vector<Measurement> measurements;
    bool needs_observable_scratch = false; // a var is measured

    std::size_t dimension() const { return std::size_t{1} << num_wires; }
};

// Decode and validate; throws std::invalid_argument that says what is wrong and where.
Program decode(const std::int64_t *words, std::size_t count);

// The same, once per Program: kept in a table under `digest` and compared word by word, so that a
// colliding digest can never run another Program.
std::shared_ptr<const Program> decode_once(const std::int64_t *words, std::size_t count,
                                           std::int64_t digest);

} // namespace qgrad
