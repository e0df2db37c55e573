#include "wire_kernels.hpp"

#include <algorithm>
#include <cstring>

#include "simd.hpp"

namespace qgrad {
namespace {

constexpr unsigned lane_bits = 2;

// Factors of a block and of its partner, as real and imaginary parts. Multiplying a block by its
// imaginary parts, with signs, takes it with real and imaginary parts exchanged.
struct Factors {
    std::array<Lanes, 4> real; // a pair of blocks: the matrix; one block: its own, its partner's
    std::array<Lanes, 4> imaginary;
};

// Overlaps that are not yet added up over lanes, in the same order.
struct Sums {
    std::array<Lanes, 4> same{};    // of products with equal parts: their sum is the real part
    std::array<Lanes, 4> crossed{}; // with the other part: even minus odd is the imaginary part
};

struct Layout {
    bool in_block;          // whether the target is a bit of the lanes
    int target;             // else: the bit of a block's number
    int control;            // a bit of a block's number, or none
    int lane_control;       // a bit of the lanes, or none
    std::size_t num_blocks;
    LaneIndex partners{};   // where the partner of each number of a block is, for a target in it

    Layout(const Wire &wire, std::size_t size)
        : in_block(wire.target < lane_bits),
          target(in_block ? no_control : static_cast<int>(wire.target - lane_bits)),
          control(wire.control >= static_cast<int>(lane_bits)
                      ? wire.control - static_cast<int>(lane_bits)
                      : no_control),
          lane_control(control == no_control ? wire.control : no_control),
          num_blocks(std::max(size, least_amplitudes) / amplitudes_per_lanes) {
        for (int i = 0; i < static_cast<int>(2 * amplitudes_per_lanes); ++i) {
            partners[i] = in_block ? i ^ (2 << wire.target) : i;
        }
    }

    std::size_t num_sets() const { return control == no_control ? 1 : 2; }

    // Which value of the control a lane belongs to, in the blocks of one set.
    std::size_t value(std::size_t set, std::size_t lane) const {
        return lane_control == no_control ? set : (lane >> lane_control) & 1U;
    }
    std::size_t first_block(std::size_t set) const { return set == 0 ? 0 : std::size_t{1} << control; }
};

// Calls body(first, count) for all blocks, in ranges, whose bits `target` and `control` are zero.
template <class Body>
[[gnu::always_inline]] inline void for_ranges(const Layout &layout, const Body &body) {
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

// 1 in lanes of which a bit is set.
constexpr std::array<Lanes, lane_bits> set_lanes{Lanes{0, 0, 1, 1, 0, 0, 1, 1},
                                                 Lanes{0, 0, 0, 0, 1, 1, 1, 1}};

// `zero` in lanes of which a bit is not set, `one` in the others.
[[gnu::always_inline]] inline void choose(unsigned bit, const Lanes &zero, const Lanes &one,
                                          Lanes &result) {
    result = zero * (1.0 - set_lanes[bit]) + one * set_lanes[bit];
}

// One part of element k of the matrices, for the amplitudes of a block.
template <class Part>
[[gnu::always_inline]] inline void spread(const Wire &wire, const Layout &layout,
                                          const WireMatrices &matrices, std::size_t set,
                                          std::size_t k, const Part &part, Lanes &result) {
    const auto of_value = [&](std::size_t value, Lanes &lanes) {
        const Matrix2 &matrix = matrices[value];
        if (layout.in_block) {
            // A row's own factor, or that of its partner.
            const Lanes first = part(matrix[k]) + Lanes{};
            const Lanes second = part(matrix[k == 0 ? 3 : 2]) + Lanes{};
            choose(wire.target, first, second, lanes);
        } else {
            lanes = part(matrix[k]) + Lanes{};
        }
    };
    if (layout.lane_control == no_control) {
        of_value(set, result);
        return;
    }
    Lanes zero;
    Lanes one;
    of_value(0, zero);
    of_value(1, one);
    choose(static_cast<unsigned>(layout.lane_control), zero, one, result);
}

[[gnu::always_inline]] inline void factors_of(const Wire &wire, const Layout &layout,
                                              const WireMatrices &matrices, std::size_t set,
                                              Factors &factors) {
    constexpr Lanes signs{-1, 1, -1, 1, -1, 1, -1, 1};
    for (std::size_t k = 0; k < (layout.in_block ? 2U : 4U); ++k) {
        spread(wire, layout, matrices, set, k, [](const Complex &z) { return z.real(); },
               factors.real[k]);
        spread(wire, layout, matrices, set, k, [](const Complex &z) { return z.imag(); },
               factors.imaginary[k]);
        factors.imaginary[k] *= signs;
    }
}

[[gnu::always_inline]] inline void add_lanes(const Wire &wire, const Layout &layout,
                                             std::size_t set, const Sums &lanes,
                                             WireMatrices &sums) {
    for (std::size_t k = 0; k < (layout.in_block ? 2U : 4U); ++k) {
        const Lanes &same = lanes.same[k];
        const Lanes &crossed = lanes.crossed[k];
        if (!layout.in_block && layout.lane_control == no_control) {
            double real = 0.0;
            double imaginary = 0.0;
            for (std::size_t i = 0; i < 2 * amplitudes_per_lanes; i += 2) {
                real += same[i] + same[i + 1];
                imaginary += crossed[i] - crossed[i + 1];
            }
            sums[set][k] += Complex{real, imaginary};
            continue;
        }
        for (std::size_t lane = 0; lane < amplitudes_per_lanes; ++lane) {
            const std::size_t row = (lane >> wire.target) & 1U;
            const std::size_t element = !layout.in_block ? k : k == 0 ? 3 * row : 1 + row;
            sums[layout.value(set, lane)][element] +=
                Complex{same[2 * lane] + same[2 * lane + 1],
                        crossed[2 * lane] - crossed[2 * lane + 1]};
        }
    }
}

[[gnu::always_inline]] inline void load(const double *from, Lanes &values) {
    std::memcpy(&values, from, sizeof values);
}

[[gnu::always_inline]] inline void store(const Lanes &values, double *to) {
    std::memcpy(to, &values, sizeof values);
}

[[gnu::always_inline]] inline void exchange_parts(const Lanes &values, Lanes &result) {
    constexpr LaneIndex order{1, 0, 3, 2, 5, 4, 7, 6};
    permute(values, order, result);
}

// What one pass over the amplitudes does.
enum class Pass { apply, accumulate, overlaps, overlaps_and_apply };

constexpr bool adds_overlaps(Pass pass) {
    return pass == Pass::overlaps || pass == Pass::overlaps_and_apply;
}

[[gnu::always_inline]] inline void multiply(const Factors &factors, std::size_t row, const Lanes &a,
                                            const Lanes &a_crossed, const Lanes &b,
                                            const Lanes &b_crossed, Lanes &result) {
    result = factors.real[2 * row] * a + factors.imaginary[2 * row] * a_crossed +
             factors.real[2 * row + 1] * b + factors.imaginary[2 * row + 1] * b_crossed;
}

constexpr std::size_t width = 2 * amplitudes_per_lanes; // numbers of a block

// `other` is the state that is added to, or the bra of overlaps.
template <Pass pass>
[[gnu::always_inline]] inline void visit_pair(const Factors &factors, std::size_t step, double *ket,
                                              double *other, Sums &sums) {
    Lanes a, b, a_crossed, b_crossed, low, high;
    load(ket, a);
    load(ket + step, b);
    exchange_parts(a, a_crossed);
    exchange_parts(b, b_crossed);
    if constexpr (adds_overlaps(pass)) {
        Lanes x, y;
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
            Lanes x_crossed, y_crossed;
            exchange_parts(x, x_crossed);
            exchange_parts(y, y_crossed);
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
            Lanes x, y;
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

// The same for a target inside of a block.
template <Pass pass>
[[gnu::always_inline]] inline void visit_block(const Factors &factors, const LaneIndex &partners,
                                               double *ket, double *other, Sums &sums) {
    Lanes a, b, a_crossed, b_crossed, result;
    load(ket, a);
    permute(a, partners, b);
    exchange_parts(a, a_crossed);
    exchange_parts(b, b_crossed);
    if constexpr (adds_overlaps(pass)) {
        Lanes x;
        load(other, x);
        sums.same[0] += x * a;
        sums.crossed[0] += x * a_crossed;
        sums.same[1] += x * b;
        sums.crossed[1] += x * b_crossed;
        if constexpr (pass == Pass::overlaps_and_apply) {
            Lanes y, x_crossed, y_crossed;
            permute(x, partners, y);
            exchange_parts(x, x_crossed);
            exchange_parts(y, y_crossed);
            multiply(factors, 0, x, x_crossed, y, y_crossed, result);
            store(result, other);
        }
    }
    if constexpr (pass != Pass::overlaps) {
        multiply(factors, 0, a, a_crossed, b, b_crossed, result);
        if constexpr (pass == Pass::accumulate) {
            Lanes x;
            load(other, x);
            store(x + result, other);
        } else {
            store(result, ket);
        }
    }
}

// All of the state, one value of the control after the other.
template <Pass pass>
[[gnu::always_inline]] inline void visit(const Wire &wire, const WireMatrices &matrices,
                                         double *ket, double *other, std::size_t size,
                                         WireMatrices &sums) {
    const Layout layout(wire, size);
    const LaneIndex partners = layout.partners;
    const std::size_t step = layout.in_block ? 0 : width << layout.target;
    for (std::size_t set = 0; set < layout.num_sets(); ++set) {
        Factors factors;
        if constexpr (pass != Pass::overlaps) {
            factors_of(wire, layout, matrices, set, factors);
        }
        Sums lanes;
        for_ranges(layout, [&](std::size_t block, std::size_t count) {
            const std::size_t begin = width * (block + layout.first_block(set));
            for (std::size_t i = begin; i < begin + width * count; i += width) {
                if (layout.in_block) {
                    visit_block<pass>(factors, partners, ket + i, other + i, lanes);
                } else {
                    visit_pair<pass>(factors, step, ket + i, other + i, lanes);
                }
            }
        });
        if constexpr (adds_overlaps(pass)) {
            add_lanes(wire, layout, set, lanes, sums);
        }
    }
}

double *numbers(Complex *state) { return reinterpret_cast<double *>(state); }

// Kernels that only read a state share their code with those that write it.
double *numbers(const Complex *state) { return numbers(const_cast<Complex *>(state)); }

} // namespace

QGRAD_MULTIVERSION
void apply(const Wire &wire, const WireMatrices &matrices, Complex *ket, std::size_t size) {
    WireMatrices none;
    visit<Pass::apply>(wire, matrices, numbers(ket), numbers(ket), size, none);
}

QGRAD_MULTIVERSION
void accumulate(const Wire &wire, const WireMatrices &matrices, const Complex *ket, Complex *out,
                std::size_t size) {
    WireMatrices none;
    visit<Pass::accumulate>(wire, matrices, numbers(ket), numbers(out), size, none);
}

QGRAD_MULTIVERSION
void add_overlaps(const Wire &wire, const Complex *bra, const Complex *ket, std::size_t size,
                  WireMatrices &sums) {
    visit<Pass::overlaps>(wire, sums, numbers(ket), numbers(bra), size, sums);
}

QGRAD_MULTIVERSION
void add_overlaps_and_apply(const Wire &wire, const WireMatrices &matrices, Complex *bra,
                            Complex *ket, std::size_t size, WireMatrices &sums) {
    visit<Pass::overlaps_and_apply>(wire, matrices, numbers(ket), numbers(bra), size, sums);
}

} // namespace qgrad
