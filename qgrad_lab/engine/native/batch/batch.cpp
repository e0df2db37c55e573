#include "batch/batch.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <span>
#include <sstream>
#include <stdexcept>

#include "batch/kept_states.hpp"
#include "batch/sharing.hpp"
#include "batch/strategy.hpp"
#include "host/memory.hpp"
#include "sweep/evaluate.hpp"
#include "sweep/passes.hpp"

namespace qgrad {
namespace {

std::atomic<std::uint64_t> num_forward{0};
std::atomic<std::uint64_t> num_backward{0};

// How many evaluations may run at once. Refuses what does not fit before anything is allocated: a
// system that overcommits would hand out the memory and kill the process that touches it.
std::size_t workers_that_fit(const Circuit &circuit, std::size_t states) {
    const std::size_t bytes = states * circuit.dimension() * circuit.bytes_of_amplitude();
    constexpr std::size_t small = std::size_t{1} << 26;
    if (bytes < small) {
        return std::size_t{1} << 10;
    }
    const std::size_t available = available_memory();
    if (bytes > available) {
        constexpr double gib = 1024.0 * 1024.0 * 1024.0;
        std::ostringstream message;
        message.precision(3);
        message << "a circuit on " << circuit.num_wires << " wires needs "
                << static_cast<double>(bytes) / gib << " GiB for " << states
                << " state vectors here, and " << static_cast<double>(available) / gib
                << " GiB are available; use fewer wires or a machine with more memory";
        throw std::length_error(message.str());
    }
    return available / bytes;
}

template <class T> std::span<const std::byte> bytes(const Rows<T> &rows) {
    return std::as_bytes(std::span(rows.data, rows.rows * rows.width));
}

// One call: a batch, the plan of its first element, and the threads for it.
template <class Real> class Evaluation {
  public:
    Evaluation(const Batch &batch, ThreadPool &pool)
        : batch_(batch), pool_(pool), plan_(plan_for(batch.planned, batch.index[0])),
          operands_{batch.theta[0], batch.data[0]} {}

    void run() {
        if (batch_.with_tangent) {
            take_states(key()); // forward mode: what a value has left will not be asked for
        }
        choose_workers();
        switch (choose_strategy(batch_, *plan_)) {
        case Strategy::each:
            run_each();
            break;
        case Strategy::shifts:
            run_shifts();
            break;
        case Strategy::tangents:
            run_tangents();
            break;
        case Strategy::cotangents:
            run_cotangents();
            break;
        case Strategy::hessian:
            run_hessian();
            break;
        }
    }

  private:
    // Many evaluations at once, or one after the other with all threads on each.
    void choose_workers() {
        const Circuit &circuit = plan_->circuit;
        const std::size_t jets =
            1U + (circuit.needs_observable_scratch ? 1U : 0U) + (batch_.transposed ? 1U : 0U);
        num_states_ = jets * (batch_.with_tangent ? 2U : 1U) + (batch_.size > 1 ? 1U : 0U);
        const std::size_t fit = workers_that_fit(circuit, num_states_);
        const std::size_t threads = pool_.num_threads();
        const bool many = std::min(batch_.size, fit) >= threads ||
                          circuit.num_wires <= slice_bits(circuit.single);
        workers_.outer = many ? Threads{&pool_, std::min(fit, threads)} : Threads{};
        workers_.inner = many ? Threads{} : Threads{&pool_, threads};
    }

    void run_shifts() {
        num_forward += batch_.size;
        evaluate_shifts<Real>(*plan_, batch_.theta.data, batch_.size, operands_.data, workers_,
                              batch_.out);
    }

    void run_tangents() {
        num_forward += batch_.size;
        evaluate_tangents<Real>(*plan_, operands_, batch_.tangent.data, batch_.size, workers_,
                                batch_.out);
    }

    void run_cotangents() {
        const StateMemory kept = take_states(key());
        num_forward += kept == nullptr ? 1 : 0;
        num_backward += batch_.size;
        evaluate_cotangents(*plan_, operands_, batch_.cotangent.data, batch_.size,
                            amplitudes<Real>(kept), workers_, batch_.out);
    }

    void run_hessian() {
        num_forward += batch_.size;
        num_backward += batch_.size;
        evaluate_hessian<Real>(*plan_, operands_, batch_.tangent.data, batch_.size,
                               batch_.cotangent[0], workers_, batch_.out);
    }

    void run_each() {
        const std::size_t dimension = room<Real>(plan_->circuit.dimension());
        const std::size_t num_bytes = batch_.size * dimension * sizeof(std::complex<Real>);
        const bool same_size = batch_.planned->plan != nullptr || batch_.size == 1;
        const bool keep = batch_.keep && same_size && may_keep(num_bytes);
        StateMemory states;
        if (keep) {
            states = allocate_counted(num_bytes);
        } else if (batch_.transposed && !batch_.with_tangent && same_size) {
            states = take_states(key());
        }
        num_forward += batch_.transposed && states != nullptr ? 0 : batch_.size;
        num_backward += batch_.transposed ? batch_.size : 0;
        workers_.outer.for_each(batch_.size, [&](std::size_t i) {
            const auto plan = plan_for(batch_.planned, batch_.index[i]);
            // Other integers may need more wires than the first ones did, with room for only one
            // such evaluation at a time.
            std::unique_lock lock(alone_, std::defer_lock);
            if (plan->circuit.num_wires > plan_->circuit.num_wires &&
                workers_that_fit(plan->circuit, num_states_) < workers_.outer.max_workers) {
                lock.lock();
            }
            run_one(*plan, i,
                    states == nullptr ? nullptr : amplitudes<Real>(states) + i * dimension);
        });
        if (keep) {
            keep_states(key(), std::move(states), num_bytes);
        }
    }

    void run_one(const Plan &plan, std::size_t i, std::complex<Real> *state) {
        // A distinct pointer for "there is a tangent" even where theta is empty.
        static const double nothing = 0.0;
        const Operands operands{batch_.theta[i], batch_.data[i]};
        const double *direction = batch_.with_tangent ? batch_.tangent[i] : nullptr;
        if (batch_.with_tangent && direction == nullptr) {
            direction = &nothing;
        }
        if (batch_.transposed) {
            evaluate_transposed(plan, operands, direction, batch_.cotangent[i], workers_.inner,
                                state, batch_.out + i * plan.circuit.num_theta);
        } else {
            evaluate(plan, operands, direction, workers_.inner, state,
                     batch_.out + i * plan.circuit.num_outputs);
        }
    }

    StateKey key() const {
        return {batch_.planned, {bytes(batch_.theta), bytes(batch_.index), bytes(batch_.data)}};
    }

    const Batch &batch_;
    ThreadPool &pool_;
    std::shared_ptr<const Plan> plan_; // of the first element
    Operands operands_;                // of the first element
    Workers workers_;
    std::size_t num_states_ = 0; // of one evaluation
    std::mutex alone_;
};

} // namespace

void evaluate(const Batch &batch, ThreadPool &pool) {
    if (batch.size == 0) {
        return;
    }
    if (batch.program().single) {
        Evaluation<float>(batch, pool).run();
    } else {
        Evaluation<double>(batch, pool).run();
    }
}

Counts counts() { return {num_forward, num_backward}; }

} // namespace qgrad
