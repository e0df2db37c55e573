#include "sweep/measure.hpp"

#include <algorithm>

#include "host/interrupt.hpp"
#include "host/ranges.hpp"
#include "ir/gate_table.hpp"
#include "kernels/generators.hpp"

namespace qgrad {
namespace {

double tangent_of(const Operand &operand, const Direction &direction) {
    return operand.is_slot() ? direction.tangent[operand.slot.base] : 0.0;
}

// Measurements are outside of all loops: the slot of a coefficient is its base.
double value_of(const Operand &operand, const Direction &direction) {
    return operand.is_slot() ? direction.theta[operand.slot.base] : operand.literal;
}

// Re <a_i| P_i |b_i> for several words and states.
template <class Real> struct Product {
    const PauliWord *word;
    const std::complex<Real> *a;
    const std::complex<Real> *b;
};

template <class Real>
std::vector<double> real_overlaps(const std::vector<Product<Real>> &products,
                                  const Ranges &ranges) {
    const std::size_t width = products.size();
    std::vector<double> parts(ranges.count() * width);
    const Stop stop = Stop::here();
    ranges.for_each([&](std::size_t number, std::size_t begin, std::size_t end) {
        for (std::size_t i = 0; i < width; ++i) {
            stop.check();
            const auto &[word, a, b] = products[i];
            parts[number * width + i] = overlap(*word, a, b, begin, end).real();
        }
    });
    std::vector<double> sums(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(width));
    for (std::size_t i = width; i < parts.size(); ++i) {
        sums[i % width] += parts[i];
    }
    return sums;
}

template <class Real>
double real_overlap(const PauliWord &word, const std::complex<Real> *a, const std::complex<Real> *b,
                    const Ranges &ranges) {
    return real_overlaps<Real>({{&word, a, b}}, ranges).front();
}

template <class Real>
double inner(const std::complex<Real> *a, const std::complex<Real> *b, const Ranges &ranges) {
    return real_overlap(PauliWord{}, a, b, ranges);
}

// out += factor P ket for several words and states.
template <class Real> struct Addition {
    const PauliWord *word;
    double factor;
    const std::complex<Real> *ket;
    std::complex<Real> *out;
};

// All of them in one pass, in which the state and the tangent given are cleared first.
template <class Real>
void accumulate_all(const std::vector<Addition<Real>> &additions, const Jet<Real> &cleared,
                    const Ranges &ranges) {
    const Stop stop = Stop::here();
    ranges.for_each([&](std::size_t, std::size_t begin, std::size_t end) {
        for (std::complex<Real> *state : {cleared.value, cleared.tangent}) {
            if (state != nullptr) {
                std::fill(state + begin, state + end, std::complex<Real>{});
            }
        }
        for (const auto &[word, factor, ket, out] : additions) {
            stop.check();
            accumulate(*word, factor, ket, out, begin, end);
        }
    });
}

// to += factor (sum_j c_j P_j) ket, with c_j the coefficients or their tangents.
template <class Real>
void add_observable(const Measurement &measurement, const Direction &direction,
                    bool coefficient_tangents, double factor, const std::complex<Real> *ket,
                    std::complex<Real> *out, std::vector<Addition<Real>> &to) {
    for (const Term &term : measurement.terms) {
        const double coefficient = coefficient_tangents ? tangent_of(term.coefficient, direction)
                                                        : value_of(term.coefficient, direction);
        if (coefficient != 0.0) {
            to.push_back({&term.word, factor * coefficient, ket, out});
        }
    }
}

// phi = O psi and, with tangents, O psi' + O' psi.
template <class Real>
void apply_observable(const Measurement &measurement, const Direction &direction,
                      const Jet<Real> &psi, const Jet<Real> &phi, const Ranges &ranges) {
    std::vector<Addition<Real>> additions;
    add_observable(measurement, direction, false, 1.0, psi.value, phi.value, additions);
    if (psi.tangent != nullptr) {
        add_observable(measurement, direction, false, 1.0, psi.tangent, phi.tangent, additions);
        add_observable(measurement, direction, true, 1.0, psi.value, phi.tangent, additions);
    }
    accumulate_all(additions, phi, ranges);
}

// A number and its directional derivative.
struct Dual {
    double value = 0.0;
    double tangent = 0.0;
};

// <psi| P |psi> of several words.
template <class Real>
std::vector<Dual> word_expectations(const std::vector<const PauliWord *> &words,
                                    const Jet<Real> &psi, const Ranges &ranges) {
    std::vector<Product<Real>> products;
    products.reserve(psi.tangent == nullptr ? words.size() : 2 * words.size());
    for (const PauliWord *word : words) {
        products.push_back({word, psi.value, psi.value});
    }
    if (psi.tangent != nullptr) {
        for (const PauliWord *word : words) {
            products.push_back({word, psi.tangent, psi.value});
        }
    }
    const std::vector<double> numbers = real_overlaps(products, ranges);
    std::vector<Dual> results(words.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
        results[i].value = numbers[i];
        results[i].tangent = psi.tangent != nullptr ? 2.0 * numbers[words.size() + i] : 0.0;
    }
    return results;
}

// All expectation values among the measurements, in one pass over the state.
template <class Real>
void measure_expvals(const Circuit &circuit, const Direction &direction, const Jet<Real> &psi,
                     const Ranges &ranges, double *out) {
    std::vector<const PauliWord *> words;
    for (const Measurement &m : circuit.measurements) {
        for (const Term &term : m.terms) {
            if (m.kind == Measurement::Kind::expval) {
                words.push_back(&term.word);
            }
        }
    }
    const std::vector<Dual> found = word_expectations(words, psi, ranges);
    auto word = found.begin();
    for (const Measurement &m : circuit.measurements) {
        if (m.kind != Measurement::Kind::expval) {
            continue;
        }
        for (const Term &term : m.terms) {
            const double coefficient = value_of(term.coefficient, direction);
            out[m.offset] += psi.tangent == nullptr
                                 ? coefficient * word->value
                                 : coefficient * word->tangent +
                                       tangent_of(term.coefficient, direction) * word->value;
            ++word;
        }
    }
}

// <O> from phi = O psi.
template <class Real> Dual mean(const Jet<Real> &psi, const Jet<Real> &phi, const Ranges &ranges) {
    Dual result;
    result.value = inner(psi.value, phi.value, ranges);
    if (psi.tangent != nullptr) {
        result.tangent =
            inner(psi.tangent, phi.value, ranges) + inner(psi.value, phi.tangent, ranges);
    }
    return result;
}

template <class Real>
Dual variance(const Jet<Real> &psi, const Jet<Real> &phi, const Ranges &ranges) {
    const Dual average = mean(psi, phi, ranges);
    Dual result;
    result.value = inner(phi.value, phi.value, ranges) - average.value * average.value;
    if (psi.tangent != nullptr) {
        result.tangent =
            2.0 * inner(phi.tangent, phi.value, ranges) - 2.0 * average.value * average.tangent;
    }
    return result;
}

// The position of basis state `index` in the distribution over `bits` (most significant first).
class Marginal {
  public:
    Marginal(const std::vector<std::size_t> &wires, std::size_t num_wires)
        : identity_(wires.size() == num_wires) {
        for (std::size_t i = 0; i < wires.size(); ++i) {
            identity_ = identity_ && wires[i] == i;
            bits_.push_back(bit_of(wires[i], num_wires));
        }
    }

    std::size_t operator()(std::size_t index) const {
        if (identity_) {
            return index;
        }
        std::size_t result = 0;
        for (const unsigned bit : bits_) {
            result = (result << 1) | ((index >> bit) & 1U);
        }
        return result;
    }

  private:
    bool identity_;
    std::vector<unsigned> bits_;
};

template <class Real>
void add_probs(const Marginal &marginal, const Jet<Real> &psi, std::size_t first, std::size_t last,
               double *out) {
    in_pieces(first, last, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            const Complex value(psi.value[i]);
            if (psi.tangent == nullptr) {
                out[marginal(i)] += std::norm(value);
            } else {
                const Complex tangent(psi.tangent[i]);
                out[marginal(i)] +=
                    2.0 * (value.real() * tangent.real() + value.imag() * tangent.imag());
            }
        }
    });
}

// Threads write to parts of `out` if every amplitude has a number of its own, and to small arrays
// that are added up if there are few numbers.
template <class Real>
void measure_probs(const Marginal &marginal, const Jet<Real> &psi, std::size_t count, double *out,
                   std::size_t size, const Ranges &ranges) {
    constexpr std::size_t few = std::size_t{1} << 10;
    if (count == size) {
        ranges.for_each([&](std::size_t, std::size_t begin, std::size_t end) {
            add_probs(marginal, psi, begin, end, out);
        });
    } else if (count <= few) {
        std::vector<double> parts(ranges.count() * count);
        ranges.for_each([&](std::size_t number, std::size_t begin, std::size_t end) {
            add_probs(marginal, psi, begin, end, parts.data() + number * count);
        });
        for (std::size_t i = 0; i < parts.size(); ++i) {
            out[i % count] += parts[i];
        }
    } else {
        add_probs(marginal, psi, 0, size, out);
    }
}

// Sets lambda to the co-state of all expectation values, in one pass over the states.
template <class Real>
void seed_expvals(const Circuit &circuit, const Direction &direction, const double *cotangent,
                  const Jet<Real> &psi, const Jet<Real> &lambda, double *gradient,
                  const Ranges &ranges) {
    std::vector<Addition<Real>> additions;
    std::vector<const Term *> slots;
    std::vector<const PauliWord *> words;
    std::vector<double> weights;
    for (const Measurement &m : circuit.measurements) {
        if (m.kind != Measurement::Kind::expval) {
            continue;
        }
        const double weight = cotangent[m.offset];
        add_observable(m, direction, false, weight, psi.value, lambda.value, additions);
        if (psi.tangent != nullptr) {
            add_observable(m, direction, false, weight, psi.tangent, lambda.tangent, additions);
            add_observable(m, direction, true, weight, psi.value, lambda.tangent, additions);
        }
        for (const Term &term : m.terms) {
            if (term.coefficient.is_slot()) {
                slots.push_back(&term);
                words.push_back(&term.word);
                weights.push_back(weight);
            }
        }
    }
    accumulate_all(additions, lambda, ranges);
    if (slots.empty()) {
        return;
    }
    const std::vector<Dual> found = word_expectations(words, psi, ranges);
    for (std::size_t i = 0; i < slots.size(); ++i) {
        gradient[slots[i]->coefficient.slot.base] +=
            weights[i] * (psi.tangent == nullptr ? found[i].value : found[i].tangent);
    }
}

// var = <O^2> - <O>^2, so lambda = (O^2 - 2 <O> O) psi = O phi - 2 <O> phi with phi = O psi.
template <class Real>
void seed_var(const Measurement &m, const Direction &direction, double cotangent,
              const Jet<Real> &psi, const Jet<Real> &phi, const Jet<Real> &lambda, double *gradient,
              const Ranges &ranges) {
    apply_observable(m, direction, psi, phi, ranges);
    const Dual average = mean(psi, phi, ranges);
    const PauliWord identity;
    std::vector<Addition<Real>> additions;
    add_observable(m, direction, false, cotangent, phi.value, lambda.value, additions);
    additions.push_back({&identity, -2.0 * cotangent * average.value, phi.value, lambda.value});
    if (psi.tangent != nullptr) {
        add_observable(m, direction, false, cotangent, phi.tangent, lambda.tangent, additions);
        add_observable(m, direction, true, cotangent, phi.value, lambda.tangent, additions);
        additions.push_back(
            {&identity, -2.0 * cotangent * average.tangent, phi.value, lambda.tangent});
        additions.push_back(
            {&identity, -2.0 * cotangent * average.value, phi.tangent, lambda.tangent});
    }
    accumulate_all(additions, {}, ranges);
    for (const Term &term : m.terms) {
        if (!term.coefficient.is_slot()) {
            continue;
        }
        // d var / dc = 2 Re <phi|P psi> - 2 <O> <P>, and its directional derivative.
        const Dual word = word_expectations({&term.word}, psi, ranges).front();
        double value = 0.0;
        if (psi.tangent == nullptr) {
            value = 2.0 * real_overlap(term.word, phi.value, psi.value, ranges) -
                    2.0 * average.value * word.value;
        } else {
            value = 2.0 * real_overlap(term.word, phi.tangent, psi.value, ranges) +
                    2.0 * real_overlap(term.word, phi.value, psi.tangent, ranges) -
                    2.0 * (average.tangent * word.value + average.value * word.tangent);
        }
        gradient[term.coefficient.slot.base] += cotangent * value;
    }
}

} // namespace

template <class Real>
void measure(const Circuit &circuit, const Direction &direction, const Jet<Real> &psi,
             const Jet<Real> &scratch, const Threads &threads, double *out) {
    const std::size_t size = circuit.dimension();
    const Ranges ranges(size, threads);
    const std::complex<Real> *result = psi.tangent != nullptr ? psi.tangent : psi.value;
    std::fill(out, out + circuit.num_outputs, 0.0);
    measure_expvals(circuit, direction, psi, ranges, out);
    for (const Measurement &m : circuit.measurements) {
        double *numbers = out + m.offset;
        switch (m.kind) {
        case Measurement::Kind::expval:
            break;
        case Measurement::Kind::var: {
            apply_observable(m, direction, psi, scratch, ranges);
            const Dual number = variance(psi, scratch, ranges);
            *numbers = psi.tangent == nullptr ? number.value : number.tangent;
            break;
        }
        case Measurement::Kind::probs:
            measure_probs(Marginal(m.wires, circuit.num_wires), psi, m.size, numbers, size, ranges);
            break;
        case Measurement::Kind::state:
            ranges.for_each([&](std::size_t, std::size_t begin, std::size_t end) {
                for (std::size_t i = begin; i < end; ++i) {
                    numbers[2 * i] = result[i].real();
                    numbers[2 * i + 1] = result[i].imag();
                }
            });
            break;
        }
    }
}

template <class Real>
void seed(const Circuit &circuit, const Direction &direction, const double *cotangent,
          const Jet<Real> &psi, const Jet<Real> &scratch, const Jet<Real> &lambda,
          const Threads &threads, double *gradient) {
    const std::size_t size = circuit.dimension();
    const Ranges ranges(size, threads);
    seed_expvals(circuit, direction, cotangent, psi, lambda, gradient, ranges);
    for (const Measurement &m : circuit.measurements) {
        const double *numbers = cotangent + m.offset;
        switch (m.kind) {
        case Measurement::Kind::expval:
            break;
        case Measurement::Kind::var:
            seed_var(m, direction, *numbers, psi, scratch, lambda, gradient, ranges);
            break;
        case Measurement::Kind::probs: {
            const Marginal marginal(m.wires, circuit.num_wires);
            const auto add = [&](std::size_t begin, std::size_t end) {
                for (std::size_t i = begin; i < end; ++i) {
                    const double weight = numbers[marginal(i)];
                    lambda.value[i] += static_cast<Real>(weight) * psi.value[i];
                    if (psi.tangent != nullptr) {
                        lambda.tangent[i] += static_cast<Real>(weight) * psi.tangent[i];
                    }
                }
            };
            ranges.for_each([&](std::size_t, std::size_t begin, std::size_t end) {
                in_pieces(begin, end, add);
            });
            break;
        }
        case Measurement::Kind::state:
            // Linear in psi: its co-state is the cotangent itself, and has no tangent.
            in_pieces(0, size, [&](std::size_t begin, std::size_t end) {
                for (std::size_t i = begin; i < end; ++i) {
                    lambda.value[i] +=
                        std::complex<Real>(0.5 * Complex{numbers[2 * i], numbers[2 * i + 1]});
                }
            });
            break;
        }
    }
}

template void measure(const Circuit &, const Direction &, const Jet<float> &, const Jet<float> &,
                      const Threads &, double *);
template void seed(const Circuit &, const Direction &, const double *, const Jet<float> &,
                   const Jet<float> &, const Jet<float> &, const Threads &, double *);
template void measure(const Circuit &, const Direction &, const Jet<double> &, const Jet<double> &,
                      const Threads &, double *);
template void seed(const Circuit &, const Direction &, const double *, const Jet<double> &,
                   const Jet<double> &, const Jet<double> &, const Threads &, double *);

} // namespace qgrad
