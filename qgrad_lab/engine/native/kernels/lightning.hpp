// The only place that calls PennyLane-Lightning.
#pragma once

#include <complex>
#include <cstddef>

#include "ir/step.hpp"

namespace qgrad {

// Chooses Lightning's kernel for a gate whose wires are set, on states of this number of wires and
// on this processor.
void choose_kernel(Gate &gate, std::size_t num_wires);

// ket <- U ket, or U^-1 ket where `inverse`. State preparations set the whole state.
template <class Real>
void apply(const Step &step, const Operands &operands, bool inverse, std::complex<Real> *ket,
           std::size_t num_wires);

} // namespace qgrad
