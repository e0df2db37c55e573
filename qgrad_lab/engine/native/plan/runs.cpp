#include "plan/runs.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "host/interrupt.hpp"
#include "ir/gate_table.hpp"

namespace qgrad {
namespace {

constexpr Complex i_unit{0.0, 1.0};

bool joins_runs(const Gate &gate) {
    if (gate.targets.size() != 1 || gate.controls.size() > 1 || gate.numbers_in_theta) {
        return false;
    }
    switch (gate.opcode) {
    case Opcode::pauli_x:
    case Opcode::pauli_y:
    case Opcode::pauli_z:
    case Opcode::hadamard:
    case Opcode::s:
    case Opcode::sx:
    case Opcode::t:
    case Opcode::phase_shift:
    case Opcode::rx:
    case Opcode::ry:
    case Opcode::rz:
    case Opcode::qubit_unitary:
        return true;
    default:
        return false;
    }
}

bool joins_diagonals(const Gate &gate) {
    return gate.controls.empty() &&
           (gate.opcode == Opcode::ising_zz || gate.opcode == Opcode::multi_rz);
}

// Runs that may still grow, at most one for each target. None of them acts on the target of
// another, nor on its control: they commute, and may be closed in any order.
class Joiner {
  public:
    explicit Joiner(std::size_t num_wires) : num_wires_(num_wires), open_(num_wires) {}

    void add(const Step &step) {
        const Gate &gate = *step.gate;
        if (gate.opcode == Opcode::identity) {
            return;
        }
        if (joins_runs(gate)) {
            join(step, gate);
            return;
        }
        if (joins_diagonals(gate)) {
            join_diagonal(step, gate);
            return;
        }
        close_diagonal(bits_of(gate.controls, num_wires_) | bits_of(gate.targets, num_wires_));
        for (const auto &wires : {gate.controls, gate.targets}) {
            for (const std::size_t wire : wires) {
                close(bit(wire));
                close_controlled_by(bit(wire));
            }
        }
        Operation operation;
        operation.kind = Kind::single;
        operation.single = &step;
        operations_.push_back(std::move(operation));
    }

    std::vector<Operation> finish() {
        close_diagonal(diagonal_bits_);
        for (unsigned target = 0; target < open_.size(); ++target) {
            close(target);
        }
        return std::move(operations_);
    }

  private:
    unsigned bit(std::size_t wire) const { return bit_of(wire, num_wires_); }

    void join(const Step &step, const Gate &gate) {
        const unsigned target = bit(gate.targets.front());
        const int control =
            gate.controls.empty() ? no_control : static_cast<int>(bit(gate.controls.front()));
        close_controlled_by(target);
        close_diagonal(std::uint64_t{1} << target);
        if (control != no_control) {
            close(static_cast<unsigned>(control));
            const int known = open_[target].wire.control;
            if (known != no_control && known != control) {
                close(target);
            }
        }
        Operation &run = open_[target];
        run.wire.target = target;
        if (control == no_control) {
            run.members.push_back({&step, 3U});
        } else {
            run.wire.control = control;
            run.members.push_back({&step, gate.control_values.front() ? 2U : 1U});
        }
    }

    // It commutes with what it controls, and with whatever is diagonal.
    void join_diagonal(const Step &step, const Gate &gate) {
        for (const std::size_t wire : gate.targets) {
            close(bit(wire));
        }
        const std::uint64_t bits = bits_of(gate.targets, num_wires_);
        diagonal_.push_back({&step, 1U, bits});
        diagonal_bits_ |= bits;
    }

    // Where it acts on one of these bits.
    void close_diagonal(std::uint64_t bits) {
        if (diagonal_.empty() || (diagonal_bits_ & bits) == 0) {
            return;
        }
        Operation operation;
        operation.kind = Kind::diagonal;
        operation.members = std::move(diagonal_);
        operations_.push_back(std::move(operation));
        diagonal_.clear();
        diagonal_bits_ = 0;
    }

    void close(unsigned target) {
        Operation &run = open_[target];
        if (!run.members.empty()) {
            operations_.push_back(std::move(run));
            run = Operation{};
        }
    }

    void close_controlled_by(unsigned wire) {
        for (unsigned target = 0; target < open_.size(); ++target) {
            if (open_[target].wire.control == static_cast<int>(wire)) {
                close(target);
            }
        }
    }

    std::size_t num_wires_;
    std::vector<Operation> open_;
    std::vector<Member> diagonal_; // gates that may still be joined by more
    std::uint64_t diagonal_bits_ = 0;
    std::vector<Operation> operations_;
};

Matrix2 diagonal(Complex a, Complex b) { return {a, 0.0, 0.0, b}; }

// Of the gate itself, where it is not adjoint.
Matrix2 plain_matrix(const Gate &gate, double angle, const Complex *numbers) {
    double c = 1.0;
    double s = 0.0;
    if (gate.angle.kind != Operand::Kind::none) {
        c = std::cos(angle / 2.0);
        s = std::sin(angle / 2.0);
    }
    switch (gate.opcode) {
    case Opcode::pauli_x:
        return {0.0, 1.0, 1.0, 0.0};
    case Opcode::pauli_y:
        return {0.0, -i_unit, i_unit, 0.0};
    case Opcode::pauli_z:
        return diagonal(1.0, -1.0);
    case Opcode::hadamard: {
        const double h = std::numbers::sqrt2 / 2.0;
        return {h, h, h, -h};
    }
    case Opcode::s:
        return diagonal(1.0, i_unit);
    case Opcode::sx:
        return {0.5 * (1.0 + i_unit), 0.5 * (1.0 - i_unit), 0.5 * (1.0 - i_unit),
                0.5 * (1.0 + i_unit)};
    case Opcode::t:
        return diagonal(1.0, std::polar(1.0, std::numbers::pi / 4.0));
    case Opcode::phase_shift:
        return diagonal(1.0, std::polar(1.0, angle));
    case Opcode::rx:
        return {c, -i_unit * s, -i_unit * s, c};
    case Opcode::ry:
        return {c, -s, s, c};
    case Opcode::rz:
        return diagonal(Complex{c, -s}, Complex{c, s});
    default: // QubitUnitary
        return {numbers[0], numbers[1], numbers[2], numbers[3]};
    }
}

} // namespace

bool Operation::reads_theta() const {
    return kind == Kind::single
               ? single->reads_theta()
               : std::any_of(members.begin(), members.end(),
                             [](const Member &member) { return member.step->reads_theta(); });
}

std::vector<Operation> join_runs(const Schedule &schedule, std::size_t num_wires) {
    Joiner joiner(num_wires);
    std::size_t number = 0;
    for (const Step &step : schedule.steps) {
        check_now_and_then(number++);
        if (!prepares(step.gate->opcode)) {
            joiner.add(step);
        }
    }
    return joiner.finish();
}

Matrix2 matrix_of(const Step &step, const Operands &operands) {
    const Gate &gate = *step.gate;
    const double angle = gate.angle.kind == Operand::Kind::none ? 0.0 : step.angle(operands.theta);
    const Matrix2 matrix = plain_matrix(gate, angle, operands.data + step.numbers);
    return gate.adjoint ? adjoint(matrix) : matrix;
}

Matrix2 generator_of(const Gate &gate) {
    switch (gate.opcode) {
    case Opcode::rx:
        return {0.0, 1.0, 1.0, 0.0};
    case Opcode::ry:
        return {0.0, -i_unit, i_unit, 0.0};
    case Opcode::rz:
        return diagonal(1.0, -1.0);
    case Opcode::phase_shift:
        return diagonal(0.0, 1.0);
    default:
        return {};
    }
}

Matrix2 product(const Matrix2 &a, const Matrix2 &b) {
    return {times(a[0], b[0]) + times(a[1], b[2]), times(a[0], b[1]) + times(a[1], b[3]),
            times(a[2], b[0]) + times(a[3], b[2]), times(a[2], b[1]) + times(a[3], b[3])};
}

Matrix2 adjoint(const Matrix2 &a) {
    return {std::conj(a[0]), std::conj(a[2]), std::conj(a[1]), std::conj(a[3])};
}

void add(Complex factor, const Matrix2 &from, Matrix2 &to) {
    for (std::size_t i = 0; i < to.size(); ++i) {
        to[i] += times(factor, from[i]);
    }
}

} // namespace qgrad
