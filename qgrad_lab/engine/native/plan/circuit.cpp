#include "plan/circuit.hpp"

#include <algorithm>
#include <numeric>

#include "host/interrupt.hpp"
#include "ir/gate_table.hpp"
#include "plan/light_cone.hpp"

namespace qgrad {
namespace {

bool undoes(const Step &a, const Step &b) {
    const Gate &g = *a.gate;
    const Gate &h = *b.gate;
    if (g.kind != h.kind || g.targets != h.targets || g.controls != h.controls ||
        g.control_values != h.control_values || g.dimension != h.dimension || g.word != h.word ||
        g.kind->prepares || g.kind->extra == Extra::matrix || a.slot != b.slot) {
        return false;
    }
    if (g.kind->inverts_itself) {
        return true;
    }
    if (g.angle.kind == Operand::Kind::literal) {
        return g.angle.literal == (g.adjoint == h.adjoint ? -h.angle.literal : h.angle.literal);
    }
    return g.adjoint != h.adjoint;
}

// Removes a gate and an earlier one that it undoes, where no other gate stands between them on any
// of their wires.
void cancel_pairs(std::vector<Step> &steps, std::size_t num_wires) {
    std::vector<std::vector<std::size_t>> on_wire(num_wires);
    std::vector<bool> gone(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
        check_now_and_then(i);
        const Gate &gate = *steps[i].gate;
        std::vector<std::size_t> wires = gate.controls;
        wires.insert(wires.end(), gate.targets.begin(), gate.targets.end());
        if (gate.kind->kernel == Kernel::nothing || wires.empty()) {
            continue;
        }
        const auto last = [&](std::size_t wire) {
            return on_wire[wire].empty() ? i : on_wire[wire].back();
        };
        const std::size_t before = last(wires.front());
        if (before != i && undoes(steps[before], steps[i]) &&
            std::ranges::all_of(wires, [&](std::size_t wire) { return last(wire) == before; })) {
            gone[before] = true;
            gone[i] = true;
            for (const std::size_t wire : wires) {
                on_wire[wire].pop_back();
            }
        } else {
            for (const std::size_t wire : wires) {
                on_wire[wire].push_back(i);
            }
        }
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (!gone[i]) {
            steps[kept++] = steps[i];
        }
    }
    steps.resize(kept);
}

} // namespace

Circuit whole_circuit(const Program &program, const std::int64_t *index) {
    Circuit circuit;
    circuit.single = program.single;
    circuit.num_wires = program.num_wires;
    circuit.num_theta = program.num_theta;
    circuit.num_outputs = program.num_outputs;
    circuit.schedule = make_schedule(program, index);
    circuit.measurements = program.measurements;
    circuit.needs_observable_scratch = program.needs_observable_scratch;
    circuit.wires.resize(program.num_wires);
    std::iota(circuit.wires.begin(), circuit.wires.end(), std::size_t{0});
    circuit.num_gates_before = circuit.schedule.steps.size();
    circuit.num_wires_before = program.num_wires;
    return circuit;
}

Circuit reduced_circuit(const Program &program, const std::int64_t *index) {
    Circuit circuit = whole_circuit(program, index);
    cancel_pairs(circuit.schedule.steps, circuit.num_wires);
    keep_light_cone(circuit);
    return circuit;
}

} // namespace qgrad
