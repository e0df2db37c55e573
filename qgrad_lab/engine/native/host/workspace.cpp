#include "host/workspace.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace qgrad {
namespace {

// Every thread keeps its small states. Of large ones, all threads together keep this much: newly
// allocated pages would have to be cleared again.
constexpr std::size_t small_size = std::size_t{1} << 20; // bytes: 1 MiB
constexpr std::size_t max_kept = std::size_t{1} << 29;   // 512 MiB
std::atomic<std::size_t> kept{0};

std::atomic<std::size_t> in_use{0};
std::atomic<std::size_t> peak{0};

} // namespace

void StateBytes::add(std::size_t num_bytes) {
    const std::size_t now = in_use.fetch_add(num_bytes, std::memory_order_relaxed) + num_bytes;
    std::size_t most = peak.load(std::memory_order_relaxed);
    while (most < now && !peak.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
    }
}

void StateBytes::subtract(std::size_t num_bytes) {
    in_use.fetch_sub(num_bytes, std::memory_order_relaxed);
}

std::size_t StateBytes::take_peak() { return peak.exchange(in_use.load()); }

void Free::operator()(void *memory) const {
    StateBytes::subtract(counted);
    std::free(memory);
}

StateMemory allocate_states(std::size_t num_bytes) {
    constexpr std::size_t huge_page = std::size_t{1} << 21;
    const std::size_t alignment = num_bytes >= 2 * huge_page ? huge_page : 64;
    const std::size_t rounded = (num_bytes + alignment - 1) / alignment * alignment;
    StateMemory memory(std::aligned_alloc(alignment, rounded));
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
#ifdef __linux__
    if (alignment == huge_page) {
        madvise(memory.get(), rounded, MADV_HUGEPAGE); // a hint: it may fail
    }
#endif
    return memory;
}

StateMemory allocate_counted(std::size_t num_bytes) {
    StateMemory memory = allocate_states(num_bytes);
    memory.get_deleter().counted = num_bytes;
    StateBytes::add(num_bytes);
    return memory;
}

Workspace &Workspace::of_this_thread() {
    thread_local Workspace workspace;
    return workspace;
}

Workspace &Workspace::for_slices_of_this_thread() {
    thread_local Workspace workspace;
    return workspace;
}

void *Workspace::memory(std::size_t index, std::size_t num_bytes) {
    Slot &slot = slots_[index];
    if (slot.size < num_bytes) {
        forget(slot);
        slot.memory = allocate_states(num_bytes);
        slot.size = num_bytes;
    }
    if (uses_ != 0 && slot.needed < num_bytes) {
        StateBytes::add(num_bytes - slot.needed);
        slot.needed = num_bytes;
    }
    return slot.memory.get();
}

Workspace::~Workspace() {
    for (Slot &slot : slots_) {
        forget(slot);
    }
}

void Workspace::trim() {
    for (Slot &slot : slots_) {
        if (slot.needed != 0) {
            StateBytes::subtract(slot.needed);
            slot.needed = 0;
        }
        if (slot.size <= small_size || slot.is_counted) {
            continue;
        }
        if (kept.fetch_add(slot.size) + slot.size <= max_kept) {
            slot.is_counted = true;
        } else {
            kept -= slot.size;
            forget(slot);
        }
    }
}

void Workspace::forget(Slot &slot) {
    if (slot.is_counted) {
        kept -= slot.size;
    }
    const std::size_t needed = slot.needed;
    slot = Slot{};
    slot.needed = needed;
}

} // namespace qgrad
