// A caller who leaves its signals to whom it starts.
#pragma once

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace coracle::test {

// Ignores and blocks the real-time signals [32, 65), the C library's own two among them; dropped,
// they are as before.
class RealTimeSignalsIgnored {
 public:
  RealTimeSignalsIgnored() {
    // As the kernel has it: the handler comes first.
    const Action ignore = {reinterpret_cast<std::uintptr_t>(SIG_IGN)};
    for (std::size_t i = 0; i < former_.size(); ++i)
      ::syscall(SYS_rt_sigaction, first + static_cast<int>(i), &ignore, &former_[i], 8);
    const std::uint64_t all = ~std::uint64_t{0} << (first - 1);
    ::syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, &mask_, 8);
  }
  RealTimeSignalsIgnored(const RealTimeSignalsIgnored&) = delete;
  RealTimeSignalsIgnored& operator=(const RealTimeSignalsIgnored&) = delete;
  ~RealTimeSignalsIgnored() {
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask_, nullptr, 8);
    for (std::size_t i = 0; i < former_.size(); ++i)
      ::syscall(SYS_rt_sigaction, first + static_cast<int>(i), &former_[i], nullptr, 8);
  }

 private:
  static constexpr int first = 32;
  using Action = std::array<std::uintptr_t, 8>;
  std::array<Action, 33> former_ = {};
  std::uint64_t mask_ = 0;
};

}  // namespace coracle::test
