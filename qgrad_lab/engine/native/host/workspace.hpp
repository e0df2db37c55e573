// Memory for state vectors, aligned for the widest kernels; small states are kept between calls.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <memory>

namespace qgrad {

// How much memory the states of evaluations need, in all threads: what evaluations ask for, without
// what merely stays allocated for the next call.
struct StateBytes {
    static void add(std::size_t num_bytes);
    static void subtract(std::size_t num_bytes);

    // The maximum since this was last called.
    static std::size_t take_peak();
};

struct Free {
    std::size_t counted = 0; // in StateBytes, while it lives
    void operator()(void *memory) const;
};
using StateMemory = std::unique_ptr<void, Free>; // of either precision

// Uninitialised. Throws std::bad_alloc.
StateMemory allocate_states(std::size_t num_bytes);

// The same, counted in StateBytes.
StateMemory allocate_counted(std::size_t num_bytes);

template <class Real> std::complex<Real> *amplitudes(const StateMemory &states) {
    return static_cast<std::complex<Real> *>(states.get());
}

class Workspace {
  public:
    static constexpr std::size_t max_states = 7;

    Workspace() = default;
    Workspace(const Workspace &) = delete;
    Workspace &operator=(const Workspace &) = delete;
    ~Workspace();

    static Workspace &of_this_thread();

    // A second one, for copies of slices; the states themselves may belong to another thread.
    static Workspace &for_slices_of_this_thread();

    // State number `index` of this thread, with room for `size` amplitudes; uninitialised.
    template <class Real> std::complex<Real> *state(std::size_t index, std::size_t size) {
        return static_cast<std::complex<Real> *>(memory(index, size * sizeof(std::complex<Real>)));
    }

    // While one of these lives, states stay where they are. The last one to go releases those that
    // are too large to be kept for this thread's next call.
    class Use {
      public:
        explicit Use(Workspace &workspace) : workspace_(workspace) { ++workspace_.uses_; }
        ~Use() {
            if (--workspace_.uses_ == 0) {
                workspace_.trim();
            }
        }
        Use(const Use &) = delete;
        Use &operator=(const Use &) = delete;

      private:
        Workspace &workspace_;
    };

  private:
    struct Slot {
        StateMemory memory;
        std::size_t size = 0;    // in bytes
        std::size_t needed = 0;  // of these, since the first Use began
        bool is_counted = false; // among the large ones that are kept
    };

    void *memory(std::size_t index, std::size_t num_bytes);
    void trim();
    static void forget(Slot &slot);

    std::array<Slot, max_states> slots_;
    std::size_t uses_ = 0;
};

} // namespace qgrad
