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

// Re <a| P |b>
double real_overlap(const PauliWord &word, const Complex *a, const Complex *b, std::size_t size) {
    return overlap(word, a, b, size).real();
}

double inner(const Complex *a, const Complex *b, std::size_t size) {
    return real_overlap(PauliWord{}, a, b, size);
}

// out += factor * (sum_j c_j P_j) ket, with c_j the coefficients or their tangents.
void accumulate_observable(const Measurement &measurement, const Direction &direction,
                           bool coefficient_tangents, double factor, const Complex *ket,
                           Complex *out, std::size_t size) {
    for (const Term &term : measurement.terms) {
        const double coefficient = coefficient_tangents
                                       ? tangent_of(term.coefficient, direction)
                                       : value_of(term.coefficient, direction);
        if (coefficient != 0.0) {
            accumulate(term.word, factor * coefficient, ket, out, size);
        }
    }
}

// phi = O psi and, with tangents, O psi' + O' psi.
void apply_observable(const Measurement &measurement, const Direction &direction, const Jet &psi,
                      const Jet &phi, std::size_t size) {
    std::fill(phi.value, phi.value + size, Complex{});
    accumulate_observable(measurement, direction, false, 1.0, psi.value, phi.value, size);
    if (psi.tangent != nullptr) {
        std::fill(phi.tangent, phi.tangent + size, Complex{});
        accumulate_observable(measurement, direction, false, 1.0, psi.tangent, phi.tangent, size);
        accumulate_observable(measurement, direction, true, 1.0, psi.value, phi.tangent, size);
    }
}

// A number and its directional derivative.
struct Dual {
    double value = 0.0;
    double tangent = 0.0;
};

Dual word_expectation(const PauliWord &word, const Jet &psi, std::size_t size) {
    Dual result;
    result.value = real_overlap(word, psi.value, psi.value, size);
    if (psi.tangent != nullptr) {
        result.tangent = 2.0 * real_overlap(word, psi.tangent, psi.value, size);
    }
    return result;
}

Dual expectation(const Measurement &measurement, const Direction &direction, const Jet &psi,
                 std::size_t size) {
    Dual result;
    for (const Term &term : measurement.terms) {
        const Dual word = word_expectation(term.word, psi, size);
        const double coefficient = value_of(term.coefficient, direction);
        result.value += coefficient * word.value;
        if (psi.tangent != nullptr) {
            result.tangent +=
                coefficient * word.tangent + tangent_of(term.coefficient, direction) * word.value;
        }
    }
    return result;
}

// <O> from phi = O psi.
Dual mean(const Jet &psi, const Jet &phi, std::size_t size) {
    Dual result;
    result.value = inner(psi.value, phi.value, size);
    if (psi.tangent != nullptr) {
        result.tangent =
            inner(psi.tangent, phi.value, size) + inner(psi.value, phi.tangent, size);
    }
    return result;
}

Dual variance(const Jet &psi, const Jet &phi, std::size_t size) {
    const Dual average = mean(psi, phi, size);
    Dual result;
    result.value = inner(phi.value, phi.value, size) - average.value * average.value;
    if (psi.tangent != nullptr) {
        result.tangent = 2.0 * inner(phi.tangent, phi.value, size) -
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

void add(const Complex *from, double factor, Complex *to, std::size_t size) {
    if (factor != 0.0) {
        accumulate(PauliWord{}, factor, from, to, size);
    }
}

void seed_expval(const Measurement &m, const Direction &direction, double cotangent,
                 const Jet &psi, const Jet &lambda, double *gradient, std::size_t size) {
    accumulate_observable(m, direction, false, cotangent, psi.value, lambda.value, size);
    if (psi.tangent != nullptr) {
        accumulate_observable(m, direction, false, cotangent, psi.tangent, lambda.tangent, size);
        accumulate_observable(m, direction, true, cotangent, psi.value, lambda.tangent, size);
    }
    for (const Term &term : m.terms) {
        if (term.coefficient.is_slot()) {
            const Dual word = word_expectation(term.word, psi, size);
            gradient[term.coefficient.slot.base] +=
                cotangent * (psi.tangent == nullptr ? word.value : word.tangent);
        }
    }
}

// var = <O^2> - <O>^2, so lambda = (O^2 - 2 <O> O) psi = O phi - 2 <O> phi with phi = O psi.
void seed_var(const Measurement &m, const Direction &direction, double cotangent, const Jet &psi,
              const Jet &phi, const Jet &lambda, double *gradient, std::size_t size) {
    apply_observable(m, direction, psi, phi, size);
    const Dual average = mean(psi, phi, size);
    accumulate_observable(m, direction, false, cotangent, phi.value, lambda.value, size);
    add(phi.value, -2.0 * cotangent * average.value, lambda.value, size);
    if (psi.tangent != nullptr) {
        accumulate_observable(m, direction, false, cotangent, phi.tangent, lambda.tangent, size);
        accumulate_observable(m, direction, true, cotangent, phi.value, lambda.tangent, size);
        add(phi.value, -2.0 * cotangent * average.tangent, lambda.tangent, size);
        add(phi.tangent, -2.0 * cotangent * average.value, lambda.tangent, size);
    }
    for (const Term &term : m.terms) {
        if (!term.coefficient.is_slot()) {
            continue;
        }
        // d var / dc = 2 Re <phi|P psi> - 2 <O> <P>, and its directional derivative.
        const Dual word = word_expectation(term.word, psi, size);
        double value = 0.0;
        if (psi.tangent == nullptr) {
            value = 2.0 * real_overlap(term.word, phi.value, psi.value, size) -
                    2.0 * average.value * word.value;
        } else {
            value = 2.0 * real_overlap(term.word, phi.tangent, psi.value, size) +
                    2.0 * real_overlap(term.word, phi.value, psi.tangent, size) -
                    2.0 * (average.tangent * word.value + average.value * word.tangent);
        }
        gradient[term.coefficient.slot.base] += cotangent * value;
    }
}

} // namespace

void measure(const Program &program, const Direction &direction, const Jet &psi,
             const Jet &scratch, double *out) {
    const std::size_t size = program.dimension();
    const Complex *result = psi.tangent != nullptr ? psi.tangent : psi.value;
    std::fill(out, out + program.num_outputs, 0.0);
    for (const Measurement &m : program.measurements) {
        double *numbers = out + m.offset;
        switch (m.kind) {
        case Measurement::Kind::expval: {
            const Dual number = expectation(m, direction, psi, size);
            *numbers = psi.tangent == nullptr ? number.value : number.tangent;
            break;
        }
        case Measurement::Kind::var: {
            apply_observable(m, direction, psi, scratch, size);
            const Dual number = variance(psi, scratch, size);
            *numbers = psi.tangent == nullptr ? number.value : number.tangent;
            break;
        }
        case Measurement::Kind::probs:
            measure_probs(Marginal(m.wires, program.num_wires), psi, numbers, size);
            break;
        case Measurement::Kind::state:
            for (std::size_t i = 0; i < size; ++i) {
                numbers[2 * i] = result[i].real();
                numbers[2 * i + 1] = result[i].imag();
            }
            break;
        }
    }
}

void seed(const Program &program, const Direction &direction, const double *cotangent,
          const Jet &psi, const Jet &scratch, const Jet &lambda, double *gradient) {
    const std::size_t size = program.dimension();
    std::fill(lambda.value, lambda.value + size, Complex{});
    if (lambda.tangent != nullptr) {
        std::fill(lambda.tangent, lambda.tangent + size, Complex{});
    }
    for (const Measurement &m : program.measurements) {
        const double *numbers = cotangent + m.offset;
        switch (m.kind) {
        case Measurement::Kind::expval:
            seed_expval(m, direction, *numbers, psi, lambda, gradient, size);
            break;
        case Measurement::Kind::var:
            seed_var(m, direction, *numbers, psi, scratch, lambda, gradient, size);
            break;
        case Measurement::Kind::probs: {
            const Marginal marginal(m.wires, program.num_wires);
            for (std::size_t i = 0; i < size; ++i) {
                const double weight = numbers[marginal(i)];
                lambda.value[i] += weight * psi.value[i];
                if (psi.tangent != nullptr) {
                    lambda.tangent[i] += weight * psi.tangent[i];
                }
            }
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
