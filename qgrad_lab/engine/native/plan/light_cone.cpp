#include "plan/light_cone.hpp"

#include <algorithm>
#include <bit>
#include <unordered_map>
#include <utility>

#include "host/interrupt.hpp"
#include "ir/gate_table.hpp"

namespace qgrad {
namespace {

// What is measured, carried back through the gates as in the Heisenberg picture: on which wires it
// may act at all, and on which it may be other than diagonal. Wires are bits of basis states.
class Cone {
  public:
    explicit Cone(const Circuit &circuit) : num_wires_(circuit.num_wires) {
        for (const Measurement &m : circuit.measurements) {
            if (m.kind == Measurement::Kind::state) {
                everything_ = true;
            }
            wires_ |= bits_of(m.wires, num_wires_);
            for (const Term &term : m.terms) {
                wires_ |= term.word.x | term.word.z;
                mixed_ |= term.word.x;
            }
        }
    }

    // Whether what is measured depends on a gate; called for all steps, from last to first.
    bool take(const Gate &gate) {
        if (gate.kind->kernel == Kernel::nothing) {
            return false;
        }
        if (everything_) {
            return true;
        }
        if (gate.kind->prepares) {
            // Amplitudes need not be normalised, so every measured number depends on all of them.
            if (gate.kind->extra == Extra::state) {
                wires_ |= bits_of(gate.targets, num_wires_);
            }
            return true;
        }
        const std::uint64_t targets = bits_of(gate.targets, num_wires_);
        const std::uint64_t all = targets | bits_of(gate.controls, num_wires_);
        // A matrix need not be unitary, so it does not cancel even where it commutes.
        if (gate.kind->extra != Extra::matrix) {
            const std::uint64_t diagonal_on = gate.kind->is_diagonal ? all : all & ~targets;
            if ((all & wires_) == 0 ||
                ((all & wires_ & ~diagonal_on) == 0 && (all & mixed_) == 0)) {
                return false; // it commutes with what is measured
            }
        }
        if (!gate.kind->is_diagonal && (!gate.kind->is_monomial || (all & mixed_) != 0)) {
            mixed_ |= targets;
        }
        wires_ |= all;
        return true;
    }

    std::uint64_t wires() const {
        return everything_ ? (std::uint64_t{1} << num_wires_) - 1 : wires_;
    }

  private:
    std::size_t num_wires_;
    std::uint64_t wires_ = 0;
    std::uint64_t mixed_ = 0;
    bool everything_ = false;
};

// Restricts a circuit to some of its wires.
class Narrowing {
  public:
    Narrowing(Circuit &circuit, std::uint64_t kept) : circuit_(circuit), old_(circuit.num_wires) {
        for (std::size_t wire = 0; wire < old_; ++wire) {
            if (((kept >> bit_of(wire, old_)) & 1U) != 0) {
                wires_.push_back(wire);
            }
        }
        if (wires_.empty()) {
            wires_.push_back(0); // a state has at least one wire
        }
        places_.resize(old_, gone);
        for (std::size_t place = 0; place < wires_.size(); ++place) {
            places_[wires_[place]] = place;
        }
    }

    void narrow() {
        if (wires_.size() == old_) {
            return;
        }
        for (Measurement &m : circuit_.measurements) {
            m.wires = places(m.wires);
            for (Term &term : m.terms) {
                term.word.x = bits(term.word.x);
                term.word.z = bits(term.word.z);
            }
        }
        Schedule narrow;
        std::unordered_map<const Gate *, const Gate *> known;
        for (Step step : circuit_.schedule.steps) {
            check_now_and_then(narrow.steps.size());
            const Gate *&gate = known[step.gate];
            if (gate == nullptr) {
                gate = &narrow.resolved.emplace_back(narrowed(*step.gate));
            }
            step.gate = gate;
            step.basis = bits(step.basis);
            narrow.steps.push_back(step);
        }
        circuit_.schedule = std::move(narrow);
        std::vector<std::size_t> named;
        named.reserve(wires_.size());
        for (const std::size_t wire : wires_) {
            named.push_back(circuit_.wires[wire]);
        }
        circuit_.wires = std::move(named);
        circuit_.num_wires = wires_.size();
    }

  private:
    static constexpr std::size_t gone = static_cast<std::size_t>(-1);

    std::vector<std::size_t> places(const std::vector<std::size_t> &wires) const {
        std::vector<std::size_t> result;
        for (const std::size_t wire : wires) {
            if (places_[wire] != gone) { // a BasisState may prepare wires that do not matter
                result.push_back(places_[wire]);
            }
        }
        return result;
    }

    std::uint64_t bits(std::uint64_t old) const {
        std::uint64_t result = 0;
        for (std::size_t place = 0; place < wires_.size(); ++place) {
            result |= ((old >> bit_of(wires_[place], old_)) & 1U) << bit_of(place, wires_.size());
        }
        return result;
    }

    Gate narrowed(Gate gate) const {
        gate.controls = places(gate.controls);
        gate.targets = places(gate.targets);
        complete(gate, wires_.size());
        return gate;
    }

    Circuit &circuit_;
    std::size_t old_;
    std::vector<std::size_t> wires_;
    std::vector<std::size_t> places_;
};

} // namespace

void keep_light_cone(Circuit &circuit) {
    Cone cone(circuit);
    std::vector<Step> &steps = circuit.schedule.steps;
    std::vector<Step> kept;
    for (std::size_t i = steps.size(); i-- > 0;) {
        check_now_and_then(i);
        if (cone.take(*steps[i].gate)) {
            kept.push_back(steps[i]);
        }
    }
    std::ranges::reverse(kept);
    steps = std::move(kept);
    Narrowing(circuit, cone.wires()).narrow();
}

} // namespace qgrad
