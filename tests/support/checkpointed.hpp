// A container that CRIU saves and restores, by the criu of $CRIU or PATH.
#pragma once

#include <string>
#include <vector>

#include "tests/support/bundle.hpp"
#include "tests/support/process.hpp"

namespace coracle::test {

// The program with the directory of $CRIU in front of its PATH.
Program with_criu(Program program);

// Skips the case where no criu works on this kernel: contrib/criu-for-tests fetches one.
bool cannot_run_criu();

// For a script: goes on once the root file system has /go.  Nothing is open while it waits.
extern const std::string after_go;

// A container of BusyBox's shell, at first one that counts in a variable and shows in
// /dev/shm/count how far it is; and the images of its checkpoint.
class Checkpointed : public Bundle {
 public:
  Checkpointed();

  void script(const std::string& text) { config["process"]["args"] = {"/bin/sh", "-ec", text}; }

  std::string images() const { return path("images"); }
  // The last lines of CRIU's logs.
  std::string logs() const;

  Outcome checkpoint(const std::vector<std::string>& flags = {}) const;
  Outcome restore(const std::vector<std::string>& flags = {"--detach"}) const;
  void must_checkpoint(const std::vector<std::string>& flags = {}) const;
  void must_restore(const std::vector<std::string>& flags = {"--detach"}) const;

  // Whether the count goes up.
  bool counts() const;
  // Launched, checkpointed and restored, it counts on from where it was.
  void round_trip() const;
  // Deletes it.
  void end() const;

  // A file inside, as the host sees it.
  std::string inner(const std::string& file) const;
  // `text` of a shell in the namespace of init that nsenter's `option` names.
  Outcome inside(const std::string& option, const std::string& text) const;

 private:
  int count() const;
  Outcome with_images(const std::string& command, const std::vector<std::string>& flags,
                      const std::vector<std::string>& more) const;
};

// A network namespace that lives with a process of its own; lo is up, for CRIU tries TCP there.
class NetworkHolder {
 public:
  NetworkHolder();
  std::string path() const;

 private:
  Running process_;
};

}  // namespace coracle::test
