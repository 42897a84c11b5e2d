// Counted skips, and the line that ends every test binary.
#define DOCTEST_CONFIG_IMPLEMENT
#include "tests/support/summary.hpp"

#include <cstdio>
#include <string>

#include <doctest/doctest.h>

namespace coracle::test {
namespace {

struct Counts {
  std::string running;
  bool skipping = false;
  int passed = 0;
  int failed = 0;
  int skipped = 0;
};

Counts& counts() {
  static Counts all;
  return all;
}

// Listens to doctest beside its own reporter.
class Counter : public doctest::IReporter {
 public:
  explicit Counter(const doctest::ContextOptions&) {}
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_start(const doctest::TestCaseData& data) override {
    counts().running = data.m_name;
    counts().skipping = false;
  }
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    if (stats.failure_flags != 0) {
      ++counts().failed;
    } else if (counts().skipping) {
      ++counts().skipped;
    } else {
      ++counts().passed;
    }
  }
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

REGISTER_LISTENER("counter", 1, Counter);

}  // namespace

void skip_case(const char* why) {
  counts().skipping = true;
  std::printf("SKIP: %s: %s\n", counts().running.c_str(), why);
  std::fflush(stdout);
}

int run_all(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const int status = context.run();
  if (context.shouldExit()) return status;
  std::printf("%d passed, %d failed, %d skipped\n", counts().passed, counts().failed,
              counts().skipped);
  return status;
}

}  // namespace coracle::test
