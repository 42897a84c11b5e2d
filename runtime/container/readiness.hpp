// Readiness: what a container tells the service manager that our caller's
// $NOTIFY_SOCKET names.  Private to container/.  sd_notify(3)
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"
#include "runtime/container/state_dir.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::container {

// Where the service manager receives, a path or "@" and an abstract name;
// empty: nobody wants to know.
std::string notify_socket_of_caller();

// Makes the directory for the container's own socket in `dir`, shows it
// read-only at /run/notify in `spec`, and gives the program's variable for it.
// A container without a mount namespace has no place of its own: ENOTSUP.
Result<std::string> offer_notify_socket(oci::Spec& spec, const StateDir& dir);

// The text for the service manager once a message of the container's has
// "READY=" at the head of a line: this line and MAINPID.  Nothing else is
// passed on: it would be about another process than the one that sends.
std::optional<std::string> readiness_in(std::string_view message, pid_t main);

// The container's socket and the way to the service manager.
class Readiness {
 public:
  // Binds the socket, so that no message comes too early.  Nothing where the
  // caller has no manager, or the container was made without one, or when the
  // manager cannot be reached, with a warning: it runs all the same.
  static Result<std::optional<Readiness>> listen(const StateDir& dir);

  const sys::Fd& socket() const { return socket_; }  // for poll(2)
  // Passes on what has come, with `main` as MAINPID.  True once it is done.
  Result<bool> pass_on(pid_t main);
  // The same until it is done or `init` has ended, and until the manager has
  // read it, which takes 30 seconds at most: we are its sender and must live.
  Result<void> wait(const sys::PidFd& init, pid_t main);

 private:
  Readiness(sys::Fd socket, sys::Fd manager)
      : socket_(std::move(socket)), manager_(std::move(manager)) {}

  sys::Fd socket_;
  sys::Fd manager_;
};

// As Readiness::wait, with a warning for an error: the container runs.
void await_readiness(std::optional<Readiness> readiness, const sys::PidFd& init, pid_t main);

}  // namespace coracle::container
