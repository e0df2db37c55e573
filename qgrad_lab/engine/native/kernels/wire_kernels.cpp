#include "kernels/wire_kernels.hpp"

#include <algorithm>
#include <cstring>

#include "host/simd.hpp"

namespace qgrad {
namespace {

// Factors of a block and of its partner, as real and imaginary parts. To multiply by the imaginary
// parts, with their signs, the block is taken with real and imaginary parts exchanged.
template <class Real> struct Factors {
    std::array<Lanes<Real>, 4>
        real; // a pair of blocks: the matrix; one block: its own, its partner's
    std::array<Lanes<Real>, 4> imaginary;
};

// Overlaps before they are added up over lanes, in the same order.
template <class Real> struct Sums {
    std::array<Lanes<Real>, 4> same{}; // of products with equal parts: their sum is the real part
    std::array<Lanes<Real>, 4>
        crossed{}; // with the other part: even minus odd is the imaginary part
};

template <class Real> [[gnu::always_inline]] inline void drain(Sums<Real> &from, Sums<Real> &to) {
    for (std::size_t k = 0; k < from.same.size(); ++k) {
        to.same[k] += from.same[k];
        to.crossed[k] += from.crossed[k];
    }
    from = Sums<Real>{};
}

template <class Real> struct Layout {
    bool in_block;    // whether the target is a bit of the lanes
    int target;       // else: the bit of a block's number
    int control;      // a bit of a block's number, or none
    int lane_control; // a bit of the lanes, or none
    std::size_t num_blocks;
    LaneIndex<Real>
        partners{}; // where the partner of each number of a block is, for a target in it

    Layout(const Wire &wire, std::size_t size)
        : in_block(wire.target < lane_bits<Real>),
          target(in_block ? no_control : static_cast<int>(wire.target - lane_bits<Real>)),
          control(wire.control >= static_cast<int>(lane_bits<Real>)
                      ? wire.control - static_cast<int>(lane_bits<Real>)
                      : no_control),
          lane_control(control == no_control ? wire.control : no_control),
          num_blocks(std::max(size, least_amplitudes<Real>) / amplitudes_per_lanes<Real>) {
        for (int i = 0; i < static_cast<int>(2 * amplitudes_per_lanes<Real>); ++i) {
            partners[i] = in_block ? i ^ (2 << wire.target) : i;
        }
    }

    std::size_t num_sets() const { return control == no_control ? 1 : 2; }

    // The value of the control that a lane belongs to, in the blocks of one set.
    std::size_t value(std::size_t set, std::size_t lane) const {
        return lane_control == no_control ? set : (lane >> lane_control) & 1U;
    }
    std::size_t first_block(std::size_t set) const {
        return set == 0 ? 0 : std::size_t{1} << control;
    }
};

// Calls body(first, count) for all blocks, in ranges, whose bits `target` and `control` are zero.
template <class Real, class Body>
[[gnu::always_inline]] inline void for_ranges(const Layout<Real> &layout, const Body &body) {
    const int low = std::min(layout.target, layout.control);
    const int high = std::max(layout.target, layout.control);
    if (high == no_control) {
        body(std::size_t{0}, layout.num_blocks);
    } else if (low == no_control) {
        const std::size_t run = std::size_t{1} << high;
        for (std::size_t i = 0; i < layout.num_blocks; i += 2 * run) {
            body(i, run);
        }
    } else {
        const std::size_t inner = std::size_t{1} << low;
        const std::size_t outer = std::size_t{1} << high;
        for (std::size_t i = 0; i < layout.num_blocks; i += 2 * outer) {
            for (std::size_t j = i; j < i + outer; j += 2 * inner) {
                body(j, inner);
            }
        }
    }
}

template <class Real> struct Patterns;

template <> struct Patterns<double> {
    // 1 in the lanes in which a bit is set.
    static constexpr std::array<Lanes<double>, 2> set{Lanes<double>{0, 0, 1, 1, 0, 0, 1, 1},
                                                      Lanes<double>{0, 0, 0, 0, 1, 1, 1, 1}};
    static constexpr Lanes<double> signs{-1, 1, -1, 1, -1, 1, -1, 1};
    static constexpr LaneIndex<double> exchanged{1, 0, 3, 2, 5, 4, 7, 6};
};

template <> struct Patterns<float> {
    static constexpr std::array<Lanes<float>, 3> set{
        Lanes<float>{0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1},
        Lanes<float>{0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1},
        Lanes<float>{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}};
    static constexpr Lanes<float> signs{-1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1};
    static constexpr LaneIndex<float> exchanged{1, 0, 3,  2,  5,  4,  7,  6,
                                                9, 8, 11, 10, 13, 12, 15, 14};
};

// `zero` in the lanes in which a bit is not set, `one` in the others.
template <class Real>
[[gnu::always_inline]] inline void choose(unsigned bit, const Lanes<Real> &zero,
                                          const Lanes<Real> &one, Lanes<Real> &result) {
    const Lanes<Real> &set = Patterns<Real>::set[bit];
    result = zero * (Real{1} - set) + one * set;
}

// The real or imaginary part of element k of the matrices, for the amplitudes of a block.
template <class Real, class Part>
[[gnu::always_inline]] inline void spread(const Wire &wire, const Layout<Real> &layout,
                                          const WireMatrices &matrices, std::size_t set,
                                          std::size_t k, const Part &part, Lanes<Real> &result) {
    const auto of_value = [&](std::size_t value, Lanes<Real> &lanes) {
        const Matrix2 &matrix = matrices[value];
        const Real own = static_cast<Real>(part(matrix[k]));
        if (layout.in_block) {
            // A row's own factor, or that of its partner.
            const Real other = static_cast<Real>(part(matrix[k == 0 ? 3 : 2]));
            const Lanes<Real> first = own + Lanes<Real>{};
            const Lanes<Real> second = other + Lanes<Real>{};
            choose<Real>(wire.target, first, second, lanes);
        } else {
            lanes = own + Lanes<Real>{};
        }
    };
    if (layout.lane_control == no_control) {
        of_value(set, result);
        return;
    }
    Lanes<Real> zero;
    Lanes<Real> one;
    of_value(0, zero);
    of_value(1, one);
    choose<Real>(static_cast<unsigned>(layout.lane_control), zero, one, result);
}

template <class Real>
[[gnu::always_inline]] inline void factors_of(const Wire &wire, const Layout<Real> &layout,
                                              const WireMatrices &matrices, std::size_t set,
                                              Factors<Real> &factors) {
    for (std::size_t k = 0; k < (layout.in_block ? 2U : 4U); ++k) {
        spread(
            wire, layout, matrices, set, k, [](const Complex &z) { return z.real(); },
            factors.real[k]);
        spread(
            wire, layout, matrices, set, k, [](const Complex &z) { return z.imag(); },
            factors.imaginary[k]);
        factors.imaginary[k] *= Patterns<Real>::signs;
    }
}

template <class Real>
[[gnu::always_inline]] inline void add_lanes(const Wire &wire, const Layout<Real> &layout,
                                             std::size_t set, const Sums<Real> &lanes,
                                             WireMatrices &sums) {
    const auto number = [](Real value) { return static_cast<double>(value); };
    for (std::size_t k = 0; k < (layout.in_block ? 2U : 4U); ++k) {
        const Lanes<Real> &same = lanes.same[k];
        const Lanes<Real> &crossed = lanes.crossed[k];
        if (!layout.in_block && layout.lane_control == no_control) {
            double real = 0.0;
            double imaginary = 0.0;
            for (std::size_t i = 0; i < 2 * amplitudes_per_lanes<Real>; i += 2) {
                real += number(same[i]) + number(same[i + 1]);
                imaginary += number(crossed[i]) - number(crossed[i + 1]);
            }
            sums[set][k] += Complex{real, imaginary};
            continue;
        }
        for (std::size_t lane = 0; lane < amplitudes_per_lanes<Real>; ++lane) {
            const std::size_t row = (lane >> wire.target) & 1U;
            const std::size_t in_block = k == 0 ? 3 * row : 1 + row;
            const std::size_t element = layout.in_block ? in_block : k;
            sums[layout.value(set, lane)][element] +=
                Complex{number(same[2 * lane]) + number(same[2 * lane + 1]),
                        number(crossed[2 * lane]) - number(crossed[2 * lane + 1])};
        }
    }
}

template <class Real>
[[gnu::always_inline]] inline void load(const Real *from, Lanes<Real> &values) {
    std::memcpy(&values, from, sizeof values);
}

template <class Real>
[[gnu::always_inline]] inline void store(const Lanes<Real> &values, Real *to) {
    std::memcpy(to, &values, sizeof values);
}

template <class Real>
[[gnu::always_inline]] inline void exchange_parts(const Lanes<Real> &values, Lanes<Real> &result) {
    permute(values, Patterns<Real>::exchanged, result);
}

// What one pass over the amplitudes does.
enum class Pass { apply, accumulate, overlaps, overlaps_and_apply };

constexpr bool adds_overlaps(Pass pass) {
    return pass == Pass::overlaps || pass == Pass::overlaps_and_apply;
}

template <class Real>
[[gnu::always_inline]] inline void multiply(const Factors<Real> &factors, std::size_t row,
                                            const Lanes<Real> &a, const Lanes<Real> &a_crossed,
                                            const Lanes<Real> &b, const Lanes<Real> &b_crossed,
                                            Lanes<Real> &result) {
    result = factors.real[2 * row] * a + factors.imaginary[2 * row] * a_crossed +
             factors.real[2 * row + 1] * b + factors.imaginary[2 * row + 1] * b_crossed;
}

template <class Real>
constexpr std::size_t width = 2 * amplitudes_per_lanes<Real>; // numbers of a block

// `other` is the state that is added to, or the bra of overlaps.
template <Pass pass, class Real>
[[gnu::always_inline]] inline void visit_pair(const Factors<Real> &factors, std::size_t step,
                                              Real *ket, Real *other, Sums<Real> &sums) {
    Lanes<Real> a, b, a_crossed, b_crossed, low, high;
    load(ket, a);
    load(ket + step, b);
    exchange_parts<Real>(a, a_crossed);
    exchange_parts<Real>(b, b_crossed);
    if constexpr (adds_overlaps(pass)) {
        Lanes<Real> x, y;
        load(other, x);
        load(other + step, y);
        sums.same[0] += x * a;
        sums.crossed[0] += x * a_crossed;
        sums.same[1] += x * b;
        sums.crossed[1] += x * b_crossed;
        sums.same[2] += y * a;
        sums.crossed[2] += y * a_crossed;
        sums.same[3] += y * b;
        sums.crossed[3] += y * b_crossed;
        if constexpr (pass == Pass::overlaps_and_apply) {
            Lanes<Real> x_crossed, y_crossed;
            exchange_parts<Real>(x, x_crossed);
            exchange_parts<Real>(y, y_crossed);
            multiply(factors, 0, x, x_crossed, y, y_crossed, low);
            multiply(factors, 1, x, x_crossed, y, y_crossed, high);
            store(low, other);
            store(high, other + step);
        }
    }
    if constexpr (pass != Pass::overlaps) {
        multiply(factors, 0, a, a_crossed, b, b_crossed, low);
        multiply(factors, 1, a, a_crossed, b, b_crossed, high);
        if constexpr (pass == Pass::accumulate) {
            Lanes<Real> x, y;
            load(other, x);
            load(other + step, y);
            store(x + low, other);
            store(y + high, other + step);
        } else {
            store(low, ket);
            store(high, ket + step);
        }
    }
}

// The same for a target within a block.
template <Pass pass, class Real>
[[gnu::always_inline]] inline void visit_block(const Factors<Real> &factors,
                                               const LaneIndex<Real> &partners, Real *ket,
                                               Real *other, Sums<Real> &sums) {
    Lanes<Real> a, b, a_crossed, b_crossed, result;
    load(ket, a);
    permute(a, partners, b);
    exchange_parts<Real>(a, a_crossed);
    exchange_parts<Real>(b, b_crossed);
    if constexpr (adds_overlaps(pass)) {
        Lanes<Real> x;
        load(other, x);
        sums.same[0] += x * a;
        sums.crossed[0] += x * a_crossed;
        sums.same[1] += x * b;
        sums.crossed[1] += x * b_crossed;
        if constexpr (pass == Pass::overlaps_and_apply) {
            Lanes<Real> y, x_crossed, y_crossed;
            permute(x, partners, y);
            exchange_parts<Real>(x, x_crossed);
            exchange_parts<Real>(y, y_crossed);
            multiply(factors, 0, x, x_crossed, y, y_crossed, result);
            store(result, other);
        }
    }
    if constexpr (pass != Pass::overlaps) {
        multiply(factors, 0, a, a_crossed, b, b_crossed, result);
        if constexpr (pass == Pass::accumulate) {
            Lanes<Real> x;
            load(other, x);
            store(x + result, other);
        } else {
            store(result, ket);
        }
    }
}

// The whole state, one value of the control after the other.
template <Pass pass, class Real>
[[gnu::always_inline]] inline void visit(const Wire &wire, const WireMatrices &matrices, Real *ket,
                                         Real *other, std::size_t size, WireMatrices &sums) {
    const Layout<Real> layout(wire, size);
    const LaneIndex<Real> partners = layout.partners;
    const std::size_t step = layout.in_block ? 0 : width<Real> << layout.target;
    for (std::size_t set = 0; set < layout.num_sets(); ++set) {
        Factors<Real> factors;
        if constexpr (pass != Pass::overlaps) {
            factors_of(wire, layout, matrices, set, factors);
        }
        Sums<Real> lanes;
        [[maybe_unused]] Sums<Real> total;
        [[maybe_unused]] std::size_t num_terms = 0; // in a lane
        for_ranges(layout, [&](std::size_t block, std::size_t count) {
            const std::size_t most = adds_overlaps(pass) ? most_terms<Real> : count;
            const std::size_t part = std::min(count, most); // both are powers of two
            const std::size_t first = width<Real> * (block + layout.first_block(set));
            const std::size_t end = first + width<Real> * count;
            for (std::size_t begin = first; begin < end; begin += width<Real> * part) {
                for (std::size_t i = begin; i < begin + width<Real> * part; i += width<Real>) {
                    if (layout.in_block) {
                        visit_block<pass>(factors, partners, ket + i, other + i, lanes);
                    } else {
                        visit_pair<pass>(factors, step, ket + i, other + i, lanes);
                    }
                }
                if constexpr (adds_overlaps(pass) && limits_terms<Real>) {
                    num_terms += part;
                    if (num_terms >= most_terms<Real>) {
                        drain(lanes, total);
                        num_terms = 0;
                    }
                }
            }
        });
        if constexpr (adds_overlaps(pass) && limits_terms<Real>) {
            drain(total, lanes);
        }
        if constexpr (adds_overlaps(pass)) {
            add_lanes(wire, layout, set, lanes, sums);
        }
    }
}

template <class Real> Real *numbers(std::complex<Real> *state) {
    return reinterpret_cast<Real *>(state);
}

// Kernels that only read a state share their code with those that write it.
template <class Real> Real *numbers(const std::complex<Real> *state) {
    return numbers(const_cast<std::complex<Real> *>(state));
}

} // namespace

QGRAD_MULTIVERSION
void apply(const Wire &wire, const WireMatrices &matrices, std::complex<float> *ket,
           std::size_t size) {
    WireMatrices none;
    visit<Pass::apply>(wire, matrices, numbers(ket), numbers(ket), size, none);
}

QGRAD_MULTIVERSION
void accumulate(const Wire &wire, const WireMatrices &matrices, const std::complex<float> *ket,
                std::complex<float> *out, std::size_t size) {
    WireMatrices none;
    visit<Pass::accumulate>(wire, matrices, numbers(ket), numbers(out), size, none);
}

QGRAD_MULTIVERSION
void add_overlaps(const Wire &wire, const std::complex<float> *bra, const std::complex<float> *ket,
                  std::size_t size, WireMatrices &sums) {
    visit<Pass::overlaps>(wire, sums, numbers(ket), numbers(bra), size, sums);
}

QGRAD_MULTIVERSION
void add_overlaps_and_apply(const Wire &wire, const WireMatrices &matrices,
                            std::complex<float> *bra, std::complex<float> *ket, std::size_t size,
                            WireMatrices &sums) {
    visit<Pass::overlaps_and_apply>(wire, matrices, numbers(ket), numbers(bra), size, sums);
}

QGRAD_MULTIVERSION
void apply(const Wire &wire, const WireMatrices &matrices, std::complex<double> *ket,
           std::size_t size) {
    WireMatrices none;
    visit<Pass::apply>(wire, matrices, numbers(ket), numbers(ket), size, none);
}

QGRAD_MULTIVERSION
void accumulate(const Wire &wire, const WireMatrices &matrices, const std::complex<double> *ket,
                std::complex<double> *out, std::size_t size) {
    WireMatrices none;
    visit<Pass::accumulate>(wire, matrices, numbers(ket), numbers(out), size, none);
}

QGRAD_MULTIVERSION
void add_overlaps(const Wire &wire, const std::complex<double> *bra,
                  const std::complex<double> *ket, std::size_t size, WireMatrices &sums) {
    visit<Pass::overlaps>(wire, sums, numbers(ket), numbers(bra), size, sums);
}

QGRAD_MULTIVERSION
void add_overlaps_and_apply(const Wire &wire, const WireMatrices &matrices,
                            std::complex<double> *bra, std::complex<double> *ket, std::size_t size,
                            WireMatrices &sums) {
    visit<Pass::overlaps_and_apply>(wire, matrices, numbers(ket), numbers(bra), size, sums);
}

} // namespace qgrad
