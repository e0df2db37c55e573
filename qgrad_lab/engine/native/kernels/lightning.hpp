// The only place that calls PennyLane-Lightning.
#pragma once

#include <complex>
#include <cstddef>

#include "ir/step.hpp"

namespace qgrad {

// Sets which kernel applies a gate to states on this number of wires, on this processor. The gate's
// wires are set; what has no kernel of Lightning's stays as it is.
void choose_kernel(Gate &gate, std::size_t num_wires);

// ket <- U ket, or U^-1 ket where `inverse`. State preparations set the whole state.
template <class Real>
void apply(const Step &step, const Operands &operands, bool inverse, std::complex<Real> *ket,
           std::size_t num_wires);

} // namespace qgrad
