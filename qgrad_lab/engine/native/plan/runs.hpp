// Consecutive gates on one wire, some of which may share a control, as one operation; likewise
// consecutive gates exp(i angle Z...Z).
//
// A CNOT joins the rotations before and behind it on its target: the run has one matrix for control
// 0 and one for control 1, and costs as much as a single rotation. Inverse gates and repeated
// rotations are multiplied out on the way.
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
    unsigned values = 1;         // values of the control for which it acts: bit c for value c
    std::uint64_t z_bits = 0;    // wires of Z...Z; in a plan, those within the slice
    std::uint64_t z_outside = 0; // in a plan: those outside of it, as bits of the whole state

    bool acts(std::size_t value) const { return ((values >> value) & 1U) != 0; }
};

// What an operation consists of.
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

// The operations of a schedule after its state preparation, in an order that gives the same result.
std::vector<Operation> join_runs(const Schedule &schedule, std::size_t num_wires);

// The matrix of a member on its target.
Matrix2 matrix_of(const Step &step, const Operands &operands);

// <row| G |column> of a member U(t) = exp(i scale t G).
const Matrix2 &generator_of(const Gate &gate);

Matrix2 product(const Matrix2 &a, const Matrix2 &b);
Matrix2 adjoint(const Matrix2 &a);
void add(Complex factor, const Matrix2 &from, Matrix2 &to);

} // namespace qgrad
