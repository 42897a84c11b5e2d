// Work that several processors share, and whose results come in order.
#pragma once

#include <cstddef>
#include <functional>

namespace coracle {

struct Work {
  std::size_t count = 0;
  std::size_t ahead = 1;           // results that may wait to be taken, at least 1
  std::size_t worth_a_thread = 1;  // so many take longer to make than a thread to start
};

// Calls `make` once for every number of [0, count), on this thread and on others, and then, on this
// thread and in order, `take`.  The number that is made is less than `ahead` above the one to be
// taken next, so that a ring of `ahead` results is enough.  Where no thread can be started, this
// one does all.
void in_order(const Work& work, const std::function<void(std::size_t)>& make,
              const std::function<void(std::size_t)>& take);

}  // namespace coracle
