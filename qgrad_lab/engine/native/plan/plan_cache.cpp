#include "plan/plan_cache.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

namespace qgrad {
namespace {

bool depends_on_index(const std::vector<Node> &body) {
    return std::ranges::any_of(body, [](const Node &node) {
        return node.selector.is_slot || !node.gate.traced_wires.empty() ||
               std::ranges::any_of(node.gate.bits, &Integer::is_slot) ||
               std::ranges::any_of(node.bodies, depends_on_index);
    });
}

} // namespace

std::shared_ptr<const PlannedProgram> decode_once(const std::int64_t *words, std::size_t count,
                                                  std::int64_t digest) {
    struct Entry {
        std::vector<std::int64_t> words;
        std::shared_ptr<const PlannedProgram> program;
    };
    static std::shared_mutex mutex;
    static std::multimap<std::int64_t, Entry> table;

    const auto find = [&]() -> std::shared_ptr<const PlannedProgram> {
        const auto [begin, end] = table.equal_range(digest);
        for (auto entry = begin; entry != end; ++entry) {
            if (std::equal(words, words + count, entry->second.words.begin(),
                           entry->second.words.end())) {
                return entry->second.program;
            }
        }
        return nullptr;
    };
    {
        const std::shared_lock lock(mutex);
        if (auto program = find()) {
            return program;
        }
    }
    // Planned in its final place, because a plan points to the gates of its Program.
    auto planned = std::make_shared<PlannedProgram>();
    planned->program = decode(words, count);
    if (!depends_on_index(planned->program.body)) {
        planned->plan =
            std::make_shared<const Plan>(make_plan(reduced_circuit(planned->program, nullptr)));
    }
    std::shared_ptr<const PlannedProgram> program = std::move(planned);
    const std::unique_lock lock(mutex);
    if (auto earlier = find()) {
        return earlier;
    }
    constexpr std::size_t max_entries = 1024;
    if (table.size() >= max_entries) {
        // Decoding again is cheap, and what is running now is kept alive by its caller.
        table.clear();
    }
    table.emplace(digest, Entry{{words, words + count}, program});
    return program;
}

std::shared_ptr<const Plan> plan_for(const std::shared_ptr<const PlannedProgram> &program,
                                     const std::int64_t *index) {
    if (program->plan) {
        return program->plan;
    }
    struct Last {
        std::shared_ptr<const PlannedProgram> program;
        std::vector<std::int64_t> index;
        std::shared_ptr<const Plan> plan;
    };
    thread_local Last last;
    const std::size_t size = program->program.num_index;
    if (last.program != program || !std::equal(index, index + size, last.index.begin())) {
        auto plan =
            std::make_shared<const Plan>(make_plan(reduced_circuit(program->program, index)));
        last = {program, {index, index + size}, std::move(plan)};
    }
    return last.plan;
}

} // namespace qgrad
