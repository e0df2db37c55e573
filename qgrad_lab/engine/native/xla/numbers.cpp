// The XLA custom call that refuses what is not a number: values f64[...] to the same values.
//
// Outcomes are integers, which cannot say that the state they are drawn from is not a number.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include <xla/ffi/api/ffi.h>

namespace ffi = xla::ffi;

namespace qgrad {
namespace {

using Numbers = ffi::Buffer<ffi::DataType::F64>;

ffi::Error check_numbers(Numbers values, ffi::Result<Numbers> result, std::int64_t source) {
    const double *const begin = values.typed_data();
    const double *const end = begin + values.element_count();
    if (values.element_count() != result->element_count()) {
        return {ffi::ErrorCode::kInvalidArgument, "qgrad_lab: shapes do not fit"};
    }
    if (std::any_of(begin, end, [](double value) { return std::isnan(value); })) {
        std::string message =
            "qgrad_lab: the state of a circuit with shots is not a number (NaN), so that there are "
            "no outcomes to draw. Look for NaN among the angles and other numbers of its "
            "operations.";
        if (source != 0) {
            message += " [source " + std::to_string(source) + "]";
        }
        return {ffi::ErrorCode::kInvalidArgument, message};
    }
    std::copy(begin, end, result->typed_data());
    return ffi::Error::Success();
}

} // namespace
} // namespace qgrad

extern "C" __attribute__((visibility("default"))) XLA_FFI_Error *
qgrad_lab_numbers(XLA_FFI_CallFrame *call_frame);

XLA_FFI_DEFINE_HANDLER_SYMBOL(
    qgrad_lab_numbers, qgrad::check_numbers,
    ffi::Ffi::Bind().Arg<qgrad::Numbers>().Ret<qgrad::Numbers>().Attr<std::int64_t>("source"));
