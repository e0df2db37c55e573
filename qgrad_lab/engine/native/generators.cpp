#include "generators.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace qgrad {
namespace {

// i^n
Complex power_of_i(unsigned n) {
    constexpr std::array<Complex, 4> powers{Complex{1, 0}, Complex{0, 1}, Complex{-1, 0},
                                            Complex{0, -1}};
    return powers[n % 4];
}

bool odd(std::uint64_t bits) { return (std::popcount(bits) & 1) != 0; }

// The word on blocks of consecutive indices: what happens to the low `width` bits is the same in every
// block (a lane permutation and lane signs), the high bits choose the partner block and a sign.
// Lanes make the inner loop branch-free and of fixed length, so that compilers vectorise it.
class Blocks {
  public:
    static constexpr unsigned max_width = 3;

    Blocks(const PauliWord &word, std::size_t size)
        : word_(word), width_(std::min<unsigned>(max_width, std::countr_zero(size))),
          lanes_(std::size_t{1} << width_), low_(lanes_ - 1) {
        for (std::size_t lane = 0; lane < lanes_; ++lane) {
            const bool active =
                (lane & word.control_mask & low_) == (word.control_bits & low_);
            partner_[lane] = lane ^ (word.x & low_);
            sign_[lane] = !active ? 0.0 : odd(partner_[lane] & word.z) ? -1.0 : 1.0;
        }
    }

    // Calls visit(base, partner_base, negative) for every block that the controls leave active.
    template <class Visit> void for_each(std::size_t size, Visit visit) const {
        const std::uint64_t high_mask = word_.control_mask & ~low_;
        const std::uint64_t high_bits = word_.control_bits & ~low_;
        const std::uint64_t high_x = word_.x & ~low_;
        const std::uint64_t high_z = word_.z & ~low_;
        for (std::size_t base = 0; base < size; base += lanes_) {
            if ((base & high_mask) != high_bits) {
                continue;
            }
            const std::size_t partner = base ^ high_x;
            visit(base, partner, odd(partner & high_z));
        }
    }

    std::size_t lanes() const { return lanes_; }
    std::size_t partner(std::size_t lane) const { return partner_[lane]; }
    double sign(std::size_t lane) const { return sign_[lane]; }
    const std::array<double, std::size_t{1} << max_width> &signs() const { return sign_; }

  private:
    const PauliWord &word_;
    unsigned width_;
    std::size_t lanes_;
    std::uint64_t low_;
    std::array<std::size_t, std::size_t{1} << max_width> partner_{};
    std::array<double, std::size_t{1} << max_width> sign_{};
};

// sum_j sign_j conj(bra_j) ket_partner(j) over one block of eight, real and imaginary parts apart.
template <std::size_t low_x>
inline void block_overlap(const double *bra, const double *ket, const double *sign, double &re,
                          double &im) {
    double block_re = 0.0;
    double block_im = 0.0;
    for (std::size_t lane = 0; lane < 8; ++lane) {
        const std::size_t partner = lane ^ low_x;
        const double a = bra[2 * lane];
        const double b = bra[2 * lane + 1];
        const double c = ket[2 * partner];
        const double d = ket[2 * partner + 1];
        block_re += sign[lane] * (a * c + b * d);
        block_im += sign[lane] * (a * d - b * c);
    }
    re += block_re;
    im += block_im;
}

template <std::size_t low_x>
Complex overlap_by_eights(const Blocks &blocks, const Complex *bra, const Complex *ket,
                          std::size_t size) {
    const auto *b = reinterpret_cast<const double *>(bra);
    const auto *k = reinterpret_cast<const double *>(ket);
    double re = 0.0;
    double im = 0.0;
    blocks.for_each(size, [&](std::size_t base, std::size_t partner, bool negative) {
        double block_re = 0.0;
        double block_im = 0.0;
        block_overlap<low_x>(b + 2 * base, k + 2 * partner, blocks.signs().data(), block_re,
                             block_im);
        re += negative ? -block_re : block_re;
        im += negative ? -block_im : block_im;
    });
    return {re, im};
}

Complex overlap_small(const Blocks &blocks, const Complex *bra, const Complex *ket,
                      std::size_t size) {
    Complex sum{};
    blocks.for_each(size, [&](std::size_t base, std::size_t partner, bool negative) {
        for (std::size_t lane = 0; lane < blocks.lanes(); ++lane) {
            const double sign = negative ? -blocks.sign(lane) : blocks.sign(lane);
            sum += sign * std::conj(bra[base + lane]) * ket[partner + blocks.partner(lane)];
        }
    });
    return sum;
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

Complex overlap(const PauliWord &word, const Complex *bra, const Complex *ket, std::size_t size) {
    const Blocks blocks(word, size);
    const Complex phase = power_of_i(word.num_y);
    if (blocks.lanes() < 8) {
        return phase * overlap_small(blocks, bra, ket, size);
    }
    switch (word.x & 7U) {
    case 0:
        return phase * overlap_by_eights<0>(blocks, bra, ket, size);
    case 1:
        return phase * overlap_by_eights<1>(blocks, bra, ket, size);
    case 2:
        return phase * overlap_by_eights<2>(blocks, bra, ket, size);
    case 3:
        return phase * overlap_by_eights<3>(blocks, bra, ket, size);
    case 4:
        return phase * overlap_by_eights<4>(blocks, bra, ket, size);
    case 5:
        return phase * overlap_by_eights<5>(blocks, bra, ket, size);
    case 6:
        return phase * overlap_by_eights<6>(blocks, bra, ket, size);
    default:
        return phase * overlap_by_eights<7>(blocks, bra, ket, size);
    }
}

void accumulate(const PauliWord &word, Complex factor, const Complex *ket, Complex *out,
                std::size_t size) {
    const Blocks blocks(word, size);
    const Complex phased = factor * power_of_i(word.num_y);
    blocks.for_each(size, [&](std::size_t base, std::size_t partner, bool negative) {
        const double re = negative ? -phased.real() : phased.real();
        const double im = negative ? -phased.imag() : phased.imag();
        for (std::size_t lane = 0; lane < blocks.lanes(); ++lane) {
            // Written out: std::complex multiplication checks for NaN and is several times slower.
            const Complex value = ket[partner + blocks.partner(lane)];
            const double sign = blocks.sign(lane);
            out[base + lane] += Complex{sign * (re * value.real() - im * value.imag()),
                                        sign * (re * value.imag() + im * value.real())};
        }
    });
}

Complex overlap(const Generator &generator, const Complex *bra, const Complex *ket,
                std::size_t size) {
    Complex sum{};
    switch (generator.kind) {
    case Generator::Kind::word:
        return overlap(generator.word, bra, ket, size);
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
        accumulate(generator.word, factor, ket, out, size);
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
