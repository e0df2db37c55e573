// Measured numbers of a state, their tangents, and the co-states that carry cotangents back.
#pragma once

#include <complex>
#include <cstddef>

#include "host/parallel.hpp"
#include "plan/circuit.hpp"

namespace qgrad {

// A state and, where a directional derivative is taken, its tangent.
template <class Real> struct Jet {
    std::complex<Real> *value = nullptr;
    std::complex<Real> *tangent = nullptr;
};

// theta and, where a directional derivative is taken, its tangent.
struct Direction {
    const double *theta = nullptr;
    const double *tangent = nullptr;
};

// out[m] = E_m, or its directional derivative where psi and theta carry tangents.
template <class Real>
void measure(const Circuit &circuit, const Direction &direction, const Jet<Real> &psi,
             const Jet<Real> &scratch, const Threads &threads, double *out);

// lambda = (1/2) d(sum_m cotangent_m E_m)/d(conj psi), one co-state for all measurements, and the
// same cotangent's gradient in the observables' coefficients, added to `gradient`. With tangents:
// the directional derivatives of both.
template <class Real>
void seed(const Circuit &circuit, const Direction &direction, const double *cotangent,
          const Jet<Real> &psi, const Jet<Real> &scratch, const Jet<Real> &lambda,
          const Threads &threads, double *gradient);

} // namespace qgrad
