// Names by the C library's table, with the aliases and real-time names that it lacks; dispositions
// by the kernel, because the library keeps two signals for itself.
#include "runtime/sys/signals.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "runtime/base/strings.hpp"

namespace coracle::sys {
namespace {

// Linux has signals [1, 64].
constexpr int last_signal = 64;

struct Alias {
  std::string_view name;
  int number;
};

// Second names, which sigabbrev_np(3) does not give.
constexpr std::array aliases = {Alias{"IOT", SIGIOT}, Alias{"CLD", SIGCHLD}, Alias{"IO", SIGIO},
                                Alias{"POLL", SIGPOLL}};

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::optional<int> in_range(std::optional<int> number, int first) {
  if (!number || *number < first || *number > last_signal) return std::nullopt;
  return number;
}

// "RTMIN", "RTMIN+n", "RTMAX", "RTMAX-n".
std::optional<int> real_time_number(std::string_view name) {
  const bool from_min = name.starts_with("RTMIN");
  if (!from_min && !name.starts_with("RTMAX")) return std::nullopt;
  const int base = from_min ? SIGRTMIN : SIGRTMAX;
  name.remove_prefix(5);
  if (name.empty()) return base;
  if (name.front() != (from_min ? '+' : '-')) return std::nullopt;
  const auto distance = parse_number<unsigned short>(name.substr(1));
  if (!distance) return std::nullopt;
  return in_range(from_min ? base + *distance : base - *distance, SIGRTMIN);
}

}  // namespace

std::optional<int> signal_number(std::string_view text) {
  if (const auto number = parse_number<int>(text)) return in_range(number, 0);
  const std::string upper_case = upper(text);
  std::string_view name = upper_case;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (int signal = 1; signal <= last_signal; ++signal) {
    const char* known = ::sigabbrev_np(signal);
    if (known != nullptr && name == known) return signal;
  }
  for (const Alias& alias : aliases)
    if (name == alias.name) return alias.number;
  return real_time_number(name);
}

std::string signal_name(int signal) {
  if (const char* known = ::sigabbrev_np(signal)) return std::string("SIG") + known;
  if (signal == SIGRTMIN) return "SIGRTMIN";
  if (signal > SIGRTMIN && signal <= SIGRTMAX)
    return "SIGRTMIN+" + std::to_string(signal - SIGRTMIN);
  return "signal " + std::to_string(signal);
}

Result<void> reset_signals() {
  constexpr std::size_t set_size = last_signal / 8;
  // Of the kernel's, whose size and order differ by architecture: all zero is SIG_DFL in each.
  constexpr std::array<unsigned long, 8> standard = {};
  for (int signal = 1; signal <= last_signal; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    if (::syscall(SYS_rt_sigaction, signal, standard.data(), nullptr, set_size) != 0)
      return fail_errno("reset " + signal_name(signal));
  }
  sigset_t none;
  ::sigemptyset(&none);
  if (::sigprocmask(SIG_SETMASK, &none, nullptr) != 0) return fail_errno("unblock signals");
  return {};
}

}  // namespace coracle::sys
