#include "plan/plan.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include "host/interrupt.hpp"
#include "host/memory.hpp"
#include "ir/gate_table.hpp"
#include "kernels/lightning.hpp"

namespace qgrad {
namespace {

// The lowest bits are in every slice: at least 256 bytes are read and written together.
constexpr std::size_t shared_bits(bool single) { return single ? 5 : 4; }

struct Support {
    std::uint64_t targets = 0;
    std::uint64_t controls = 0;
    bool whole = false; // needs the whole state at once
};

Support support_of(const Operation &operation, std::size_t num_wires) {
    Support support;
    if (operation.kind == Kind::diagonal) {
        // Bits outside of a slice give its sign, so that no bit has to be inside.
        for (const Member &member : operation.members) {
            support.controls |= member.z_bits;
        }
        return support;
    }
    if (operation.kind == Kind::run) {
        support.targets = std::uint64_t{1} << operation.wire.target;
        if (operation.wire.control != no_control) {
            support.controls = std::uint64_t{1} << operation.wire.control;
        }
        return support;
    }
    const Gate &gate = *operation.single->gate;
    support.targets = bits_of(gate.targets, num_wires);
    support.controls = bits_of(gate.controls, num_wires);
    // The whole state contributes to the gradient in a matrix, which is one array.
    support.whole = gate.numbers_in_theta;
    return support;
}

class Planner {
  public:
    Planner(Circuit circuit, std::size_t max_bits)
        : num_wires_(circuit.num_wires), shared_bits_(shared_bits(circuit.single)),
          max_bits_(std::max(std::min(max_bits, num_wires_), least_bits())) {
        plan_.circuit = std::move(circuit);
        const std::vector<Step> &steps = plan_.circuit.schedule.steps;
        if (!steps.empty() && steps.front().gate->kind->prepares) {
            plan_.preparation = &steps.front();
        }
        operations_ = join_runs(plan_.circuit.schedule, num_wires_);
        for (const Operation &operation : operations_) {
            check_now_and_then(supports_.size());
            supports_.push_back(support_of(operation, num_wires_));
        }
    }

    Plan build() {
        taken_.resize(operations_.size());
        std::size_t first = 0;
        while (first < operations_.size()) {
            add_pass(first);
            while (first < operations_.size() && taken_[first]) {
                ++first;
            }
        }
        plan_.first_with_theta = plan_.tasks.size();
        for (std::size_t i = plan_.tasks.size(); i-- > 0;) {
            if (plan_.tasks[i].reads_theta) {
                plan_.first_with_theta = i;
            }
        }
        add_uses();
        return std::move(plan_);
    }

  private:
    std::size_t least_bits() const { return std::min(num_wires_, shared_bits_); }

    std::uint64_t all_bits() const { return (std::uint64_t{1} << num_wires_) - 1; }

    // Adds a pass of as many operations as fit, in an order that gives the same result: an
    // operation that is left for later holds back all behind it that do not commute with it.
    void add_pass(std::size_t first) {
        std::vector<std::size_t> chosen;
        std::uint64_t bits = (std::uint64_t{1} << least_bits()) - 1;
        std::uint64_t left_targets = 0;
        std::uint64_t left_controls = 0;
        for (std::size_t i = first; i < operations_.size() && left_targets != all_bits(); ++i) {
            check_now_and_then(i);
            if (taken_[i]) {
                continue;
            }
            const Support &support = supports_[i];
            const bool commutes = ((support.targets & (left_targets | left_controls)) |
                                   (support.controls & left_targets)) == 0;
            if (commutes && fits(support, bits, chosen.empty())) {
                const bool whole = needs_all(support);
                bits = whole ? all_bits() : bits | support.targets;
                taken_[i] = true;
                chosen.push_back(i);
                if (whole && num_wires_ > max_bits_) {
                    break; // a pass of its own
                }
            } else {
                left_targets |= support.targets;
                left_controls |= support.controls;
            }
        }
        emit(chosen, bits);
    }

    bool needs_all(const Support &support) const {
        const std::uint64_t least = (std::uint64_t{1} << least_bits()) - 1;
        return support.whole || std::cmp_greater(std::popcount(support.targets | least), max_bits_);
    }

    bool fits(const Support &support, std::uint64_t bits, bool nothing_yet) const {
        if (num_wires_ <= max_bits_) {
            return true;
        }
        if (needs_all(support)) {
            return nothing_yet;
        }
        return std::cmp_less_equal(std::popcount(bits | support.targets), max_bits_);
    }

    void emit(const std::vector<std::size_t> &chosen, std::uint64_t bits) {
        // Slices are as large as they may be: there are fewer of them, and all have one size.
        for (unsigned bit = 0; std::cmp_less(std::popcount(bits), max_bits_); ++bit) {
            bits |= std::uint64_t{1} << bit;
        }
        Pass pass;
        for (unsigned bit = 0; bit < num_wires_; ++bit) {
            if (((bits >> bit) & 1U) != 0) {
                pass.contiguous = pass.contiguous && bit == pass.bits.size();
                pass.bits.push_back(bit);
            }
        }
        add_rows(pass);
        pass.first_task = plan_.tasks.size();
        pass.num_tasks = chosen.size();
        for (const std::size_t i : chosen) {
            check_now_and_then(plan_.tasks.size());
            plan_.tasks.push_back(task_of(operations_[i], bits));
        }
        plan_.passes.push_back(std::move(pass));
    }

    static void add_rows(Pass &pass) {
        std::size_t shared = 0;
        while (shared < pass.bits.size() && pass.bits[shared] == shared) {
            ++shared;
        }
        pass.row_size = std::size_t{1} << shared;
        for (std::size_t row = 0; row < pass.slice_size() / pass.row_size; ++row) {
            std::size_t begin = 0;
            for (std::size_t i = shared; i < pass.bits.size(); ++i) {
                begin |= ((row >> (i - shared)) & 1U) << pass.bits[i];
            }
            pass.rows.push_back(begin);
        }
    }

    // The position of a bit of the state among the bits of a slice.
    static unsigned place(unsigned bit, std::uint64_t bits) {
        const std::uint64_t below = (std::uint64_t{1} << bit) - 1;
        return static_cast<unsigned>(std::popcount(bits & below));
    }

    static bool contains(std::uint64_t bits, unsigned bit) { return ((bits >> bit) & 1U) != 0; }

    Task task_of(const Operation &operation, std::uint64_t bits) {
        Task task;
        task.kind = operation.kind;
        task.reads_theta = operation.reads_theta();
        task.first_member = plan_.members.size();
        task.num_members = operation.members.size();
        plan_.members.insert(plan_.members.end(), operation.members.begin(),
                             operation.members.end());
        if (operation.kind == Kind::run) {
            place_run(operation, bits, task);
        } else if (operation.kind == Kind::diagonal) {
            place_diagonal(bits, task);
        } else if (operation.kind == Kind::single) {
            place_single(operation, bits, task);
        }
        return task;
    }

    static void place_run(const Operation &run, std::uint64_t bits, Task &task) {
        task.wire.target = place(run.wire.target, bits);
        if (run.wire.control != no_control) {
            const auto control = static_cast<unsigned>(run.wire.control);
            if (contains(bits, control)) {
                task.wire.control = static_cast<int>(place(control, bits));
            } else {
                task.outer_control = run.wire.control;
            }
        }
    }

    void place_diagonal(std::uint64_t bits, const Task &task) {
        for (std::size_t j = 0; j < task.num_members; ++j) {
            Member &member = plan_.members[task.first_member + j];
            member.z_outside = member.z_bits & ~bits;
            std::uint64_t inside = 0;
            for (unsigned bit = 0; bit < num_wires_; ++bit) {
                if (contains(member.z_bits & bits, bit)) {
                    inside |= std::uint64_t{1} << place(bit, bits);
                }
            }
            member.z_bits = inside;
        }
    }

    void place_single(const Operation &operation, std::uint64_t bits, Task &task) {
        const auto width = static_cast<std::size_t>(std::popcount(bits));
        Gate gate = *operation.single->gate;
        const auto local_wire = [&](std::size_t wire) {
            return width - 1 - place(bit_of(wire, num_wires_), bits);
        };
        std::vector<std::size_t> controls;
        std::vector<bool> values;
        for (std::size_t i = 0; i < gate.controls.size(); ++i) {
            const unsigned bit = bit_of(gate.controls[i], num_wires_);
            if (contains(bits, bit)) {
                controls.push_back(local_wire(gate.controls[i]));
                values.push_back(gate.control_values[i]);
            } else {
                task.outer_mask |= std::uint64_t{1} << bit;
                task.outer_bits |= gate.control_values[i] ? std::uint64_t{1} << bit : 0;
            }
        }
        for (std::size_t &wire : gate.targets) {
            wire = local_wire(wire);
        }
        gate.controls = std::move(controls);
        gate.control_values = std::move(values);
        complete(gate, width);
        choose_kernel(gate, width);
        task.single = *operation.single;
        task.single.gate = &plan_.gates.emplace_back(std::move(gate));
    }

    void add_uses() {
        std::vector<std::size_t> &first = plan_.first_use;
        first.assign(plan_.circuit.num_theta + 1, 0);
        for_each_use([&](std::size_t slot, std::size_t) { ++first[slot + 1]; });
        std::partial_sum(first.begin(), first.end(), first.begin());
        plan_.uses.resize(first.back());
        std::vector<std::size_t> next(first);
        for_each_use([&](std::size_t slot, std::size_t task) { plan_.uses[next[slot]++] = task; });
    }

    template <class Visit> void for_each_use(const Visit &visit) const {
        for (std::size_t i = 0; i < plan_.tasks.size(); ++i) {
            const Task &task = plan_.tasks[i];
            for (std::size_t j = 0; j < task.num_members; ++j) {
                if (const Step &step = *plan_.members[task.first_member + j].step;
                    step.has_slot()) {
                    visit(step.slot, i);
                }
            }
            if (task.kind != Kind::single) {
                continue;
            }
            if (task.single.has_slot()) {
                visit(task.single.slot, i);
            }
            if (task.single.gate->numbers_in_theta) {
                const std::size_t dimension = std::size_t{1} << task.single.gate->targets.size();
                for (std::size_t k = 0; k < 2 * dimension * dimension; ++k) {
                    visit(task.single.numbers + k, i);
                }
            }
        }
    }

    std::size_t num_wires_;
    std::size_t shared_bits_;
    std::size_t max_bits_;
    Plan plan_;
    std::vector<Operation> operations_;
    std::vector<Support> supports_;
    std::vector<bool> taken_;
};

} // namespace

std::size_t slice_bits(bool single) {
    static const std::size_t cache = level2_cache();
    const std::size_t amplitude = single ? sizeof(std::complex<float>) : sizeof(Complex);
    const auto bits = static_cast<std::size_t>(std::bit_width(cache / 2 / 4 / amplitude)) - 1;
    return std::clamp(bits, std::size_t{10}, std::size_t{16});
}

Plan make_plan(Circuit circuit) {
    const std::size_t max_bits = slice_bits(circuit.single);
    return make_plan(std::move(circuit), max_bits);
}

Plan make_plan(Circuit circuit, std::size_t max_bits) {
    return Planner(std::move(circuit), max_bits).build();
}

} // namespace qgrad
