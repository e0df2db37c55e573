#include "plan/schedule.hpp"

#include <algorithm>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "host/interrupt.hpp"
#include "ir/gate_table.hpp"

namespace qgrad {
namespace {

class Builder {
  public:
    Builder(const Program &program, const std::int64_t *index) : program_(program), index_(index) {}

    Schedule build() {
        run(program_.body);
        return std::move(schedule_);
    }

  private:
    std::int64_t value(const Integer &integer) const {
        return integer.is_slot ? index_[integer.slot.at(counters_)]
                               : static_cast<std::int64_t>(integer.literal);
    }

    void run(const std::vector<Node> &body) {
        for (const Node &node : body) {
            switch (node.kind) {
            case Node::Kind::gate:
                append(node.gate);
                break;
            case Node::Kind::repeat:
                repeat(node);
                break;
            case Node::Kind::branch:
                branch(node);
                break;
            }
        }
    }

    void repeat(const Node &node) {
        const std::int64_t count = value(node.selector);
        if (count < 0) {
            throw std::invalid_argument("a loop was given a step of 0, or " +
                                        std::to_string(count) + " iterations" + origin(node.label));
        }
        if (std::cmp_greater(count, node.capacity)) {
            // qgrad_lab.core.failures parses the numbers.
            std::ostringstream message;
            message << "loop " << node.label << " has " << count
                    << " iterations or more and was compiled for " << node.capacity
                    << ". A function compiled by qgrad_lab.qjit is compiled again with more room; "
                       "inside jax.jit, or where its result is not waited for, it cannot be. Put "
                       "qgrad_lab.qjit around the outermost function, in place of jax.jit";
            throw std::invalid_argument(message.str());
        }
        counters_.push_back(0);
        for (std::int64_t i = 0; i < count; ++i) {
            limit_work();
            counters_.back() = static_cast<std::size_t>(node.reverse ? count - 1 - i : i);
            run(node.bodies.front());
        }
        counters_.pop_back();
    }

    void branch(const Node &node) {
        const std::int64_t choice = value(node.selector);
        if (choice < 0 || static_cast<std::size_t>(choice) >= node.bodies.size()) {
            std::ostringstream message;
            message << "branch " << choice << " was chosen, there are " << node.bodies.size();
            throw std::invalid_argument(message.str());
        }
        run(node.bodies[static_cast<std::size_t>(choice)]);
    }

    void append(const Gate &gate) {
        limit_work();
        Step step;
        step.gate = gate.traced_wires.empty() ? &gate : &with_wires(gate);
        if (gate.angle.is_slot()) {
            step.slot = gate.angle.slot.at(counters_);
        }
        step.numbers = gate.numbers.at(counters_);
        for (std::size_t i = 0; i < gate.bits.size(); ++i) {
            const std::int64_t bit = value(gate.bits[i]);
            if (bit != 0 && bit != 1) {
                throw std::invalid_argument(std::string(gate.kind->name) +
                                            " takes bits 0 and 1, got " + std::to_string(bit) +
                                            " for its bit " + std::to_string(i) +
                                            origin(gate.source));
            }
            if (bit == 1) {
                step.basis |= std::uint64_t{1} << bit_of(step.gate->targets[i], program_.num_wires);
            }
        }
        schedule_.steps.push_back(step);
    }

    const Gate &with_wires(const Gate &gate) {
        std::vector<std::int64_t> wires;
        wires.reserve(gate.traced_wires.size());
        for (const Integer &wire : gate.traced_wires) {
            wires.push_back(value(wire));
        }
        check_wires(gate, wires);
        auto [entry, inserted] = resolved_.try_emplace({&gate, wires}, nullptr);
        if (inserted) {
            Gate copy = gate;
            const std::size_t num_controls = gate.controls.size();
            for (std::size_t i = 0; i < wires.size(); ++i) {
                const auto wire = static_cast<std::size_t>(wires[i]);
                (i < num_controls ? copy.controls[i] : copy.targets[i - num_controls]) = wire;
            }
            complete(copy, program_.num_wires);
            entry->second = &schedule_.resolved.emplace_back(std::move(copy));
        }
        return *entry->second;
    }

    // qgrad_lab.core.failures replaces this by the user's line.
    static std::string origin(std::int64_t source) {
        return source == 0 ? "" : " [source " + std::to_string(source) + "]";
    }

    // PennyLane's name.
    static std::string name_of(const Gate &gate) {
        if (gate.kind->kernel == Kernel::nothing && gate.controls.empty()) {
            return "measure or Identity"; // a measured wire is checked by an Identity
        }
        const char *own = gate.kind->name_with(gate.controls.size());
        return own != nullptr ? own : std::string("controlled ") + gate.kind->name;
    }

    void check_wires(const Gate &gate, const std::vector<std::int64_t> &wires) const {
        for (auto wire = wires.begin(); wire != wires.end(); ++wire) {
            const bool inside = *wire >= 0 && std::cmp_less(*wire, program_.num_wires);
            if (inside && std::find(wires.begin(), wire, *wire) == wire) {
                continue;
            }
            std::ostringstream message;
            message << name_of(gate) << " was given the wires";
            for (const std::int64_t each : wires) {
                message << ' ' << each;
            }
            if (inside) {
                message << "; wire " << *wire << " is there twice";
            } else {
                message << "; wire " << *wire << " is not one of 0 to " << program_.num_wires - 1;
            }
            message << origin(gate.source);
            throw std::invalid_argument(message.str());
        }
    }

    // A few words can ask for any number of iterations.
    void limit_work() {
        constexpr std::size_t max_work = std::size_t{1} << 26;
        check_now_and_then(work_);
        if (++work_ > max_work) {
            throw std::length_error("a circuit of more than 67 million operations");
        }
    }

    const Program &program_;
    const std::int64_t *index_;
    std::size_t work_ = 0;
    std::vector<std::size_t> counters_;
    Schedule schedule_;
    std::map<std::pair<const Gate *, std::vector<std::int64_t>>, const Gate *> resolved_;
};

} // namespace

Schedule make_schedule(const Program &program, const std::int64_t *index) {
    return Builder(program, index).build();
}

} // namespace qgrad
