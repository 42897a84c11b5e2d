// A container whose init only waits, and the processes that are exec'd into it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"

namespace coracle::test {

// Whose container it is: root's without and with a user namespace, or an ordinary user's.
enum class Owner { root, mapped, user };

const char* name(Owner owner);

// Makes the bundle that owner's: ids mapped and the root file system, as it is now, given to them.
// An ordinary user's commands run as that user, without cgroups.
void give_to(Bundle& bundle, Owner owner);

// Not there before launch(), so that its configuration can be patched; deleted when dropped.
class Waiting {
 public:
  explicit Waiting(Owner owner = Owner::root, CgroupView view = CgroupView::machine);
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting();

  Bundle bundle;

  void create(const std::vector<std::string>& flags = {}) const;
  // create() and start(); returns once init waits for signals.
  void launch(const std::vector<std::string>& flags = {}) const;

  // `exec FLAGS ID COMMAND`, not yet run.
  Program program(const std::vector<std::string>& flags,
                  const std::vector<std::string>& command) const;
  Outcome exec(const std::vector<std::string>& flags,
               const std::vector<std::string>& command) const;
  // The probe's `commands`, split at blanks; the case fails when it does.
  Outcome report(std::string_view commands, const std::vector<std::string>& flags = {}) const;
  // `process` as a file for --process; and with it.
  std::string file_of(const Json& process) const;
  Outcome exec_file(const Json& process, const std::vector<std::string>& flags = {}) const;

  // A detached process that waits for signals: its id on the host.
  pid_t detached(const std::vector<std::string>& flags = {}) const;
};

// The same program as often as that, one after the other, until one fails.
Outcome often(const Program& program, int times);

// A copy of the runtime in the bundle's directory, for attacks that may spoil it.
std::string copy_of_runtime(const Bundle& bundle);

// What /proc has of the process: "net:[4026531840]" for kind "net"; its cgroups, all lines.
std::string namespace_of(pid_t pid, const std::string& kind);
std::string cgroups_of(pid_t pid);

// Calls `check(container)` for every owner in every view of cgroups that this machine can show.
template <class F>
void in_every_place(F check) {
  for (const CgroupView view : possible_views()) {
    for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
      CAPTURE(std::string(name(view)));
      CAPTURE(std::string(name(owner)));
      Waiting container(owner, view);
      check(container);
    }
  }
}

// process.json of the probe's `commands`: root at "/", all else left out.
Json probe_process(std::string_view commands);

}  // namespace coracle::test
