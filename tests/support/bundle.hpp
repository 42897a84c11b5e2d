// One container's bundle in a temporary directory, and the runtime driven on it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/cgroup_view.hpp"
#include "tests/support/config.hpp"
#include "tests/support/process.hpp"

namespace coracle::test {

// The runtime under test: $CORACLE, else the one of this build; a copy where users could not get to
// it, because the tree lies below a directory such as /root.
std::string runtime_binary();

// runc stands in for coracle, to check the tests themselves: its own decisions are skipped.
bool testing_runc();

// Debian's, of series 1.1: what is newer is skipped too.
bool testing_old_runc();

// $CORACLE_TEST_MANAGER is "systemd": systemd makes the cgroups of all containers, but of those
// whose cgroupsPath a test has changed.
bool systemd_makes_cgroups();

// The host's mounts (path, type and source of each), for comparisons.
std::vector<std::string> host_mounts();

// The cgroup below which all containers of this test binary live, in every hierarchy.
std::string parent_cgroup();

// A bundle, a state root and one container id.  Each command writes `config` first and runs in
// `view`.  Dropped, it checks that nothing is left of the container on the host: no state, cgroup,
// process, mount; then it removes everything.
class Bundle {
 public:
  Bundle();
  Bundle(const Bundle&) = delete;
  Bundle& operator=(const Bundle&) = delete;
  ~Bundle();

  Json config;
  CgroupView view = CgroupView::machine;
  uid_t user = 0;  // who runs the commands
  bool checks_leftovers = true;

  const std::string& id() const { return id_; }
  std::string dir() const { return top_ + "/bundle"; }
  std::string rootfs() const { return top_ + "/bundle/rootfs"; }
  std::string root() const { return top_ + "/root"; }  // --root
  std::string path(std::string_view name) const { return top_ + "/" + std::string(name); }
  std::string cgroup() const;  // below the hierarchies' mount points
  // linux.cgroupsPath for it.
  std::string cgroups_path() const;

  // process.args: /probe and `commands`, split at blanks.
  void probe(std::string_view commands);
  // A user namespace for ids from `host_id`, which then own the root file system.
  void map_ids(unsigned host_id);
  void own_rootfs(unsigned host_id) const;
  // BusyBox and its links in /bin.
  void add_busybox() const;

  // `RUNTIME --root ROOT ARGS...`, with --systemd-cgroup where that is to make the cgroups: the
  // commands that come after must remember it.
  Program program(const std::vector<std::string>& args) const;
  Outcome command(const std::vector<std::string>& args) const;

  // The command's name, `flags`, and the id.
  Outcome run(const std::vector<std::string>& flags = {}) const;
  Outcome create(const std::vector<std::string>& flags = {}) const;
  Outcome start() const { return command({"start", id_}); }
  Outcome kill(const std::string& signal) const { return command({"kill", id_, signal}); }
  Outcome remove(const std::vector<std::string>& flags = {}) const;

  // run() of `commands` by the probe; the case fails when it does.
  Outcome report(std::string_view commands);
  // create() and start(), both required to work.
  void launch() const;

  Json state() const;  // null when the command fails
  std::string status() const;
  pid_t pid() const;
  // Whether `status` is reached in good time.
  bool reaches(std::string_view status) const;
  // What the created container wrote to both streams.
  std::string output() const { return read_file(path("output")); }
  bool wrote(std::string_view text) const;

 private:
  void check_leftovers() const;

  std::string top_;
  std::string id_;
  std::vector<std::string> mounts_before_;
};

// Runs the container from a mount namespace of the runtime's, once `script` has run there.
Outcome run_after(const Bundle& bundle, const std::string& script);

}  // namespace coracle::test
