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

class Store {
  public:
    void keep(Entry entry) {
        const std::scoped_lock lock(mutex_);
        std::erase_if(entries_, [&](const Entry &old) { return old.program == entry.program; });
        while (!entries_.empty() &&
               (entries_.size() >= max_entries || total_size() + entry.size > small_size)) {
            entries_.pop_front();
        }
        entries_.push_back(std::move(entry));
    }

    StateMemory take(const StateKey &key) {
        const std::scoped_lock lock(mutex_);
        const auto found =
            std::ranges::find_if(entries_, [&](const Entry &entry) { return entry.matches(key); });
        if (found == entries_.end()) {
            return nullptr;
        }
        StateMemory states = std::move(found->states);
        entries_.erase(found);
        return states;
    }

  private:
    std::size_t total_size() const {
        std::size_t total = 0;
        for (const Entry &entry : entries_) {
            total += entry.size;
        }
        return total;
    }

    std::mutex mutex_;
    std::deque<Entry> entries_; // oldest first
};

Store &store() {
    static Store instance;
    return instance;
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
    store().keep(std::move(entry));
}

StateMemory take_states(const StateKey &key) { return store().take(key); }

} // namespace qgrad
