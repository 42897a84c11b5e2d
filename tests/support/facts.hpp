// What a container shows of itself as named facts, and the comparison of two such lists.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace coracle::test {

// A field's name -> its value.  "mount /proc" -> "/ rw,nosuid - proc proc rw"
using Facts = std::map<std::string, std::string>;

// The probe's words for a report on `commands`, each after a line that names it.
std::vector<std::string> report_words(const std::vector<std::string>& commands);

// The facts in the output of such a report.  /proc/self/{status,limits,mountinfo} become one fact
// a line; numbers that the kernel counts up (processes, mounts, anonymous devices, peer groups,
// inodes) are replaced by what they stand for, or by "*".
Facts facts_in(const std::string& report);

struct Difference {
  std::string field;
  std::string reference;  // "(none)": it has no such field
  std::string ours;

  std::string text() const;
};

std::vector<Difference> differences(const Facts& reference, const Facts& ours);

// The committed table: `field | reference => ours | why` a line, with the wildcards of fnmatch(3)
// in the field, "#" before a comment.
class AllowedDifferences {
 public:
  explicit AllowedDifferences(const std::string& path);

  // Whether the lines for this field, each replacing one text of the reference's value by another,
  // make ours of it.
  bool allow(const Difference& difference) const;

 private:
  struct Line {
    std::string field;
    std::string reference;
    std::string ours;
  };
  std::vector<Line> lines_;
};

}  // namespace coracle::test
