// A decoded and validated Program: everything that an evaluation needs, with nothing out of range.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ir/gate_kind.hpp"

namespace qgrad {

// A position in theta, index or data: base + sum of stride * counter over the enclosing loops.
struct Position {
    std::size_t base = 0;
    std::vector<std::size_t> strides; // outermost loop first

    std::size_t at(const std::vector<std::size_t> &counters) const {
        std::size_t position = base;
        for (std::size_t depth = 0; depth < strides.size(); ++depth) {
            position += strides[depth] * counters[depth];
        }
        return position;
    }
};

// A number that a gate or an observable reads: nothing, a literal, or an element of theta.
struct Operand {
    enum class Kind : std::int64_t { none = 0, literal = 1, slot = 2 };
    Kind kind = Kind::none;
    double literal = 0.0;
    Position slot;

    bool is_slot() const { return kind == Kind::slot; }
};

// An integer: a literal, or an element of index.
struct Integer {
    bool is_slot = false;
    std::size_t literal = 0;
    Position slot;
};

struct Gate {
    const GateKind *kind = nullptr;
    bool adjoint = false;
    Operand angle;
    std::vector<std::size_t> controls;
    std::vector<bool> control_values;
    std::vector<std::size_t> targets;
    std::vector<Integer> traced_wires; // controls, then targets, if any is known only at run time
    std::uint64_t control_mask = 0;
    std::uint64_t control_bits = 0;
    Position numbers;              // matrix or state: in data, or
    bool numbers_in_theta = false; // in theta, as real and imaginary parts
    std::size_t dimension = 0;
    std::string word;
    std::vector<Integer> bits;
    std::int64_t source = 0; // the user's line, for messages; 0 if unknown
    Generator generator;     // of a gate with an angle: U(t) = exp(i scale t G)
    // Which of Lightning's kernels, where one applies it (choose_kernel in kernels/lightning.hpp).
    int kernel = 0;
    std::uint32_t operation = 0;
    std::vector<std::size_t> kernel_wires; // empty where the kernel takes the controls apart
    bool by_matrix_of_kind = false;        // where none of Lightning's has its name
};

// One entry of a Program's body: a gate, a loop, or a choice between bodies.
struct Node {
    enum class Kind { gate, repeat, branch };
    Kind kind = Kind::gate;
    Gate gate;
    Integer selector;         // repeat: number of iterations; branch: which body
    bool reverse = false;     // repeat: the last iteration comes first
    std::size_t capacity = 0; // repeat: most iterations that the operands have room for
    std::int64_t label = 0;   // repeat: identifies it in messages
    std::vector<std::vector<Node>> bodies; // repeat: one
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
    bool single = false; // whether amplitudes are two floats, not two doubles
    std::size_t num_wires = 0;
    std::size_t num_theta = 0;
    std::size_t num_index = 0;
    std::size_t num_data = 0;
    std::size_t num_outputs = 0;
    std::vector<Node> body;
    std::vector<Measurement> measurements;
    bool needs_observable_scratch = false; // a var is measured

    std::size_t dimension() const { return std::size_t{1} << num_wires; }
};

// Decodes and validates; throws std::invalid_argument that says what is wrong and where.
Program decode(const std::int64_t *words, std::size_t count);

} // namespace qgrad
