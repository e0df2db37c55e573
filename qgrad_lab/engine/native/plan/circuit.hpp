// A circuit as it is evaluated: the gates in order, the measurements, and the wires that matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plan/schedule.hpp"

namespace qgrad {

struct Circuit {
    bool single = false; // whether amplitudes are two floats, not two doubles
    std::size_t num_wires = 0;
    std::size_t num_theta = 0;
    std::size_t num_outputs = 0;
    Schedule schedule;
    std::vector<Measurement> measurements;
    bool needs_observable_scratch = false; // a var is measured
    std::vector<std::size_t> wires;        // of the Program, for each wire of the circuit
    std::size_t num_gates_before = 0;      // before any was dropped
    std::size_t num_wires_before = 0;

    std::size_t dimension() const { return std::size_t{1} << num_wires; }
    std::size_t bytes_of_amplitude() const {
        return single ? sizeof(std::complex<float>) : sizeof(std::complex<double>);
    }
};

// The whole Program. Throws as make_schedule does.
Circuit whole_circuit(const Program &program, const std::int64_t *index);

// Only what its measurements depend on, without pairs of gates that undo each other.
Circuit reduced_circuit(const Program &program, const std::int64_t *index);

} // namespace qgrad
