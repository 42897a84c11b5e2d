// Runs a seccomp program on one system call, as the kernel would.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

namespace coracle::seccomp {

// What SECCOMP_RET_* `program` returns for `call`; nothing when it does what
// the kernel's checker would refuse: leaves its end, reads elsewhere, or has
// an instruction that seccomp(2) does not take.
class Interpreter {
 public:
  Interpreter(const std::vector<sock_filter>& program, const seccomp_data& call)
      : program_(program), call_(call) {}

  std::optional<std::uint32_t> run() {
    for (std::size_t at = 0; at < program_.size();) {
      const sock_filter& instruction = program_[at++];
      if (instruction.code == (BPF_RET | BPF_K)) return instruction.k;
      const auto skip = execute(instruction);
      if (!skip) return std::nullopt;
      at += *skip;
    }
    return std::nullopt;
  }

 private:
  // The number of instructions to skip.
  std::optional<std::size_t> execute(const sock_filter& instruction) {
    const std::uint32_t k = instruction.k;
    const auto branch = [&instruction](bool taken) -> std::size_t {
      return taken ? instruction.jt : instruction.jf;
    };
    switch (instruction.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (k % 4 != 0 || k > sizeof(call_) - 4) return std::nullopt;
        std::memcpy(&accumulator_, reinterpret_cast<const char*>(&call_) + k, 4);
        return 0;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator_ &= k;
        return 0;
      case BPF_JMP | BPF_JA:
        return k;
      case BPF_JMP | BPF_JEQ | BPF_K:
        return branch(accumulator_ == k);
      case BPF_JMP | BPF_JGT | BPF_K:
        return branch(accumulator_ > k);
      case BPF_JMP | BPF_JGE | BPF_K:
        return branch(accumulator_ >= k);
      case BPF_JMP | BPF_JSET | BPF_K:
        return branch((accumulator_ & k) != 0);
    }
    return std::nullopt;
  }

  const std::vector<sock_filter>& program_;
  const seccomp_data& call_;
  std::uint32_t accumulator_ = 0;
};

inline std::optional<std::uint32_t> evaluate(const std::vector<sock_filter>& program,
                                             const seccomp_data& call) {
  return Interpreter(program, call).run();
}

}  // namespace coracle::seccomp
