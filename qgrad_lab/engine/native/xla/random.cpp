// The XLA custom call that makes keys for JAX's random generators: two 32-bit words.
//
// Without a seed, they come from the operating system at every call. With one, they are a function
// of the seed, the call site, the bits of the operands, and how often this site was called with
// these operands before in the same run of the compiled program: two runs give the same keys, and
// the iterations of a loop different ones. A run begins with a call that gives it a number, which
// is the first operand of all others. (XLA numbers runs too, but two executables with the same code
// share their numbers.)
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <list>
#include <mutex>
#include <stdexcept>
#include <unordered_map>

#if defined(__APPLE__)
#include <sys/random.h>
#else
#include <unistd.h>
#endif

#include <xla/ffi/api/ffi.h>

namespace ffi = xla::ffi;

namespace qgrad {
namespace {

// The finaliser of splitmix64: a bijection in which every bit of x moves about half of all bits.
std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

std::uint64_t combined(std::uint64_t hash, std::uint64_t value) {
    return mixed((hash ^ value) + 0x9e3779b97f4a7c15U);
}

std::uint64_t hash_of(ffi::AnyBuffer buffer, std::uint64_t hash) {
    const auto *bytes = static_cast<const unsigned char *>(buffer.untyped_data());
    const std::size_t size = buffer.size_bytes();
    hash = combined(hash, size);
    for (std::size_t i = 0; i < size; i += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes + i, std::min(sizeof(word), size - i));
        hash = combined(hash, word);
    }
    return hash;
}

// How often each stream was used in each run. XLA does not tell when a run ends, so the most recent
// runs are kept; a run with too many streams starts over with an empty table. (How often it did so
// is part of the key, so that no key comes twice.)
class Runs {
  public:
    std::uint64_t next(std::uint64_t id, std::uint64_t stream) {
        const std::scoped_lock lock(mutex_);
        const auto found = places_.find(id);
        if (found == places_.end()) {
            runs_.emplace_front();
            runs_.front().id = id;
            places_[id] = runs_.begin();
        } else {
            runs_.splice(runs_.begin(), runs_, found->second);
        }
        Run &run = runs_.front();
        if (run.counts.size() >= max_streams) {
            size_ -= run.counts.size();
            run.counts.clear();
            ++run.epoch;
        }
        const auto [count, is_new] = run.counts.try_emplace(stream, 0);
        size_ += is_new ? 1 : 0;
        while ((size_ > max_size || runs_.size() > max_runs) && runs_.size() > 1) {
            size_ -= runs_.back().counts.size();
            places_.erase(runs_.back().id);
            runs_.pop_back();
        }
        return combined(run.epoch, count->second++);
    }

  private:
    struct Run {
        std::uint64_t id = 0;
        std::uint64_t epoch = 0;
        std::unordered_map<std::uint64_t, std::uint64_t> counts;
    };

    static constexpr std::size_t max_streams = std::size_t{1} << 14;
    static constexpr std::size_t max_size = std::size_t{1} << 20;
    static constexpr std::size_t max_runs = std::size_t{1} << 12;

    std::mutex mutex_;
    std::size_t size_ = 0; // streams of all runs
    std::list<Run> runs_;  // most recently used first
    std::unordered_map<std::uint64_t, std::list<Run>::iterator> places_;
};

std::uint64_t from_the_system() {
    std::uint64_t words = 0;
    if (getentropy(&words, sizeof(words)) != 0) {
        throw std::runtime_error("the operating system has no random numbers (getentropy failed)");
    }
    return words;
}

enum class Kind : std::int64_t { from_system = 0, begin_run = 1, seeded = 2 };

std::uint64_t seeded_words(ffi::RemainingArgs args, std::int64_t seed, std::int64_t site) {
    static Runs runs;
    const auto run = args.get<ffi::Buffer<ffi::U32>>(0);
    if (!run.has_value() || run->element_count() != 2) {
        throw std::invalid_argument("the first operand of a seeded key is the number of the run");
    }
    std::uint64_t id = 0;
    std::memcpy(&id, run->typed_data(), sizeof(id));
    std::uint64_t stream =
        combined(static_cast<std::uint64_t>(seed), static_cast<std::uint64_t>(site));
    for (std::size_t i = 1; i < args.size(); ++i) {
        stream = hash_of(args.get<ffi::AnyBuffer>(i).value(), stream);
    }
    return combined(stream, runs.next(id, stream));
}

ffi::Error handle_random(ffi::RemainingArgs args, ffi::ResultBuffer<ffi::U32> key,
                         std::int64_t kind, std::int64_t seed, std::int64_t site) {
    static std::atomic<std::uint64_t> next_run{0};
    try {
        if (key->element_count() != 2) {
            throw std::invalid_argument("a key has two words");
        }
        std::uint64_t words = 0;
        switch (static_cast<Kind>(kind)) {
        case Kind::from_system:
            words = from_the_system();
            break;
        case Kind::begin_run:
            words = next_run++;
            break;
        case Kind::seeded:
            words = seeded_words(args, seed, site);
            break;
        default:
            throw std::invalid_argument("there is no such kind of random numbers");
        }
        std::memcpy(key->typed_data(), &words, sizeof(words));
    } catch (const std::exception &error) {
        return {ffi::ErrorCode::kInternal, error.what()};
    }
    return ffi::Error::Success();
}

} // namespace
} // namespace qgrad

extern "C" __attribute__((visibility("default"))) XLA_FFI_Error *
qgrad_lab_random(XLA_FFI_CallFrame *call_frame);

XLA_FFI_DEFINE_HANDLER_SYMBOL(qgrad_lab_random, qgrad::handle_random,
                              ffi::Ffi::Bind()
                                  .RemainingArgs()
                                  .Ret<ffi::Buffer<ffi::U32>>()
                                  .Attr<std::int64_t>("kind")
                                  .Attr<std::int64_t>("seed")
                                  .Attr<std::int64_t>("site"));
