#include "sweep/passes.hpp"

#include <ranges>
#include <utility>
#include <vector>

#include "host/interrupt.hpp"
#include "kernels/matrices.hpp"
#include "sweep/gate_steps.hpp"

namespace qgrad {
namespace {

WireMatrices adjoints(const WireMatrices &matrices) {
    return {adjoint(matrices[0]), adjoint(matrices[1])};
}

// The matrices of a task in one slice, which may determine the value of its control.
WireMatrices in_slice(const Task &task, std::size_t base, const WireMatrices &matrices) {
    if (task.outer_control == no_control) {
        return matrices;
    }
    return {matrices[(base >> task.outer_control) & 1U], Matrix2{}};
}

std::vector<ZFactor> &factors_of_slice() {
    thread_local std::vector<ZFactor> factors;
    return factors;
}

bool acts_in_slice(const Task &task, std::size_t base) {
    return (base & task.outer_mask) == task.outer_bits;
}

// psi' <- M psi' + M' psi, before M is applied to psi itself.
template <class Real>
void apply_to_tangent(const Wire &wire, const WireMatrices &matrices, const WireMatrices &tangents,
                      bool varies, const Jet<Real> &psi, std::size_t size) {
    if (psi.tangent != nullptr) {
        apply(wire, matrices, psi.tangent, size);
        if (varies) {
            accumulate(wire, tangents, psi.value, psi.tangent, size);
        }
    }
}

// Between tasks on a slice.
void check(const Stop &stop, std::size_t task) {
    stop.check();
    if (task % 256 == 255) { // a circuit on few wires may have millions
        watch_for_interrupts();
    }
}

void add_all(const RunMatrices &from, RunMatrices &to) {
    for (std::size_t c = 0; c < 2; ++c) {
        add(1.0, from.value[c], to.value[c]);
        add(1.0, from.tangent[c], to.tangent[c]);
    }
}

} // namespace

template <class Real> void Passes<Real>::forward(const Jet<Real> &psi) const {
    prepare(psi);
    advance(psi, 0, plan_.tasks.size());
}

template <class Real> void Passes<Real>::prepare(const Jet<Real> &psi) const {
    const std::size_t size = plan_.circuit.dimension();
    clear(psi.value, size, threads_);
    psi.value[0] = 1.0;
    if (psi.tangent != nullptr) {
        clear(psi.tangent, size, threads_);
    }
    if (plan_.preparation != nullptr) {
        qgrad::advance(*plan_.preparation, operands_, tangent_, psi, plan_.circuit.num_wires);
    }
}

template <class Real>
void Passes<Real>::advance(const Jet<Real> &psi, std::size_t from, std::size_t to) const {
    const Stop stop = Stop::here();
    for (const Pass &pass : plan_.passes) {
        const std::size_t begin = std::max(from, pass.first_task);
        const std::size_t end = std::min(to, pass.first_task + pass.num_tasks);
        if (begin >= end) {
            continue;
        }
        Slices<Real>(pass, plan_.circuit.num_wires)
            .for_each(threads_, {psi.value, psi.tangent},
                      [&](std::size_t, std::size_t base, const auto &slices) {
                          for (std::size_t i = begin; i < end; ++i) {
                              check(stop, i);
                              apply_task(pass, i, base, {slices[0], slices[1]});
                          }
                      });
    }
}

// Nothing before the first task that reads theta has a derivative.
template <class Real>
void Passes<Real>::backward(const Jet<Real> &psi, const Jet<Real> &lambda, const Limits &limits,
                            double *gradient) const {
    const Stop stop = Stop::here();
    numbers_.check_unitary(unitary_tolerance<Real>);
    const bool to_the_start = plan_.preparation_reads_theta();
    const std::size_t first =
        to_the_start ? 0 : std::max(plan_.first_with_theta, limits.first_task);
    std::vector<RunMatrices> matrices;
    std::vector<double> numbers;
    for (const Pass &pass : std::views::reverse(plan_.passes)) {
        const std::size_t end = pass.first_task + pass.num_tasks;
        if (end <= first) {
            break;
        }
        const std::size_t begin = std::max(first, pass.first_task);
        const std::size_t width = end - begin;
        std::complex<Real> *const psi_tangent = end <= limits.first_change ? nullptr : psi.tangent;
        const Slices<Real> slices(pass, plan_.circuit.num_wires);
        const std::size_t first_member = plan_.tasks[begin].first_member;
        const Task &last = plan_.tasks[end - 1];
        const std::size_t num_members = last.first_member + last.num_members - first_member;
        matrices.assign(slices.num_groups() * width, RunMatrices{});
        numbers.assign(slices.num_groups() * num_members, 0.0);
        const auto sums = [&](std::size_t group, std::size_t task) {
            return Sums{&matrices[group * width + task - begin],
                        numbers.data() + group * num_members +
                            (plan_.tasks[task].first_member - first_member)};
        };
        slices.for_each(threads_, {psi.value, psi_tangent, lambda.value, lambda.tangent},
                        [&](std::size_t group, std::size_t base, const auto &local) {
                            for (std::size_t i = end; i-- > begin;) {
                                check(stop, i);
                                undo_task(pass, i, base, {local[0], local[1]}, {local[2], local[3]},
                                          to_the_start || i > first, sums(group, i), gradient);
                            }
                        });
        for (std::size_t i = begin; i < end; ++i) {
            check_now_and_then(i);
            const Sums total = sums(0, i);
            for (std::size_t group = 1; group < slices.num_groups(); ++group) {
                const Sums part = sums(group, i);
                add_all(*part.matrices, *total.matrices);
                for (std::size_t j = 0; j < plan_.tasks[i].num_members; ++j) {
                    total.numbers[j] += part.numbers[j];
                }
            }
            add_gradient(i, total, gradient);
        }
    }
    if (to_the_start) {
        const Step &preparation = *plan_.preparation;
        add_state_gradient(*preparation.gate, tangent_ != nullptr ? lambda.tangent : lambda.value,
                           gradient + preparation.numbers, plan_.circuit.num_wires);
    }
}

template <class Real>
void Passes<Real>::apply_task(const Pass &pass, std::size_t number, std::size_t base,
                              const Jet<Real> &psi) const {
    const Task &task = plan_.tasks[number];
    if (task.is_run()) {
        const RunMatrices &run = numbers_.run(number);
        const WireMatrices matrices = in_slice(task, base, run.value);
        apply_to_tangent(task.wire, matrices, in_slice(task, base, run.tangent), run.varies, psi,
                         pass.slice_size());
        apply(task.wire, matrices, psi.value, pass.slice_size());
    } else if (task.kind == Kind::diagonal) {
        numbers_.factors(number, base, factors_of_slice());
        apply_factors(factors_of_slice(), false, {ZState<Real>{psi.value, psi.tangent}},
                      pass.slice_size());
    } else if (acts_in_slice(task, base)) {
        qgrad::advance(task.single, operands_, tangent_, psi, pass.bits.size());
    }
}

template <class Real>
void Passes<Real>::undo_task(const Pass &pass, std::size_t number, std::size_t base,
                             const Jet<Real> &psi, const Jet<Real> &lambda, bool undo,
                             const Sums &sums, double *gradient) const {
    const Task &task = plan_.tasks[number];
    if (task.is_run()) {
        undo_run(pass, number, base, psi, lambda, undo, *sums.matrices);
    } else if (task.kind == Kind::diagonal) {
        undo_diagonal(pass, number, base, psi, lambda, undo, sums.numbers);
    } else if (acts_in_slice(task, base)) {
        undo_single(pass, task.single, psi, lambda, undo, *sums.matrices, gradient);
    }
}

template <class Real>
void Passes<Real>::undo_single(const Pass &pass, const Step &step, const Jet<Real> &psi,
                               const Jet<Real> &lambda, bool undo, RunMatrices &overlaps,
                               double *gradient) const {
    const Gate &gate = *step.gate;
    const std::size_t num_wires = pass.bits.size();
    if (step.has_slot()) {
        overlaps.value[0][0] += angle_gradient(gate, lambda, psi, pass.slice_size());
    }
    if (undo || gate.numbers_in_theta) {
        undo_state(step, operands_, psi.tangent == nullptr ? nullptr : tangent_, psi, num_wires);
    }
    if (gate.numbers_in_theta) {
        add_matrix_gradient(step, lambda, psi, gradient, num_wires);
    }
    if (undo) {
        undo_costate(step, operands_, tangent_, lambda, num_wires);
    }
}

template <class Real>
void Passes<Real>::undo_run(const Pass &pass, std::size_t number, std::size_t base,
                            const Jet<Real> &psi, const Jet<Real> &lambda, bool undo,
                            RunMatrices &overlaps) const {
    const Task &task = plan_.tasks[number];
    const RunMatrices &run = numbers_.run(number);
    const std::size_t size = pass.slice_size();
    const WireMatrices inverse = adjoints(in_slice(task, base, run.value));
    RunMatrices own;
    if (task.reads_theta) {
        if (lambda.tangent != nullptr) {
            add_overlaps(task.wire, lambda.tangent, psi.value, size, own.tangent);
        }
        if (psi.tangent != nullptr) {
            add_overlaps(task.wire, lambda.value, psi.tangent, size, own.tangent);
        }
    }
    if (undo) {
        const WireMatrices tangent = adjoints(in_slice(task, base, run.tangent));
        apply_to_tangent(task.wire, inverse, tangent, run.varies, psi, size);
        apply_to_tangent(task.wire, inverse, tangent, run.varies, lambda, size);
    }
    if (task.reads_theta && undo) {
        add_overlaps_and_apply(task.wire, inverse, lambda.value, psi.value, size, own.value);
    } else if (task.reads_theta) {
        add_overlaps(task.wire, lambda.value, psi.value, size, own.value);
    } else if (undo) {
        apply(task.wire, inverse, psi.value, size);
        apply(task.wire, inverse, lambda.value, size);
    }
    if (task.outer_control != no_control && ((base >> task.outer_control) & 1U) != 0) {
        std::swap(own.value[0], own.value[1]);
        std::swap(own.tangent[0], own.tangent[1]);
    }
    add_all(own, overlaps);
}

template <class Real>
void Passes<Real>::undo_diagonal(const Pass &pass, std::size_t number, std::size_t base,
                                 const Jet<Real> &psi, const Jet<Real> &lambda, bool undo,
                                 double *sums) const {
    const std::size_t size = pass.slice_size();
    std::vector<ZFactor> &factors = factors_of_slice();
    numbers_.factors(number, base, factors);
    const ZState<Real> state{psi.value, psi.tangent};
    const ZState<Real> costate{lambda.value, lambda.tangent};
    if (plan_.tasks[number].reads_theta) {
        add_factor_overlaps(factors, costate, state, size, sums);
    }
    if (undo) {
        apply_factors(factors, true, {state, costate}, size);
    }
}

template <class Real>
void Passes<Real>::add_gradient(std::size_t number, const Sums &sums, double *gradient) const {
    const Task &task = plan_.tasks[number];
    if (task.is_run()) {
        if (task.reads_theta) {
            numbers_.add_gradient(number, *sums.matrices, tangent_, gradient);
        }
    } else if (task.kind == Kind::diagonal) {
        numbers_.add_gradient(number, sums.numbers, gradient);
    } else if (task.single.has_slot()) {
        gradient[task.single.slot] += sums.matrices->value[0][0].real();
    }
}

template class Passes<float>;
template class Passes<double>;

} // namespace qgrad
