// Which system calls a walk makes fail, and how.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/faults/injected.hpp"

namespace coracle::test {

enum class Kind {
  error,        // the errno that the call most likely gives
  interrupted,  // EINTR of calls that wait
  kill,
};

std::string name(Kind kind);

// The calls of the process `who` that a fault of this kind may strike, in their order.
std::vector<Call> targets(const std::vector<Call>& calls, int who, Kind kind);

// 0 for Kind::kill.
int error_for(const Call& call, Kind kind);

// About `most` of them: each call and path once before any for the second time, where `turn` of
// `turns` gets its share of those; the order is kept.
std::vector<Call> sample(const std::vector<Call>& calls, std::size_t most, std::size_t turn,
                         std::size_t turns);

}  // namespace coracle::test
