#include "runtime/container/spawn_init.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "runtime/base/strings.hpp"
#include "runtime/sys/namespaces.hpp"
#include "runtime/sys/sockets.hpp"

namespace coracle::container {
namespace {

std::uint64_t clone_flag(oci::NamespaceType type) {
  switch (type) {
    case oci::NamespaceType::pid:
      return CLONE_NEWPID;
    case oci::NamespaceType::network:
      return CLONE_NEWNET;
    case oci::NamespaceType::mount:
      return CLONE_NEWNS;
    case oci::NamespaceType::ipc:
      return CLONE_NEWIPC;
    case oci::NamespaceType::uts:
      return CLONE_NEWUTS;
    case oci::NamespaceType::user:
      return CLONE_NEWUSER;
    case oci::NamespaceType::cgroup:
      return CLONE_NEWCGROUP;
    case oci::NamespaceType::time:
      return CLONE_NEWTIME;
  }
  return 0;
}

struct OpenNamespace {
  sys::Fd fd;
  std::uint64_t flag = 0;
};

Result<std::vector<OpenNamespace>> open_all(const std::vector<plan::Join>& joins) {
  std::vector<OpenNamespace> opened;
  for (const plan::Join& join : joins) {
    const std::uint64_t flag = clone_flag(join.type);
    sys::Fd fd =
        TRY(sys::open_namespace(join.path, flag).context("join " + sys::namespace_name(flag)));
    opened.push_back({.fd = std::move(fd), .flag = flag});
  }
  return opened;
}

Result<sys::Cloned> clone_init(const sys::CloneRequest& request, init::Input input) {
  return sys::clone_process(
      request, [input = std::move(input)]() mutable noexcept { init::run(std::move(input)); });
}

bool needs_joiner(const std::vector<plan::Join>& joins) {
  return std::ranges::any_of(joins, [](const plan::Join& join) {
    return join.type == oci::NamespaceType::user || join.type == oci::NamespaceType::mount;
  });
}

// Enters all, the user namespace when nothing else can be entered without it:
// the host's privilege reaches namespaces of any owner, the user namespace's
// own only its own.
Result<void> enter_all(std::vector<OpenNamespace> namespaces) {
  std::vector<OpenNamespace> postponed;
  const OpenNamespace* user = nullptr;
  for (OpenNamespace& one : namespaces) {
    if (one.flag == CLONE_NEWUSER) {
      user = &one;
      continue;
    }
    auto entered = sys::enter_namespace(one.fd, one.flag);
    if (entered) continue;
    if (entered.error().code != EPERM) return entered;
    postponed.push_back(std::move(one));
  }
  if (user != nullptr) TRY(sys::enter_namespace(user->fd, user->flag));
  for (const OpenNamespace& one : postponed) TRY(sys::enter_namespace(one.fd, one.flag));
  return {};
}

struct Joining {
  std::vector<OpenNamespace> namespaces;
  const plan::Namespaces& planned;
  const sys::Fd* cgroup;
  init::Input input;
};

Result<sys::Cloned> join_and_clone(Joining joining) {
  TRY(enter_all(std::move(joining.namespaces)));
  sys::Entered entered;
  if (joining.planned.new_time) TRY(entered.new_time(joining.planned.time_offsets));
  return clone_init({.flags = joining.planned.clone_flags | CLONE_PARENT, .cgroup = joining.cgroup},
                    std::move(joining.input));
}

// The joiner's whole life.  Its answer is "PID BORN" with init's pidfd, or
// "!ERRNO TEXT".
void join_clone_and_tell(Joining joining, const sys::Fd& answer) {
  auto cloned = join_and_clone(std::move(joining));
  if (!cloned) {
    const Error& error = cloned.error();
    std::ignore = sys::send_packet(answer, "!" + std::to_string(error.code) + " " + error.what, {});
    return;
  }
  const std::string text =
      std::to_string(cloned->child.pid()) + (cloned->born_in_cgroup ? " 1" : " 0");
  const std::array fds = {cloned->child.pidfd().get()};
  const auto told = sys::send_packet(answer, text, fds);
  // Init is the host's child: dropped here, it would be killed.
  if (told) cloned->child.detach();
}

Result<sys::Cloned> cloned_from(sys::Packet packet) {
  const std::string& text = packet.text;
  const std::size_t blank = text.find(' ');
  if (blank == std::string::npos) return fail("join namespaces: the joiner ended without a word");
  const std::string_view rest = std::string_view(text).substr(blank + 1);
  if (text.starts_with('!')) {
    const int code = parse_number<int>(std::string_view(text).substr(1, blank - 1)).value_or(0);
    return std::unexpected(Error{.code = code, .what = "join namespaces: " + std::string(rest)});
  }
  const auto pid = parse_number<pid_t>(std::string_view(text).substr(0, blank));
  if (!pid || packet.fds.empty()) return fail("join namespaces: the joiner's answer is broken");
  return sys::Cloned{.child = sys::Child(*pid, sys::PidFd(packet.fds.front().release())),
                     .born_in_cgroup = rest == "1"};
}

Result<sys::Cloned> spawn_by_joiner(const plan::Namespaces& namespaces, const sys::Fd* cgroup,
                                    init::Input input) {
  Joining joining = {.namespaces = TRY(open_all(namespaces.joins)),
                     .planned = namespaces,
                     .cgroup = cgroup,
                     .input = std::move(input)};
  sys::SocketPair pair = TRY(sys::seqpacket_pair());
  sys::Cloned joiner = TRY(sys::clone_process(
      {}, [joining = std::move(joining), answer = std::move(pair.second)]() mutable noexcept {
        join_clone_and_tell(std::move(joining), answer);
        ::_exit(0);
      }));
  sys::Packet packet = TRY(sys::receive_packet(pair.first, 4096));
  TRY(joiner.child.wait());
  return cloned_from(std::move(packet));
}

}  // namespace

bool init_makes_time_namespace(const plan::Plan& plan, const plan::HostFacts& facts) {
  return plan.namespaces.new_time && !facts.privileged && !needs_joiner(plan.namespaces.joins);
}

Result<sys::Cloned> spawn_init(const plan::Namespaces& namespaces, const sys::Fd* cgroup,
                               init::Input input) {
  if (needs_joiner(namespaces.joins)) return spawn_by_joiner(namespaces, cgroup, std::move(input));
  const std::vector<OpenNamespace> opened = TRY(open_all(namespaces.joins));
  sys::Entered entered;
  for (const OpenNamespace& one : opened) TRY(entered.enter(one.fd, one.flag));
  if (namespaces.new_time && !input.make_time_namespace)
    TRY(entered.new_time(namespaces.time_offsets));
  return clone_init({.flags = namespaces.clone_flags, .cgroup = cgroup}, std::move(input));
}

}  // namespace coracle::container
