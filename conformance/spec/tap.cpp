// The suite's output in the Test Anything Protocol, a line a case.
#include "conformance/spec/tap.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

namespace coracle::conformance {
namespace {

// What is known of the run, and of the case that runs.
struct Progress {
  std::string name;
  std::string skipped;  // why; empty when it was not
  std::string problems;
  std::map<std::string, std::string> known;  // case -> why it fails
  int passed = 0;
  int failed = 0;
  int skips = 0;
};

Progress& progress() {
  static Progress all;
  return all;
}

std::string as_comment(const std::string& text) {
  std::istringstream lines(text);
  std::string comment;
  for (std::string line; std::getline(lines, line);) comment += "#   " + line + "\n";
  return comment;
}

void print(const char* result, const std::string& directive) {
  const Progress& all = progress();
  std::printf("%s %d - %s%s\n%s", result, all.passed + all.failed + all.skips, all.name.c_str(),
              directive.c_str(), all.problems.c_str());
  std::fflush(stdout);
}

// The lines "CASE | WHY" of the file that $CONFORMANCE_KNOWN names; "#" begins a comment.
std::map<std::string, std::string> read_known() {
  std::map<std::string, std::string> known;
  const char* path = std::getenv("CONFORMANCE_KNOWN");
  std::ifstream file(path ? path : "/dev/null");
  for (std::string line; std::getline(file, line);) {
    const std::size_t bar = line.find(" | ");
    if (!line.starts_with('#') && bar != std::string::npos) {
      known[line.substr(0, bar)] = line.substr(bar + 3);
    }
  }
  return known;
}

// Beside each case's line, what failed in it as comments.
class Reporter : public doctest::IReporter {
 public:
  explicit Reporter(const doctest::ContextOptions&) {}
  void report_query(const doctest::QueryData& query) override {
    for (unsigned i = 0; i < query.num_data; ++i) std::printf("%s\n", query.data[i]->m_name);
  }
  void test_run_start() override { std::printf("TAP version 13\n"); }
  void test_run_end(const doctest::TestRunStats&) override {
    const Progress& all = progress();
    std::printf("1..%d\n", all.passed + all.failed + all.skips);
  }
  void test_case_start(const doctest::TestCaseData& data) override {
    progress().name = data.m_name;
    progress().skipped.clear();
    progress().problems.clear();
  }
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    Progress& all = progress();
    const bool failed = stats.failure_flags != 0;
    const auto known = all.known.find(all.name);
    std::string directive;
    if (known != all.known.end() && all.skipped.empty()) {
      directive = failed ? " # TODO " + known->second : "";
      if (!failed) all.problems = "#   it is known to fail, and passes\n";
      ++(failed ? all.skips : all.failed);
    } else {
      if (!failed && !all.skipped.empty()) directive = " # SKIP " + all.skipped;
      ++(failed ? all.failed : directive.empty() ? all.passed : all.skips);
    }
    print(failed || !all.problems.empty() ? "not ok" : "ok", directive);
  }
  void test_case_exception(const doctest::TestCaseException& problem) override {
    progress().problems += as_comment(problem.error_string.c_str());
  }
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData& data) override {
    if (!data.m_failed) return;
    std::string text = std::string(data.m_file) + ":" + std::to_string(data.m_line) + ": " +
                       data.m_expr + "\n" + data.m_decomp.c_str();
    for (int i = 0; i < doctest::IReporter::get_num_active_contexts(); ++i) {
      std::ostringstream stream;
      doctest::IReporter::get_active_contexts()[i]->stringify(&stream);
      text += "\n" + stream.str();
    }
    progress().problems += as_comment(text);
  }
  void log_message(const doctest::MessageData& data) override {
    progress().problems += as_comment(data.m_string.c_str());
  }
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

REGISTER_REPORTER("tap", 1, Reporter);

}  // namespace

void skip(const std::string& why) {
  progress().skipped = why;
}

int run_cases(int argc, char** argv) {
  doctest::Context context(argc, argv);
  context.setOption("reporters", "tap");
  progress().known = read_known();
  const int status = context.run();
  if (context.shouldExit()) return status;
  std::printf("%d passed, %d failed, %d skipped\n", progress().passed, progress().failed,
              progress().skips);
  return progress().failed == 0 ? 0 : 1;
}

}  // namespace coracle::conformance
