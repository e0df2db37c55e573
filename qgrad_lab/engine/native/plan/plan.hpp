// How a circuit is evaluated: its operations in passes over slices of the state.
//
// A pass splits the state into slices of 2^k amplitudes, whose indices agree in all bits outside of
// the pass, and applies its operations to one slice after the other. A slice fits a processor's
// cache, so that the state goes through memory once for each pass and not once for each gate;
// slices are independent, so that threads can share them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "plan/circuit.hpp"
#include "plan/runs.hpp"

namespace qgrad {

// An operation on slices: its targets are bits of the slice, its controls bits inside or outside.
struct Task {
    Kind kind = Kind::run;
    std::size_t first_member = 0; // run, diagonal: in Plan::members
    std::size_t num_members = 0;
    Wire wire;                      // run: in the slice
    int outer_control = no_control; // run: or a bit of the whole state, outside of the slice
    Step single;                    // single: on the wires of the slice
    std::uint64_t outer_mask = 0;   // single: its controls outside of the slice
    std::uint64_t outer_bits = 0;
    bool reads_theta = false;

    bool is_run() const { return kind == Kind::run; }

    // Values of its control; one, if it has none.
    std::size_t num_values() const {
        return wire.control == no_control && outer_control == no_control ? 1 : 2;
    }
};

struct Pass {
    std::vector<unsigned> bits; // of the state, ascending, for each bit of a slice
    bool contiguous = true;     // whether these are the lowest bits: a slice is a part of the state
    std::size_t row_size = 1;   // amplitudes of a slice that are neighbours in the state
    std::vector<std::size_t> rows; // where each row of a slice begins, in the state
    std::size_t first_task = 0;
    std::size_t num_tasks = 0;

    std::size_t slice_size() const { return std::size_t{1} << bits.size(); }
};

struct Plan {
    Circuit circuit;
    const Step *preparation = nullptr;
    std::vector<Pass> passes;
    std::vector<Task> tasks;
    std::vector<Member> members;
    std::deque<Gate> gates;           // of tasks
    std::size_t first_with_theta = 0; // first task that reads theta; the number of tasks if none
    // The tasks that read each element of theta, in order: those of slot s begin at first_use[s] in
    // `uses`.
    std::vector<std::size_t> uses;
    std::vector<std::size_t> first_use; // one more than there are slots

    std::span<const std::size_t> tasks_of(std::size_t slot) const {
        return {uses.data() + first_use[slot], first_use[slot + 1] - first_use[slot]};
    }

    bool preparation_reads_theta() const {
        return preparation != nullptr && preparation->gate->numbers_in_theta;
    }

    // The number of tasks, if no task reads it.
    std::size_t first_task_of(std::size_t slot) const {
        return first_use[slot] == first_use[slot + 1] ? tasks.size() : uses[first_use[slot]];
    }
};

// Bits of the largest slices. With these, a state and a co-state with their tangents fill half of a
// processor's level-2 cache: larger slices save passes over memory, smaller ones save nothing.
std::size_t slice_bits(bool single);

Plan make_plan(Circuit circuit);
Plan make_plan(Circuit circuit, std::size_t max_bits);

} // namespace qgrad
