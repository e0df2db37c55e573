// Consecutive gates on one wire, some of them under one and the same control, as one operation; and
// consecutive gates exp(i angle Z...Z) as one.
//
// A CNOT joins the rotations before it on its target and those behind it: the run has one matrix
// where the control is 0 and one where it is 1, and costs what a single rotation costs. Inverse
// gates and repeated rotations are multiplied out on the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ir/step.hpp"
#include "kernels/wire_kernels.hpp"
#include "plan/schedule.hpp"

namespace qgrad {

// One gate of an operation.
struct Member {
    const Step *step = nullptr;
    unsigned values = 1;         // of the control for which it acts: bit c for value c
    std::uint64_t z_bits = 0;    // of Z...Z; in a plan those in the slice, and
    std::uint64_t z_outside = 0; // those outside of it, as bits of the whole state

    bool acts(std::size_t value) const { return ((values >> value) & 1U) != 0; }
};

// What an operation is made of.
enum class Kind {
    run,      // gates on one wire
    diagonal, // exp(i angle Z...Z)
    single,   // one gate of another kind
};

// Bits are those of the whole state.
struct Operation {
    Kind kind = Kind::run;
    Wire wire;                   // run
    std::vector<Member> members; // run, diagonal
    const Step *single = nullptr;

    bool reads_theta() const;
};

// The operations of a schedule behind its state preparation, in an order that gives the same
// result.
std::vector<Operation> join_runs(const Schedule &schedule, std::size_t num_wires);

// The gate of a member on its target.
Matrix2 matrix_of(const Step &step, const Operands &operands);

// <row| G |column> of a member U(t) = exp(i scale t G).
const Matrix2 &generator_of(const Gate &gate);

Matrix2 product(const Matrix2 &a, const Matrix2 &b);
Matrix2 adjoint(const Matrix2 &a);
void add(Complex factor, const Matrix2 &from, Matrix2 &to);

} // namespace qgrad
