#include "batch/sharing.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "batch/family.hpp"
#include "host/workspace.hpp"
#include "sweep/passes.hpp"

namespace qgrad {
namespace {

// The states of one thread, by their purpose.
enum Purpose : std::size_t {
    beginning,
    psi,
    psi_tangent,
    lambda,
    lambda_tangent,
    scratch,
    scratch_tangent,
};

template <class Real> class OwnStates {
  public:
    explicit OwnStates(const Circuit &circuit)
        : circuit_(circuit), workspace_(Workspace::of_this_thread()), use_(workspace_) {}

    std::complex<Real> *operator()(Purpose purpose) {
        return workspace_.state<Real>(purpose, room<Real>(circuit_.dimension()));
    }

    Jet<Real> scratch_jet(bool with_tangent) {
        Jet<Real> jet;
        if (circuit_.needs_observable_scratch) {
            jet.value = (*this)(scratch);
            jet.tangent = with_tangent ? (*this)(scratch_tangent) : nullptr;
        }
        return jet;
    }

  private:
    const Circuit &circuit_;
    Workspace &workspace_;
    Workspace::Use use_;
};

// Calls body(first, last) for groups of neighbouring rows, which can share a beginning. How many
// groups there are does not change a bit of the results.
template <class Body>
void for_each_group(std::size_t count, const Threads &threads, const Body &body) {
    const bool alone = threads.pool == nullptr || threads.max_workers == 1;
    const std::size_t groups = alone ? 1 : std::min(count, 4 * threads.max_workers);
    threads.for_each(groups, [&](std::size_t group) {
        body(count * group / groups, count * (group + 1) / groups);
    });
}

// The symmetry of a Hessian: most rows need not be computed as a whole, because an element on one
// side of the diagonal is that of the row on the other side.
class Symmetry {
  public:
    Symmetry(const Plan &plan, const Family &family) : plan_(plan), family_(family) {
        rows_.resize(plan.circuit.num_theta, none);
        for (std::size_t i = 0; i < family.size(); ++i) {
            const std::vector<std::size_t> &slots = family.differences(i);
            if (slots.size() > 1) {
                return;
            }
            if (!slots.empty()) { // the row of a zero tangent is zero
                rows_[slots.front()] = i;
            }
        }
        for (std::size_t slot = 0; slot < rows_.size(); ++slot) {
            if (rows_[slot] == none && !plan.tasks_of(slot).empty()) {
                return;
            }
        }
        holds_ = true;
    }

    // The first task whose gradient row i has to compute.
    std::size_t first_task(std::size_t i) const { return holds_ ? family_.begin(i) : 0; }

    // Fills in what rows leave out.
    void complete(double *out) const {
        if (!holds_) {
            return;
        }
        const std::size_t width = rows_.size();
        for (std::size_t i = 0; i < family_.size(); ++i) {
            if (family_.differences(i).empty()) {
                continue;
            }
            const std::size_t own = family_.differences(i).front();
            for (std::size_t slot = 0; slot < width; ++slot) {
                if (plan_.first_task_of(slot) < family_.begin(i)) {
                    const std::size_t j = rows_[slot];
                    out[i * width + slot] =
                        out[j * width + own] * (family_.row(i)[own] / family_.row(j)[slot]);
                }
            }
        }
    }

  private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    const Plan &plan_;
    const Family &family_;
    std::vector<std::size_t> rows_; // of each slot: the row along its unit vector
    bool holds_ = false;
};

// What one evaluation reads: operands and, for a derivative, a tangent.
struct Inputs {
    Operands operands;
    const double *tangent = nullptr;
};

// Calls visit(i, inputs, passes, jet, states) for every row, with its final state and, where there
// are tangents, that of the state. Rows begin with what the common inputs give, where the tangent
// of the state is zero.
template <class Real, class InputsOf, class Visit>
void for_each_row(const Plan &plan, const Family &family, const Inputs &common,
                  const InputsOf &inputs_of, const Workers &workers, const Visit &visit) {
    const std::size_t size = plan.circuit.dimension();
    const std::vector<std::size_t> order = family.order();
    const Numbers common_numbers(plan, common.operands, common.tangent);
    for_each_group(family.size(), workers.outer, [&](std::size_t first, std::size_t last) {
        OwnStates<Real> states(plan.circuit);
        const Jet<Real> begun{states(beginning), nullptr};
        const Jet<Real> jet{states(psi), common.tangent == nullptr ? nullptr : states(psi_tangent)};
        Numbers numbers = common_numbers;
        const Passes<Real> beginnings(plan, common.operands, nullptr, workers.inner,
                                      common_numbers);
        beginnings.prepare(begun);
        std::size_t done = 0;
        for (std::size_t k = first; k < last; ++k) {
            const std::size_t i = order[k];
            const Inputs own = inputs_of(i);
            const auto update = [&](const Inputs &inputs) {
                family.for_each_difference(i, [&](std::size_t task) {
                    numbers.update(task, inputs.operands, inputs.tangent);
                });
            };
            beginnings.advance(begun, done, family.begin(i));
            done = family.begin(i);
            copy(begun.value, jet.value, size, workers.inner);
            if (jet.tangent != nullptr) {
                clear(jet.tangent, size, workers.inner);
            }
            update(own);
            const Passes<Real> passes(plan, own.operands, own.tangent, workers.inner, numbers);
            passes.advance(jet, done, plan.tasks.size());
            visit(i, own, passes, jet, states);
            update(common);
        }
    });
}

// The values, or their derivatives, of every row.
template <class Real, class InputsOf>
void measure_rows(const Plan &plan, const Family &family, const Inputs &common,
                  const InputsOf &inputs_of, const Workers &workers, double *out) {
    for_each_row<Real>(plan, family, common, inputs_of, workers,
                       [&](std::size_t i, const Inputs &own, const Passes<Real> &,
                           const Jet<Real> &jet, OwnStates<Real> &states) {
                           measure(plan.circuit, {own.operands.theta, own.tangent}, jet,
                                   states.scratch_jet(own.tangent != nullptr), workers.inner,
                                   out + i * plan.circuit.num_outputs);
                       });
}

} // namespace

template <class Real>
void evaluate_shifts(const Plan &plan, const double *theta, std::size_t count, const Complex *data,
                     const Workers &workers, double *out) {
    const Family family = Family::of_shifts(plan, theta, count);
    const auto inputs_of = [&](std::size_t i) { return Inputs{{family.row(i), data}, nullptr}; };
    measure_rows<Real>(plan, family, {{family.common(), data}, nullptr}, inputs_of, workers, out);
}

template <class Real>
void evaluate_tangents(const Plan &plan, const Operands &operands, const double *tangents,
                       std::size_t count, const Workers &workers, double *out) {
    const Family family = Family::of_tangents(plan, tangents, count);
    const auto inputs_of = [&](std::size_t i) { return Inputs{operands, family.row(i)}; };
    measure_rows<Real>(plan, family, {operands, family.common()}, inputs_of, workers, out);
}

template <class Real>
void evaluate_cotangents(const Plan &plan, const Operands &operands, const double *cotangents,
                         std::size_t count, const std::complex<Real> *final_state,
                         const Workers &workers, double *out) {
    const Circuit &circuit = plan.circuit;
    const Numbers numbers(plan, operands, nullptr);
    const Passes<Real> passes(plan, operands, nullptr, workers.inner, numbers);
    std::optional<OwnStates<Real>> caller;
    if (final_state == nullptr) {
        caller.emplace(circuit);
        std::complex<Real> *const state = (*caller)(beginning);
        passes.forward({state, nullptr});
        final_state = state;
    }
    workers.outer.for_each(count, [&](std::size_t i) {
        OwnStates<Real> states(circuit);
        const Jet<Real> jet{states(psi), nullptr};
        const Jet<Real> costate{states(lambda), nullptr};
        copy(final_state, jet.value, circuit.dimension(), workers.inner);
        clear_padding(costate, circuit.dimension());
        double *const gradient = out + i * circuit.num_theta;
        std::fill(gradient, gradient + circuit.num_theta, 0.0);
        seed(circuit, {operands.theta, nullptr}, cotangents + i * circuit.num_outputs, jet,
             states.scratch_jet(false), costate, workers.inner, gradient);
        passes.backward(jet, costate, gradient);
    });
}

template <class Real>
void evaluate_hessian(const Plan &plan, const Operands &operands, const double *tangents,
                      std::size_t count, const double *cotangent, const Workers &workers,
                      double *out) {
    const Circuit &circuit = plan.circuit;
    const Family family = Family::of_tangents(plan, tangents, count);
    const Symmetry symmetry(plan, family);
    const auto inputs_of = [&](std::size_t i) { return Inputs{operands, family.row(i)}; };
    for_each_row<Real>(plan, family, {operands, family.common()}, inputs_of, workers,
                       [&](std::size_t i, const Inputs &own, const Passes<Real> &passes,
                           const Jet<Real> &jet, OwnStates<Real> &states) {
                           const Jet<Real> costate{states(lambda), states(lambda_tangent)};
                           clear_padding(costate, circuit.dimension());
                           double *const gradient = out + i * circuit.num_theta;
                           std::fill(gradient, gradient + circuit.num_theta, 0.0);
                           seed(circuit, {operands.theta, own.tangent}, cotangent, jet,
                                states.scratch_jet(true), costate, workers.inner, gradient);
                           passes.backward(jet, costate, {symmetry.first_task(i), family.begin(i)},
                                           gradient);
                       });
    symmetry.complete(out);
}

template void evaluate_shifts<float>(const Plan &, const double *, std::size_t, const Complex *,
                                     const Workers &, double *);
template void evaluate_tangents<float>(const Plan &, const Operands &, const double *, std::size_t,
                                       const Workers &, double *);
template void evaluate_cotangents(const Plan &, const Operands &, const double *, std::size_t,
                                  const std::complex<float> *, const Workers &, double *);
template void evaluate_hessian<float>(const Plan &, const Operands &, const double *, std::size_t,
                                      const double *, const Workers &, double *);
template void evaluate_shifts<double>(const Plan &, const double *, std::size_t, const Complex *,
                                      const Workers &, double *);
template void evaluate_tangents<double>(const Plan &, const Operands &, const double *, std::size_t,
                                        const Workers &, double *);
template void evaluate_cotangents(const Plan &, const Operands &, const double *, std::size_t,
                                  const std::complex<double> *, const Workers &, double *);
template void evaluate_hessian<double>(const Plan &, const Operands &, const double *, std::size_t,
                                       const double *, const Workers &, double *);

} // namespace qgrad
