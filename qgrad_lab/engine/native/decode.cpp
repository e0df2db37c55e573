// The encoding (64-bit words, written by circuit/encoding.py):
//
//   magic version wires theta index data instructions measurements
//   instruction: opcode length adjoint angle-kind angle controls targets
//                control-wire* control-value* target-wire* extra*
//   extra:       PCPhase: dimension; PauliRot: a letter (0 X, 1 Y, 2 Z) a target;
//                QubitUnitary, StatePrep: offset in data; BasisState: a bit a target,
//                0 or 1, or 2 + position in index
//   measurement: kind length then
//                expval, var: terms, each: coefficient-kind coefficient factors (wire letter)*
//                probs: wires wire*; state: nothing
//
// `length` counts all words of the record. A literal number travels as its bit pattern.
#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <sstream>
#include <stdexcept>

#include "gate_table.hpp"
#include "kernels.hpp"
#include "program.hpp"

namespace qgrad {
namespace {

constexpr std::int64_t magic = 0x44415247'51; // "QGRAD"
constexpr std::int64_t version = 1;
constexpr std::size_t max_wires = 40;

// A record of the encoding with bounds-checked reading.
class Reader {
  public:
    Reader(const std::int64_t *words, std::size_t begin, std::size_t end)
        : words_(words), position_(begin), end_(end) {}

    template <class... Parts> [[noreturn]] void fail(const Parts &...parts) const {
        std::ostringstream message;
        message << "corrupt Program at word " << position_ << ": ";
        (message << ... << parts);
        throw std::invalid_argument(message.str());
    }

    std::int64_t next(const char *what) {
        if (position_ >= end_) {
            fail("the record ends before its ", what);
        }
        return words_[position_++];
    }

    // A number below `limit`.
    std::size_t below(std::size_t limit, const char *what) {
        const std::int64_t value = next(what);
        if (value < 0 || static_cast<std::uint64_t>(value) >= limit) {
            fail(what, " is ", value, ", allowed are 0 to ", limit, " exclusive");
        }
        return static_cast<std::size_t>(value);
    }

    bool boolean(const char *what) { return below(2, what) == 1; }

    // A count of things that take at least one word each, so that no count can ask for more memory
    // than the record has words.
    std::size_t count(const char *what) { return below(end_ - position_ + 1, what); }

    Reader record(const char *what) {
        const std::size_t begin = position_;
        if (end_ - begin < 2) {
            fail("no room for a ", what);
        }
        const std::int64_t length = words_[begin + 1];
        if (length < 2 || static_cast<std::uint64_t>(length) > end_ - begin) {
            fail("the length of a ", what, " is ", length);
        }
        position_ = begin + static_cast<std::size_t>(length);
        return {words_, begin, position_};
    }

    void expect_end(const char *what) const {
        if (position_ != end_) {
            fail(end_ - position_, " words too many in a ", what);
        }
    }

  private:
    const std::int64_t *words_;
    std::size_t position_;
    std::size_t end_;
};

char letter(Reader &reader) { return "XYZ"[reader.below(3, "Pauli letter")]; }

Operand operand(Reader &reader, const Program &program) {
    Operand result;
    result.kind = static_cast<Operand::Kind>(reader.below(3, "kind of number"));
    if (result.kind == Operand::Kind::slot) {
        result.slot = reader.below(program.num_theta, "slot of theta");
    } else {
        result.literal = std::bit_cast<double>(reader.next("number"));
        if (!std::isfinite(result.literal)) {
            reader.fail("a literal number is not finite");
        }
    }
    return result;
}

std::vector<std::size_t> wires(Reader &reader, std::size_t count, const Program &program,
                               std::set<std::size_t> &used) {
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t wire = reader.below(program.num_wires, "wire");
        if (!used.insert(wire).second) {
            reader.fail("wire ", wire, " is used twice by one operation");
        }
        result.push_back(wire);
    }
    return result;
}

void check_data(Reader &reader, std::size_t offset, std::size_t size, const Program &program) {
    if (size > program.num_data || offset > program.num_data - size) {
        reader.fail("elements ", offset, " to ", offset + size, " of data do not exist, it has ",
                    program.num_data);
    }
}

void read_extra(Reader &reader, Gate &gate, const Program &program) {
    const std::size_t k = gate.targets.size();
    switch (gate.opcode) {
    case Opcode::pc_phase:
        gate.dimension = reader.below((std::size_t{1} << k) + 1, "dimension of a PCPhase");
        break;
    case Opcode::pauli_rot:
        for (std::size_t i = 0; i < k; ++i) {
            gate.word.push_back(letter(reader));
        }
        break;
    case Opcode::qubit_unitary:
        // Two factors, so that 2k cannot overflow a shift.
        if (k > max_wires / 2) {
            reader.fail("a QubitUnitary on ", k, " wires");
        }
        gate.data_offset = reader.below(program.num_data, "offset of a matrix");
        check_data(reader, gate.data_offset, std::size_t{1} << (2 * k), program);
        break;
    case Opcode::state_prep:
        gate.data_offset = reader.below(program.num_data, "offset of a state");
        check_data(reader, gate.data_offset, std::size_t{1} << k, program);
        break;
    case Opcode::basis_state:
        for (std::size_t i = 0; i < k; ++i) {
            const std::size_t value = reader.below(2 + program.num_index, "bit of a BasisState");
            gate.bits.push_back({value >= 2, value == 1, value >= 2 ? value - 2 : 0});
        }
        break;
    default:
        break;
    }
}

bool prepares(Opcode opcode) {
    return opcode == Opcode::basis_state || opcode == Opcode::state_prep;
}

Gate read_gate(Reader reader, const Program &program, bool first) {
    Gate gate;
    const std::int64_t code = reader.next("opcode");
    gate.opcode = static_cast<Opcode>(code);
    const GateInfo *info = find_gate(gate.opcode);
    if (info == nullptr) {
        reader.fail("there is no operation ", code);
    }
    reader.next("length");
    gate.adjoint = reader.boolean("adjoint flag");
    gate.angle = operand(reader, program);
    if (info->has_angle != (gate.angle.kind != Operand::Kind::none)) {
        reader.fail(info->name, info->has_angle ? " needs an angle" : " takes no angle");
    }
    const std::size_t num_controls = reader.count("number of controls");
    const std::size_t num_targets = reader.count("number of targets");
    if (info->num_targets != 0 && info->num_targets != num_targets) {
        reader.fail(info->name, " acts on ", info->num_targets, " wires, got ", num_targets);
    }
    if (num_targets == 0 && gate.opcode != Opcode::global_phase) {
        reader.fail(info->name, " needs at least one wire");
    }
    std::set<std::size_t> used;
    gate.controls = wires(reader, num_controls, program, used);
    for (std::size_t i = 0; i < num_controls; ++i) {
        gate.control_values.push_back(reader.boolean("control value"));
        const std::uint64_t bit = std::uint64_t{1} << bit_of(gate.controls[i], program.num_wires);
        gate.control_mask |= bit;
        gate.control_bits |= gate.control_values[i] ? bit : 0;
    }
    gate.targets = wires(reader, num_targets, program, used);
    read_extra(reader, gate, program);
    reader.expect_end(info->name);
    if (prepares(gate.opcode) && (!first || gate.adjoint || num_controls != 0)) {
        reader.fail(info->name, " can only be the first operation, uncontrolled");
    }
    if (gate.opcode == Opcode::pauli_rot && num_controls != 0) {
        reader.fail("a PauliRot takes no controls");
    }
    gate.generator = make_generator(gate, program.num_wires);
    if (gate.adjoint) {
        gate.generator.scale = -gate.generator.scale;
    }
    resolve_kernel(gate, program.num_wires);
    return gate;
}

Measurement read_measurement(Reader reader, const Program &program) {
    Measurement result;
    result.kind = static_cast<Measurement::Kind>(reader.below(4, "kind of measurement"));
    reader.next("length");
    result.offset = program.num_outputs;
    switch (result.kind) {
    case Measurement::Kind::expval:
    case Measurement::Kind::var: {
        result.size = 1;
        const std::size_t num_terms = reader.count("number of terms");
        for (std::size_t i = 0; i < num_terms; ++i) {
            Term term;
            term.coefficient = operand(reader, program);
            if (term.coefficient.kind == Operand::Kind::none) {
                reader.fail("a term has no coefficient");
            }
            const std::size_t num_factors = reader.count("number of factors");
            std::set<std::size_t> used;
            std::vector<std::size_t> factors;
            std::string letters;
            for (std::size_t j = 0; j < num_factors; ++j) {
                factors.push_back(wires(reader, 1, program, used).front());
                letters.push_back(letter(reader));
            }
            term.word = make_word(factors, letters, program.num_wires);
            result.terms.push_back(term);
        }
        break;
    }
    case Measurement::Kind::probs: {
        const std::size_t count = reader.count("number of wires");
        if (count == 0) {
            reader.fail("probs needs at least one wire");
        }
        std::set<std::size_t> used;
        result.wires = wires(reader, count, program, used);
        result.size = std::size_t{1} << count;
        break;
    }
    case Measurement::Kind::state:
        result.size = 2 * program.dimension();
        break;
    }
    reader.expect_end("measurement");
    return result;
}

} // namespace

Program decode(const std::int64_t *words, std::size_t count) {
    Reader reader(words, 0, count);
    if (reader.next("magic number") != magic) {
        reader.fail("this is not a Program");
    }
    if (const std::int64_t found = reader.next("version"); found != version) {
        reader.fail("encoding version ", found, ", this library reads version ", version);
    }
    Program program;
    program.num_wires = reader.below(max_wires + 1, "number of wires");
    if (program.num_wires == 0) {
        reader.fail("a Program needs at least one wire");
    }
    constexpr std::size_t any = std::size_t{1} << 40;
    program.num_theta = reader.below(any, "length of theta");
    program.num_index = reader.below(any, "length of index");
    program.num_data = reader.below(any, "length of data");
    const std::size_t num_instructions = reader.count("number of instructions");
    const std::size_t num_measurements = reader.count("number of measurements");
    program.gates.reserve(num_instructions);
    for (std::size_t i = 0; i < num_instructions; ++i) {
        program.gates.push_back(read_gate(reader.record("instruction"), program, i == 0));
    }
    for (std::size_t i = 0; i < num_measurements; ++i) {
        Measurement measurement = read_measurement(reader.record("measurement"), program);
        program.num_outputs += measurement.size;
        program.needs_observable_scratch |= measurement.kind == Measurement::Kind::var;
        program.measurements.push_back(std::move(measurement));
    }
    reader.expect_end("Program");
    return program;
}

std::shared_ptr<const Program> decode_once(const std::int64_t *words, std::size_t count,
                                           std::int64_t digest) {
    struct Entry {
        std::vector<std::int64_t> words;
        std::shared_ptr<const Program> program;
    };
    static std::shared_mutex mutex;
    static std::multimap<std::int64_t, Entry> table;

    const auto find = [&]() -> std::shared_ptr<const Program> {
        const auto [begin, end] = table.equal_range(digest);
        for (auto entry = begin; entry != end; ++entry) {
            if (std::equal(words, words + count, entry->second.words.begin(),
                           entry->second.words.end())) {
                return entry->second.program;
            }
        }
        return nullptr;
    };
    {
        const std::shared_lock lock(mutex);
        if (auto program = find()) {
            return program;
        }
    }
    auto program = std::make_shared<const Program>(decode(words, count));
    const std::unique_lock lock(mutex);
    if (auto earlier = find()) {
        return earlier;
    }
    constexpr std::size_t max_entries = 1024;
    if (table.size() >= max_entries) {
        // Decoding again is cheap; what is running now is held by its caller.
        table.clear();
    }
    table.emplace(digest, Entry{{words, words + count}, program});
    return program;
}

} // namespace qgrad
