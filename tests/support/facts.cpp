// What a container shows of itself as named facts, and the comparison of two such lists.
#include "tests/support/facts.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/support/process.hpp"
#include "tests/support/text.hpp"

namespace coracle::test {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view marker = "arg.0=args\narg.1=@";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string trim(std::string text) {
  text.erase(0, text.find_first_not_of(" \t"));
  text.erase(text.find_last_not_of(" \t") + 1);
  return text;
}

// The digits after `name` become "*", wherever it occurs.
std::string without_number(std::string text, std::string_view name) {
  for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos;) {
    at += name.size();
    const std::size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
    if (end > at) text.replace(at, end - at, "*");
  }
  return text;
}

// Memory and time that the program has used, and numbers of processes: never the same twice.
bool is_chance(const std::string& name) {
  static const std::set<std::string> names = {"Pid",
                                              "Tgid",
                                              "PPid",
                                              "NSpid",
                                              "NStgid",
                                              "NSpgid",
                                              "NSsid",
                                              "FDSize",
                                              "SigQ",
                                              "HugetlbPages",
                                              "Threads",
                                              "voluntary_ctxt_switches",
                                              "nonvoluntary_ctxt_switches"};
  return names.contains(name) || name.starts_with("Vm") || name.starts_with("Rss");
}

void add_status(Facts& facts, const std::string& text) {
  for (const std::string& line : lines_of(text)) {
    const std::size_t colon = line.find(':');
    const std::string name = line.substr(0, colon);
    if (colon == std::string::npos || is_chance(name)) continue;
    facts["status " + name] = words(line.substr(colon + 1));
  }
}

// A limit's name has blanks in it; two are before the first number.
void add_limits(Facts& facts, const std::string& text) {
  for (const std::string& line : lines_of(text)) {
    const std::size_t end = line.find("  ");
    if (end != std::string::npos) facts["limit " + line.substr(0, end)] = words(line.substr(end));
  }
}

struct MountLine {
  std::string id;
  std::string parent;
  std::string at;
  std::string rest;  // root, options, tags, type, source and the superblock's options
};

MountLine parse_mount(const std::string& line) {
  const std::vector<std::string> all = words_of(line);
  REQUIRE_MESSAGE(all.size() >= 9, "a line of mountinfo: " << line);
  // Device numbers of file systems without a device are given in order of mounting.
  const std::string device = all[2].starts_with("0:") ? "0:*" : all[2];
  std::string rest = device + " " + all[3];
  for (std::size_t i = 5; i < all.size(); ++i) rest += " " + all[i];
  for (const char* tag : {" shared:", " master:", " propagate_from:"}) {
    rest = without_number(rest, tag);
  }
  return {.id = all[0], .parent = all[1], .at = all[4], .rest = rest};
}

// Mounts stacked at one place are one fact; so is the order of all.
void add_mounts(Facts& facts, const std::string& text) {
  std::map<std::string, std::string> places;
  std::string& order = facts["mounts"];
  for (const std::string& line : lines_of(text)) {
    const MountLine mount = parse_mount(line);
    places[mount.id] = mount.at;
    const auto parent = places.find(mount.parent);
    const std::string on = parent == places.end() ? "(outside)" : parent->second;
    std::string& fact = facts["mount " + mount.at];
    fact += (fact.empty() ? "" : " ; ") + ("on " + on + " " + mount.rest);
    order += mount.at + " ";
  }
}

// Namespaces of the host show as such.
std::string name_namespaces(const std::string& text) {
  std::string named;
  for (const std::string& line : lines_of(text)) {
    const std::size_t equals = line.find('=');
    const std::string type = line.substr(3, equals - 3);
    const bool host = fs::read_symlink("/proc/self/ns/" + type) == line.substr(equals + 1);
    named += type + (host ? "=host " : "=other ");
  }
  return named;
}

std::string without_chance(std::string text) {
  for (const char* name : {"pipe:[", "socket:[", "keyring.id="}) {
    text = without_number(text, name);
  }
  const std::string_view file = "coracle-output-";
  for (std::size_t at = 0; (at = text.find(file, at)) != std::string::npos;) {
    at += file.size();
    text.replace(at, 6, "*");
  }
  return text;
}

void add_section(Facts& facts, const std::string& name, const std::string& text) {
  if (name == "cat /proc/self/status") return add_status(facts, text);
  if (name == "cat /proc/self/limits") return add_limits(facts, text);
  if (name == "cat /proc/self/mountinfo") return add_mounts(facts, text);
  facts[name] = name == "ns" ? name_namespaces(text) : words(without_chance(text));
}

std::string value_in(const Facts& facts, const std::string& field) {
  const auto found = facts.find(field);
  return found == facts.end() ? "(none)" : found->second;
}

}  // namespace

std::vector<std::string> report_words(const std::vector<std::string>& commands) {
  std::vector<std::string> all;
  for (const std::string& command : commands) {
    for (const char* word : {"--", "args"}) all.push_back(word);
    all.push_back("@" + command);
    all.push_back("--");
    for (const std::string& word : words_of(command)) all.push_back(word);
  }
  return all;
}

Facts facts_in(const std::string& report) {
  std::string text = report;
  std::erase(text, '\r');
  Facts facts;
  facts["before the report"] = text.substr(0, text.find(marker));
  for (std::size_t at = text.find(marker); at != std::string::npos;) {
    const std::size_t name = at + marker.size();
    const std::size_t body = text.find('\n', name) + 1;
    at = text.find(marker, body);
    const std::string section = text.substr(body, at == std::string::npos ? at : at - body);
    add_section(facts, text.substr(name, body - 1 - name), section);
  }
  return facts;
}

std::string Difference::text() const {
  return field + "\n    reference: " + reference + "\n    ours:      " + ours;
}

std::vector<Difference> differences(const Facts& reference, const Facts& ours) {
  Facts all = reference;
  all.insert(ours.begin(), ours.end());
  std::vector<Difference> found;
  for (const auto& [field, value] : all) {
    Difference both = {field, value_in(reference, field), value_in(ours, field)};
    if (both.reference != both.ours) found.push_back(both);
  }
  return found;
}

AllowedDifferences::AllowedDifferences(const std::string& path) {
  for (const std::string& line : lines_of(read_file(path))) {
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t first = line.find('|');
    const std::size_t arrow = line.find("=>", first);
    const std::size_t second = line.find('|', arrow);
    REQUIRE_MESSAGE(second != std::string::npos, path << ": FIELD | TEXT => TEXT | WHY: " << line);
    REQUIRE_MESSAGE(!trim(line.substr(second + 1)).empty(), path << ": no reason: " << line);
    lines_.push_back({.field = trim(line.substr(0, first)),
                      .reference = trim(line.substr(first + 1, arrow - first - 1)),
                      .ours = trim(line.substr(arrow + 2, second - arrow - 2))});
  }
}

bool AllowedDifferences::allow(const Difference& difference) const {
  std::string value = difference.reference;
  for (const Line& line : lines_) {
    if (::fnmatch(line.field.c_str(), difference.field.c_str(), 0) != 0) continue;
    const std::size_t at = value.find(line.reference);
    if (at != std::string::npos) value.replace(at, line.reference.size(), line.ours);
  }
  return value == difference.ours;
}

}  // namespace coracle::test
