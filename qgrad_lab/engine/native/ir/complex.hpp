// The numbers of operands, matrices and generators. Amplitudes have the precision of their state.
#pragma once

#include <array>
#include <complex>

namespace qgrad {

using Complex = std::complex<double>;
using Matrix2 = std::array<Complex, 4>; // row by row

// The operator of std::complex handles infinities in every product, which takes many times as long.
inline Complex times(Complex a, Complex b) {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

} // namespace qgrad
