// Calls the native library as XLA does, without XLA: for sanitizers and for corrupt input.
//
//   driver run FILE            every case of FILE, in double and in single precision; each result
//                              has to be the expected one
//   driver kernels FILE        the same, each gate in turn with each family of Lightning's kernels,
//                              and by the matrix of its row; prints how many were tested and how
//                              many have none
//   driver plans FILE          the same for slices of every size, against sweeps gate by gate
//   driver fuzz FILE SEED N    N corruptions of cases of FILE; any of them may be refused, none may
//                              crash; prints how many were run and how many refused, by reason
//   driver interrupt FILE N    every case of FILE N times, with a signal every moment; each call
//                              has to stop or to give the expected result; prints how many calls
//                              there were, and how many stopped
//   driver memory ROOT         prints how many bytes are available by the system files under ROOT
//
// FILE holds 64-bit words. A case: number of words, word*; order; transposed; batch; number of
// operands, operand*; the expected result, also written as an operand. An operand: element type (0
// f64, 1 i64, 2 c128), rows, columns, element*.
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <deque>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "KernelType.hpp"
#include "stepwise.hpp"
#include "xla/ffi/api/c_api.h"
#include <unistd.h>

#include "host/memory.hpp"
#include "sweep/evaluate.hpp"

extern "C" XLA_FFI_Error *qgrad_lab_derivative(XLA_FFI_CallFrame *call_frame);

// XLA defines it; a handler only passes it on.
struct XLA_FFI_Error {
    std::string message;
};

namespace {

using Word = std::int64_t;
using Words = std::vector<Word>;

// -- Cases ----------------------------------------------------------------------------------------

enum class Element : Word { f64 = 0, i64 = 1, c128 = 2 };

struct Operand {
    Element element{};
    std::vector<std::int64_t> shape;
    Words data; // as bit patterns

    std::size_t words_per_element() const { return element == Element::c128 ? 2 : 1; }
    std::size_t num_elements() const {
        std::size_t result = 1;
        for (const auto size : shape) {
            result *= static_cast<std::size_t>(size);
        }
        return result;
    }
};

struct Case {
    Words words;
    Word order = 0;
    bool transposed = false;
    bool keep = false;
    std::int64_t batch = 1;
    std::vector<Operand> operands;
    Operand expected;
};

class File {
  public:
    explicit File(const char *path) {
        std::ifstream stream(path, std::ios::binary);
        const std::string raw{std::istreambuf_iterator<char>(stream), {}};
        words_.resize(raw.size() / sizeof(Word));
        std::memcpy(words_.data(), raw.data(), words_.size() * sizeof(Word));
    }

    std::vector<Case> cases() {
        std::vector<Case> result;
        while (position_ < words_.size()) {
            Case found;
            found.words = take(static_cast<std::size_t>(next()));
            found.order = next();
            found.transposed = next() != 0;
            found.batch = next();
            found.operands.resize(static_cast<std::size_t>(next()));
            for (Operand &operand : found.operands) {
                operand = next_operand();
            }
            found.expected = next_operand();
            result.push_back(std::move(found));
        }
        return result;
    }

  private:
    Word next() { return words_.at(position_++); }

    Words take(std::size_t count) {
        const auto begin = words_.begin() + static_cast<std::ptrdiff_t>(position_);
        position_ += count;
        if (position_ > words_.size()) {
            throw std::runtime_error("the file of cases is cut off");
        }
        return {begin, begin + static_cast<std::ptrdiff_t>(count)};
    }

    Operand next_operand() {
        Operand result;
        result.element = static_cast<Element>(next());
        result.shape = {next(), next()};
        result.data = take(result.num_elements() * result.words_per_element());
        return result;
    }

    Words words_;
    std::size_t position_ = 0;
};

// -- A small XLA ----------------------------------------------------------------------------------

// A pool of two threads, which handlers reach through the execution context.
class Pool {
  public:
    static constexpr std::int64_t size = 2;

    Pool() {
        for (auto &thread : threads_) {
            thread = std::thread([this] { work(); });
        }
    }

    ~Pool() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        ready_.notify_all();
        for (auto &thread : threads_) {
            thread.join();
        }
    }

    void schedule(XLA_FFI_Task *task, void *data) {
        {
            const std::lock_guard lock(mutex_);
            tasks_.emplace_back(task, data);
        }
        ready_.notify_one();
    }

  private:
    void work() {
        std::unique_lock lock(mutex_);
        while (true) {
            ready_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
            if (tasks_.empty()) {
                return;
            }
            const auto [task, data] = tasks_.front();
            tasks_.pop_front();
            lock.unlock();
            task(data);
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<std::pair<XLA_FFI_Task *, void *>> tasks_;
    bool stopping_ = false;
    std::array<std::thread, size> threads_;
};

Pool &pool() {
    static Pool instance;
    return instance;
}

XLA_FFI_Error *create_error(XLA_FFI_Error_Create_Args *args) {
    return new XLA_FFI_Error{args->message};
}

XLA_FFI_Error *schedule(XLA_FFI_ThreadPool_Schedule_Args *args) {
    pool().schedule(args->task, args->data);
    return nullptr;
}

XLA_FFI_Error *num_threads(XLA_FFI_ThreadPool_NumThreads_Args *args) {
    *args->num_threads = Pool::size;
    return nullptr;
}

XLA_FFI_Error *run_id(XLA_FFI_RunId_Get_Args *args) {
    static std::int64_t runs = 0;
    args->run_id = ++runs;
    return nullptr;
}

XLA_FFI_DataType data_type(Element element) {
    switch (element) {
    case Element::i64:
        return XLA_FFI_DataType_S64;
    case Element::c128:
        return XLA_FFI_DataType_C128;
    default:
        return XLA_FFI_DataType_F64;
    }
}

XLA_FFI_Buffer buffer(Operand &operand) {
    XLA_FFI_Buffer result{};
    result.struct_size = XLA_FFI_Buffer_STRUCT_SIZE;
    result.dtype = data_type(operand.element);
    result.data = operand.data.data();
    result.rank = static_cast<std::int64_t>(operand.shape.size());
    result.dims = operand.shape.data();
    return result;
}

// Why the handler refused, or an empty string; `result` is filled in.
std::string call(Case &arguments, Operand &result, Word digest) {
    XLA_FFI_Api api{};
    api.struct_size = XLA_FFI_Api_STRUCT_SIZE;
    api.api_version.struct_size = XLA_FFI_Api_Version_STRUCT_SIZE;
    api.api_version.major_version = XLA_FFI_API_MAJOR;
    api.api_version.minor_version = XLA_FFI_API_MINOR;
    api.XLA_FFI_Error_Create = create_error;
    api.XLA_FFI_ThreadPool_Schedule = schedule;
    api.XLA_FFI_ThreadPool_NumThreads = num_threads;
    api.XLA_FFI_RunId_Get = run_id;

    const std::size_t count = arguments.operands.size();
    std::vector<XLA_FFI_Buffer> buffers;
    std::transform(arguments.operands.begin(), arguments.operands.end(),
                   std::back_inserter(buffers), buffer);
    std::vector<void *> args(count);
    std::transform(buffers.begin(), buffers.end(), args.begin(), [](auto &each) { return &each; });
    std::vector<XLA_FFI_ArgType> arg_types(count, XLA_FFI_ArgType_BUFFER);
    XLA_FFI_Buffer out = buffer(result);
    void *ret = &out;
    XLA_FFI_RetType ret_type = XLA_FFI_RetType_BUFFER;

    XLA_FFI_Scalar digest_value{XLA_FFI_DataType_S64, &digest};
    XLA_FFI_Scalar order_value{XLA_FFI_DataType_S64, &arguments.order};
    XLA_FFI_Array words_value{XLA_FFI_DataType_S64, arguments.words.size(), arguments.words.data()};
    XLA_FFI_Scalar transposed_value{XLA_FFI_DataType_PRED, &arguments.transposed};
    XLA_FFI_Scalar keep_value{XLA_FFI_DataType_PRED, &arguments.keep};
    // Sorted by name, as XLA gives them.
    std::array<XLA_FFI_ByteSpan, 5> names{
        {{"digest", 6}, {"keep", 4}, {"order", 5}, {"program", 7}, {"transposed", 10}}};
    std::array<XLA_FFI_ByteSpan *, 5> name_pointers{&names[0], &names[1], &names[2], &names[3],
                                                    &names[4]};
    std::array<XLA_FFI_AttrType, 5> attr_types{XLA_FFI_AttrType_SCALAR, XLA_FFI_AttrType_SCALAR,
                                               XLA_FFI_AttrType_SCALAR, XLA_FFI_AttrType_ARRAY,
                                               XLA_FFI_AttrType_SCALAR};
    std::array<void *, 5> attrs{&digest_value, &keep_value, &order_value, &words_value,
                                &transposed_value};

    XLA_FFI_CallFrame frame{};
    frame.struct_size = XLA_FFI_CallFrame_STRUCT_SIZE;
    frame.api = &api;
    frame.stage = XLA_FFI_ExecutionStage_EXECUTE;
    frame.args.struct_size = XLA_FFI_Args_STRUCT_SIZE;
    frame.args.size = static_cast<std::int64_t>(count);
    frame.args.types = arg_types.data();
    frame.args.args = args.data();
    frame.rets.struct_size = XLA_FFI_Rets_STRUCT_SIZE;
    frame.rets.size = 1;
    frame.rets.types = &ret_type;
    frame.rets.rets = &ret;
    frame.attrs.struct_size = XLA_FFI_Attrs_STRUCT_SIZE;
    frame.attrs.size = attrs.size();
    frame.attrs.types = attr_types.data();
    frame.attrs.names = name_pointers.data();
    frame.attrs.attrs = attrs.data();

    const std::unique_ptr<XLA_FFI_Error> error(qgrad_lab_derivative(&frame));
    if (error && error->message.empty()) {
        throw std::runtime_error("an error without a message");
    }
    return error ? error->message : std::string{};
}

// -- Right results --------------------------------------------------------------------------------

double number(Word word) { return std::bit_cast<double>(word); }

// Of an encoded Program: whether its states are in single precision.
constexpr std::size_t precision_word = 6;

void compare(const Operand &found, const Operand &expected, std::size_t index, bool single) {
    double scale = 1.0; // rounding errors of a state are in proportion to the largest number
    for (const Word word : expected.data) {
        scale = single ? std::max(scale, std::abs(number(word))) : scale;
    }
    const double tolerance = single ? 3e-5 * scale : 1e-11;
    for (std::size_t i = 0; i < expected.data.size(); ++i) {
        const double a = number(found.data[i]);
        const double b = number(expected.data[i]);
        if (!(std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b)))) {
            std::ostringstream message;
            message << "case " << index << (single ? ", single" : "") << ": number " << i << " is "
                    << a << ", expected " << b;
            throw std::runtime_error(message.str());
        }
    }
}

Operand like(const Operand &operand) {
    // No element keeps this pattern: a handler writes the whole result.
    return {operand.element, operand.shape,
            Words(operand.data.size(), std::bit_cast<Word>(std::nan("1")))};
}

// The value of a gradient's circuit, as it is computed before the gradient.
void leave_state(const Case &gradient) {
    Case value = gradient;
    value.transposed = false;
    value.keep = true;
    const Operand cotangent = value.operands.back();
    value.operands.pop_back();
    value.batch = 1;
    for (const Operand &operand : value.operands) {
        value.batch = std::max(value.batch, operand.shape[0]);
    }
    Operand result = cotangent;
    result.shape[0] = value.batch;
    result.data.assign(result.num_elements(), 0);
    if (const std::string refusal = call(value, result, 7); !refusal.empty()) {
        throw std::runtime_error(refusal);
    }
}

void run_twice(Case &each, std::size_t index) {
    const bool single = each.words[precision_word] != 0;
    // Twice: decoded now, then from the table. One digest for all: words tell Programs apart.
    for (int repetition = 0; repetition < 2; ++repetition) {
        // The second time, a gradient finds the state of its value.
        if (repetition == 1 && each.transposed && each.order == 0) {
            leave_state(each);
        }
        Operand result = like(each.expected);
        const std::string refusal = call(each, result, 7);
        if (!refusal.empty()) {
            throw std::runtime_error("case " + std::to_string(index) + ": " + refusal);
        }
        compare(result, each.expected, index, single);
    }
}

int run(std::vector<Case> cases) {
    for (std::size_t i = 0; i < cases.size(); ++i) {
        for (const Word single : {0, 1}) {
            cases[i].words[precision_word] = single;
            run_twice(cases[i], i);
        }
    }
    std::cout << cases.size() << " cases\n";
    return 0;
}

// -- Signals --------------------------------------------------------------------------------------

std::atomic<std::size_t> num_handled{0};

// Stands for Python's, which the library has to call.
extern "C" void handle_interrupt(int) { ++num_handled; }

int interrupt(std::vector<Case> cases, std::size_t repetitions) {
    std::signal(SIGINT, handle_interrupt);
    std::size_t calls = 0;
    std::size_t stopped = 0;
    {
        const std::jthread sender([](const std::stop_token &end) {
            std::mt19937 random(1);
            while (!end.stop_requested()) {
                kill(getpid(), SIGINT);
                std::this_thread::sleep_for(std::chrono::microseconds(random() % 100));
            }
        });
        for (std::size_t i = 0; i < cases.size() * repetitions; ++i) {
            Case &each = cases[i % cases.size()];
            Operand result = like(each.expected);
            const std::string refusal = call(each, result, 7);
            ++calls;
            if (refusal.empty()) {
                compare(result, each.expected, i % cases.size(), each.words[precision_word] != 0);
            } else if (refusal == "qgrad_lab: interrupted by SIGINT") {
                ++stopped;
            } else {
                throw std::runtime_error(refusal);
            }
        }
    }
    if (num_handled == 0) {
        throw std::runtime_error("the handler that was there was not called");
    }
    run(std::move(cases)); // nothing is left over
    std::cout << calls << " calls, " << stopped << " stopped\n";
    return 0;
}

// -- Every family of kernels ----------------------------------------------------------------------

using Pennylane::Gates::KernelType;

// Plans choose kernels for what they apply by them; for sweeps gate by gate, all gates of a body on
// known wires get theirs here. Appends to `gates` those that have one.
void choose_kernels(std::vector<qgrad::Node> &body, std::size_t num_wires,
                    std::vector<qgrad::Gate *> &gates) {
    for (qgrad::Node &node : body) {
        if (node.kind == qgrad::Node::Kind::gate && node.gate.traced_wires.empty()) {
            qgrad::choose_kernel(node.gate, num_wires);
            if (node.gate.kernel != static_cast<int>(KernelType::None)) {
                gates.push_back(&node.gate);
            }
        }
        for (auto &inner : node.bodies) {
            choose_kernels(inner, num_wires, gates);
        }
    }
}

const double *row(const Operand &operand, std::int64_t element) {
    const auto width = static_cast<std::size_t>(operand.shape[1]) * operand.words_per_element();
    const std::size_t offset =
        operand.shape[0] == 1 ? 0 : static_cast<std::size_t>(element) * width;
    return reinterpret_cast<const double *>(operand.data.data()) + offset;
}

// Operands, tangent and cotangent of one element of a batch, and where its result goes.
struct Arguments {
    const std::int64_t *index;
    qgrad::Operands operands;
    const double *tangent;
    const double *cotangent;
    double *out;

    Arguments(const Case &arguments, Operand &result, std::int64_t element) {
        const auto operand = [&](std::size_t i) { return row(arguments.operands[i], element); };
        index = reinterpret_cast<const std::int64_t *>(operand(1));
        operands = {operand(0), reinterpret_cast<const qgrad::Complex *>(operand(2))};
        tangent = arguments.order == 1 ? operand(3) : nullptr;
        cotangent = arguments.transposed ? operand(arguments.operands.size() - 1) : nullptr;
        out = const_cast<double *>(row(result, element));
    }
};

template <class Real>
void evaluate_with(const qgrad::Program &program, Case &arguments, Operand &result) {
    for (std::int64_t element = 0; element < arguments.batch; ++element) {
        const Arguments own(arguments, result, element);
        qgrad::Circuit circuit = qgrad::whole_circuit(program, own.index);
        for (qgrad::Gate &gate : circuit.schedule.resolved) {
            qgrad::choose_kernel(gate, circuit.num_wires);
        }
        auto &workspace = qgrad::Workspace::of_this_thread();
        if (arguments.transposed) {
            qgrad::stepwise::evaluate_transposed<Real>(circuit, own.operands, own.tangent,
                                                       own.cotangent, workspace, own.out);
        } else {
            qgrad::stepwise::evaluate<Real>(circuit, own.operands, own.tangent, workspace, own.out);
        }
    }
}

// By which kernels a gate is applied: a family of Lightning's for gates, or one of Lightning's for
// matrices with the matrix of the gate's kind.
struct Way {
    const char *name;
    KernelType kernel;
    bool by_matrix_of_kind;
};

int kernels(std::vector<Case> cases) {
    const std::array<Way, 4> ways{{{"LM", KernelType::LM, false},
                                   {"AVX2", KernelType::AVX2, false},
                                   {"AVX512", KernelType::AVX512, false},
                                   {"row", KernelType::LM, true}}};
    for (const Way &way : ways) {
        std::size_t tested = 0;
        std::size_t absent = 0;
        for (std::size_t i = 0; i < cases.size(); ++i) {
            Case &each = cases[i];
            qgrad::Program program = qgrad::decode(each.words.data(), each.words.size());
            std::vector<qgrad::Gate *> gates;
            choose_kernels(program.body, program.num_wires, gates);
            for (qgrad::Gate *gate : gates) {
                if (way.by_matrix_of_kind && gate->kind->waves.empty()) {
                    ++absent; // on any number of wires, or of a matrix that is an operand
                    continue;
                }
                const int before = gate->kernel;
                gate->kernel = static_cast<int>(way.kernel);
                gate->by_matrix_of_kind = way.by_matrix_of_kind;
                Operand result = like(each.expected);
                try {
                    evaluate_with<double>(program, each, result);
                    compare(result, each.expected, i, false);
                    evaluate_with<float>(program, each, result);
                    compare(result, each.expected, i, true);
                    ++tested;
                } catch (const std::exception &error) {
                    if (std::string(error.what()).find("kernel") == std::string::npos) {
                        throw;
                    }
                    ++absent; // the processor or the family lacks it
                }
                gate->kernel = before;
                gate->by_matrix_of_kind = false;
            }
        }
        std::cout << way.name << ' ' << tested << ' ' << absent << '\n';
    }
    return 0;
}

// -- Every way to cut a state into slices ---------------------------------------------------------

template <class Real>
std::size_t evaluate_plans(const qgrad::Program &program, Case &arguments, std::size_t bits,
                           Operand &result) {
    std::size_t passes = 0;
    for (std::int64_t element = 0; element < arguments.batch; ++element) {
        const Arguments own(arguments, result, element);
        const qgrad::Plan plan = qgrad::make_plan(qgrad::reduced_circuit(program, own.index), bits);
        passes += plan.passes.size();
        if (arguments.transposed) {
            qgrad::evaluate_transposed<Real>(plan, own.operands, own.tangent, own.cotangent, {},
                                             nullptr, own.out);
        } else {
            qgrad::evaluate<Real>(plan, own.operands, own.tangent, {}, nullptr, own.out);
        }
    }
    return passes;
}

// The planned sweeps in both precisions against those gate by gate, for slices of every size.
int plans(std::vector<Case> cases) {
    std::size_t passes = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        Case &each = cases[i];
        qgrad::Program program = qgrad::decode(each.words.data(), each.words.size());
        std::vector<qgrad::Gate *> gates;
        choose_kernels(program.body, program.num_wires, gates);
        Operand expected = like(each.expected);
        evaluate_with<double>(program, each, expected);
        for (std::size_t bits = 1; bits <= program.num_wires; ++bits) {
            Operand found = like(each.expected);
            program.single = false;
            passes += evaluate_plans<double>(program, each, bits, found);
            compare(found, expected, i, false);
            program.single = true;
            passes += evaluate_plans<float>(program, each, bits, found);
            compare(found, expected, i, true);
        }
    }
    std::cout << cases.size() << " cases, " << passes << " passes\n";
    return 0;
}

// -- Corrupt input --------------------------------------------------------------------------------

class Fuzzer {
  public:
    Fuzzer(std::vector<Case> cases, std::uint64_t seed) : cases_(std::move(cases)), random_(seed) {}

    void once() {
        Case mutant = pick();
        mutant.words[precision_word] = static_cast<Word>(below(2));
        const std::size_t mutations = below(4) == 0 ? 1 + below(4) : 1;
        for (std::size_t i = 0; i < mutations; ++i) {
            mutate_words(mutant.words);
        }
        if (below(4) == 0) {
            mutate_call(mutant);
        }
        run(mutant);
    }

    void report() const {
        std::size_t total = accepted_;
        for (const auto &[reason, count] : refused_) {
            total += count;
        }
        std::cout << total << " mutants, " << accepted_ << " ran, " << too_large_
                  << " too large to run, refused:\n";
        for (const auto &[reason, count] : refused_) {
            std::cout << count << ' ' << reason << '\n';
        }
    }

  private:
    // States and loops beyond this would make the test slow.
    static constexpr std::size_t max_wires = 9;
    static constexpr std::size_t max_numbers = 4096;
    static constexpr double max_steps = 2000;

    std::size_t below(std::size_t limit) {
        return limit == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }

    const Case &pick() { return cases_[below(cases_.size())]; }

    Word any_word(const Words &words) {
        switch (below(6)) {
        case 0:
            return static_cast<Word>(below(5));
        case 1:
            return static_cast<Word>(random_());
        case 2: {
            constexpr std::array<Word, 14> special{
                -1,
                INT64_MIN,
                INT64_MAX,
                INT64_MIN + 1,
                Word{1} << 31,
                Word{1} << 32,
                Word{1} << 40,
                (Word{1} << 40) - 1,
                Word{1} << 62,
                30,
                31,
                100,
                101,
                0x7FF0000000000000}; // the last is the bit pattern of infinity
            return special[below(special.size())];
        }
        case 3:
            return words.empty() ? 0 : words[below(words.size())];
        default:
            return static_cast<Word>(below(45));
        }
    }

    void mutate_words(Words &words) {
        const std::size_t at = below(words.size());
        const auto position = words.begin() + static_cast<std::ptrdiff_t>(at);
        const std::size_t length = std::min(1 + below(4), words.size() - at);
        const auto end = position + static_cast<std::ptrdiff_t>(length);
        if (words.empty()) {
            words.push_back(any_word(words));
            return;
        }
        switch (below(24)) {
        case 0:
            words.erase(position, end);
            break;
        case 1: {
            const Words copy(position, end);
            words.insert(position, copy.begin(), copy.end());
            break;
        }
        case 2:
            words.resize(at);
            break;
        case 3:
            words.push_back(any_word(words));
            break;
        case 4: {
            // The rest of another Program.
            const Words &other = pick().words;
            const auto from = other.begin() + static_cast<std::ptrdiff_t>(below(other.size()));
            words.erase(position, words.end());
            words.insert(words.end(), from, other.end());
            break;
        }
        case 5:
            *position ^= Word{1} << below(63);
            break;
        case 6:
        case 9:
        case 10:
        case 11:
        case 12:
        case 13:
            *position = static_cast<Word>(static_cast<std::uint64_t>(*position) + below(5) - 2);
            break;
        case 7:
            words.insert(position, any_word(words));
            break;
        case 8:
            if (below(50) == 0) {
                for (Word &word : words) {
                    word = any_word(words);
                }
            }
            break;
        default:
            *position = any_word(words);
            break;
        }
    }

    void mutate_call(Case &mutant) {
        const auto resize = [&](Operand &operand) {
            operand.data.resize(operand.num_elements() * operand.words_per_element());
        };
        Operand &operand = mutant.operands.empty() ? mutant.expected
                                                   : mutant.operands[below(mutant.operands.size())];
        switch (below(8)) {
        case 0:
            mutant.order = any_word({});
            break;
        case 1:
            mutant.transposed = !mutant.transposed;
            break;
        case 2:
            operand.element = static_cast<Element>(below(3));
            resize(operand);
            break;
        case 3:
            operand.shape =
                std::vector<std::int64_t>(below(4), static_cast<std::int64_t>(below(4)));
            resize(operand);
            break;
        case 4:
            operand.shape[below(2)] = static_cast<std::int64_t>(below(6));
            resize(operand);
            break;
        case 5:
            if (!mutant.operands.empty()) {
                mutant.operands.pop_back();
            }
            break;
        case 6:
            mutant.operands.push_back(operand);
            break;
        default:
            mutant.expected.element = static_cast<Element>(below(3));
            mutant.expected.shape = {static_cast<std::int64_t>(below(5)),
                                     static_cast<std::int64_t>(below(9))};
            resize(mutant.expected);
            break;
        }
    }

    void run(Case &mutant) {
        std::string refusal;
        try {
            const qgrad::Program program = qgrad::decode(mutant.words.data(), mutant.words.size());
            if (program.num_wires > max_wires || program.num_theta > max_numbers ||
                program.num_index > max_numbers || program.num_data > max_numbers ||
                steps(program.body) > max_steps || program.num_outputs > max_numbers * 8) {
                ++too_large_;
                return;
            }
            if (below(8) != 0) {
                fit(program, mutant);
            }
        } catch (const std::invalid_argument &error) {
            refusal = error.what();
        }
        Operand result = like(mutant.expected);
        const std::string by_handler = call(mutant, result, static_cast<Word>(below(3)));
        if (!refusal.empty() && by_handler != "qgrad_lab: " + refusal) {
            throw std::runtime_error("decoder and handler disagree: " + refusal + " / " +
                                     by_handler);
        }
        if (by_handler.empty()) {
            ++accepted_;
        } else {
            ++refused_[reason(by_handler)];
        }
    }

    static double steps(const std::vector<qgrad::Node> &body) {
        double total = 0;
        for (const qgrad::Node &node : body) {
            double inner = 1;
            for (const auto &each : node.bodies) {
                inner += steps(each);
            }
            if (node.kind == qgrad::Node::Kind::repeat) {
                inner *= 1.0 + static_cast<double>(node.capacity);
            }
            total += inner;
        }
        return total;
    }

    // Operands of the shapes that the mutated Program asks for, so that it runs.
    void fit(const qgrad::Program &program, Case &mutant) {
        const std::vector<Operand> before = mutant.operands;
        std::size_t number = 0;
        const auto operand = [&](Element element, std::size_t width) {
            // Where the Program still asks for as much, what belongs to it, such as unitary
            // matrices.
            if (number < before.size() && below(8) != 0) {
                const Operand &old = before[number];
                if (old.element == element && old.shape.size() == 2 && old.shape[0] > 0 &&
                    old.shape[1] == static_cast<std::int64_t>(width)) {
                    Operand result{element, {1, old.shape[1]}, old.data};
                    result.data.resize(width * result.words_per_element());
                    ++number;
                    return result;
                }
            }
            ++number;
            Operand result{
                element, {below(2) == 0 ? 1 : mutant.batch, static_cast<std::int64_t>(width)}, {}};
            result.data.resize(result.num_elements() * result.words_per_element());
            for (Word &word : result.data) {
                if (element == Element::i64) {
                    word = below(20) == 0 ? any_word({}) : static_cast<Word>(below(4));
                } else {
                    word = std::bit_cast<Word>(std::normal_distribution<double>()(random_));
                }
            }
            return result;
        };
        mutant.order = static_cast<Word>(below(2));
        mutant.transposed = below(2) == 0;
        mutant.batch = 1 + static_cast<std::int64_t>(below(3));
        mutant.operands = {operand(Element::f64, program.num_theta),
                           operand(Element::i64, program.num_index),
                           operand(Element::c128, program.num_data)};
        if (mutant.order == 1) {
            mutant.operands.push_back(operand(Element::f64, program.num_theta));
        }
        if (mutant.transposed) {
            mutant.operands.push_back(operand(Element::f64, program.num_outputs));
        }
        const std::size_t width = mutant.transposed ? program.num_theta : program.num_outputs;
        mutant.expected.element = Element::f64;
        mutant.expected.shape = {mutant.batch, static_cast<std::int64_t>(width)};
        mutant.expected.data.assign(mutant.expected.num_elements(), 0);
    }

    // A refusal without its numbers.
    static std::string reason(std::string text) {
        const bool corrupt = text.starts_with("corrupt Program at word ");
        std::string result;
        for (const char c : text) {
            const bool digit = c >= '0' && c <= '9';
            if (!digit && c != '-') {
                result.push_back(c);
            } else if (result.empty() || result.back() != '#') {
                result.push_back('#');
            }
        }
        return corrupt ? result.substr(result.find(": ") + 2) : result;
    }

    std::vector<Case> cases_;
    std::mt19937_64 random_;
    std::size_t accepted_ = 0;
    std::size_t too_large_ = 0;
    std::map<std::string, std::size_t> refused_;
};

int fuzz(std::vector<Case> cases, std::uint64_t seed, std::size_t count) {
    Fuzzer fuzzer(std::move(cases), seed);
    for (std::size_t i = 0; i < count; ++i) {
        fuzzer.once();
    }
    fuzzer.report();
    return 0;
}

} // namespace

int main(int argc, char **argv) {
    try {
        const std::string command = argc > 2 ? argv[1] : "";
        if (command == "run" && argc == 3) {
            return run(File(argv[2]).cases());
        }
        if (command == "plans" && argc == 3) {
            return plans(File(argv[2]).cases());
        }
        if (command == "kernels" && argc == 3) {
            return kernels(File(argv[2]).cases());
        }
        if (command == "fuzz" && argc == 5) {
            return fuzz(File(argv[2]).cases(), std::stoull(argv[3]), std::stoull(argv[4]));
        }
        if (command == "interrupt" && argc == 4) {
            return interrupt(File(argv[2]).cases(), std::stoull(argv[3]));
        }
        if (command == "memory" && argc == 3) {
            std::cout << qgrad::available_memory(argv[2]) << '\n';
            return 0;
        }
        std::cerr << "see the top of driver.cpp for the arguments\n";
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
    }
    return 1;
}
