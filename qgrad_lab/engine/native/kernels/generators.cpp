#include "kernels/generators.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "host/simd.hpp"

namespace qgrad {
namespace {

// i^n
Complex power_of_i(unsigned n) {
    constexpr std::array<Complex, 4> powers{Complex{1, 0}, Complex{0, 1}, Complex{-1, 0},
                                            Complex{0, -1}};
    return powers[n % 4];
}

bool odd(std::uint64_t bits) { return (std::popcount(bits) & 1) != 0; }

// A word acts on blocks of consecutive amplitudes: on the lowest bits in the same way in every
// block (a permutation of lanes and a sign for each), on the others by choosing the partner block
// and a sign for all of it. So inner loops have a fixed length and no branch.
template <class Real> constexpr std::uint64_t low_bits = amplitudes_per_lanes<Real> - 1;

template <class Real> struct Blocks {
    std::uint64_t x;            // partner block: base ^ x
    std::uint64_t z;            // sign of a block: parity of partner & z
    std::uint64_t control_mask; // blocks that take part: (base & mask) == bits
    std::uint64_t control_bits;

    explicit Blocks(const PauliWord &word)
        : x(word.x & ~low_bits<Real>), z(word.z & ~low_bits<Real>),
          control_mask(word.control_mask & ~low_bits<Real>),
          control_bits(word.control_bits & ~low_bits<Real>) {}

    bool active(std::size_t base) const { return (base & control_mask) == control_bits; }
    Real sign(std::size_t partner) const { return odd(partner & z) ? Real{-1} : Real{1}; }
};

// The sign of row `lane` of a block, 0 where a control is off.
template <class Real> double lane_sign(const PauliWord &word, std::size_t lane) {
    if ((lane & word.control_mask & low_bits<Real>) != (word.control_bits & low_bits<Real>)) {
        return 0.0;
    }
    return odd((lane ^ word.x) & word.z & low_bits<Real>) ? -1.0 : 1.0;
}

// Where the partner of each real number stands in the partner block, and the same with real and
// imaginary parts exchanged.
template <class Real> struct LaneOrder {
    LaneIndex<Real> same;
    LaneIndex<Real> crossed;

    explicit LaneOrder(const PauliWord &word) {
        for (std::size_t i = 0; i < 2 * amplitudes_per_lanes<Real>; ++i) {
            const std::uint64_t partner = 2 * ((i / 2) ^ (word.x & low_bits<Real>)) + i % 2;
            same[i] = static_cast<int>(partner);
            crossed[i] = static_cast<int>(partner ^ 1U);
        }
    }
};

template <class Real> struct LaneSums {
    using Numbers = std::array<double, 2 * amplitudes_per_lanes<Real>>;
    Numbers same{};    // sums of bra * partner; they add up to Re conj(bra) ket
    Numbers crossed{}; // sums of bra * exchanged partner; even minus odd is Im conj(bra) ket
};

template <class Real>
[[gnu::always_inline]] inline void
sum_blocks_of(const Blocks<Real> &blocks, const LaneOrder<Real> &order, const Real *bra,
              const Real *ket, std::size_t begin, std::size_t end, LaneSums<Real> &sums) {
    constexpr std::size_t step = amplitudes_per_lanes<Real>;
    const std::size_t num_terms = std::min((end - begin) / step, most_terms<Real>);
    while (begin < end) {
        Lanes<Real> same{};
        Lanes<Real> crossed{};
        const std::size_t stop = std::min(end, begin + step * num_terms);
        for (std::size_t base = begin; base < stop; base += step) {
            if (!blocks.active(base)) {
                continue;
            }
            const std::size_t partner = base ^ blocks.x;
            Lanes<Real> row;
            Lanes<Real> column;
            std::memcpy(&row, bra + 2 * base, sizeof row);
            std::memcpy(&column, ket + 2 * partner, sizeof column);
            row *= blocks.sign(partner);
            Lanes<Real> permuted;
            permute(column, order.same, permuted);
            same += row * permuted;
            permute(column, order.crossed, permuted);
            crossed += row * permuted;
        }
        for (std::size_t i = 0; i < sums.same.size(); ++i) {
            sums.same[i] += static_cast<double>(same[i]);
            sums.crossed[i] += static_cast<double>(crossed[i]);
        }
        begin = stop;
    }
}

QGRAD_MULTIVERSION
void sum_blocks(const Blocks<float> &blocks, const LaneOrder<float> &order, const float *bra,
                const float *ket, std::size_t begin, std::size_t end, LaneSums<float> &sums) {
    sum_blocks_of(blocks, order, bra, ket, begin, end, sums);
}

QGRAD_MULTIVERSION
void sum_blocks(const Blocks<double> &blocks, const LaneOrder<double> &order, const double *bra,
                const double *ket, std::size_t begin, std::size_t end, LaneSums<double> &sums) {
    sum_blocks_of(blocks, order, bra, ket, begin, end, sums);
}

template <class Real>
[[gnu::always_inline]] inline void
add_blocks_of(const Blocks<Real> &blocks, const LaneOrder<Real> &order,
              const Lanes<Real> &same_factor, const Lanes<Real> &crossed_factor, const Real *ket,
              Real *out, std::size_t begin, std::size_t end) {
    for (std::size_t base = begin; base < end; base += amplitudes_per_lanes<Real>) {
        if (!blocks.active(base)) {
            continue;
        }
        const std::size_t partner = base ^ blocks.x;
        Lanes<Real> row;
        Lanes<Real> column;
        std::memcpy(&row, out + 2 * base, sizeof row);
        std::memcpy(&column, ket + 2 * partner, sizeof column);
        column *= blocks.sign(partner);
        Lanes<Real> permuted;
        permute(column, order.same, permuted);
        row += same_factor * permuted;
        permute(column, order.crossed, permuted);
        row += crossed_factor * permuted;
        std::memcpy(out + 2 * base, &row, sizeof row);
    }
}

QGRAD_MULTIVERSION
void add_blocks(const Blocks<float> &blocks, const LaneOrder<float> &order,
                const Lanes<float> &same_factor, const Lanes<float> &crossed_factor,
                const float *ket, float *out, std::size_t begin, std::size_t end) {
    add_blocks_of<float>(blocks, order, same_factor, crossed_factor, ket, out, begin, end);
}

QGRAD_MULTIVERSION
void add_blocks(const Blocks<double> &blocks, const LaneOrder<double> &order,
                const Lanes<double> &same_factor, const Lanes<double> &crossed_factor,
                const double *ket, double *out, std::size_t begin, std::size_t end) {
    add_blocks_of<double>(blocks, order, same_factor, crossed_factor, ket, out, begin, end);
}

// Both for states that fill no block.
bool row_sign(const PauliWord &word, std::size_t row, double &sign) {
    if ((row & word.control_mask) != word.control_bits) {
        return false;
    }
    sign = odd((row ^ word.x) & word.z) ? -1.0 : 1.0;
    return true;
}

template <class Real>
Complex overlap_small(const PauliWord &word, const std::complex<Real> *bra,
                      const std::complex<Real> *ket, std::size_t begin, std::size_t end) {
    Complex sum{};
    double sign = 0.0;
    for (std::size_t row = begin; row < end; ++row) {
        if (row_sign(word, row, sign)) {
            sum += sign * std::conj(Complex(bra[row])) * Complex(ket[row ^ word.x]);
        }
    }
    return sum;
}

template <class Real>
void accumulate_small(const PauliWord &word, Complex factor, const std::complex<Real> *ket,
                      std::complex<Real> *out, std::size_t begin, std::size_t end) {
    double sign = 0.0;
    for (std::size_t row = begin; row < end; ++row) {
        if (row_sign(word, row, sign)) {
            out[row] += std::complex<Real>(sign * factor * Complex(ket[row ^ word.x]));
        }
    }
}

// The indices whose bits in `fixed` are all zero, in rising order: fixed bits are skipped by
// carrying across them.
template <class Visit>
void for_each_free_index(std::uint64_t fixed, std::size_t size, Visit visit) {
    for (std::uint64_t index = 0; index < size; index = ((index | fixed) + 1) & ~fixed) {
        visit(index);
    }
}

std::size_t gather_bits(std::size_t index, const std::vector<unsigned> &bits) {
    std::size_t value = 0;
    for (const unsigned bit : bits) {
        value = (value << 1) | ((index >> bit) & 1U);
    }
    return value;
}

} // namespace

template <class Real>
Complex overlap(const PauliWord &word, const std::complex<Real> *bra, const std::complex<Real> *ket,
                std::size_t begin, std::size_t end) {
    const Complex phase = power_of_i(word.num_y);
    if (end - begin < amplitudes_per_lanes<Real>) {
        return phase * overlap_small(word, bra, ket, begin, end);
    }
    LaneSums<Real> sums;
    sum_blocks(Blocks<Real>(word), LaneOrder<Real>(word), reinterpret_cast<const Real *>(bra),
               reinterpret_cast<const Real *>(ket), begin, end, sums);
    double re = 0.0;
    double im = 0.0;
    for (std::size_t lane = 0; lane < amplitudes_per_lanes<Real>; ++lane) {
        const double sign = lane_sign<Real>(word, lane);
        re += sign * (sums.same[2 * lane] + sums.same[2 * lane + 1]);
        im += sign * (sums.crossed[2 * lane] - sums.crossed[2 * lane + 1]);
    }
    return phase * Complex{re, im};
}

template <class Real>
void accumulate(const PauliWord &word, Complex factor, const std::complex<Real> *ket,
                std::complex<Real> *out, std::size_t begin, std::size_t end) {
    const Complex phased = factor * power_of_i(word.num_y);
    if (end - begin < amplitudes_per_lanes<Real>) {
        accumulate_small(word, phased, ket, out, begin, end);
        return;
    }
    // (p + iq)(c + id) = (pc - qd) + i(pd + qc): p times the partner, q times the exchanged
    // partner.
    Lanes<Real> same_factor;
    Lanes<Real> crossed_factor;
    for (std::size_t lane = 0; lane < amplitudes_per_lanes<Real>; ++lane) {
        const double sign = lane_sign<Real>(word, lane);
        same_factor[2 * lane] = static_cast<Real>(sign * phased.real());
        same_factor[2 * lane + 1] = static_cast<Real>(sign * phased.real());
        crossed_factor[2 * lane] = static_cast<Real>(-sign * phased.imag());
        crossed_factor[2 * lane + 1] = static_cast<Real>(sign * phased.imag());
    }
    add_blocks(Blocks<Real>(word), LaneOrder<Real>(word), same_factor, crossed_factor,
               reinterpret_cast<const Real *>(ket), reinterpret_cast<Real *>(out), begin, end);
}

template <class Real>
Complex overlap(const Generator &generator, const std::complex<Real> *bra,
                const std::complex<Real> *ket, std::size_t size) {
    Complex sum{};
    switch (generator.kind) {
    case Generator::Kind::word:
        return overlap(generator.word, bra, ket, 0, size);
    case Generator::Kind::local:
        for_each_free_index(generator.fixed_mask, size, [&](std::uint64_t index) {
            const std::uint64_t base = index | generator.control_bits;
            for (const auto &[row, column, value] : generator.entries) {
                sum += std::conj(Complex(bra[base | row])) * value * Complex(ket[base | column]);
            }
        });
        return sum;
    case Generator::Kind::split:
        for_each_free_index(generator.control_mask, size, [&](std::uint64_t index) {
            const std::uint64_t i = index | generator.control_bits;
            const bool upper = gather_bits(i, generator.target_bits) < generator.dimension;
            const Complex product = std::conj(Complex(bra[i])) * Complex(ket[i]);
            sum += upper ? product : -product;
        });
        return sum;
    case Generator::Kind::none:
        break;
    }
    return sum;
}

template <class Real>
void accumulate(const Generator &generator, Complex factor, const std::complex<Real> *ket,
                std::complex<Real> *out, std::size_t size) {
    switch (generator.kind) {
    case Generator::Kind::word:
        accumulate(generator.word, factor, ket, out, 0, size);
        break;
    case Generator::Kind::local:
        for_each_free_index(generator.fixed_mask, size, [&](std::uint64_t index) {
            const std::uint64_t base = index | generator.control_bits;
            for (const auto &[row, column, value] : generator.entries) {
                out[base | row] += std::complex<Real>(factor * value * Complex(ket[base | column]));
            }
        });
        break;
    case Generator::Kind::split:
        for_each_free_index(generator.control_mask, size, [&](std::uint64_t index) {
            const std::uint64_t i = index | generator.control_bits;
            const bool upper = gather_bits(i, generator.target_bits) < generator.dimension;
            out[i] += std::complex<Real>((upper ? factor : -factor) * Complex(ket[i]));
        });
        break;
    case Generator::Kind::none:
        break;
    }
}

template <class Real>
void multiply_split(const std::vector<unsigned> &target_bits, std::size_t dimension,
                    std::uint64_t control_mask, std::uint64_t control_bits, Complex upper,
                    Complex lower, std::complex<Real> *ket, std::size_t size) {
    const std::array factors{std::complex<Real>(upper), std::complex<Real>(lower)};
    for_each_free_index(control_mask, size, [&](std::uint64_t index) {
        const std::uint64_t i = index | control_bits;
        ket[i] *= factors[gather_bits(i, target_bits) < dimension ? 0 : 1];
    });
}

template Complex overlap(const PauliWord &, const std::complex<float> *,
                         const std::complex<float> *, std::size_t, std::size_t);
template void accumulate(const PauliWord &, Complex, const std::complex<float> *,
                         std::complex<float> *, std::size_t, std::size_t);
template Complex overlap(const Generator &, const std::complex<float> *,
                         const std::complex<float> *, std::size_t);
template void accumulate(const Generator &, Complex, const std::complex<float> *,
                         std::complex<float> *, std::size_t);
template void multiply_split(const std::vector<unsigned> &, std::size_t, std::uint64_t,
                             std::uint64_t, Complex, Complex, std::complex<float> *, std::size_t);
template Complex overlap(const PauliWord &, const std::complex<double> *,
                         const std::complex<double> *, std::size_t, std::size_t);
template void accumulate(const PauliWord &, Complex, const std::complex<double> *,
                         std::complex<double> *, std::size_t, std::size_t);
template Complex overlap(const Generator &, const std::complex<double> *,
                         const std::complex<double> *, std::size_t);
template void accumulate(const Generator &, Complex, const std::complex<double> *,
                         std::complex<double> *, std::size_t);
template void multiply_split(const std::vector<unsigned> &, std::size_t, std::uint64_t,
                             std::uint64_t, Complex, Complex, std::complex<double> *, std::size_t);

} // namespace qgrad
