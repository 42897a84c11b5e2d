// Running programs with a time limit, their output captured.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/cgroup_view.hpp"

namespace coracle::test {

// What a program left: its status and everything it wrote.
struct Outcome {
  int exit_code = -1;  // 128 and the signal when a signal ended it
  std::string out;
  std::string err;

  // What the first line "KEY=VALUE" of `out` has as value; "(no KEY)" without such a line.
  std::string value(std::string_view key) const;
  // The values of all such lines.
  std::vector<std::string> values(std::string_view key) const;
  // Both outputs and the status, for messages.
  std::string text() const;
};

// What all time limits are multiplied by: $CORACLE_TEST_PATIENCE, 1 unless set.  For machines that
// are themselves emulated.
int patience();

struct Program {
  std::vector<std::string> args;              // args[0] is searched in PATH
  std::string input = {};                     // on stdin
  std::string directory = {};                 // where it starts; here when empty
  std::vector<std::string> environment = {};  // "NAME=VALUE", added to ours
  CgroupView view = CgroupView::machine;
  std::string out_path = {};  // where stdout and stderr go; temporary files when empty
  std::string err_path = {};
  std::vector<int> inherited = {};  // descriptors it keeps
  uid_t uid = 0;                    // other than 0: runs as that user, without groups
  int limit_s = 30;  // times patience(): then its process group is killed, and the case fails
};

// A program that runs; killed and reaped when dropped.  Output goes to files, not pipes, so that
// a container that outlives its runtime never keeps the test waiting.
class Running {
 public:
  explicit Running(const Program& program);
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running();

  pid_t pid() const { return pid_; }
  // Waits for its end.  Call it once.
  Outcome wait();

 private:
  std::string name_;
  std::string out_path_;
  std::string err_path_;
  bool temporary_ = false;
  int limit_s_;
  pid_t pid_ = 0;  // 0: reaped
};

Outcome run(const Program& program);

std::string read_file(const std::string& path);  // "" when it cannot be read
void write_file(const std::string& path, std::string_view text);

// Asks every 10 ms until `fact()` holds; false after `limit_s` seconds, times patience().
bool pause_between_looks();
template <class F>
bool eventually(F fact, int limit_s = 10) {
  for (int look = 0; look < limit_s * patience() * 100; ++look) {
    if (fact()) return true;
    pause_between_looks();
  }
  return fact();
}

}  // namespace coracle::test
