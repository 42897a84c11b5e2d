// The extra process that some joins need.  Private to container/.
#pragma once

#include <tuple>
#include <utility>

#include "runtime/base/result.hpp"
#include "runtime/sys/process.hpp"
#include "runtime/sys/sockets.hpp"

namespace coracle::container {

// Sends what the joiner made to the host, which owns it from then on; or why
// it made nothing.
void tell_host(Result<sys::Cloned> cloned, const sys::Fd& host);
Result<sys::Cloned> hear_from_joiner(const sys::Fd& joiner);

// Runs `enter_and_clone` in a process of its own, which the host need not be
// able to come back from: a user or mount namespace is entered for good.
// It must clone with CLONE_PARENT: the clone is the host's own child, and the
// joiner is gone when this returns.
template <class F>
Result<sys::Cloned> clone_by_joiner(F enter_and_clone) {
  sys::SocketPair pair = TRY(sys::seqpacket_pair());
  sys::Cloned joiner =
      TRY(sys::clone_process({}, [enter_and_clone = std::move(enter_and_clone),
                                  host = std::move(pair.second)]() mutable noexcept {
        tell_host(enter_and_clone(), host);
        ::_exit(0);
      }));
  auto cloned = hear_from_joiner(pair.first);
  TRY(joiner.child.wait());
  return std::move(cloned).context("join namespaces");
}

}  // namespace coracle::container
