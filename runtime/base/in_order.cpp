// Who makes next claims a number; who takes frees a place in the ring.
#include "runtime/base/in_order.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace coracle {
namespace {

class Ring {
 public:
  explicit Ring(const Work& work) : work_(work), made_(work.ahead) {}

  // The next number, once there is a place for it; nothing when there is no more.
  std::optional<std::size_t> claim() {
    const std::size_t number = next_++;
    if (number >= work_.count) return std::nullopt;
    for (std::size_t taken = taken_; number >= taken + work_.ahead; taken = taken_)
      taken_.wait(taken);
    return number;
  }

  // The next number, if there is a place for it now.
  std::optional<std::size_t> try_claim() {
    std::size_t number = next_;
    const std::size_t end = std::min(work_.count, taken_ + work_.ahead);
    while (number < end)
      if (next_.compare_exchange_weak(number, number + 1)) return number;
    return std::nullopt;
  }

  bool is_made(std::size_t number) { return made(number); }
  void wait_until_made(std::size_t number) { made(number).wait(false); }

  void set_made(std::size_t number) {
    made(number) = true;
    made(number).notify_one();
  }

  void set_taken(std::size_t number) {
    made(number) = false;
    taken_ = number + 1;
    taken_.notify_all();
  }

 private:
  std::atomic<bool>& made(std::size_t number) { return made_[number % work_.ahead]; }

  const Work& work_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> taken_ = 0;
  std::vector<std::atomic<bool>> made_;
};

std::size_t threads_for(const Work& work) {
  const std::size_t processors = std::thread::hardware_concurrency();
  return std::min(processors, work.count / work.worth_a_thread);
}

}  // namespace

void in_order(const Work& work, const std::function<void(std::size_t)>& make,
              const std::function<void(std::size_t)>& take) {
  Ring ring(work);
  const auto make_all = [&] {
    while (const auto number = ring.claim()) {
      make(*number);
      ring.set_made(*number);
    }
  };
  std::vector<std::jthread> others;
  try {
    for (std::size_t i = 1; i < threads_for(work); ++i) others.emplace_back(make_all);
  } catch (const std::system_error&) {
    // RLIMIT_NPROC or pids.max: those that have started, and this one, do the work.
  }
  for (std::size_t number = 0; number < work.count; ++number) {
    while (!ring.is_made(number)) {
      if (const auto claimed = ring.try_claim()) {
        make(*claimed);
        ring.set_made(*claimed);
      } else {
        ring.wait_until_made(number);
      }
    }
    take(number);
    ring.set_taken(number);
  }
}

}  // namespace coracle
