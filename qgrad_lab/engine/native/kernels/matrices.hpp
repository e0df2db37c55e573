// Gates as matrices, and operations whose numbers are operands that can be differentiated: a
// matrix, or a state.
#pragma once

#include <complex>
#include <cstddef>

#include "ir/program.hpp"

namespace qgrad {

// U(angle) of a gate whose kind has waves, row by row.
void kind_matrix(const GateKind &kind, double angle, Complex *matrix);

// out += M ket on the part of the space where the controls hold, M the matrix or, where `adjoint`,
// its adjoint.
template <class Real>
void add_matrix(const Gate &gate, const Complex *matrix, bool adjoint, double factor,
                const std::complex<Real> *ket, std::complex<Real> *out, std::size_t num_wires);

// gradient[2j], gradient[2j + 1] += the derivatives of 2 Re <bra| M |ket> in the real and imaginary
// part of element j of the matrix, for the M of a gate that may be an adjoint.
template <class Real>
void add_matrix_gradient(const Gate &gate, const std::complex<Real> *bra,
                         const std::complex<Real> *ket, double *gradient, std::size_t num_wires);

// ket = the state with the given amplitudes on the targets, and |0> on all other wires.
template <class Real>
void embed_state(const Gate &gate, const Complex *amplitudes, std::complex<Real> *ket,
                 std::size_t num_wires);

// gradient[2j], gradient[2j + 1] += the derivatives of 2 Re <bra|ket> in amplitude j of that state.
template <class Real>
void add_state_gradient(const Gate &gate, const std::complex<Real> *bra, double *gradient,
                        std::size_t num_wires);

} // namespace qgrad
