#include "batch/kept_states.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "host/memory.hpp"

namespace qgrad {
namespace {

constexpr std::size_t max_entries = 8;
constexpr std::size_t small_size = std::size_t{1} << 26; // bytes of all entries: 64 MiB

struct Entry {
    std::shared_ptr<const PlannedProgram> program;
    std::vector<std::size_t> sizes; // of the operands, in bytes
    std::vector<std::byte> bytes;
    StateMemory states;
    std::size_t size = 0;

    bool matches(const StateKey &key) const {
        if (program != key.program) {
            return false;
        }
        std::size_t begin = 0;
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            const auto &operand = key.operands[i];
            if (operand.size() != sizes[i] ||
                !std::equal(operand.begin(), operand.end(), bytes.data() + begin)) {
                return false;
            }
            begin += sizes[i];
        }
        return true;
    }
};

std::mutex mutex;
std::deque<Entry> entries; // oldest first

std::size_t total_size() {
    std::size_t total = 0;
    for (const Entry &entry : entries) {
        total += entry.size;
    }
    return total;
}

} // namespace

bool may_keep(std::size_t num_bytes) {
    return num_bytes <= small_size || num_bytes <= available_memory() / 4;
}

void keep_states(const StateKey &key, StateMemory states, std::size_t num_bytes) {
    Entry entry{key.program, {}, {}, std::move(states), num_bytes};
    for (const auto &operand : key.operands) {
        entry.sizes.push_back(operand.size());
        entry.bytes.insert(entry.bytes.end(), operand.begin(), operand.end());
    }
    const std::lock_guard lock(mutex);
    std::erase_if(entries, [&](const Entry &old) { return old.program == key.program; });
    while (!entries.empty() &&
           (entries.size() >= max_entries || total_size() + num_bytes > small_size)) {
        entries.pop_front();
    }
    entries.push_back(std::move(entry));
}

StateMemory take_states(const StateKey &key) {
    const std::lock_guard lock(mutex);
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const Entry &entry) { return entry.matches(key); });
    if (found == entries.end()) {
        return nullptr;
    }
    StateMemory states = std::move(found->states);
    entries.erase(found);
    return states;
}

} // namespace qgrad
