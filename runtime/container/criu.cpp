// Finding, starting and talking to criu.
#include "runtime/container/criu.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <tuple>

#include "runtime/base/strings.hpp"
#include "runtime/container/log.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/mounts.hpp"
#include "runtime/sys/sockets.hpp"

namespace coracle::container::criu {
namespace {

// Of CRIU's descriptors.
constexpr int socket_number = 3;
constexpr int images_number = 4;
constexpr int work_number = 5;

constexpr std::size_t longest_packet = 64 << 10;
constexpr std::size_t longest_log = 64 << 20;

Result<std::string> find_criu() {
  const char* path = std::getenv("PATH");
  for (const std::string_view directory : split(path == nullptr ? "" : path, ':')) {
    if (directory.empty()) continue;
    std::string file = std::string(directory) + "/criu";
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return fail("criu is not installed; Debian's package criu has it");
}

// Opened in the mount namespace of CRIU, which mounts below its working
// directory.
struct Directories {
  sys::Fd images;
  sys::Fd work;
};

// A mount point already, or one now.
Result<void> make_mount_point(const std::string& root) {
  const sys::Fd directory = TRY(sys::open_file(root, O_PATH | O_DIRECTORY));
  const sys::MountFd copy = TRY(sys::clone_mount(directory, true));
  return sys::attach_mount(copy, directory);
}

Result<void> enter_own_mount_namespace() {
  if (::unshare(CLONE_NEWNS) != 0) return fail_errno("unshare mount namespace");
  // What the host mounts later still arrives; what CRIU mounts stays with it.
  if (::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) != 0)
    return fail_errno("propagation of /");
  return {};
}

Result<void> make_own_mounts(const Setup& setup) {
  for (const StagedMount& staged : setup.staged) {
    const sys::Fd target = TRY(sys::open_file(staged.path, O_PATH));
    TRY(sys::attach_mount(staged.mount, target).context(staged.path));
  }
  if (setup.root.empty()) return {};
  return make_mount_point(setup.root).context(setup.root);
}

Result<Directories> open_directories(const Setup& setup) {
  constexpr int flags = O_RDONLY | O_DIRECTORY;
  if (setup.own_mounts) TRY(enter_own_mount_namespace());
  Directories directories;
  // Before a mount can stand over it: CRIU writes here as the host's root.
  directories.work = TRY(sys::open_file(setup.work, flags));
  if (setup.own_mounts) TRY(make_own_mounts(setup));
  directories.images = TRY(sys::open_file(setup.images, flags));
  return directories;
}

// `fds` become descriptors 3, 4, ...: first all out of the way, then each to
// its place.
Result<void> place_descriptors(const std::vector<int>& fds) {
  std::vector<int> high;
  for (const int fd : fds) {
    high.push_back(::fcntl(fd, F_DUPFD_CLOEXEC, socket_number + static_cast<int>(fds.size())));
    if (high.back() < 0) return fail_errno("dup");
  }
  for (std::size_t i = 0; i < high.size(); ++i)
    if (::dup2(high[i], socket_number + static_cast<int>(i)) < 0) return fail_errno("dup2");
  return {};
}

Result<void> silence_stdio() {
  const sys::Fd null = TRY(sys::open_file("/dev/null", O_RDWR));
  for (int fd = 0; fd <= 2; ++fd)
    if (::dup2(null.get(), fd) < 0) return fail_errno("dup2");
  return {};
}

// In the child; sends the host its end of the socket.  Returns only with an error.
Result<void> become_criu(const std::string& program, const Setup& setup, const sys::Fd& host) {
  const Directories directories = TRY(open_directories(setup).context("mounts for criu"));
  // Made here: CRIU looks up the directories in /proc of the socket's maker.
  sys::SocketPair sockets = TRY(sys::seqpacket_pair());
  const std::array ours = {sockets.first.get()};
  TRY(sys::send_packet(host, "socket", ours));
  sockets.first.reset();
  std::vector<int> fds = {sockets.second.get(), directories.images.get(), directories.work.get()};
  for (const sys::Fd& fd : setup.fds) fds.push_back(fd.get());
  TRY(place_descriptors(fds));
  if (!setup.own_stdio) TRY(silence_stdio());
  // We may be waiting for signals, which we have blocked.
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  std::string number = std::to_string(socket_number);
  std::string name = "criu";
  std::string mode = "swrk";
  const std::array<char*, 4> argv = {name.data(), mode.data(), number.data(), nullptr};
  ::execv(program.c_str(), argv.data());
  return fail_errno("execute " + program);
}

[[noreturn]] void run_child(const std::string& program, const Setup& setup,
                            const sys::Fd& host) noexcept {
  // Out of reach of the numbers that CRIU is given.
  const sys::Fd away(::fcntl(host.get(), F_DUPFD_CLOEXEC, 64));
  const auto failed = become_criu(program, setup, away);
  const Error& why = failed.error();
  std::ignore = sys::send_packet(away, std::to_string(why.code) + " " + why.what, {});
  ::_exit(127);
}

// The socket, then end of file, which execve brings; or "ERRNO TEXT".
Result<sys::Fd> hear_from(const sys::Fd& child) {
  sys::Fd socket;
  while (true) {
    sys::Packet packet = TRY(sys::receive_packet(child, longest_packet));
    if (!packet.fds.empty()) {
      socket = std::move(packet.fds.front());
      continue;
    }
    if (packet.text.empty()) break;
    const std::size_t blank = packet.text.find(' ');
    const int code = parse_number<int>(packet.text.substr(0, blank)).value_or(0);
    return fail_errno(packet.text.substr(blank + 1), code);
  }
  if (!socket) return fail("criu: the process that was to become it has died");
  return socket;
}

struct Launched {
  sys::Child process;
  sys::Fd socket;
};

Result<Launched> launch(const std::string& program, const Setup& setup) {
  sys::SocketPair report = TRY(sys::seqpacket_pair());
  sys::Cloned cloned =
      TRY(sys::clone_process({}, [&]() noexcept { run_child(program, setup, report.second); }));
  report.second.reset();
  sys::Fd socket = TRY(hear_from(report.first));
  return Launched{.process = std::move(cloned.child), .socket = std::move(socket)};
}

// "4.1.1"
std::string version_text(int version) {
  const std::string text =
      std::to_string(version / 10'000) + "." + std::to_string(version / 100 % 100);
  return version % 100 == 0 ? text : text + "." + std::to_string(version % 100);
}

// With the last errors of CRIU's log, or without one with its first error.
Error failure(RequestType type, const Response& response, const std::string& log_path) {
  constexpr std::size_t most = 5;
  Error failed = {.code = response.code,
                  .what = "criu: " + std::string(to_string(type)) + " failed"};
  const auto log = sys::read_file(log_path, longest_log);
  if (log) {
    const std::string lines = join(last_errors(*log, most), "\n  ");
    return Error{.code = 0, .what = failed.text() + "\n" + log_path + ":\n  " + lines};
  }
  const std::string told(trim(response.text));
  return told.empty() ? failed : std::move(failed).context(told);
}

}  // namespace

Result<Session> Session::start(const Setup& setup) {
  const std::string program = TRY(find_criu());
  Launched launched = TRY(launch(program, setup));
  Session session(std::move(launched.process), std::move(launched.socket), setup.work);
  TRY(session.ask_version().context(program));
  return session;
}

Result<void> Session::ask_version() {
  const Response response = TRY(ask({.type = RequestType::version, .keep_open = true}));
  version_ = response.version;
  log::debug("criu " + version_text(version_));
  if (version_ >= least_version) return {};
  return fail("version " + version_text(version_) + " is too old: " + version_text(least_version) +
              " is needed");
}

Result<Session::Answer> Session::receive() {
  auto received = sys::receive_packet(socket_, longest_packet);
  const bool ended = received ? received->text.empty() : received.error().code == ECONNRESET;
  if (ended) return fail("criu has ended without an answer");
  sys::Packet packet = TRY(std::move(received));
  Response response = TRY(decode(packet.text));
  return Answer{.response = std::move(response), .fds = std::move(packet.fds)};
}

Result<Response> Session::ask(const Request& request) {
  TRY(sys::send_packet(socket_, encode(request), {}).context("criu"));
  Answer answer = TRY(receive());
  if (!answer.response.success)
    return fail("criu: " + std::string(to_string(request.type)) + " failed");
  return std::move(answer.response);
}

Result<Features> Session::features(const Features& wanted) {
  const Response response =
      TRY(ask({.type = RequestType::feature_check, .features = wanted, .keep_open = true}));
  return response.features;
}

Result<void> Session::perform(RequestType type, Options options, const Handler& handler) {
  options.images_dir_fd = images_number;
  options.work_dir_fd = work_number;
  const std::string log_path = log_directory_ + "/" + options.log_file;
  const Request request = {.type = type, .options = std::move(options)};
  TRY(sys::send_packet(socket_, encode(request), {}).context("criu"));
  // An error of the handler is the reason, CRIU's own then only its consequence.
  Result<void> handled;
  Response last;
  while (true) {
    Answer answer = TRY(receive());
    const Response& response = answer.response;
    if (!response.notification) {
      last = std::move(answer.response);
      break;
    }
    const Notification& notification = *response.notification;
    log::debug("criu: " + notification.step);
    if (handled) handled = handler(notification, std::move(answer.fds)).context(notification.step);
    TRY(sys::send_packet(
            socket_, encode({.type = RequestType::notify, .notify_success = handled.has_value()}),
            {})
            .context("criu"));
  }
  // It ends now, after a pre-dump because it waits for another in vain.
  socket_.reset();
  const sys::Exit exit = TRY(process_.wait());
  if (!handled) return handled;
  if (!last.success) return std::unexpected(failure(type, last, log_path));
  if (exit.code() != 0 && type != RequestType::pre_dump)
    return fail("criu: exit status " + std::to_string(exit.code()));
  return {};
}

std::vector<std::string> last_errors(std::string_view log, std::size_t most) {
  std::vector<std::string> errors;
  std::vector<std::string> lines;
  for (const std::string_view line : split(log, '\n')) {
    if (trim(line).empty()) continue;
    std::vector<std::string>& kept = line.find("Error (") == line.npos ? lines : errors;
    kept.emplace_back(line);
    if (kept.size() > most) kept.erase(kept.begin());
  }
  return errors.empty() ? lines : errors;
}

}  // namespace coracle::container::criu
