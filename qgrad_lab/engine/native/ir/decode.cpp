// The encoding (64-bit words, written by circuit/ir/encode.py):
//
//   magic version wires theta index data single measurements instructions instruction* measurement*
//   instruction: a gate, a loop or a choice, each beginning with its code and its length
//   gate:        opcode length adjoint number controls targets traced source
//                control-wire* control-value* target-wire* extra*
//                (a wire is a word, or an integer where `traced`)
//   extra:       what the gate's kind asks for (circuit/ir/extras.py):
//                a dimension; a letter (0 X, 1 Y, 2 Z) a target;
//                a matrix or a state: 0 and a position in data, or 1 and one in theta;
//                bits: an integer a target
//   loop:        100 length integer capacity reverse label instructions instruction*
//   choice:      101 length integer bodies (instructions instruction*)*
//   measurement: kind length then
//                expval, var: terms, each: number factors (wire letter)*
//                probs: wires wire*; state: nothing
//
//   number:      0, or 1 and a bit pattern, or 2 and a position in theta
//   integer:     1 and a value, or 2 and a position in index
//   position:    base strides stride*, one stride for each enclosing loop or none
//
// `length` counts all words of the record.
#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "ir/gate_table.hpp"

namespace qgrad {
namespace {

constexpr std::int64_t magic = 0x44415247'51; // "QGRAD"
constexpr std::int64_t version = 5;
constexpr std::size_t max_wires = 40;
constexpr std::size_t max_operands = std::size_t{1} << 40;
constexpr std::size_t max_depth = 64;
constexpr std::int64_t repeat_code = 100;
constexpr std::int64_t branch_code = 101;

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
        if (value < 0 || std::cmp_greater_equal(value, limit)) {
            fail(what, " is ", value, ", allowed are 0 to ", limit, " exclusive");
        }
        return static_cast<std::size_t>(value);
    }

    bool boolean(const char *what) { return below(2, what) == 1; }

    // A count of things that take at least one word each: no count can ask for more memory than the
    // record has words.
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

    std::int64_t peek() const { return position_ < end_ ? words_[position_] : 0; }

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

// The capacities of the enclosing loops, outermost first.
using Loops = std::vector<std::size_t>;

// A position of `span` elements, all of which lie below `limit` in every iteration.
Position position(Reader &reader, std::size_t limit, std::size_t span, const Loops &loops,
                  const char *what) {
    Position result;
    result.base = reader.below(limit, what);
    const std::size_t count = reader.below(loops.size() + 1, "number of strides");
    if (count != 0 && count != loops.size()) {
        reader.fail(what, " has ", count, " strides inside ", loops.size(), " loops");
    }
    std::size_t last = result.base;
    for (std::size_t depth = 0; depth < count; ++depth) {
        // In a loop of one iteration a stride may be the length of the whole array.
        const std::size_t stride = reader.below(limit + 1, "stride");
        result.strides.push_back(stride);
        const std::size_t steps = loops[depth] == 0 ? 0 : loops[depth] - 1;
        if (stride != 0 && steps > (limit - last) / stride) {
            reader.fail(what, " passes ", limit, " inside its loops");
        }
        last += stride * steps;
    }
    if (span > limit || last > limit - span) {
        reader.fail(what, " ", last, " to ", last + span, " does not exist, there are ", limit);
    }
    return result;
}

Operand operand(Reader &reader, const Program &program, const Loops &loops) {
    Operand result;
    result.kind = static_cast<Operand::Kind>(reader.below(3, "kind of number"));
    if (result.kind == Operand::Kind::slot) {
        result.slot = position(reader, program.num_theta, 1, loops, "slot of theta");
    } else if (result.kind == Operand::Kind::literal) {
        result.literal = std::bit_cast<double>(reader.next("number"));
        if (!std::isfinite(result.literal)) {
            reader.fail("a literal number is not finite");
        }
    }
    return result;
}

Integer integer(Reader &reader, const Program &program, const Loops &loops, std::size_t limit,
                const char *what) {
    Integer result;
    const std::size_t kind = reader.below(3, "kind of integer");
    if (kind == 2) {
        result.is_slot = true;
        result.slot = position(reader, program.num_index, 1, loops, what);
    } else if (kind == 1) {
        result.literal = reader.below(limit, what);
    } else {
        reader.fail(what, " is missing");
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

// The complex numbers of a matrix or a state, in data or, twice as many real ones, in theta.
void read_numbers(Reader &reader, Gate &gate, const Program &program, std::size_t count,
                  const Loops &loops) {
    gate.numbers_in_theta = reader.boolean("flag of numbers in theta");
    gate.numbers = gate.numbers_in_theta
                       ? position(reader, program.num_theta, 2 * count, loops, "numbers at")
                       : position(reader, program.num_data, count, loops, "numbers at");
}

void read_extra(Reader &reader, Gate &gate, const Program &program, const Loops &loops) {
    const std::size_t k = gate.targets.size();
    switch (gate.kind->extra) {
    case Extra::dimension:
        gate.dimension = reader.below((std::size_t{1} << k) + 1, "dimension");
        break;
    case Extra::letters:
        for (std::size_t i = 0; i < k; ++i) {
            gate.word.push_back(letter(reader));
        }
        break;
    case Extra::matrix:
        // Half the wires, so that 2k cannot overflow a shift.
        if (k > max_wires / 2) {
            reader.fail("a ", gate.kind->name, " on ", k, " wires");
        }
        read_numbers(reader, gate, program, std::size_t{1} << (2 * k), loops);
        break;
    case Extra::state:
        read_numbers(reader, gate, program, std::size_t{1} << k, loops);
        break;
    case Extra::bits:
        for (std::size_t i = 0; i < k; ++i) {
            gate.bits.push_back(integer(reader, program, loops, 2, "bit"));
        }
        break;
    case Extra::none:
        break;
    }
}

Gate read_gate(Reader &reader, const Program &program, const Loops &loops, bool first) {
    Gate gate;
    const std::int64_t code = reader.next("opcode");
    gate.kind = find_gate(code);
    if (gate.kind == nullptr) {
        reader.fail("there is no operation ", code);
    }
    const GateKind &kind = *gate.kind;
    reader.next("length");
    gate.adjoint = reader.boolean("adjoint flag");
    gate.angle = operand(reader, program, loops);
    if (kind.has_angle() != (gate.angle.kind != Operand::Kind::none)) {
        reader.fail(kind.name, kind.has_angle() ? " needs an angle" : " takes no angle");
    }
    const std::size_t num_controls = reader.count("number of controls");
    const std::size_t num_targets = reader.count("number of targets");
    if (kind.num_targets == GateKind::any && num_targets == 0) {
        reader.fail(kind.name, " needs at least one wire");
    }
    if (kind.num_targets != GateKind::any && kind.num_targets != num_targets) {
        reader.fail(kind.name, " acts on ", kind.num_targets, " wires, got ", num_targets);
    }
    if (num_controls + num_targets > program.num_wires) {
        reader.fail(kind.name, " on more wires than there are");
    }
    const bool traced = reader.boolean("flag of traced wires");
    gate.source = reader.next("source");
    std::set<std::size_t> used;
    const auto read_wires = [&](std::size_t count) {
        if (!traced) {
            return wires(reader, count, program, used);
        }
        for (std::size_t i = 0; i < count; ++i) {
            gate.traced_wires.push_back(integer(reader, program, loops, program.num_wires, "wire"));
        }
        return std::vector<std::size_t>(count);
    };
    gate.controls = read_wires(num_controls);
    for (std::size_t i = 0; i < num_controls; ++i) {
        gate.control_values.push_back(reader.boolean("control value"));
    }
    gate.targets = read_wires(num_targets);
    read_extra(reader, gate, program, loops);
    reader.expect_end(kind.name);
    if (kind.prepares && (!first || gate.adjoint || num_controls != 0 || traced)) {
        reader.fail(kind.name, " can only be the first operation, uncontrolled, on known wires");
    }
    if (!kind.takes_controls && num_controls != 0) {
        reader.fail("a ", kind.name, " takes no controls");
    }
    if (!traced) {
        complete(gate, program.num_wires);
    }
    return gate;
}

std::vector<Node> read_body(Reader &reader, const Program &program, Loops &loops,
                            std::size_t depth);

Node read_node(Reader reader, const Program &program, Loops &loops, std::size_t depth, bool first) {
    if (depth > max_depth) {
        reader.fail("loops and choices are nested more than ", max_depth, " deep");
    }
    Node node;
    if (reader.peek() == repeat_code) {
        node.kind = Node::Kind::repeat;
        reader.next("code");
        reader.next("length");
        node.selector = integer(reader, program, loops, max_operands, "number of iterations");
        node.capacity = reader.below(max_operands, "capacity of a loop");
        if (!node.selector.is_slot && node.selector.literal > node.capacity) {
            reader.fail("a loop has more iterations than capacity");
        }
        node.reverse = reader.boolean("reverse flag");
        node.label = reader.next("label");
        loops.push_back(node.capacity);
        node.bodies.push_back(read_body(reader, program, loops, depth + 1));
        loops.pop_back();
        reader.expect_end("loop");
    } else if (reader.peek() == branch_code) {
        node.kind = Node::Kind::branch;
        reader.next("code");
        reader.next("length");
        node.selector = integer(reader, program, loops, max_operands, "choice of a branch");
        const std::size_t count = reader.count("number of branches");
        if (count == 0) {
            reader.fail("there is no branch to choose");
        }
        for (std::size_t i = 0; i < count; ++i) {
            node.bodies.push_back(read_body(reader, program, loops, depth + 1));
        }
        reader.expect_end("choice");
    } else {
        node.gate = read_gate(reader, program, loops, first);
    }
    return node;
}

std::vector<Node> read_body(Reader &reader, const Program &program, Loops &loops,
                            std::size_t depth) {
    const std::size_t count = reader.count("number of instructions");
    std::vector<Node> body;
    body.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        body.push_back(
            read_node(reader.record("instruction"), program, loops, depth, depth == 0 && i == 0));
    }
    return body;
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
            term.coefficient = operand(reader, program, {});
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
    program.num_theta = reader.below(max_operands, "length of theta");
    program.num_index = reader.below(max_operands, "length of index");
    program.num_data = reader.below(max_operands, "length of data");
    program.single = reader.boolean("flag of single precision");
    const std::size_t num_measurements = reader.count("number of measurements");
    Loops loops;
    program.body = read_body(reader, program, loops, 0);
    for (std::size_t i = 0; i < num_measurements; ++i) {
        Measurement measurement = read_measurement(reader.record("measurement"), program);
        program.num_outputs += measurement.size;
        program.needs_observable_scratch |= measurement.kind == Measurement::Kind::var;
        program.measurements.push_back(std::move(measurement));
    }
    reader.expect_end("Program");
    return program;
}

} // namespace qgrad
