#include "plan/runs.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "host/interrupt.hpp"
#include "ir/gate_table.hpp"

namespace qgrad {
namespace {

bool joins_runs(const Gate &gate) {
    if (gate.targets.size() != 1 || gate.controls.size() > 1 || gate.numbers_in_theta) {
        return false;
    }
    return gate.kind->extra == Extra::matrix || !gate.kind->waves.empty();
}

// exp(i angle Z...Z)
bool joins_diagonals(const Gate &gate) {
    const GateKind &kind = *gate.kind;
    return gate.controls.empty() && kind.form == Form::pauli && kind.is_diagonal &&
           !gate.targets.empty();
}

// Runs that may still grow, at most one for each target. None of them acts on the target of
// another, nor on its control: they commute, and may be closed in any order.
class Joiner {
  public:
    explicit Joiner(std::size_t num_wires) : num_wires_(num_wires), open_(num_wires) {}

    void add(const Step &step) {
        const Gate &gate = *step.gate;
        if (gate.kind->kernel == Kernel::nothing) {
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
            if (std::cmp_equal(open_[target].wire.control, wire)) {
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

} // namespace

bool Operation::reads_theta() const {
    return kind == Kind::single ? single->reads_theta()
                                : std::ranges::any_of(members, [](const Member &member) {
                                      return member.step->reads_theta();
                                  });
}

std::vector<Operation> join_runs(const Schedule &schedule, std::size_t num_wires) {
    Joiner joiner(num_wires);
    std::size_t number = 0;
    for (const Step &step : schedule.steps) {
        check_now_and_then(number++);
        if (!step.gate->kind->prepares) {
            joiner.add(step);
        }
    }
    return joiner.finish();
}

Matrix2 matrix_of(const Step &step, const Operands &operands) {
    const Gate &gate = *step.gate;
    Matrix2 matrix{};
    if (gate.kind->extra == Extra::matrix) {
        std::ranges::copy_n(operands.data + step.numbers, matrix.size(), matrix.begin());
        return gate.adjoint ? adjoint(matrix) : matrix;
    }
    const OneWire &own = one_wire(*gate.kind);
    const double angle = gate.kind->has_angle() ? step.angle(operands.theta) : 0.0;
    for (std::size_t wave = 0; wave < own.num_waves; ++wave) {
        double c = 1.0;
        double s = 0.0;
        if (const double frequency = own.frequencies[wave]; frequency != 0.0) {
            c = std::cos(frequency * angle);
            s = std::sin(frequency * angle);
        }
        for (std::size_t i = 0; i < matrix.size(); ++i) {
            matrix[i] += c * own.cosines[wave][i] + s * own.sines[wave][i];
        }
    }
    return gate.adjoint ? adjoint(matrix) : matrix;
}

const Matrix2 &generator_of(const Gate &gate) { return one_wire(*gate.kind).generator; }

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
