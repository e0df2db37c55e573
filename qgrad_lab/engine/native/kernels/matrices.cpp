#include "kernels/matrices.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "host/interrupt.hpp"
#include "ir/gate_table.hpp"

namespace qgrad {
namespace {

// Basis states of the targets, first target most significant, as masks of global bits.
std::vector<std::uint64_t> target_states(const Gate &gate, std::size_t num_wires) {
    const std::size_t k = gate.targets.size();
    std::vector<std::uint64_t> states(std::size_t{1} << k);
    for (std::size_t local = 0; local < states.size(); ++local) {
        check_now_and_then(local);
        for (std::size_t i = 0; i < k; ++i) {
            if (((local >> (k - 1 - i)) & 1U) != 0) {
                states[local] |= std::uint64_t{1} << bit_of(gate.targets[i], num_wires);
            }
        }
    }
    return states;
}

// Calls visit(base) for the index of every group of amplitudes that the matrix mixes.
template <class Visit>
void for_each_group(const Gate &gate, const std::vector<std::uint64_t> &states,
                    std::size_t num_wires, Visit visit) {
    const std::uint64_t fixed = gate.control_mask | states.back();
    const std::size_t size = std::size_t{1} << num_wires;
    const Stop stop = Stop::here();
    for (std::uint64_t index = 0; index < size; index = ((index | fixed) + 1) & ~fixed) {
        stop.check(); // a group of a large matrix takes long
        visit(index | gate.control_bits);
    }
}

} // namespace

void kind_matrix(const GateKind &kind, double angle, Complex *matrix) {
    const std::size_t n = std::size_t{1} << kind.num_targets;
    std::fill(matrix, matrix + n * n, Complex{});
    const auto add = [&](double factor, std::span<const MatrixEntry> entries) {
        for (const auto &[row, column, value] : entries) {
            matrix[row * n + column] += factor * value;
        }
    };
    for (const auto &[frequency, cosine, sine] : kind.waves) {
        double c = 1.0;
        double s = 0.0;
        if (frequency != 0.0) { // both at once
            c = std::cos(frequency * angle);
            s = std::sin(frequency * angle);
        }
        add(c, cosine);
        add(s, sine);
    }
}

template <class Real>
void add_matrix(const Gate &gate, const Complex *matrix, bool adjoint, double factor,
                const std::complex<Real> *ket, std::complex<Real> *out, std::size_t num_wires) {
    const auto states = target_states(gate, num_wires);
    const std::size_t n = states.size();
    for_each_group(gate, states, num_wires, [&](std::uint64_t base) {
        for (std::size_t row = 0; row < n; ++row) {
            Complex sum{};
            for (std::size_t column = 0; column < n; ++column) {
                const Complex element =
                    adjoint ? std::conj(matrix[column * n + row]) : matrix[row * n + column];
                sum += element * Complex(ket[base | states[column]]);
            }
            out[base | states[row]] += std::complex<Real>(factor * sum);
        }
    });
}

template <class Real>
void add_matrix_gradient(const Gate &gate, const std::complex<Real> *bra,
                         const std::complex<Real> *ket, double *gradient, std::size_t num_wires) {
    const auto states = target_states(gate, num_wires);
    const std::size_t n = states.size();
    std::vector<Complex> products(n * n); // conj(bra_row) ket_column, summed over all groups
    for_each_group(gate, states, num_wires, [&](std::uint64_t base) {
        for (std::size_t row = 0; row < n; ++row) {
            const Complex left = std::conj(Complex(bra[base | states[row]]));
            for (std::size_t column = 0; column < n; ++column) {
                products[row * n + column] += left * Complex(ket[base | states[column]]);
            }
        }
    });
    for (std::size_t row = 0; row < n; ++row) {
        for (std::size_t column = 0; column < n; ++column) {
            // Of an adjoint, element (row, column) is the conjugate of the matrix's (column, row).
            const Complex product = products[row * n + column];
            const std::size_t element = gate.adjoint ? column * n + row : row * n + column;
            gradient[2 * element] += 2.0 * product.real();
            gradient[2 * element + 1] += (gate.adjoint ? 2.0 : -2.0) * product.imag();
        }
    }
}

template <class Real>
void embed_state(const Gate &gate, const Complex *amplitudes, std::complex<Real> *ket,
                 std::size_t num_wires) {
    std::fill(ket, ket + (std::size_t{1} << num_wires), std::complex<Real>{});
    const auto states = target_states(gate, num_wires);
    for (std::size_t local = 0; local < states.size(); ++local) {
        check_now_and_then(local);
        ket[states[local]] = std::complex<Real>(amplitudes[local]);
    }
}

template <class Real>
void add_state_gradient(const Gate &gate, const std::complex<Real> *bra, double *gradient,
                        std::size_t num_wires) {
    const auto states = target_states(gate, num_wires);
    for (std::size_t local = 0; local < states.size(); ++local) {
        check_now_and_then(local);
        gradient[2 * local] += 2.0 * Complex(bra[states[local]]).real();
        gradient[2 * local + 1] += 2.0 * Complex(bra[states[local]]).imag();
    }
}

template void add_matrix(const Gate &, const Complex *, bool, double, const std::complex<float> *,
                         std::complex<float> *, std::size_t);
template void add_matrix_gradient(const Gate &, const std::complex<float> *,
                                  const std::complex<float> *, double *, std::size_t);
template void embed_state(const Gate &, const Complex *, std::complex<float> *, std::size_t);
template void add_state_gradient(const Gate &, const std::complex<float> *, double *, std::size_t);
template void add_matrix(const Gate &, const Complex *, bool, double, const std::complex<double> *,
                         std::complex<double> *, std::size_t);
template void add_matrix_gradient(const Gate &, const std::complex<double> *,
                                  const std::complex<double> *, double *, std::size_t);
template void embed_state(const Gate &, const Complex *, std::complex<double> *, std::size_t);
template void add_state_gradient(const Gate &, const std::complex<double> *, double *, std::size_t);

} // namespace qgrad
