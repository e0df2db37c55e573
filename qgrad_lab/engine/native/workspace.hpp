// State vectors for one evaluation, aligned for the widest kernels and kept between calls while small.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <memory>

namespace qgrad {

using Complex = std::complex<double>;

struct Free {
    void operator()(Complex *memory) const;
};
using StateMemory = std::unique_ptr<Complex, Free>;

// Contents are not defined. Throws std::bad_alloc.
StateMemory allocate_states(std::size_t num_amplitudes);

class Workspace {
  public:
    static constexpr std::size_t max_states = 7;

    static Workspace &of_this_thread();

    // Another one, for copies of slices of states that may belong to another thread.
    static Workspace &for_slices_of_this_thread();

    // The states named `index` of this thread, `size` amplitudes each; contents are not defined.
    Complex *state(std::size_t index, std::size_t size);

    // While one of these lives, states stay where they are; with the last of them go those that are too
    // large to be kept for this thread's next call.
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
        std::size_t size = 0;
        bool is_counted = false; // among the large ones that are kept
    };

    void trim();
    static void forget(Slot &slot);

    std::array<Slot, max_states> slots_;
    std::size_t uses_ = 0;
};

} // namespace qgrad
