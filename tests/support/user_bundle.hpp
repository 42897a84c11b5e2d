// A bundle of an ordinary user, who has an account and ranges of ids.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/bundle.hpp"
#include "tests/support/process.hpp"

namespace coracle::test {

constexpr unsigned account = 23'456;
constexpr unsigned first_sub_id = 2'000'000;

Json map_of(unsigned container, unsigned host, unsigned size);

void give(const std::string& path, unsigned owner);

// True, and then why, where nobody helps an ordinary user with ranges.
bool no_helpers();
constexpr const char* why_no_helpers = "newuidmap and newgidmap are not installed (uidmap)";

// Its commands run in a mount namespace where the user has an account and ids [first_sub_id,
// first_sub_id + 65536): the machine's own files stay as they are.
class UserBundle : public Bundle {
 public:
  UserBundle();

  void map(const Json& mappings);
  // Three lines: the user, and two ranges of its subordinate ids.
  void map_ranges();

  Program as_user(std::vector<std::string> args) const;
  // `RUNTIME ARGS...` with the state where the user's is.
  Program coracle(std::vector<std::string> args) const;
  Outcome run(const std::vector<std::string>& more = {}) const;
  Outcome report(std::string_view commands);

  // Where the user's containers are.
  std::string state() const { return path("run") + "/coracle"; }
  void check_state_is_gone() const;
};

}  // namespace coracle::test
