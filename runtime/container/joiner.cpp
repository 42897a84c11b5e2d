#include "runtime/container/joiner.hpp"

#include <array>
#include <string>

#include "runtime/base/strings.hpp"

namespace coracle::container {

// "PID BORN_IN_CGROUP" with the pidfd, or "!ERRNO TEXT".
void tell_host(Result<sys::Cloned> cloned, const sys::Fd& host) {
  if (!cloned) {
    const Error& error = cloned.error();
    std::ignore = sys::send_packet(host, "!" + std::to_string(error.code) + " " + error.what, {});
    return;
  }
  const std::string text =
      std::to_string(cloned->child.pid()) + (cloned->born_in_cgroup ? " 1" : " 0");
  const std::array fds = {cloned->child.pidfd().get()};
  // It is the host's child: dropped here, it would be killed.
  if (sys::send_packet(host, text, fds)) cloned->child.detach();
}

Result<sys::Cloned> hear_from_joiner(const sys::Fd& joiner) {
  sys::Packet packet = TRY(sys::receive_packet(joiner, 4096));
  const std::string_view text = packet.text;
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return fail("the joiner ended without a word");
  if (text.starts_with('!')) {
    const int code = parse_number<int>(text.substr(1, blank - 1)).value_or(0);
    return std::unexpected(Error{.code = code, .what = std::string(text.substr(blank + 1))});
  }
  const auto pid = parse_number<pid_t>(text.substr(0, blank));
  if (!pid || packet.fds.empty()) return fail("the joiner's answer is broken");
  return sys::Cloned{.child = sys::Child(*pid, sys::PidFd(packet.fds.front().release())),
                     .born_in_cgroup = text.substr(blank + 1) == "1"};
}

}  // namespace coracle::container
