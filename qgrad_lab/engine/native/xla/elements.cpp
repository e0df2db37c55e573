// The XLA custom calls that gather elements of vectors, the transpose, which sums what was gathered
// from the same place, and one that splits vectors into parts.
//
// take:  values f64[B, N] and positions i64[P] to f64[B, P]
// put:   values f64[B, P] and positions i64[P] to f64[B, N]
// parts: values f64[B, N] to f64[B, N1], f64[B, N2] and so on, where N1 + N2 + ... = N
#include <algorithm>
#include <cstdint>

#include <xla/ffi/api/ffi.h>

namespace ffi = xla::ffi;

namespace qgrad {
namespace {

using Vectors = ffi::Buffer<ffi::DataType::F64, 2>;
using Positions = ffi::Buffer<ffi::DataType::S64, 1>;

// Checks shapes and positions; `whole` are the dimensions of the vectors that have elements at
// these positions, and `parts` those of the vectors with one element for each position.
ffi::Error check(const Positions &positions, ffi::Span<const std::int64_t> whole,
                 ffi::Span<const std::int64_t> parts) {
    const auto out_of_range = [&](std::int64_t p) { return p < 0 || p >= whole[1]; };
    const std::int64_t count = positions.dimensions()[0];
    if (whole[0] != parts[0] || parts[1] != count) {
        return {ffi::ErrorCode::kInvalidArgument, "qgrad_lab: shapes do not fit"};
    }
    const std::int64_t *const begin = positions.typed_data();
    if (std::any_of(begin, begin + count, out_of_range)) {
        return {ffi::ErrorCode::kInvalidArgument, "qgrad_lab: a position is out of range"};
    }
    return ffi::Error::Success();
}

ffi::Error take(Vectors values, Positions positions, ffi::Result<Vectors> result) {
    const auto whole = values.dimensions(), parts = result->dimensions();
    if (ffi::Error error = check(positions, whole, parts); error.failure()) {
        return error;
    }
    const std::int64_t *const place = positions.typed_data();
    for (std::int64_t row = 0; row < parts[0]; ++row) {
        const double *const from = values.typed_data() + row * whole[1];
        double *const to = result->typed_data() + row * parts[1];
        for (std::int64_t i = 0; i < parts[1]; ++i) {
            to[i] = from[place[i]];
        }
    }
    return ffi::Error::Success();
}

ffi::Error put(Vectors values, Positions positions, ffi::Result<Vectors> result) {
    const auto whole = result->dimensions(), parts = values.dimensions();
    if (ffi::Error error = check(positions, whole, parts); error.failure()) {
        return error;
    }
    const std::int64_t *const place = positions.typed_data();
    for (std::int64_t row = 0; row < parts[0]; ++row) {
        const double *const from = values.typed_data() + row * parts[1];
        double *const to = result->typed_data() + row * whole[1];
        std::fill(to, to + whole[1], 0.0);
        for (std::int64_t i = 0; i < parts[1]; ++i) {
            to[place[i]] += from[i];
        }
    }
    return ffi::Error::Success();
}

ffi::Error parts(Vectors values, ffi::RemainingRets results) {
    const auto whole = values.dimensions();
    std::int64_t end = 0;
    for (std::size_t i = 0; i < results.size(); ++i) {
        auto result = results.get<Vectors>(i);
        if (!result.has_value() || (*result)->dimensions()[0] != whole[0] ||
            (*result)->dimensions()[1] > whole[1] - end) {
            return {ffi::ErrorCode::kInvalidArgument, "qgrad_lab: a part does not fit"};
        }
        const std::int64_t size = (*result)->dimensions()[1];
        for (std::int64_t row = 0; row < whole[0]; ++row) {
            const double *const from = values.typed_data() + row * whole[1] + end;
            std::copy(from, from + size, (*result)->typed_data() + row * size);
        }
        end += size;
    }
    return ffi::Error::Success();
}

} // namespace
} // namespace qgrad

extern "C" __attribute__((visibility("default"))) XLA_FFI_Error *
qgrad_lab_take(XLA_FFI_CallFrame *call_frame);

XLA_FFI_DEFINE_HANDLER_SYMBOL(
    qgrad_lab_take, qgrad::take,
    ffi::Ffi::Bind().Arg<qgrad::Vectors>().Arg<qgrad::Positions>().Ret<qgrad::Vectors>());

extern "C" __attribute__((visibility("default"))) XLA_FFI_Error *
qgrad_lab_put(XLA_FFI_CallFrame *call_frame);

XLA_FFI_DEFINE_HANDLER_SYMBOL(
    qgrad_lab_put, qgrad::put,
    ffi::Ffi::Bind().Arg<qgrad::Vectors>().Arg<qgrad::Positions>().Ret<qgrad::Vectors>());

extern "C" __attribute__((visibility("default"))) XLA_FFI_Error *
qgrad_lab_parts(XLA_FFI_CallFrame *call_frame);

XLA_FFI_DEFINE_HANDLER_SYMBOL(qgrad_lab_parts, qgrad::parts,
                              ffi::Ffi::Bind().Arg<qgrad::Vectors>().RemainingRets());
