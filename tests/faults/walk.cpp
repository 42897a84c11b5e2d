// One command with a fault at each of one process's system calls in turn.
#include "tests/faults/walk.hpp"

#include <signal.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <string>

#include <doctest/doctest.h>

#include "tests/faults/injected.hpp"
#include "tests/support/facts.hpp"
#include "tests/support/report.hpp"

namespace coracle::test {
namespace {

constexpr std::size_t sample_size = 25;

struct Counts {
  int injected = 0;
  int tolerated = 0;  // of those: the command worked
  int missed = 0;     // the call did not come
};

std::string text_of(const std::vector<Difference>& differences) {
  std::string text;
  for (const Difference& difference : differences) text += "\n  " + difference.text();
  return text;
}

// One line that says what failed, and why: `reason`; "" when it is so.
std::string wrong_error(const Outcome& outcome, int status, const std::string& reason) {
  const bool good = outcome.exit_code == status && std::ranges::count(outcome.err, '\n') == 1 &&
                    outcome.err.find("level=error msg=") != std::string::npos &&
                    outcome.err.find(reason) != std::string::npos;
  return good ? "" : "\nit failed badly: " + outcome.text();
}

// As errors are worded: "input/output error"; "" for none.
std::string reason_of(int error) {
  if (error == 0) return "";
  std::string reason = std::strerror(error);
  reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  return reason;
}

class Walk {
 public:
  Walk(const Subject& subject, int who, Kind kind)
      : subject_(subject), who_(who), kind_(kind), good_(facts_of_next()) {}

  Counts take(const std::vector<Call>& calls) {
    for (const Call& call : calls) strike(call);
    return counts_;
  }

 private:
  Facts facts_of_next() const {
    const Outcome outcome = run(subject_.program());
    const Facts facts = facts_in(outcome.out);
    CHECK_MESSAGE(outcome.exit_code == 0, "without a fault: " << outcome.text());
    CHECK_MESSAGE(is_complete(facts), "without a fault: " << outcome.text());
    return facts;
  }

  void strike(const Call& call) {
    const int error = error_for(call, kind_);
    const Hit hit = run_with(call, error, subject_.program(), subject_.log());
    ++(hit.call ? counts_.injected : counts_.missed);
    const std::string what = name(kind_) + " at call " + std::to_string(call.number) + ", " +
                             (hit.call ? hit.call->text() : "never reached, " + call.text());
    if (extent().show)
      std::printf("%s: %d %s", what.c_str(), hit.outcome.exit_code, hit.outcome.err.c_str());
    std::string problems = judge(hit.outcome, reason_of(error));
    // Its word for it: whoever reads it deletes it again.
    const bool remains = hit.outcome.err.find("delete the container: ") != std::string::npos;
    problems += remains ? subject_.clear() : subject_.leftovers();
    if (!problems.empty()) problems += subject_.clear();  // not held against the next ones
    problems += text_of(differences(good_, facts_of_next())) + subject_.leftovers();
    CHECK_MESSAGE(problems.empty(), what << ": " << problems);
  }

  std::string judge(const Outcome& outcome, const std::string& reason) {
    const bool killed = kind_ == Kind::kill && who_ == 0;
    if (killed && outcome.exit_code == 128 + SIGKILL) return subject_.clear();
    if (outcome.exit_code != 0) return wrong_error(outcome, subject_.failure(), reason);
    ++counts_.tolerated;
    return text_of(differences(good_, facts_in(outcome.out)));
  }

  const Subject& subject_;
  int who_;
  Kind kind_;
  Facts good_;
  Counts counts_;
};

}  // namespace

Extent& extent() {
  static Extent chosen;
  return chosen;
}

void walk(const Subject& subject, int who, Kind kind, const Place& place) {
  std::vector<Call> calls = targets(record(subject.program(), subject.log()), who, kind);
  REQUIRE(!calls.empty());
  const std::size_t all = calls.size();
  if (!extent().whole) calls = sample(calls, sample_size, place.turn, places);
  const Counts counts = Walk(subject, who, kind).take(calls);
  MESSAGE(place.text() << ": " << name(kind) << " at " << counts.injected << " of " << all
                       << " calls, " << counts.tolerated << " tolerated, " << counts.missed
                       << " not met");
  // A call that only sometimes happens may be missed, but not most.
  CHECK(counts.injected > counts.missed);
}

}  // namespace coracle::test
