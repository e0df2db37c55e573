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

Factors factors(const Wire &wire, const Layout &layout, const WireMatrices &matrices,
                std::size_t set) {
    Factors result;
    for (std::size_t lane = 0; lane < amplitudes_per_lanes; ++lane) {
        const Matrix2 &matrix = matrices[layout.value(set, lane)];
        for (std::size_t k = 0; k < 4; ++k) {
            Complex factor = matrix[k];
            if (layout.in_block) {
                const std::size_t row = (lane >> wire.target) & 1U;
                factor = k == 0 ? matrix[3 * row] : matrix[1 + row];
            }
            result.real[k][2 * lane] = factor.real();
            result.real[k][2 * lane + 1] = factor.real();
            result.imaginary[k][2 * lane] = -factor.imag();
            result.imaginary[k][2 * lane + 1] = factor.imag();
        }
    }
    return result;
}

void add_lanes(const Wire &wire, const Layout &layout, std::size_t set, const Sums &lanes,
               WireMatrices &sums) {
    for (std::size_t k = 0; k < (layout.in_block ? 2U : 4U); ++k) {
        for (std::size_t lane = 0; lane < amplitudes_per_lanes; ++lane) {
            const Complex sum{lanes.same[k][2 * lane] + lanes.same[k][2 * lane + 1],
                              lanes.crossed[k][2 * lane] - lanes.crossed[k][2 * lane + 1]};
            std::size_t place = k;
            if (layout.in_block) {
                const std::size_t row = (lane >> wire.target) & 1U;
                place = k == 0 ? 3 * row : 1 + row;
            }
            sums[layout.value(set, lane)][place] += sum;
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

// One value of the control, or all of the state.
template <Pass pass>
[[gnu::always_inline]] inline void visit_set(const Layout &layout,
                                             const Factors &given, std::size_t set, double *ket,
                                             double *other, Sums &sums) {
    const Factors factors = given; // in registers
    const LaneIndex partners = layout.partners;
    Sums own;
    const std::size_t step = layout.in_block ? 0 : width << layout.target;
    for_ranges(layout, [&](std::size_t block, std::size_t count) {
        const std::size_t begin = width * (block + layout.first_block(set));
        for (std::size_t i = begin; i < begin + width * count; i += width) {
            if (layout.in_block) {
                visit_block<pass>(factors, partners, ket + i, other + i, own);
            } else {
                visit_pair<pass>(factors, step, ket + i, other + i, own);
            }
        }
    });
    sums = own;
}

QGRAD_MULTIVERSION
void apply_set(const Layout &layout, const Factors &factors,
               std::size_t set, double *ket) {
    Sums none;
    visit_set<Pass::apply>(layout, factors, set, ket, ket, none);
}

QGRAD_MULTIVERSION
void accumulate_set(const Layout &layout, const Factors &factors,
                    std::size_t set, double *ket, double *out) {
    Sums none;
    visit_set<Pass::accumulate>(layout, factors, set, ket, out, none);
}

QGRAD_MULTIVERSION
void overlaps_of_set(const Layout &layout, const Factors &factors,
                     std::size_t set, double *ket, double *bra, Sums &sums) {
    visit_set<Pass::overlaps>(layout, factors, set, ket, bra, sums);
}

QGRAD_MULTIVERSION
void overlaps_of_set_and_apply(const Layout &layout,
                               const Factors &factors, std::size_t set, double *ket, double *bra,
                               Sums &sums) {
    visit_set<Pass::overlaps_and_apply>(layout, factors, set, ket, bra, sums);
}

double *numbers(Complex *state) { return reinterpret_cast<double *>(state); }

// Kernels that only read a state share their code with those that write it.
double *numbers(const Complex *state) { return numbers(const_cast<Complex *>(state)); }

} // namespace

void apply(const Wire &wire, const WireMatrices &matrices, Complex *ket, std::size_t size) {
    const Layout layout(wire, size);
    for (std::size_t set = 0; set < layout.num_sets(); ++set) {
        apply_set(layout, factors(wire, layout, matrices, set), set, numbers(ket));
    }
}

void accumulate(const Wire &wire, const WireMatrices &matrices, const Complex *ket, Complex *out,
                std::size_t size) {
    const Layout layout(wire, size);
    for (std::size_t set = 0; set < layout.num_sets(); ++set) {
        accumulate_set(layout, factors(wire, layout, matrices, set), set,
                       numbers(ket), numbers(out));
    }
}

void add_overlaps(const Wire &wire, const Complex *bra, const Complex *ket, std::size_t size,
                  WireMatrices &sums) {
    const Layout layout(wire, size);
    for (std::size_t set = 0; set < layout.num_sets(); ++set) {
        Sums lanes;
        overlaps_of_set(layout, Factors{}, set, numbers(ket), numbers(bra), lanes);
        add_lanes(wire, layout, set, lanes, sums);
    }
}

void add_overlaps_and_apply(const Wire &wire, const WireMatrices &matrices, Complex *bra,
                            Complex *ket, std::size_t size, WireMatrices &sums) {
    const Layout layout(wire, size);
    for (std::size_t set = 0; set < layout.num_sets(); ++set) {
        Sums lanes;
        overlaps_of_set_and_apply(layout, factors(wire, layout, matrices, set), set,
                                  numbers(ket), numbers(bra), lanes);
        add_lanes(wire, layout, set, lanes, sums);
    }
}

} // namespace qgrad
