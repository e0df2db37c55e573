// The XLA custom call: one handler for every native member of the derivative family.
//
// Operands: theta f64[T, P], index i64[I, K], data c128[D, N], a tangent of theta f64[V, P] where
// order = 1, a cotangent f64[Y, M] where transposed. Leading sizes are the batch or 1 (shared).
// Result: f64[B, M], or f64[B, P] where transposed.
#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>

#include "memory.hpp"
#include "parallel.hpp"
#include "sweep.hpp"

namespace ffi = xla::ffi;

namespace qgrad {
namespace {

// Rows of a batched operand, or one row that all elements of the batch share.
template <class T> struct Rows {
    const T *data = nullptr;
    std::size_t rows = 0;
    std::size_t width = 0;

    const T *operator[](std::size_t element) const {
        return data == nullptr ? nullptr : data + (rows == 1 ? 0 : element * width);
    }
};

template <class T, ffi::DataType dtype>
Rows<T> rows(const ffi::AnyBuffer &buffer, const char *name, std::size_t batch,
             std::size_t width) {
    const auto dims = buffer.dimensions();
    std::ostringstream message;
    if (buffer.element_type() != dtype || dims.size() != 2) {
        message << name << " has a wrong element type or rank";
        throw std::invalid_argument(message.str());
    }
    const auto found_rows = static_cast<std::size_t>(dims[0]);
    const auto found_width = static_cast<std::size_t>(dims[1]);
    if ((found_rows != batch && found_rows != 1) || found_width != width) {
        message << name << " has shape [" << found_rows << ", " << found_width << "], expected ["
                << batch << " or 1, " << width << "]";
        throw std::invalid_argument(message.str());
    }
    return {static_cast<const T *>(buffer.untyped_data()), found_rows, found_width};
}

// How many evaluations may run at once. Refuses what does not fit, before anything is allocated: an
// overcommitting system would hand out the memory and kill the process when it is touched.
std::size_t workers_that_fit(const Program &program, std::size_t states) {
    const std::size_t bytes = states * program.dimension() * sizeof(Complex);
    constexpr std::size_t small = std::size_t{1} << 26;
    if (bytes < small) {
        return std::size_t{1} << 10;
    }
    const std::size_t available = available_memory();
    if (bytes > available) {
        constexpr double gib = 1024.0 * 1024.0 * 1024.0;
        std::ostringstream message;
        message.precision(3);
        message << "a circuit on " << program.num_wires << " wires needs "
                << static_cast<double>(bytes) / gib << " GiB for " << states
                << " state vectors here, and " << static_cast<double>(available) / gib
                << " GiB are available; use fewer wires or a machine with more memory";
        throw std::length_error(message.str());
    }
    return available / bytes;
}

void run(ffi::ThreadPool &pool, const ffi::RemainingArgs &args, const ffi::RemainingRets &rets,
         ffi::Span<const std::int64_t> words, std::int64_t digest, std::int64_t order,
         bool transposed) {
    const auto program = decode_once(words.begin(), words.size(), digest);
    const bool with_tangent = order == 1;
    const std::size_t num_args = 3U + (with_tangent ? 1U : 0U) + (transposed ? 1U : 0U);
    if (order < 0 || order > 1 || args.size() != num_args || rets.size() != 1) {
        throw std::invalid_argument("wrong order or number of operands");
    }
    const auto argument = [&](std::size_t i) { return args.get<ffi::AnyBuffer>(i).value(); };

    auto result = rets.get<ffi::AnyBuffer>(0).value();
    const auto dims = result->dimensions();
    const std::size_t width = transposed ? program->num_theta : program->num_outputs;
    if (result->element_type() != ffi::DataType::F64 || dims.size() != 2 ||
        static_cast<std::size_t>(dims[1]) != width) {
        throw std::invalid_argument("the result has a wrong type or shape");
    }
    const auto batch = static_cast<std::size_t>(dims[0]);
    auto *out = static_cast<double *>(result->untyped_data());

    const auto theta =
        rows<double, ffi::DataType::F64>(argument(0), "theta", batch, program->num_theta);
    const auto index =
        rows<std::int64_t, ffi::DataType::S64>(argument(1), "index", batch, program->num_index);
    const auto data =
        rows<Complex, ffi::DataType::C128>(argument(2), "data", batch, program->num_data);
    Rows<double> tangent;
    Rows<double> cotangent;
    if (with_tangent) {
        tangent =
            rows<double, ffi::DataType::F64>(argument(3), "tangent", batch, program->num_theta);
    }
    if (transposed) {
        cotangent = rows<double, ffi::DataType::F64>(argument(num_args - 1), "cotangent", batch,
                                                     program->num_outputs);
    }

    const std::size_t workers =
        workers_that_fit(*program, num_states(*program, with_tangent, transposed));
    // A distinct pointer for "there is a tangent" even where theta is empty.
    static const double nothing = 0.0;
    const auto element = [&](std::size_t i) {
        const Operands operands{theta[i], data[i]};
        const auto schedule = schedule_for(program, index[i]);
        const double *direction = with_tangent ? tangent[i] : nullptr;
        if (with_tangent && direction == nullptr) {
            direction = &nothing;
        }
        Workspace &workspace = Workspace::of_this_thread();
        if (transposed) {
            evaluate_transposed(*program, *schedule, operands, direction, cotangent[i],
                                workspace, out + i * width);
        } else {
            evaluate(*program, *schedule, operands, direction, workspace, out + i * width);
        }
        workspace.trim();
    };
    if (batch == 1) {
        element(0);
    } else if (batch > 1) {
        parallel_for(pool, batch, workers, element);
    }
}

ffi::Error handle(ffi::ThreadPool pool, ffi::RemainingArgs args, ffi::RemainingRets rets,
                  ffi::Span<const std::int64_t> words, std::int64_t digest, std::int64_t order,
                  bool transposed) {
    // The name tells the caller, to whom errors come through JAX, that one is ours.
    const std::string ours = "qgrad_lab: ";
    try {
        run(pool, args, rets, words, digest, order, transposed);
    } catch (const std::length_error &error) {
        return {ffi::ErrorCode::kResourceExhausted, ours + error.what()};
    } catch (const std::bad_alloc &) {
        return {ffi::ErrorCode::kResourceExhausted, ours + "out of memory for state vectors"};
    } catch (const std::exception &error) {
        return {ffi::ErrorCode::kInvalidArgument, ours + error.what()};
    }
    return ffi::Error::Success();
}

} // namespace
} // namespace qgrad

extern "C" __attribute__((visibility("default"))) XLA_FFI_Error *
qgrad_lab_derivative(XLA_FFI_CallFrame *call_frame);

XLA_FFI_DEFINE_HANDLER_SYMBOL(qgrad_lab_derivative, qgrad::handle,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .RemainingArgs()
                                  .RemainingRets()
                                  .Attr<ffi::Span<const std::int64_t>>("program")
                                  .Attr<std::int64_t>("digest")
                                  .Attr<std::int64_t>("order")
                                  .Attr<bool>("transposed"));

// What this library was built against. The loader reads it from the file, before it loads anything.
extern "C" __attribute__((visibility("default"))) const char qgrad_lab_built_for[];
const char qgrad_lab_built_for[] = "qgrad_lab built for pennylane-lightning " QGRAD_LIGHTNING_VERSION
                                   " and jaxlib " QGRAD_JAXLIB_VERSION;
