// A hostile bundle, every way in which somebody comes to run it, and the verdict of the host.
#pragma once

#include <string>
#include <vector>

#include "tests/support/host_witness.hpp"
#include "tests/support/victim.hpp"
#include "tests/support/waiting.hpp"

namespace coracle::test {

// run: in the foreground, or detached with a terminal.  create: and start.
enum class Command { run, create };

struct Way {
  Owner owner = Owner::root;
  Command command = Command::run;
  bool terminal = false;

  std::string text() const;  // for CAPTURE
};

// Both commands, with and without a terminal, root's containers with and without a user namespace.
std::vector<Way> ways();
// And an ordinary user's.
std::vector<Way> ways_with_users();

// Patch `bundle`, then attempt().  Dropped, it checks that the victim and the host are as they were
// before, whatever happened, and puts the host's settings back.
class Attack {
 public:
  explicit Attack(const Way& way);
  Attack(const Attack&) = delete;
  Attack& operator=(const Attack&) = delete;
  ~Attack();

  Bundle bundle;
  const Victim victim;
  std::string runtime = runtime_binary();  // what makes the container

  // `name` ("/proc") of the root file system becomes a link to `target`.
  void replace_by_link(const std::string& name, const std::string& target) const;
  // /dev is a directory of the image and nothing is mounted there.
  void leave_dev_to_image();

  // Makes, starts and removes the container; `under` ("without openat2") runs the command that
  // makes it.  The exit code of the first command that failed, and what the program wrote to
  // stdout and stderr, or its terminal, as `out`.
  Outcome attempt(const std::vector<std::string>& under = {});

 private:
  Outcome detached(const std::vector<std::string>& under);
  Program maker(const std::vector<std::string>& under, bool detach) const;

  Way way_;
  bool given_ = false;  // to its owner
  HostWitness host_;
};

// A container that whoever executes something in it has to fear.  Dropped, it checks that the host
// is as it was before.
class Besieged : public Waiting {
 public:
  using Waiting::Waiting;
  ~Besieged();

 private:
  HostWitness host_;
};

}  // namespace coracle::test
