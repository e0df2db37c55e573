#include "plan/plan_text.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "ir/gate_table.hpp"

namespace qgrad {
namespace {

double bytes_of_amplitude(const Plan &plan) {
    return static_cast<double>(plan.circuit.bytes_of_amplitude());
}

// Floating-point operations for one amplitude. A matrix on one wire: two complex products and a
// sum. Overlaps: two complex products, each added up.
constexpr double matrix_operations = 14.0;
constexpr double overlap_operations = 16.0;
// Factors of a diagonal task are multiplied out in groups, once for a row of amplitudes.
constexpr double factor_operations = 2.0;

double size_of(const Plan &plan) { return static_cast<double>(plan.circuit.dimension()); }

// The fraction of the state that a task works on.
double share(const Task &task) {
    const std::size_t inside =
        task.kind == Kind::single ? task.single.gate->controls.size() : std::size_t{0};
    const std::size_t controls = inside + static_cast<std::size_t>(std::popcount(task.outer_mask));
    return std::ldexp(1.0, -static_cast<int>(controls));
}

double operations_of(const Task &task) {
    if (task.is_run()) {
        return matrix_operations;
    }
    if (task.kind == Kind::diagonal) {
        return 6.0 + factor_operations * static_cast<double>(task.num_members);
    }
    const Gate &gate = *task.single.gate;
    if (gate.kind->is_diagonal) {
        return 6.0 * share(task);
    }
    const bool dense = gate.kind->extra == Extra::matrix;
    const double terms = dense ? std::ldexp(1.0, static_cast<int>(gate.targets.size())) : 2.0;
    return (8.0 * terms - 2.0) * share(task);
}

class Text {
  public:
    explicit Text(const Plan &plan) : plan_(plan), circuit_(plan.circuit) {}

    std::string str() {
        text_ << "plan on " << circuit_.num_wires << (circuit_.num_wires == 1 ? " wire" : " wires");
        if (circuit_.num_wires < circuit_.num_wires_before) {
            text_ << " (" << list(circuit_.wires) << ")";
        }
        text_ << (circuit_.single ? " in complex64" : "") << ", " << circuit_.schedule.steps.size()
              << " of " << circuit_.num_gates_before << " gates {\n";
        if (plan_.preparation != nullptr) {
            text_ << "  prepare " << gate_text(*plan_.preparation) << '\n';
        }
        for (const Pass &pass : plan_.passes) {
            add(pass);
        }
        add_cost("value", value_cost(plan_));
        add_cost("gradient", gradient_cost(plan_));
        text_ << "}\n";
        return text_.str();
    }

  private:
    static std::string list(const std::vector<std::size_t> &numbers) {
        std::ostringstream text;
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            text << (i == 0 ? "" : " ") << numbers[i];
        }
        return text.str();
    }

    std::size_t wire_of(unsigned bit) const { return circuit_.wires[circuit_.num_wires - 1 - bit]; }

    void add(const Pass &pass) {
        std::vector<std::size_t> wires;
        wires.reserve(pass.bits.size());
        for (const unsigned bit : pass.bits) {
            wires.push_back(wire_of(bit));
        }
        std::ranges::sort(wires);
        const std::size_t slices = circuit_.dimension() / pass.slice_size();
        text_ << "  pass over " << slices << (slices == 1 ? " slice" : " slices") << " of "
              << pass.slice_size() << " amplitudes, wires " << list(wires)
              << (pass.contiguous ? "" : ", copied") << " {\n";
        for (std::size_t i = 0; i < pass.num_tasks; ++i) {
            const Task &task = plan_.tasks[pass.first_task + i];
            text_ << "    " << text_of(pass, task) << '\n';
        }
        text_ << "  }\n";
    }

    std::string text_of(const Pass &pass, const Task &task) const {
        switch (task.kind) {
        case Kind::run:
            return run_text(pass, task);
        case Kind::diagonal:
            return diagonal_text(task);
        default:
            return single_text(pass, task);
        }
    }

    std::string diagonal_text(const Task &task) const {
        std::ostringstream text;
        text << "diagonal:";
        for (std::size_t j = 0; j < task.num_members; ++j) {
            const Step &step = *plan_.members[task.first_member + j].step;
            std::vector<std::size_t> wires;
            wires.reserve(step.gate->targets.size());
            for (const std::size_t target : step.gate->targets) {
                wires.push_back(circuit_.wires[target]);
            }
            text << (j == 0 ? " " : ", ") << name_of(step) << ' ' << list(wires);
        }
        return text.str();
    }

    std::string run_text(const Pass &pass, const Task &task) const {
        std::ostringstream text;
        text << "wire " << wire_of(pass.bits[task.wire.target]);
        int control = task.outer_control;
        if (task.wire.control != no_control) {
            control = static_cast<int>(pass.bits[static_cast<std::size_t>(task.wire.control)]);
        }
        if (control != no_control) {
            text << ", control " << wire_of(static_cast<unsigned>(control));
        }
        text << ':';
        for (std::size_t j = 0; j < task.num_members; ++j) {
            const Member &member = plan_.members[task.first_member + j];
            const std::string name = name_of(*member.step);
            if (task.num_values() == 1 || member.values == 3U) {
                text << ' ' << name;
            } else {
                text << " [" << (member.values == 2U ? 1 : 0) << ": " << name << ']';
            }
        }
        return text.str();
    }

    std::string single_text(const Pass &pass, const Task &task) const {
        const Gate &gate = *task.single.gate;
        const std::size_t width = pass.bits.size();
        const auto wire = [&](std::size_t local) { return wire_of(pass.bits[width - 1 - local]); };
        std::ostringstream text;
        text << name_of(task.single);
        for (const std::size_t target : gate.targets) {
            text << ' ' << wire(target);
        }
        const char *separator = ", control ";
        for (std::size_t i = 0; i < gate.controls.size(); ++i) {
            text << separator << wire(gate.controls[i]) << '=' << gate.control_values[i];
            separator = " ";
        }
        for (unsigned bit = 0; bit < circuit_.num_wires; ++bit) {
            if (((task.outer_mask >> bit) & 1U) != 0) {
                text << separator << wire_of(bit) << '=' << ((task.outer_bits >> bit) & 1U);
                separator = " ";
            }
        }
        return text.str();
    }

    std::string gate_text(const Step &step) const {
        std::ostringstream text;
        text << name_of(step);
        for (const std::size_t target : step.gate->targets) {
            text << ' ' << circuit_.wires[target];
        }
        return text.str();
    }

    static std::string name_of(const Step &step) {
        std::ostringstream text;
        const Gate &gate = *step.gate;
        text << (gate.adjoint ? "adjoint " : "") << gate.kind->name;
        if (step.has_slot()) {
            text << "(theta[" << step.slot << "])";
        } else if (gate.angle.kind == qgrad::Operand::Kind::literal) {
            text << '(' << std::setprecision(6) << gate.angle.literal << ')';
        } else if (!gate.word.empty()) {
            text << '(' << gate.word << ')';
        }
        return text.str();
    }

    void add_cost(const char *name, const Cost &cost) {
        text_ << "  estimated " << name << ": " << cost.sweeps << " sweeps, "
              << std::setprecision(3) << cost.bytes / 1e6 << " MB, " << cost.operations / 1e6
              << " million operations\n";
    }

    const Plan &plan_;
    const Circuit &circuit_;
    std::ostringstream text_;
};

} // namespace

// Preparation writes the state, measurement reads it, and a pass does both.
Cost value_cost(const Plan &plan) {
    Cost cost;
    cost.sweeps = static_cast<double>(plan.passes.size()) + 1.0;
    for (const Task &task : plan.tasks) {
        cost.operations += operations_of(task) * size_of(plan);
    }
    cost.bytes = cost.sweeps * 2.0 * bytes_of_amplitude(plan) * size_of(plan);
    return cost;
}

// In addition to the value: the co-state is made, and a backward pass works on two states.
Cost gradient_cost(const Plan &plan) {
    Cost cost = value_cost(plan);
    double sweeps = 1.0;
    for (const Pass &pass : plan.passes) {
        if (pass.first_task + pass.num_tasks > plan.first_with_theta) {
            sweeps += 2.0;
        }
    }
    for (std::size_t i = plan.first_with_theta; i < plan.tasks.size(); ++i) {
        const Task &task = plan.tasks[i];
        const double overlaps = task.reads_theta ? overlap_operations : 0.0;
        cost.operations += (2.0 * operations_of(task) + overlaps * share(task)) * size_of(plan);
    }
    cost.sweeps += sweeps;
    cost.bytes += sweeps * 2.0 * bytes_of_amplitude(plan) * size_of(plan);
    return cost;
}

std::string describe(const Plan &plan) { return Text(plan).str(); }

} // namespace qgrad
