// The XLA custom calls: every native member of the derivative family by sweeps, and the first
// derivatives by a shift rule.
//
// Operands: theta f64[T, P], index i64[I, K], data c128[D, N], a tangent of theta f64[V, P] where
// order = 1, a cotangent f64[Y, M] where transposed. Leading sizes are the batch or 1 (shared).
// Result: f64[B, M], or f64[B, P] where transposed. `keep` asks to keep the final states of D[0]
// for the call of its transpose that follows.
#include <algorithm>
#include <functional>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include <xla/ffi/api/ffi.h>

#include "batch/batch.hpp"
#include "batch/shift_rule.hpp"
#include "host/interrupt.hpp"

namespace ffi = xla::ffi;

namespace qgrad {
namespace {

// XLA's thread pool, for host/parallel.hpp.
class XlaThreads : public ThreadPool {
  public:
    explicit XlaThreads(ffi::ThreadPool pool) : pool_(pool) {}

    std::size_t num_threads() const override {
        return static_cast<std::size_t>(std::max<std::int64_t>(1, pool_.num_threads()));
    }

    void schedule(std::function<void()> task) override { pool_.Schedule(std::move(task)); }

  private:
    ffi::ThreadPool pool_;
};

template <class T, ffi::DataType dtype>
Rows<T> rows(const ffi::AnyBuffer &buffer, const char *name, std::size_t batch, std::size_t width) {
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

// Checks the shapes of all operands and of the result.
Batch read_batch(const ffi::RemainingArgs &args, const ffi::RemainingRets &rets,
                 ffi::Span<const std::int64_t> words, std::int64_t digest, std::int64_t order,
                 bool transposed) {
    Batch batch;
    batch.planned = decode_once(words.begin(), words.size(), digest);
    batch.with_tangent = order == 1;
    batch.transposed = transposed;
    const std::size_t num_args = 3U + (batch.with_tangent ? 1U : 0U) + (transposed ? 1U : 0U);
    if (order < 0 || order > 1 || args.size() != num_args || rets.size() != 1) {
        throw std::invalid_argument("wrong order or number of operands");
    }
    const auto argument = [&](std::size_t i) { return args.get<ffi::AnyBuffer>(i).value(); };

    const Program &program = batch.program();
    auto result = rets.get<ffi::AnyBuffer>(0).value();
    const auto dims = result->dimensions();
    const std::size_t width = transposed ? program.num_theta : program.num_outputs;
    if (result->element_type() != ffi::DataType::F64 || dims.size() != 2 ||
        std::cmp_not_equal(dims[1], width)) {
        throw std::invalid_argument("the result has a wrong type or shape");
    }
    const auto size = static_cast<std::size_t>(dims[0]);
    batch.size = size;
    batch.out = static_cast<double *>(result->untyped_data());
    batch.theta = rows<double, ffi::DataType::F64>(argument(0), "theta", size, program.num_theta);
    batch.index =
        rows<std::int64_t, ffi::DataType::S64>(argument(1), "index", size, program.num_index);
    batch.data = rows<Complex, ffi::DataType::C128>(argument(2), "data", size, program.num_data);
    if (batch.with_tangent) {
        batch.tangent =
            rows<double, ffi::DataType::F64>(argument(3), "tangent", size, program.num_theta);
    }
    if (transposed) {
        batch.cotangent = rows<double, ffi::DataType::F64>(argument(num_args - 1), "cotangent",
                                                           size, program.num_outputs);
    }
    return batch;
}

// Calls body(), which can be interrupted as part of its run, and turns exceptions into XLA's
// errors.
template <class Body> ffi::Error guarded(ffi::RunId run, const Body &body) {
    // Errors reach the caller through JAX; the name says that this one is ours.
    const std::string ours = "qgrad_lab: ";
    try {
        watch_for_interrupts();
        const Stop stop = stop_of_run(run.run_id);
        const Stop::Scope scope(stop);
        stop.check();
        body();
    } catch (const Interrupted &) {
        forget_run(run.run_id);
        return {ffi::ErrorCode::kCancelled, ours + "interrupted by SIGINT"};
    } catch (const std::length_error &error) {
        return {ffi::ErrorCode::kResourceExhausted, ours + error.what()};
    } catch (const std::bad_alloc &) {
        return {ffi::ErrorCode::kResourceExhausted, ours + "out of memory for state vectors"};
    } catch (const std::exception &error) {
        return {ffi::ErrorCode::kInvalidArgument, ours + error.what()};
    }
    return ffi::Error::Success();
}

ffi::Error derivative(ffi::ThreadPool pool, ffi::RunId run, ffi::RemainingArgs args,
                      ffi::RemainingRets rets, ffi::Span<const std::int64_t> words,
                      std::int64_t digest, std::int64_t order, bool transposed, bool keep) {
    return guarded(run, [&] {
        Batch batch = read_batch(args, rets, words, digest, order, transposed);
        batch.keep = keep && order == 0 && !transposed;
        XlaThreads threads(pool);
        evaluate(batch, threads);
    });
}

template <class T> std::span<const T> span(ffi::Span<const T> numbers) {
    return {numbers.begin(), numbers.size()};
}

ffi::Error shift_rule(ffi::ThreadPool pool, ffi::RunId run, ffi::RemainingArgs args,
                      ffi::RemainingRets rets, ffi::Span<const std::int64_t> words,
                      std::int64_t digest, bool transposed, ffi::Span<const std::int64_t> slots,
                      ffi::Span<const double> shifts, ffi::Span<const double> coefficients) {
    return guarded(run, [&] {
        const Batch batch = read_batch(args, rets, words, digest, transposed ? 0 : 1, transposed);
        XlaThreads threads(pool);
        evaluate_shift_rule(batch, {span(slots), span(shifts), span(coefficients)}, threads);
    });
}

} // namespace
} // namespace qgrad

extern "C" __attribute__((visibility("default"))) XLA_FFI_Error *
qgrad_lab_derivative(XLA_FFI_CallFrame *call_frame);

XLA_FFI_DEFINE_HANDLER_SYMBOL(qgrad_lab_derivative, qgrad::derivative,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Ctx<ffi::RunId>()
                                  .RemainingArgs()
                                  .RemainingRets()
                                  .Attr<ffi::Span<const std::int64_t>>("program")
                                  .Attr<std::int64_t>("digest")
                                  .Attr<std::int64_t>("order")
                                  .Attr<bool>("transposed")
                                  .Attr<bool>("keep"));

extern "C" __attribute__((visibility("default"))) XLA_FFI_Error *
qgrad_lab_shift_rule(XLA_FFI_CallFrame *call_frame);

XLA_FFI_DEFINE_HANDLER_SYMBOL(qgrad_lab_shift_rule, qgrad::shift_rule,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Ctx<ffi::RunId>()
                                  .RemainingArgs()
                                  .RemainingRets()
                                  .Attr<ffi::Span<const std::int64_t>>("program")
                                  .Attr<std::int64_t>("digest")
                                  .Attr<bool>("transposed")
                                  .Attr<ffi::Span<const std::int64_t>>("slots")
                                  .Attr<ffi::Span<const double>>("shifts")
                                  .Attr<ffi::Span<const double>>("coefficients"));
