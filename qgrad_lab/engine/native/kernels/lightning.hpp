// The only place that calls PennyLane-Lightning.
#pragma once

#include <complex>
#include <cstddef>
#include <vector>

#include "plan/schedule.hpp"

namespace qgrad {

// Complete a gate whose wires are set: masks, generator, and the kernel for this processor and this
// number of wires.
void complete(Gate &gate, std::size_t num_wires);

// What an operation reads when it runs.
struct Operands {
    const double *theta = nullptr;
    const Complex *data = nullptr;
};

// ket <- U ket, or U^-1 ket where `inverse`. State preparations set the whole state.
template <class Real>
void apply(const Step &step, const Operands &operands, bool inverse, std::complex<Real> *ket,
           std::size_t num_wires);

// The matrix or amplitudes of a step whose numbers are in `array`, laid out as theta is.
inline const Complex *numbers_in(const Step &step, const double *array) {
    return reinterpret_cast<const Complex *>(array + step.numbers);
}

} // namespace qgrad
