// State vectors for one evaluation, aligned for the widest kernels and kept between calls while
// small.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <memory>

namespace qgrad {

// How much memory the states of evaluations take, of all threads: what is asked for, and not what
// stays allocated for a next call.
struct StateBytes {
    static void add(std::size_t num_bytes);
    static void subtract(std::size_t num_bytes);

    // The most at once since this was called last.
    static std::size_t take_peak();
};

struct Free {
    std::size_t counted = 0; // in StateBytes, while it lives
    void operator()(void *memory) const;
};
using StateMemory = std::unique_ptr<void, Free>; // of either precision

// Contents are not defined. Throws std::bad_alloc.
StateMemory allocate_states(std::size_t num_bytes);

// The same, counted in StateBytes.
StateMemory allocate_counted(std::size_t num_bytes);

template <class Real> std::complex<Real> *amplitudes(const StateMemory &states) {
    return static_cast<std::complex<Real> *>(states.get());
}

class Workspace {
  public:
    static constexpr std::size_t max_states = 7;

    static Workspace &of_this_thread();

    // Another one, for copies of slices of states that may belong to another thread.
    static Workspace &for_slices_of_this_thread();

    // The states named `index` of this thread, `size` amplitudes each; contents are not defined.
    template <class Real> std::complex<Real> *state(std::size_t index, std::size_t size) {
        return static_cast<std::complex<Real> *>(memory(index, size * sizeof(std::complex<Real>)));
    }

    // While one of these lives, states stay where they are; with the last of them go those that are
    // too large to be kept for this thread's next call.
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

    ~Workspace();

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
