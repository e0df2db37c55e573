// State vectors for one evaluation, aligned for the widest kernels and kept between calls while small.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace qgrad {

using Complex = std::complex<double>;

class Workspace {
  public:
    static constexpr std::size_t max_states = 6;

    // The states named `index` of this thread, `size` amplitudes each; contents are not defined.
    Complex *state(std::size_t index, std::size_t size) {
        Slot &slot = slots_[index];
        if (slot.size < size) {
            slot.memory.reset();
            slot.size = 0;
            void *memory = std::aligned_alloc(alignment, round_up(size * sizeof(Complex)));
            if (memory == nullptr) {
                throw std::bad_alloc();
            }
            slot.memory.reset(static_cast<Complex *>(memory));
            slot.size = size;
        }
        return slot.memory.get();
    }

    // Give large states back; small ones stay for the next call of this thread.
    void trim() {
        for (Slot &slot : slots_) {
            if (slot.size > kept) {
                slot.memory.reset();
                slot.size = 0;
            }
        }
    }

    static Workspace &of_this_thread() {
        thread_local Workspace workspace;
        return workspace;
    }

  private:
    static constexpr std::size_t alignment = 64;
    static constexpr std::size_t kept = std::size_t{1} << 16; // 1 MiB a state

    static std::size_t round_up(std::size_t bytes) {
        return (bytes + alignment - 1) / alignment * alignment;
    }

    struct Free {
        void operator()(Complex *memory) const { std::free(memory); }
    };
    struct Slot {
        std::unique_ptr<Complex, Free> memory;
        std::size_t size = 0;
    };
    std::array<Slot, max_states> slots_;
};

} // namespace qgrad
