// The extra process that some joins need.  Private to container/.
#pragma once

#include <sys/types.h>

#include "runtime/base/result.hpp"
#include "runtime/sys/process.hpp"
#include "runtime/sys/timings.hpp"
#include "runtime/sys/vfork.hpp"

namespace coracle::container {

// What the joiner tells the host, in memory of theirs alone: what the joiner
// clones has no part in it, so that nobody in the container can answer.
class Answer {
 public:
  static Result<Answer> make();
  Answer(const Answer&) = delete;
  Answer(Answer&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
  Answer& operator=(Answer&&) = delete;
  ~Answer();

  // The joiner's: before it clones, and after.  The clone is the host's from
  // then on.
  Result<void> keep_from_children() const;
  void give(Result<sys::Cloned> cloned) const;

  // The host's, once the joiner has ended.
  Result<sys::Cloned> take() const;

 private:
  struct Page;
  explicit Answer(Page* page) : page_(page) {}

  Page* page_;
};

// Of the joiner: a copy of the host's, or the very same, for which see vfork_process.
enum class JoinerMemory { copied, shared };

// One that was killed may have left our heap half changed: says so, and ends without touching it.
// Nothing outlives us that would have to be undone: what it cloned ends with our end of the
// channel.
[[noreturn]] void end_with_joiner();

// Runs `enter_and_clone` in a process of its own, which the host need not be
// able to come back from: a user or mount namespace is entered for good.
// It must clone with CLONE_PARENT: the clone is the host's own child, and the
// joiner is gone when this returns.  The joiner is born in `cgroup`, a v2
// directory, or where the host is (null), and so is what it clones.
template <class F>
Result<sys::Cloned> clone_by_joiner(const sys::Fd* cgroup, JoinerMemory memory, F enter_and_clone) {
  const Answer answer = TRY(Answer::make());
  const auto join = [&]() noexcept {
    if (auto kept = answer.keep_from_children(); !kept)
      answer.give(std::unexpected(std::move(kept).error()));
    else
      answer.give(enter_and_clone());
    ::_exit(0);
  };
  const sys::CloneRequest request = {.cgroup = cgroup};
  sys::Cloned joiner = TRY(memory == JoinerMemory::shared ? sys::vfork_process(request, join)
                                                          : sys::clone_process(request, join));
  sys::timings::become(sys::timings::Side::host);  // for us too it became the joiner
  const sys::Exit exit = TRY(joiner.child.wait());
  if (exit.signaled && memory == JoinerMemory::shared) end_with_joiner();
  auto cloned = answer.take().context("join namespaces");
  if (cloned && joiner.born_in_cgroup) cloned->born_in_cgroup = true;
  return cloned;
}

}  // namespace coracle::container
