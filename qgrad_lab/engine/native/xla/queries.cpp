// Plain functions of the library, for qgrad_lab.engine.plans and interrupts, and for the loader.
#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "batch/batch.hpp"
#include "batch/strategy.hpp"
#include "host/interrupt.hpp"
#include "host/workspace.hpp"
#include "plan/plan_text.hpp"

namespace {

qgrad::Program read_program(const std::int64_t *words, std::size_t num_words,
                            std::size_t num_index) {
    qgrad::Program program = qgrad::decode(words, num_words);
    if (program.num_index != num_index) {
        throw std::invalid_argument("wrong number of integers");
    }
    return program;
}

} // namespace

// The text of the plan of a Program, or the message of what is wrong with it: as much as there is
// room for, and how long it is. `costs` gets sweeps, bytes and operations of a value and of a
// gradient; nothing where there is no plan.
extern "C" __attribute__((visibility("default"))) std::size_t
qgrad_lab_plan(const std::int64_t *words, std::size_t num_words, const std::int64_t *index,
               std::size_t num_index, char *text, std::size_t room, double *costs) {
    std::string found;
    std::fill(costs, costs + 6, 0.0);
    try {
        const qgrad::Program program = read_program(words, num_words, num_index);
        const qgrad::Plan plan = qgrad::make_plan(qgrad::reduced_circuit(program, index));
        found = qgrad::describe(plan);
        for (const qgrad::Cost &cost : {qgrad::value_cost(plan), qgrad::gradient_cost(plan)}) {
            *costs++ = cost.sweeps;
            *costs++ = cost.bytes;
            *costs++ = cost.operations;
        }
    } catch (const std::exception &error) {
        found = error.what();
    }
    std::copy_n(found.data(), std::min(room, found.size()), text);
    return found.size();
}

// The name of the strategy that serves a batch, or null where there is no such Program. `rows` are
// those of theta, index, data, tangent and cotangent: 1 where all elements share them, 0 where
// there is no tangent or no cotangent. `index` is that of the first element.
extern "C" __attribute__((visibility("default"))) const char *
qgrad_lab_strategy(const std::int64_t *words, std::size_t num_words, const std::int64_t *index,
                   std::size_t num_index, const std::uint64_t *rows, bool keep) {
    try {
        const qgrad::Program program = read_program(words, num_words, num_index);
        qgrad::Batch batch;
        batch.size = *std::max_element(rows, rows + 5);
        batch.theta.rows = rows[0];
        batch.index.rows = rows[1];
        batch.data.rows = rows[2];
        batch.tangent.rows = rows[3];
        batch.cotangent.rows = rows[4];
        batch.with_tangent = batch.tangent.rows != 0;
        batch.transposed = batch.cotangent.rows != 0;
        batch.keep = keep;
        return qgrad::name_of(qgrad::choose_strategy(
            batch, qgrad::make_plan(qgrad::reduced_circuit(program, index))));
    } catch (const std::exception &) {
        return nullptr;
    }
}

// The two numbers of qgrad::Counts.
extern "C" __attribute__((visibility("default"))) void qgrad_lab_counts(std::uint64_t *numbers) {
    const qgrad::Counts counts = qgrad::counts();
    numbers[0] = counts.forward;
    numbers[1] = counts.backward;
}

// The most bytes that states took at once since this was called last.
extern "C" __attribute__((visibility("default"))) std::uint64_t qgrad_lab_take_peak_bytes() {
    return qgrad::StateBytes::take_peak();
}

// Interrupts so far, for qgrad_lab.engine.interrupts.
extern "C" __attribute__((visibility("default"))) std::uint64_t qgrad_lab_interrupts() {
    return qgrad::num_interrupts.load();
}

extern "C" __attribute__((visibility("default"))) void qgrad_lab_forget_runs() {
    qgrad::forget_all_runs();
}

// What this library was built against. The loader reads it from the file, before it loads anything.
extern "C" __attribute__((visibility("default"))) const char qgrad_lab_built_for[];
const char qgrad_lab_built_for[] =
    "qgrad_lab built for pennylane-lightning " QGRAD_LIGHTNING_VERSION
    " and jaxlib " QGRAD_JAXLIB_VERSION;
