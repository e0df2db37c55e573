#include "memory.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>

namespace qgrad {
namespace {

constexpr std::size_t unknown = std::numeric_limits<std::size_t>::max();

std::size_t machine_memory() {
    std::ifstream file("/proc/meminfo");
    std::string key;
    std::size_t kibibytes = 0;
    std::string unit;
    while (file >> key >> kibibytes >> unit) {
        if (key == "MemAvailable:") {
            return kibibytes * 1024;
        }
    }
    return unknown;
}

std::size_t read_number(const char *path) {
    std::ifstream file(path);
    std::size_t number = 0;
    return file >> number ? number : unknown;
}

// A container's limit (control groups, version 2 then 1) less what it uses.
std::size_t group_memory() {
    for (const auto &[limit_path, used_path] :
         {std::pair{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
          std::pair{"/sys/fs/cgroup/memory/memory.limit_in_bytes",
                    "/sys/fs/cgroup/memory/memory.usage_in_bytes"}}) {
        const std::size_t limit = read_number(limit_path);
        const std::size_t used = read_number(used_path);
        if (limit != unknown && used != unknown) {
            return limit > used ? limit - used : 0;
        }
    }
    return unknown;
}

} // namespace

std::size_t available_memory() { return std::min(machine_memory(), group_memory()); }

} // namespace qgrad
