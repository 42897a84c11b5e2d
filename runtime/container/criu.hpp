// The criu program, driven over the socket of `criu swrk`.  criu(8)
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/container/criu_rpc.hpp"
#include "runtime/sys/fd.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::container::criu {

// CRIU 3.15 was the first to tell of "status-ready" and to take a PID
// namespace that is not the container's own.
inline constexpr int least_version = 31500;

// A mount that stands at `path` while CRIU restores, seen by nobody else.
struct StagedMount {
  sys::MountFd mount;
  std::string path;
};

// How CRIU is started.
struct Setup {
  std::string images;      // directories, absolute
  std::string work;        // where its log is
  bool own_stdio = false;  // ours is passed on; else it has /dev/null
  // It gets a mount namespace, so that nothing it mounts is left behind.  Not
  // for a container without one: CRIU would take it for one that has.
  bool own_mounts = false;
  // With own_mounts: the container's root on the host, made a mount point as
  // CRIU wants it on restore.
  std::string root;
  std::vector<StagedMount> staged;
  // Become CRIU's descriptors from first_passed_fd on, in order.
  std::vector<sys::Fd> fds;
};

inline constexpr int first_passed_fd = 6;

// Called for each notification with the descriptors that came with it; CRIU
// undoes what it did when it fails.
using Handler = std::function<Result<void>(const Notification&, std::vector<sys::Fd>)>;

// A running criu; dropped, it is killed.
class Session {
 public:
  // Refuses a criu that is missing or too old.
  static Result<Session> start(const Setup& setup);

  pid_t pid() const { return process_.pid(); }
  int version() const { return version_; }  // as Response::version

  // Those of `wanted` that CRIU and this kernel have.
  Result<Features> features(const Features& wanted);

  // Dump, pre-dump or restore: the session's last request.  Fills in where the
  // directories are.  Waits for the end of the program.  The error has the
  // handler's reason, or the last errors of CRIU's log.
  Result<void> perform(RequestType type, Options options, const Handler& handler);

 private:
  Session(sys::Child process, sys::Fd socket, std::string log_directory)
      : process_(std::move(process)),
        socket_(std::move(socket)),
        log_directory_(std::move(log_directory)) {}

  Result<void> ask_version();
  Result<Response> ask(const Request& request);
  struct Answer {
    Response response;
    std::vector<sys::Fd> fds;
  };
  Result<Answer> receive();

  sys::Child process_;
  sys::Fd socket_;
  std::string log_directory_;
  int version_ = 0;
};

// What went wrong by CRIU's log: the last lines with an error, at most
// `most`; the last lines of any kind where none has.  Pure.
std::vector<std::string> last_errors(std::string_view log, std::size_t most);

}  // namespace coracle::container::criu
