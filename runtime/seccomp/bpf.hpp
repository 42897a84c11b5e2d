// Instructions of the kernel's classic BPF, as seccomp(2) takes them.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>

namespace coracle::seccomp {

inline sock_filter statement(int code, std::uint32_t k) {
  return {.code = static_cast<std::uint16_t>(code), .jt = 0, .jf = 0, .k = k};
}

// Skips `if_true` or `if_false` instructions; `test` is BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET.
inline sock_filter jump(int test, std::uint32_t k, std::uint8_t if_true, std::uint8_t if_false) {
  const int code = BPF_JMP | BPF_K | test;
  return {.code = static_cast<std::uint16_t>(code), .jt = if_true, .jf = if_false, .k = k};
}

// Skips `distance` instructions, however many.
inline sock_filter skip(std::size_t distance) {
  return statement(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(distance));
}

// Loads the word at `offset` of seccomp_data.
inline sock_filter load(std::size_t offset) {
  return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

// Ends with `action`, a SECCOMP_RET_*.
inline sock_filter answer(std::uint32_t action) {
  return statement(BPF_RET | BPF_K, action);
}

}  // namespace coracle::seccomp
