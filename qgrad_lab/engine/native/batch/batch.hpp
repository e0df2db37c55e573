// A batch of evaluations of one Program: what one call of the native library asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "host/parallel.hpp"
#include "plan/plan_cache.hpp"

namespace qgrad {

// One operand for every element of a batch, or one that all elements share.
template <class T> struct Rows {
    const T *data = nullptr;
    std::size_t rows = 0;
    std::size_t width = 0;

    const T *operator[](std::size_t element) const {
        return data == nullptr ? nullptr : data + (rows == 1 ? 0 : element * width);
    }
    bool is_shared() const { return rows == 1; }
};

struct Batch {
    std::shared_ptr<const PlannedProgram> planned;
    std::size_t size = 0;
    bool with_tangent = false; // D[1] or its transpose, not D[0]
    bool transposed = false;
    bool keep = false; // the gradient at the same operands will be asked for
    Rows<double> theta;
    Rows<std::int64_t> index;
    Rows<Complex> data;
    Rows<double> tangent;
    Rows<double> cotangent;
    double *out = nullptr; // num_outputs or, transposed, num_theta for every element

    const Program &program() const { return planned->program; }
};

// Throws std::invalid_argument for what cannot be evaluated, std::length_error for what does not
// fit into memory.
void evaluate(const Batch &batch, ThreadPool &pool);

// How many sweeps there were since the library was loaded.
struct Counts {
    std::uint64_t forward = 0;  // sweeps of a state from the beginning of a circuit
    std::uint64_t backward = 0; // sweeps of a co-state
};
Counts counts();

} // namespace qgrad
