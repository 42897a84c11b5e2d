// A program of which one system call fails, or which is killed at one: tests/programs/inject.c.
#include "tests/faults/injected.hpp"

#include <seccomp.h>

#include <cstdlib>
#include <memory>
#include <sstream>

#include <doctest/doctest.h>

namespace coracle::test {
namespace {

struct Free {
  void operator()(char* text) const { std::free(text); }
};

std::string name_of(int number) {
  const std::unique_ptr<char, Free> name(
      ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number));
  return name ? name.get() : std::to_string(number);
}

Program injected(const std::string& what, Program program, const std::string& log) {
  program.args.insert(program.args.begin(), {CORACLE_INJECT_BINARY, log, what});
  return program;
}

std::vector<Call> calls_in(const std::string& log) {
  std::vector<Call> calls;
  std::istringstream lines(read_file(log));
  for (std::string line; std::getline(lines, line);) {
    Call call;
    std::istringstream fields(line);
    fields >> call.who >> call.number >> call.code >> call.path;
    call.name = name_of(call.code);
    calls.push_back(call);
  }
  return calls;
}

}  // namespace

std::string Call::text() const {
  return name + (path.empty() ? "" : " " + path);
}

std::optional<std::string> why_no_injection() {
#ifdef __x86_64__
  return std::nullopt;
#else
  return "the injector knows the registers of x86-64 alone";
#endif
}

std::vector<Call> record(const Program& program, const std::string& log) {
  const Outcome outcome = run(injected("record", program, log));
  REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text());
  return calls_in(log);
}

Hit run_with(const Call& call, int error, const Program& program, const std::string& log) {
  const std::string what = std::to_string(call.who) + ":" + std::to_string(call.number) + ":" +
                           std::to_string(call.code) + ":" +
                           (error == 0 ? "kill" : std::to_string(error));
  Hit hit = {.outcome = run(injected(what, program, log)), .call = std::nullopt};
  REQUIRE_MESSAGE(hit.outcome.exit_code != 99, hit.outcome.text());
  const std::vector<Call> calls = calls_in(log);
  if (!calls.empty()) hit.call = calls.front();
  return hit;
}

}  // namespace coracle::test
