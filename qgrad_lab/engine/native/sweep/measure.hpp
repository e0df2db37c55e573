// The measured numbers of a state, their tangents, and the co-states that carry cotangents back.
#pragma once

#include <complex>
#include <cstddef>

#include "host/parallel.hpp"
#include "plan/circuit.hpp"

namespace qgrad {

// A state and, for a directional derivative, its tangent.
template <class Real> struct Jet {
    std::complex<Real> *value = nullptr;
    std::complex<Real> *tangent = nullptr;
};

// theta and, for a directional derivative, its tangent.
struct Direction {
    const double *theta = nullptr;
    const double *tangent = nullptr;
};

// out[m] = E_m, or its directional derivative if psi and theta carry tangents.
template <class Real>
void measure(const Circuit &circuit, const Direction &direction, const Jet<Real> &psi,
             const Jet<Real> &scratch, const Threads &threads, double *out);

// lambda = (1/2) d(sum_m cotangent_m E_m)/d(conj psi), one co-state for all measurements. Adds the
// gradient of the same sum in the observables' coefficients to `gradient`. With tangents, both are
// directional derivatives.
template <class Real>
void seed(const Circuit &circuit, const Direction &direction, const double *cotangent,
          const Jet<Real> &psi, const Jet<Real> &scratch, const Jet<Real> &lambda,
          const Threads &threads, double *gradient);

} // namespace qgrad
