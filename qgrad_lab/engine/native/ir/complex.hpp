// The numbers of operands, matrices and generators. Amplitudes have the precision of their state.
#pragma once

#include <complex>

namespace qgrad {

using Complex = std::complex<double>;

} // namespace qgrad
