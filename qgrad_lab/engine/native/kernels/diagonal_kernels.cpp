#include "kernels/diagonal_kernels.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "host/simd.hpp"

namespace qgrad {
namespace {

// A slice is processed in rows: Z on a bit above a row is one sign for all of the row.
constexpr unsigned row_bits = 6;
using Row = std::array<double, std::size_t{1} << row_bits>;

// +1 or -1 for every amplitude of a row.
[[gnu::always_inline]] inline void fill_signs(std::uint64_t bits, std::size_t length, Row &signs) {
    signs[0] = 1.0;
    for (std::size_t known = 1, bit = 0; known < length; known *= 2, ++bit) {
        const double sign = ((bits >> bit) & 1U) != 0 ? -1.0 : 1.0;
        for (std::size_t i = 0; i < known; ++i) {
            signs[known + i] = sign * signs[i];
        }
    }
}

// a <- a b, elementwise.
[[gnu::always_inline]] inline void multiply(const Row &b_real, const Row &b_imaginary, double sign,
                                            std::size_t length, Row &a_real, Row &a_imaginary) {
#pragma omp simd
    for (std::size_t i = 0; i < length; ++i) {
        const double imaginary = sign * b_imaginary[i];
        const double real = a_real[i] * b_real[i] - a_imaginary[i] * imaginary;
        a_imaginary[i] = a_imaginary[i] * b_real[i] + a_real[i] * imaginary;
        a_real[i] = real;
    }
}

// Factors with the same bits above a row: on every row they act as this product or its conjugate.
struct Group {
    std::uint64_t high = 0;
    bool is_constant = true; // within a row
    Row real;
    Row imaginary;
    Row rate; // sum of the factors' rates
    Row sums; // of overlaps, each with the sign of its row
};

class Groups {
  public:
    [[gnu::always_inline]] Groups(const std::vector<ZFactor> &factors, std::size_t size)
        : length_(std::min(size, std::size_t{1} << row_bits)) {
        for (const ZFactor &factor : factors) {
            const std::uint64_t high = factor.bits & ~(length_ - 1);
            auto group =
                std::ranges::find_if(groups_, [&](const Group &each) { return each.high == high; });
            if (group == groups_.end()) {
                group = groups_.emplace(groups_.end());
                group->high = high;
                group->real.fill(1.0);
                group->imaginary.fill(0.0);
                group->rate.fill(0.0);
                group->sums.fill(0.0);
            }
            group->is_constant = group->is_constant && high == factor.bits;
            group_of_.push_back(static_cast<std::size_t>(group - groups_.begin()));
        }
    }

    [[gnu::always_inline]] void multiply_out(const std::vector<ZFactor> &factors, bool inverse) {
        Row signs;
        Row cosine;
        for (std::size_t k = 0; k < factors.size(); ++k) {
            const ZFactor &factor = factors[k];
            Group &group = groups_[group_of_[k]];
            fill_signs(factor.bits, length_, signs);
            const double direction = inverse ? -factor.sign : factor.sign;
            for (std::size_t i = 0; i < length_; ++i) {
                group.rate[i] += direction * factor.rate * signs[i];
                signs[i] *= factor.sine;
            }
            cosine.fill(factor.cosine);
            multiply(cosine, signs, direction, length_, group.real, group.imaginary);
        }
    }

    std::size_t length() const { return length_; }
    std::vector<Group> &groups() { return groups_; }
    std::size_t group_of(std::size_t factor) const { return group_of_[factor]; }

  private:
    std::size_t length_; // of a row
    std::vector<Group> groups_;
    std::vector<std::size_t> group_of_; // for each factor
};

[[gnu::always_inline]] inline double sign_of_row(const Group &group, std::size_t begin) {
    return (std::popcount(begin & group.high) & 1) != 0 ? -1.0 : 1.0;
}

// The product of all groups, row by row. Rows come in Gray-code order, in which one bit changes at
// a time, so that only the groups with this bit have to be conjugated.
class Product {
  public:
    Row real;
    Row imaginary;
    Row rate;

    [[gnu::always_inline]] explicit Product(Groups &all) : all_(all) {
        real.fill(1.0);
        imaginary.fill(0.0);
        rate.fill(0.0);
        for (Group &group : all.groups()) {
            multiply(group.real, group.imaginary, 1.0, all.length(), real, imaginary);
            for (std::size_t i = 0; i < all.length(); ++i) {
                rate[i] += group.rate[i];
                group.rate[i] *= 2.0; // what changes when a group is turned round
            }
            const Row squared_real = group.real;
            const Row squared_imaginary = group.imaginary;
            multiply(squared_real, squared_imaginary, 1.0, all.length(), group.real,
                     group.imaginary);
        }
    }

    // To the row with one bit changed.
    [[gnu::always_inline]] void turn(std::uint64_t bit, std::size_t begin) {
        std::complex<double> constant = 1.0;
        double constant_rate = 0.0;
        bool is_turned = false;
        for (const Group &group : all_.groups()) {
            if ((group.high & bit) == 0) {
                continue;
            }
            const double sign = sign_of_row(group, begin);
            if (group.is_constant) {
                constant *= std::complex<double>{group.real[0], sign * group.imaginary[0]};
                constant_rate += sign * group.rate[0];
                is_turned = true;
                continue;
            }
            multiply(group.real, group.imaginary, sign, all_.length(), real, imaginary);
            for (std::size_t i = 0; i < all_.length(); ++i) {
                rate[i] += sign * group.rate[i];
            }
        }
        if (is_turned) {
            for (std::size_t i = 0; i < all_.length(); ++i) {
                const double before = real[i];
                real[i] = before * constant.real() - imaginary[i] * constant.imag();
                imaginary[i] = imaginary[i] * constant.real() + before * constant.imag();
                rate[i] += constant_rate;
            }
        }
    }

  private:
    Groups &all_;
};

// value <- D value; tangent <- D (tangent + i rate value).
template <class Real>
[[gnu::always_inline]] inline void apply_row(const Row &real, const Row &imaginary, const Row &rate,
                                             std::size_t length, Real *value, Real *tangent) {
    if (tangent != nullptr) {
#pragma omp simd
        for (std::size_t i = 0; i < length; ++i) {
            const double re = tangent[2 * i] - rate[i] * value[2 * i + 1];
            const double im = tangent[2 * i + 1] + rate[i] * value[2 * i];
            tangent[2 * i] = static_cast<Real>(re * real[i] - im * imaginary[i]);
            tangent[2 * i + 1] = static_cast<Real>(re * imaginary[i] + im * real[i]);
        }
    }
#pragma omp simd
    for (std::size_t i = 0; i < length; ++i) {
        const double re = value[2 * i];
        const double im = value[2 * i + 1];
        value[2 * i] = static_cast<Real>(re * real[i] - im * imaginary[i]);
        value[2 * i + 1] = static_cast<Real>(re * imaginary[i] + im * real[i]);
    }
}

// row += Im conj(a) b
template <class Real>
[[gnu::always_inline]] inline void add_overlaps_of_row(const Real *a, const Real *b,
                                                       std::size_t length, Row &row) {
#pragma omp simd
    for (std::size_t i = 0; i < length; ++i) {
        row[i] += static_cast<double>(a[2 * i]) * b[2 * i + 1] -
                  static_cast<double>(a[2 * i + 1]) * b[2 * i];
    }
}

template <class Real> Real *numbers(std::complex<Real> *state, std::size_t begin) {
    return state == nullptr ? nullptr : reinterpret_cast<Real *>(state + begin);
}

template <class Real>
[[gnu::always_inline]] inline void apply(const std::vector<ZFactor> &factors, bool inverse,
                                         std::initializer_list<ZState<Real>> states,
                                         std::size_t size) {
    Groups all(factors, size);
    all.multiply_out(factors, inverse);
    const std::size_t length = all.length();
    Product product(all);
    std::size_t begin = 0;
    for (std::size_t k = 1;; ++k) {
        for (const ZState<Real> &state : states) {
            apply_row(product.real, product.imaginary, product.rate, length,
                      numbers(state.value, begin), numbers(state.tangent, begin));
        }
        if (k == size / length) { // NOLINT(clang-analyzer-core.DivideZero): no slice is empty
            return;
        }
        const std::uint64_t bit = length << std::countr_zero(k);
        begin ^= bit;
        product.turn(bit, begin);
    }
}

template <class Real>
[[gnu::always_inline]] inline void add_overlaps(const std::vector<ZFactor> &factors,
                                                const ZState<Real> &lambda, const ZState<Real> &psi,
                                                std::size_t size, double *sums) {
    Groups all(factors, size);
    const std::size_t length = all.length();
    Row row;
    for (std::size_t begin = 0; begin < size; begin += length) {
        row.fill(0.0);
        if (lambda.tangent == nullptr) {
            add_overlaps_of_row(numbers(lambda.value, begin), numbers(psi.value, begin), length,
                                row);
        } else {
            add_overlaps_of_row(numbers(lambda.tangent, begin), numbers(psi.value, begin), length,
                                row);
            if (psi.tangent != nullptr) {
                add_overlaps_of_row(numbers(lambda.value, begin), numbers(psi.tangent, begin),
                                    length, row);
            }
        }
        for (Group &group : all.groups()) {
            const double sign = sign_of_row(group, begin);
            for (std::size_t i = 0; i < length; ++i) {
                group.sums[i] += sign * row[i];
            }
        }
    }
    for (std::size_t k = 0; k < factors.size(); ++k) {
        const Group &group = all.groups()[all.group_of(k)];
        fill_signs(factors[k].bits, length, row);
        double sum = 0.0;
        for (std::size_t i = 0; i < length; ++i) {
            sum += row[i] * group.sums[i];
        }
        sums[k] += factors[k].sign * sum;
    }
}

} // namespace

QGRAD_MULTIVERSION
void apply_factors(const std::vector<ZFactor> &factors, bool inverse,
                   std::initializer_list<ZState<double>> states, std::size_t size) {
    apply(factors, inverse, states, size);
}

QGRAD_MULTIVERSION
void add_factor_overlaps(const std::vector<ZFactor> &factors, const ZState<double> &lambda,
                         const ZState<double> &psi, std::size_t size, double *sums) {
    add_overlaps(factors, lambda, psi, size, sums);
}

QGRAD_MULTIVERSION
void apply_factors(const std::vector<ZFactor> &factors, bool inverse,
                   std::initializer_list<ZState<float>> states, std::size_t size) {
    apply(factors, inverse, states, size);
}

QGRAD_MULTIVERSION
void add_factor_overlaps(const std::vector<ZFactor> &factors, const ZState<float> &lambda,
                         const ZState<float> &psi, std::size_t size, double *sums) {
    add_overlaps(factors, lambda, psi, size, sums);
}

} // namespace qgrad
