#include "sweep/numbers.hpp"

#include <bit>
#include <cmath>

#include "host/interrupt.hpp"
#include "sweep/gate_steps.hpp"

namespace qgrad {
namespace {

constexpr Matrix2 identity{1.0, 0.0, 0.0, 1.0};

// dU = factor G U along a tangent of theta
Complex tangent_factor(const Step &step, const double *tangent) {
    return {0.0, step.gate->generator.scale * tangent[step.slot]};
}

Complex contracted(const Matrix2 &a, const Matrix2 &b) {
    return times(a[0], b[0]) + times(a[1], b[1]) + times(a[2], b[2]) + times(a[3], b[3]);
}

// conj(a) rho b^T
Matrix2 undone(const Matrix2 &a, const Matrix2 &rho, const Matrix2 &b) {
    const Matrix2 left{std::conj(a[0]), std::conj(a[1]), std::conj(a[2]), std::conj(a[3])};
    return product(product(left, rho), {b[0], b[2], b[1], b[3]});
}

} // namespace

Numbers::Numbers(const Plan &plan, const Operands &operands, const double *tangent)
    : plan_(plan), members_(plan.members.size()), factors_(plan.members.size()),
      runs_(plan.tasks.size()) {
    for (std::size_t task = 0; task < plan.tasks.size(); ++task) {
        check_now_and_then(task);
        update(task, operands, tangent);
    }
}

void Numbers::update(std::size_t number, const Operands &operands, const double *tangent) {
    const Task &task = plan_.tasks[number];
    if (task.kind == Kind::diagonal) {
        for (std::size_t j = task.first_member; j < task.first_member + task.num_members; ++j) {
            const Step &step = *plan_.members[j].step;
            const double scale = step.gate->generator.scale;
            const double angle = scale * step.angle(operands.theta);
            const bool varies = tangent != nullptr && step.has_slot();
            factors_[j].cosine = std::cos(angle);
            factors_[j].sine = std::sin(angle);
            factors_[j].rate = varies ? scale * tangent[step.slot] : 0.0;
        }
    }
    if (task.kind != Kind::run) {
        return;
    }
    RunMatrices run;
    run.value.fill(identity);
    for (std::size_t j = 0; j < task.num_members; ++j) {
        const Member &member = plan_.members[task.first_member + j];
        const Matrix2 matrix = matrix_of(*member.step, operands);
        members_[task.first_member + j] = matrix;
        for (std::size_t c = 0; c < task.num_values(); ++c) {
            if (!member.acts(c)) {
                continue;
            }
            run.value[c] = product(matrix, run.value[c]);
            if (tangent != nullptr) {
                run.tangent[c] = product(matrix, run.tangent[c]);
                if (member.step->has_slot() && tangent[member.step->slot] != 0.0) {
                    run.varies = true;
                    add(tangent_factor(*member.step, tangent),
                        product(generator_of(*member.step->gate), run.value[c]), run.tangent[c]);
                }
            }
        }
    }
    runs_[number] = run;
}

void Numbers::factors(std::size_t number, std::size_t base, std::vector<ZFactor> &factors) const {
    const Task &task = plan_.tasks[number];
    factors.clear();
    for (std::size_t j = task.first_member; j < task.first_member + task.num_members; ++j) {
        const Member &member = plan_.members[j];
        ZFactor factor = factors_[j];
        factor.bits = member.z_bits;
        factor.sign = (std::popcount(base & member.z_outside) & 1) != 0 ? -1.0 : 1.0;
        factors.push_back(factor);
    }
}

void Numbers::add_gradient(std::size_t number, const double *overlaps, double *gradient) const {
    const Task &task = plan_.tasks[number];
    for (std::size_t j = 0; j < task.num_members; ++j) {
        const Step &step = *plan_.members[task.first_member + j].step;
        if (step.has_slot()) {
            gradient[step.slot] += -2.0 * step.gate->generator.scale * overlaps[j];
        }
    }
}

void Numbers::check_unitary(double tolerance) const {
    for (std::size_t i = 0; i < members_.size(); ++i) {
        if (plan_.members[i].step->gate->kind->extra != Extra::matrix) {
            continue;
        }
        Matrix2 defect = product(adjoint(members_[i]), members_[i]);
        add(-1.0, identity, defect);
        for (const Complex &element : defect) {
            if (std::abs(element) > tolerance) {
                refuse_matrix();
            }
        }
    }
}

// Carries the overlaps behind a run back to each of its gates: for rho_ab = sum conj(lambda_a)
// psi_b, <lambda|G|psi> is the sum of G_ab rho_ab, and undoing U gives conj(V) rho V^T with V =
// U^dagger.
void Numbers::add_gradient(std::size_t number, const RunMatrices &overlaps, const double *tangent,
                           double *gradient) const {
    const Task &task = plan_.tasks[number];
    RunMatrices rho = overlaps;
    std::size_t first = 0; // nothing before it has a derivative
    while (!plan_.members[task.first_member + first].step->has_slot()) {
        ++first;
    }
    for (std::size_t j = task.num_members; j-- > first;) {
        const Member &member = plan_.members[task.first_member + j];
        const Step &step = *member.step;
        const Matrix2 generator = generator_of(*step.gate);
        if (step.has_slot()) {
            double imaginary = 0.0;
            for (std::size_t c = 0; c < task.num_values(); ++c) {
                if (member.acts(c)) {
                    const Matrix2 &own = tangent != nullptr ? rho.tangent[c] : rho.value[c];
                    imaginary += contracted(generator, own).imag();
                }
            }
            gradient[step.slot] += -2.0 * step.gate->generator.scale * imaginary;
        }
        if (j == first) {
            break;
        }
        const Matrix2 inverse = adjoint(members_[task.first_member + j]);
        for (std::size_t c = 0; c < task.num_values(); ++c) {
            if (!member.acts(c)) {
                continue;
            }
            if (tangent != nullptr) {
                rho.tangent[c] = undone(inverse, rho.tangent[c], inverse);
                if (step.has_slot() && tangent[step.slot] != 0.0) {
                    // V' = -i s t' G V: a unitary matrix commutes with its generator.
                    Matrix2 rate{};
                    add(-tangent_factor(step, tangent), product(generator, inverse), rate);
                    add(1.0, undone(rate, rho.value[c], inverse), rho.tangent[c]);
                    add(1.0, undone(inverse, rho.value[c], rate), rho.tangent[c]);
                }
            }
            rho.value[c] = undone(inverse, rho.value[c], inverse);
        }
    }
}

} // namespace qgrad
