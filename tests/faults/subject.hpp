// The commands that faults are injected into, each with what it must leave behind.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/support/bundle.hpp"
#include "tests/support/waiting.hpp"

namespace coracle::test {

// Where a command is tried: the arrangement of cgroups, and whose container it is.
struct Place {
  CgroupView view;
  Owner owner;
  std::size_t turn;  // in [0, places)

  std::string text() const;
};

constexpr std::size_t places = 4;

class Subject {
 public:
  Subject() = default;
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;
  virtual ~Subject() = default;

  // Prints the same report each time that it works.
  virtual Program program() const = 0;
  // Its exit status when it does not.
  virtual int failure() const = 0;
  // A file that the injector may write.
  virtual std::string log() const = 0;
  // What anyone does after it was killed.  "" when that worked; else what did not, as lines.
  virtual std::string clear() const = 0;
  // What is there that was not before, as lines.
  virtual std::string leftovers() const = 0;
};

// `run` of a container that uses most of what there is.
class RunSubject : public Subject {
 public:
  explicit RunSubject(const Place& place);
  ~RunSubject() override;

  Program program() const override;
  int failure() const override { return 1; }
  std::string log() const override { return bundle_.path("log"); }
  std::string clear() const override;
  std::string leftovers() const override;

 private:
  Bundle bundle_;
  std::vector<std::string> mounts_;
  std::vector<std::string> files_;
};

// `exec` in such a container.
class ExecSubject : public Subject {
 public:
  explicit ExecSubject(const Place& place);

  Program program() const override;
  int failure() const override { return 255; }
  std::string log() const override { return container_.bundle.path("log"); }
  std::string clear() const override;
  std::string leftovers() const override;

 private:
  Waiting container_;
  std::string process_;
  std::vector<std::string> mounts_;
  std::vector<std::string> files_;
  std::vector<std::string> cgroups_;
  std::vector<std::string> processes_;
};

}  // namespace coracle::test
