#include "measure.hpp"

#include <algorithm>

#include "gate_table.hpp"

namespace qgrad {
namespace {

double tangent_of(const Operand &operand, const Direction &direction) {
    return operand.is_slot() ? direction.tangent[operand.slot.base] : 0.0;
}

// Measurements stand outside of loops: the slot of a coefficient is its base.
double value_of(const Operand &operand, const Direction &direction) {
    return operand.is_slot() ? direction.theta[operand.slot.base] : operand.literal;
}

// The amplitudes of a state in ranges for threads. There are as many for any number of threads, so
// that sums are the same to the last bit, and each fits a processor's cache.
class Rows {
  public:
    Rows(std::size_t size, const Threads &threads)
        : size_(size), count_(std::clamp(size / range, std::size_t{1}, most)), threads_(threads) {}

    std::size_t count() const { return count_; }

    // Calls body(number, begin, end) for every range.
    template <class Body> void for_each(const Body &body) const {
        threads_.for_each(count_, [&](std::size_t i) {
            body(i, size_ * i / count_, size_ * (i + 1) / count_);
        });
    }

  private:
    static constexpr std::size_t range = std::size_t{1} << 12;
    static constexpr std::size_t most = 64;

    std::size_t size_;
    std::size_t count_;
    const Threads &threads_;
};

// Re <a_i| P_i |b_i> for several words and states.
struct Product {
    const PauliWord *word;
    const Complex *a;
    const Complex *b;
};

std::vector<double> real_overlaps(const std::vector<Product> &products, const Rows &rows) {
    const std::size_t width = products.size();
    std::vector<double> parts(rows.count() * width);
    rows.for_each([&](std::size_t number, std::size_t begin, std::size_t end) {
        for (std::size_t i = 0; i < width; ++i) {
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

double real_overlap(const PauliWord &word, const Complex *a, const Complex *b, const Rows &rows) {
    return real_overlaps({{&word, a, b}}, rows).front();
}

double inner(const Complex *a, const Complex *b, const Rows &rows) {
    return real_overlap(PauliWord{}, a, b, rows);
}

// out += factor P ket for several words and states.
struct Addition {
    const PauliWord *word;
    double factor;
    const Complex *ket;
    Complex *out;
};

void accumulate_all(const std::vector<Addition> &additions, const Rows &rows) {
    rows.for_each([&](std::size_t, std::size_t begin, std::size_t end) {
        for (const auto &[word, factor, ket, out] : additions) {
            accumulate(*word, factor, ket, out, begin, end);
        }
    });
}

// to += factor (sum_j c_j P_j) ket, with c_j the coefficients or their tangents.
void add_observable(const Measurement &measurement, const Direction &direction,
                    bool coefficient_tangents, double factor, const Complex *ket, Complex *out,
                    std::vector<Addition> &to) {
    for (const Term &term : measurement.terms) {
        const double coefficient = coefficient_tangents
                                       ? tangent_of(term.coefficient, direction)
                                       : value_of(term.coefficient, direction);
        if (coefficient != 0.0) {
            to.push_back({&term.word, factor * coefficient, ket, out});
        }
    }
}

// phi = O psi and, with tangents, O psi' + O' psi.
void apply_observable(const Measurement &measurement, const Direction &direction, const Jet &psi,
                      const Jet &phi, std::size_t size, const Rows &rows) {
    std::vector<Addition> additions;
    std::fill(phi.value, phi.value + size, Complex{});
    add_observable(measurement, direction, false, 1.0, psi.value, phi.value, additions);
    if (psi.tangent != nullptr) {
        std::fill(phi.tangent, phi.tangent + size, Complex{});
        add_observable(measurement, direction, false, 1.0, psi.tangent, phi.tangent, additions);
        add_observable(measurement, direction, true, 1.0, psi.value, phi.tangent, additions);
    }
    accumulate_all(additions, rows);
}

// A number and its directional derivative.
struct Dual {
    double value = 0.0;
    double tangent = 0.0;
};

// <psi| P |psi> of several words.
std::vector<Dual> word_expectations(const std::vector<const PauliWord *> &words, const Jet &psi,
                                    const Rows &rows) {
    std::vector<Product> products;
    for (const PauliWord *word : words) {
        products.push_back({word, psi.value, psi.value});
    }
    if (psi.tangent != nullptr) {
        for (const PauliWord *word : words) {
            products.push_back({word, psi.tangent, psi.value});
        }
    }
    const std::vector<double> numbers = real_overlaps(products, rows);
    std::vector<Dual> results(words.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
        results[i].value = numbers[i];
        results[i].tangent = psi.tangent != nullptr ? 2.0 * numbers[words.size() + i] : 0.0;
    }
    return results;
}

// All expectation values among the measurements, in one pass over the state.
void measure_expvals(const Circuit &circuit, const Direction &direction, const Jet &psi,
                     const Rows &rows, double *out) {
    std::vector<const PauliWord *> words;
    for (const Measurement &m : circuit.measurements) {
        for (const Term &term : m.terms) {
            if (m.kind == Measurement::Kind::expval) {
                words.push_back(&term.word);
            }
        }
    }
    const std::vector<Dual> found = word_expectations(words, psi, rows);
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
Dual mean(const Jet &psi, const Jet &phi, const Rows &rows) {
    Dual result;
    result.value = inner(psi.value, phi.value, rows);
    if (psi.tangent != nullptr) {
        result.tangent =
            inner(psi.tangent, phi.value, rows) + inner(psi.value, phi.tangent, rows);
    }
    return result;
}

Dual variance(const Jet &psi, const Jet &phi, const Rows &rows) {
    const Dual average = mean(psi, phi, rows);
    Dual result;
    result.value = inner(phi.value, phi.value, rows) - average.value * average.value;
    if (psi.tangent != nullptr) {
        result.tangent = 2.0 * inner(phi.tangent, phi.value, rows) -
                         2.0 * average.value * average.tangent;
    }
    return result;
}

// Position of basis state `index` in the distribution over `bits` (most significant first).
class Marginal {
  public:
    Marginal(const std::vector<std::size_t> &wires, std::size_t num_wires) {
        identity_ = wires.size() == num_wires;
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
    bool identity_ = false;
    std::vector<unsigned> bits_;
};

void measure_probs(const Marginal &marginal, const Jet &psi, double *out, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        const Complex value = psi.value[i];
        if (psi.tangent == nullptr) {
            out[marginal(i)] += std::norm(value);
        } else {
            const Complex tangent = psi.tangent[i];
            out[marginal(i)] +=
                2.0 * (value.real() * tangent.real() + value.imag() * tangent.imag());
        }
    }
}

// The co-state of all expectation values, in one pass over the states.
void seed_expvals(const Circuit &circuit, const Direction &direction, const double *cotangent,
                  const Jet &psi, const Jet &lambda, double *gradient, const Rows &rows) {
    std::vector<Addition> additions;
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
    accumulate_all(additions, rows);
    if (slots.empty()) {
        return;
    }
    const std::vector<Dual> found = word_expectations(words, psi, rows);
    for (std::size_t i = 0; i < slots.size(); ++i) {
        gradient[slots[i]->coefficient.slot.base] +=
            weights[i] * (psi.tangent == nullptr ? found[i].value : found[i].tangent);
    }
}

// var = <O^2> - <O>^2, so lambda = (O^2 - 2 <O> O) psi = O phi - 2 <O> phi with phi = O psi.
void seed_var(const Measurement &m, const Direction &direction, double cotangent, const Jet &psi,
              const Jet &phi, const Jet &lambda, double *gradient, std::size_t size,
              const Rows &rows) {
    apply_observable(m, direction, psi, phi, size, rows);
    const Dual average = mean(psi, phi, rows);
    const PauliWord identity;
    std::vector<Addition> additions;
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
    accumulate_all(additions, rows);
    for (const Term &term : m.terms) {
        if (!term.coefficient.is_slot()) {
            continue;
        }
        // d var / dc = 2 Re <phi|P psi> - 2 <O> <P>, and its directional derivative.
        const Dual word = word_expectations({&term.word}, psi, rows).front();
        double value = 0.0;
        if (psi.tangent == nullptr) {
            value = 2.0 * real_overlap(term.word, phi.value, psi.value, rows) -
                    2.0 * average.value * word.value;
        } else {
            value = 2.0 * real_overlap(term.word, phi.tangent, psi.value, rows) +
                    2.0 * real_overlap(term.word, phi.value, psi.tangent, rows) -
                    2.0 * (average.tangent * word.value + average.value * word.tangent);
        }
        gradient[term.coefficient.slot.base] += cotangent * value;
    }
}

} // namespace

void measure(const Circuit &circuit, const Direction &direction, const Jet &psi,
             const Jet &scratch, const Threads &threads, double *out) {
    const std::size_t size = circuit.dimension();
    const Rows rows(size, threads);
    const Complex *result = psi.tangent != nullptr ? psi.tangent : psi.value;
    std::fill(out, out + circuit.num_outputs, 0.0);
    measure_expvals(circuit, direction, psi, rows, out);
    for (const Measurement &m : circuit.measurements) {
        double *numbers = out + m.offset;
        switch (m.kind) {
        case Measurement::Kind::expval:
            break;
        case Measurement::Kind::var: {
            apply_observable(m, direction, psi, scratch, size, rows);
            const Dual number = variance(psi, scratch, rows);
            *numbers = psi.tangent == nullptr ? number.value : number.tangent;
            break;
        }
        case Measurement::Kind::probs:
            measure_probs(Marginal(m.wires, circuit.num_wires), psi, numbers, size);
            break;
        case Measurement::Kind::state:
            rows.for_each([&](std::size_t, std::size_t begin, std::size_t end) {
                for (std::size_t i = begin; i < end; ++i) {
                    numbers[2 * i] = result[i].real();
                    numbers[2 * i + 1] = result[i].imag();
                }
            });
            break;
        }
    }
}

void seed(const Circuit &circuit, const Direction &direction, const double *cotangent,
          const Jet &psi, const Jet &scratch, const Jet &lambda, const Threads &threads,
          double *gradient) {
    const std::size_t size = circuit.dimension();
    const Rows rows(size, threads);
    std::fill(lambda.value, lambda.value + size, Complex{});
    if (lambda.tangent != nullptr) {
        std::fill(lambda.tangent, lambda.tangent + size, Complex{});
    }
    seed_expvals(circuit, direction, cotangent, psi, lambda, gradient, rows);
    for (const Measurement &m : circuit.measurements) {
        const double *numbers = cotangent + m.offset;
        switch (m.kind) {
        case Measurement::Kind::expval:
            break;
        case Measurement::Kind::var:
            seed_var(m, direction, *numbers, psi, scratch, lambda, gradient, size, rows);
            break;
        case Measurement::Kind::probs: {
            const Marginal marginal(m.wires, circuit.num_wires);
            rows.for_each([&](std::size_t, std::size_t begin, std::size_t end) {
                for (std::size_t i = begin; i < end; ++i) {
                    const double weight = numbers[marginal(i)];
                    lambda.value[i] += weight * psi.value[i];
                    if (psi.tangent != nullptr) {
                        lambda.tangent[i] += weight * psi.tangent[i];
                    }
                }
            });
            break;
        }
        case Measurement::Kind::state:
            // Linear in psi: its co-state is the cotangent itself, and has no tangent.
            for (std::size_t i = 0; i < size; ++i) {
                lambda.value[i] += 0.5 * Complex{numbers[2 * i], numbers[2 * i + 1]};
            }
            break;
        }
    }
}

} // namespace qgrad
