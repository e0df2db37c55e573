#include "generators.hpp"

#include <array>
#include <bit>
#include <cstring>

#include "simd.hpp"

namespace qgrad {
namespace {

// i^n
Complex power_of_i(unsigned n) {
    constexpr std::array<Complex, 4> powers{Complex{1, 0}, Complex{0, 1}, Complex{-1, 0},
                                            Complex{0, -1}};
    return powers[n % 4];
}

bool odd(std::uint64_t bits) { return (std::popcount(bits) & 1) != 0; }

// A word acts on blocks of four consecutive amplitudes: on the two lowest bits in the same way in every
// block (a permutation of lanes and a sign for each), on the others by choosing the partner block and a
// sign for all of it. So inner loops have a fixed length and no branch.
constexpr std::uint64_t low_bits = amplitudes_per_lanes - 1;

struct Blocks {
    std::uint64_t x;            // partner block: base ^ x
    std::uint64_t z;            // sign of a block: parity of partner & z
    std::uint64_t control_mask; // blocks that take part: (base & mask) == bits
    std::uint64_t control_bits;

    explicit Blocks(const PauliWord &word)
        : x(word.x & ~low_bits), z(word.z & ~low_bits),
          control_mask(word.control_mask & ~low_bits), control_bits(word.control_bits & ~low_bits) {
    }

    bool active(std::size_t base) const { return (base & control_mask) == control_bits; }
    double sign(std::size_t partner) const { return odd(partner & z) ? -1.0 : 1.0; }
};

// The sign of row `lane` of a block, 0 where a control is off.
double lane_sign(const PauliWord &word, std::size_t lane) {
    if ((lane & word.control_mask & low_bits) != (word.control_bits & low_bits)) {
        return 0.0;
    }
    return odd((lane ^ word.x) & word.z & low_bits) ? -1.0 : 1.0;
}

// Where the partner of each real number stands in the partner block, and the same with real and
// imaginary parts exchanged.
struct LaneOrder {
    LaneIndex same;
    LaneIndex crossed;

    explicit LaneOrder(const PauliWord &word) {
        for (std::size_t i = 0; i < 2 * amplitudes_per_lanes; ++i) {
            const std::uint64_t partner = 2 * ((i / 2) ^ (word.x & low_bits)) + i % 2;
            same[i] = static_cast<long long>(partner);
            crossed[i] = static_cast<long long>(partner ^ 1U);
        }
    }
};

struct LaneSums {
    Lanes same{};    // sums of bra * partner; they add up to Re conj(bra) ket
    Lanes crossed{}; // sums of bra * exchanged partner; even minus odd is Im conj(bra) ket
};

QGRAD_MULTIVERSION
void sum_blocks(const Blocks &blocks, const LaneOrder &order, const double *bra, const double *ket,
                std::size_t begin, std::size_t end, LaneSums &sums) {
    Lanes same{};
    Lanes crossed{};
    for (std::size_t base = begin; base < end; base += amplitudes_per_lanes) {
        if (!blocks.active(base)) {
            continue;
        }
        const std::size_t partner = base ^ blocks.x;
        Lanes row;
        Lanes column;
        std::memcpy(&row, bra + 2 * base, sizeof row);
        std::memcpy(&column, ket + 2 * partner, sizeof column);
        row *= blocks.sign(partner);
        Lanes permuted;
        permute(column, order.same, permuted);
        same += row * permuted;
        permute(column, order.crossed, permuted);
        crossed += row * permuted;
    }
    sums.same = same;
    sums.crossed = crossed;
}

QGRAD_MULTIVERSION
void add_blocks(const Blocks &blocks, const LaneOrder &order, const Lanes &same_factor,
                const Lanes &crossed_factor, const double *ket, double *out, std::size_t begin,
                std::size_t end) {
    for (std::size_t base = begin; base < end; base += amplitudes_per_lanes) {
        if (!blocks.active(base)) {
            continue;
        }
        const std::size_t partner = base ^ blocks.x;
        Lanes row;
        Lanes column;
        std::memcpy(&row, out + 2 * base, sizeof row);
        std::memcpy(&column, ket + 2 * partner, sizeof column);
        column *= blocks.sign(partner);
        Lanes permuted;
        permute(column, order.same, permuted);
        row += same_factor * permuted;
        permute(column, order.crossed, permuted);
        row += crossed_factor * permuted;
        std::memcpy(out + 2 * base, &row, sizeof row);
    }
}

// Both for states of one amplitude pair, which fill no block.
bool row_sign(const PauliWord &word, std::size_t row, double &sign) {
    if ((row & word.control_mask) != word.control_bits) {
        return false;
    }
    sign = odd((row ^ word.x) & word.z) ? -1.0 : 1.0;
    return true;
}

Complex overlap_small(const PauliWord &word, const Complex *bra, const Complex *ket,
                      std::size_t begin, std::size_t end) {
    Complex sum{};
    double sign = 0.0;
    for (std::size_t row = begin; row < end; ++row) {
        if (row_sign(word, row, sign)) {
            sum += sign * std::conj(bra[row]) * ket[row ^ word.x];
        }
    }
    return sum;
}

void accumulate_small(const PauliWord &word, Complex factor, const Complex *ket, Complex *out,
                      std::size_t begin, std::size_t end) {
    double sign = 0.0;
    for (std::size_t row = begin; row < end; ++row) {
        if (row_sign(word, row, sign)) {
            out[row] += sign * factor * ket[row ^ word.x];
        }
    }
}

// The indices whose bits in `fixed` are all zero, in rising order: fixed bits are skipped by carrying
// across them.
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

Complex overlap(const PauliWord &word, const Complex *bra, const Complex *ket, std::size_t begin,
                std::size_t end) {
    const Complex phase = power_of_i(word.num_y);
    if (end - begin < amplitudes_per_lanes) {
        return phase * overlap_small(word, bra, ket, begin, end);
    }
    LaneSums sums;
    sum_blocks(Blocks(word), LaneOrder(word), reinterpret_cast<const double *>(bra),
               reinterpret_cast<const double *>(ket), begin, end, sums);
    double re = 0.0;
    double im = 0.0;
    for (std::size_t lane = 0; lane < amplitudes_per_lanes; ++lane) {
        const double sign = lane_sign(word, lane);
        re += sign * (sums.same[2 * lane] + sums.same[2 * lane + 1]);
        im += sign * (sums.crossed[2 * lane] - sums.crossed[2 * lane + 1]);
    }
    return phase * Complex{re, im};
}

void accumulate(const PauliWord &word, Complex factor, const Complex *ket, Complex *out,
                std::size_t begin, std::size_t end) {
    const Complex phased = factor * power_of_i(word.num_y);
    if (end - begin < amplitudes_per_lanes) {
        accumulate_small(word, phased, ket, out, begin, end);
        return;
    }
    // (p + iq)(c + id) = (pc - qd) + i(pd + qc): p times the partner, q times the exchanged partner.
    Lanes same_factor;
    Lanes crossed_factor;
    for (std::size_t lane = 0; lane < amplitudes_per_lanes; ++lane) {
        const double sign = lane_sign(word, lane);
        same_factor[2 * lane] = sign * phased.real();
        same_factor[2 * lane + 1] = sign * phased.real();
        crossed_factor[2 * lane] = -sign * phased.imag();
        crossed_factor[2 * lane + 1] = sign * phased.imag();
    }
    add_blocks(Blocks(word), LaneOrder(word), same_factor, crossed_factor,
               reinterpret_cast<const double *>(ket), reinterpret_cast<double *>(out), begin, end);
}

Complex overlap(const Generator &generator, const Complex *bra, const Complex *ket,
                std::size_t size) {
    Complex sum{};
    switch (generator.kind) {
    case Generator::Kind::word:
        return overlap(generator.word, bra, ket, 0, size);
    case Generator::Kind::local:
        for_each_free_index(generator.fixed_mask, size, [&](std::uint64_t index) {
            const std::uint64_t base = index | generator.control_bits;
            for (const auto &[row, column, value] : generator.entries) {
                sum += std::conj(bra[base | row]) * value * ket[base | column];
            }
        });
        return sum;
    case Generator::Kind::split:
        for_each_free_index(generator.control_mask, size, [&](std::uint64_t index) {
            const std::uint64_t i = index | generator.control_bits;
            const bool upper = gather_bits(i, generator.target_bits) < generator.dimension;
            const Complex product = std::conj(bra[i]) * ket[i];
            sum += upper ? product : -product;
        });
        return sum;
    case Generator::Kind::none:
        break;
    }
    return sum;
}

void accumulate(const Generator &generator, Complex factor, const Complex *ket, Complex *out,
                std::size_t size) {
    switch (generator.kind) {
    case Generator::Kind::word:
        accumulate(generator.word, factor, ket, out, 0, size);
        break;
    case Generator::Kind::local:
        for_each_free_index(generator.fixed_mask, size, [&](std::uint64_t index) {
            const std::uint64_t base = index | generator.control_bits;
            for (const auto &[row, column, value] : generator.entries) {
                out[base | row] += factor * value * ket[base | column];
            }
        });
        break;
    case Generator::Kind::split:
        for_each_free_index(generator.control_mask, size, [&](std::uint64_t index) {
            const std::uint64_t i = index | generator.control_bits;
            const bool upper = gather_bits(i, generator.target_bits) < generator.dimension;
            out[i] += (upper ? factor : -factor) * ket[i];
        });
        break;
    case Generator::Kind::none:
        break;
    }
}

void multiply_split(const std::vector<unsigned> &target_bits, std::size_t dimension,
                    std::uint64_t control_mask, std::uint64_t control_bits, Complex upper,
                    Complex lower, Complex *ket, std::size_t size) {
    for_each_free_index(control_mask, size, [&](std::uint64_t index) {
        const std::uint64_t i = index | control_bits;
        ket[i] *= gather_bits(i, target_bits) < dimension ? upper : lower;
    });
}

} // namespace qgrad
