#include "host/memory.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <sstream>

#include <unistd.h>

namespace qgrad {
namespace {

constexpr std::size_t unknown = std::numeric_limits<std::size_t>::max();

// The number that follows a key, in a file of lines "key number".
std::size_t find_number(const std::string &path, const std::string &wanted) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream words(line);
        std::string key;
        std::size_t number = 0;
        if (words >> key >> number && key == wanted) {
            return number;
        }
    }
    return unknown;
}

std::size_t read_number(const std::string &path) {
    std::ifstream file(path);
    std::size_t number = 0;
    return file >> number ? number : unknown; // "max" is no number
}

std::size_t machine_memory(const std::string &root) {
    const std::size_t kibibytes = find_number(root + "/proc/meminfo", "MemAvailable:");
    return kibibytes == unknown ? unknown : kibibytes * 1024;
}

// The names of files in one version of control groups.
struct Hierarchy {
    std::string folder;
    std::string limit;
    std::string used;
    std::string reclaimable; // key in memory.stat: cached files, which can be evicted
};

// What one group has left.
std::size_t group_memory(const Hierarchy &names, const std::string &folder) {
    const std::size_t limit = read_number(folder + "/" + names.limit);
    const std::size_t used = read_number(folder + "/" + names.used);
    if (limit == unknown || used == unknown) {
        return unknown;
    }
    const std::size_t files = find_number(folder + "/memory.stat", names.reclaimable);
    const std::size_t needed = used - (files == unknown ? 0 : std::min(files, used));
    return limit > needed ? limit - needed : 0;
}

// What a group and its ancestors have left: each has a limit of its own.
std::size_t groups_memory(const Hierarchy &names, std::string path) {
    std::size_t least = group_memory(names, names.folder);
    while (path.size() > 1 && path.front() == '/') {
        least = std::min(least, group_memory(names, names.folder + path));
        path.resize(path.rfind('/'));
    }
    return least;
}

// Lines are "number:controllers:path"; version 2 has no controllers there.
std::size_t groups_memory(const std::string &root) {
    const Hierarchy second{root + "/sys/fs/cgroup", "memory.max", "memory.current",
                           "inactive_file"};
    const Hierarchy first{root + "/sys/fs/cgroup/memory", "memory.limit_in_bytes",
                          "memory.usage_in_bytes", "total_inactive_file"};
    // In a container, the process may be listed in a group that is not visible, while its own group
    // is mounted as the root.
    std::size_t least = std::min(groups_memory(second, ""), groups_memory(first, ""));
    std::ifstream file(root + "/proc/self/cgroup");
    std::string line;
    while (std::getline(file, line)) {
        const std::size_t begin = line.find(':');
        const std::size_t end = line.find(':', begin + 1);
        if (end == std::string::npos) {
            continue;
        }
        std::string controllers(1, ',');
        controllers.append(line, begin + 1, end - begin - 1).push_back(',');
        const std::string path = line.substr(end + 1);
        if (controllers == ",,") {
            least = std::min(least, groups_memory(second, path));
        } else if (controllers.find(",memory,") != std::string::npos) {
            least = std::min(least, groups_memory(first, path));
        }
    }
    return least;
}

} // namespace

std::size_t available_memory(const std::string &root) {
    return std::min(machine_memory(root), groups_memory(root));
}

std::size_t level2_cache() {
#ifdef _SC_LEVEL2_CACHE_SIZE
    if (const long size = sysconf(_SC_LEVEL2_CACHE_SIZE); size > 0) {
        return static_cast<std::size_t>(size);
    }
#endif
    return std::size_t{1} << 20;
}

} // namespace qgrad
