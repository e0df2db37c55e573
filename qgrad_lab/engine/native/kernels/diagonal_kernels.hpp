// Kernels of our own for products of exp(i angle Z...Z), on a slice of a state.
//
// Such gates commute and are diagonal: together they multiply each amplitude by one number, and the
// overlaps that their gradients are made of, Im conj(lambda_j) psi_j, are the same for all of them.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace qgrad {

// exp(i angle Z...Z) with the wires of Z as bits of a slice. The bits outside of the slice are
// accounted for by the sign.
struct ZFactor {
    std::uint64_t bits = 0;
    double sign = 1.0;
    double cosine = 1.0;
    double sine = 0.0;
    double rate = 0.0; // of the angle, along a tangent
};

// A state or co-state, and its tangent or null.
template <class Real> struct ZState {
    std::complex<Real> *value = nullptr;
    std::complex<Real> *tangent = nullptr;
};

// psi <- D psi for every state, with D the product of the factors or its inverse, and
// psi' <- D (psi' + i r psi) with r the rate of the phase of D.
void apply_factors(const std::vector<ZFactor> &factors, bool inverse,
                   std::initializer_list<ZState<float>> states, std::size_t size);
void apply_factors(const std::vector<ZFactor> &factors, bool inverse,
                   std::initializer_list<ZState<double>> states, std::size_t size);

// sums[k] += Im <lambda| Z_k |psi> for each factor; with tangents, their derivatives.
void add_factor_overlaps(const std::vector<ZFactor> &factors, const ZState<float> &lambda,
                         const ZState<float> &psi, std::size_t size, double *sums);
void add_factor_overlaps(const std::vector<ZFactor> &factors, const ZState<double> &lambda,
                         const ZState<double> &psi, std::size_t size, double *sums);

} // namespace qgrad
