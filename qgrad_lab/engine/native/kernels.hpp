// The only place that calls PennyLane-Lightning.
#pragma once

#include <complex>
#include <cstddef>
#include <vector>

#include "program.hpp"

namespace qgrad {

// Choose the kernel of a decoded gate for this processor and this number of wires.
void resolve_kernel(Gate &gate, std::size_t num_wires);

// What an operation reads when it runs.
struct Operands {
    const double *theta = nullptr;
    const std::int64_t *index = nullptr;
    const Complex *data = nullptr;
};

// ket <- U ket, or U^-1 ket where `inverse`. State preparations set the whole state.
void apply(const Gate &gate, const Operands &operands, bool inverse, Complex *ket,
           std::size_t num_wires);

} // namespace qgrad
