// Work that several processors share, and whose results come in order.
#include "runtime/base/in_order.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "tests/support/summary.hpp"

namespace coracle {
namespace {

constexpr Work much = {.count = 1000, .ahead = 8, .worth_a_thread = 1};

// The numbers as they were taken; each must be in its place of the ring.
std::vector<std::size_t> taken_of(const Work& work) {
  std::vector<std::size_t> ring(work.ahead);
  std::vector<std::size_t> taken;
  in_order(
      work, [&](std::size_t i) { ring[i % work.ahead] = i; },
      [&](std::size_t i) { taken.push_back(ring[i % work.ahead]); });
  return taken;
}

TEST_CASE("in order: every number is made, and taken in its turn") {
  for (const std::size_t ahead : {1, 2, 8, 2000}) {
    std::vector<std::size_t> all(much.count);
    std::iota(all.begin(), all.end(), 0);
    CHECK(taken_of({.count = much.count, .ahead = ahead, .worth_a_thread = 1}) == all);
  }
  CHECK(taken_of({.count = 0, .ahead = 1, .worth_a_thread = 1}).empty());
}

TEST_CASE("in order: all are taken by the thread that asks") {
  const std::thread::id asker = std::this_thread::get_id();
  std::size_t elsewhere = 0;
  in_order(
      much, [](std::size_t) {},
      [&](std::size_t) { elsewhere += std::this_thread::get_id() != asker ? 1 : 0; });
  CHECK(elsewhere == 0);
}

TEST_CASE("in order: what is not worth a thread is made by the one that asks") {
  const std::thread::id asker = std::this_thread::get_id();
  std::atomic<std::size_t> elsewhere = 0;
  in_order(
      {.count = 100, .ahead = 8, .worth_a_thread = 100},
      [&](std::size_t) { elsewhere += std::this_thread::get_id() != asker ? 1 : 0; },
      [](std::size_t) {});
  CHECK(elsewhere == 0);
}

TEST_CASE("in order: two are made at the same time") {
  if (std::thread::hardware_concurrency() < 2) return test::skip_case("one processor");
  // Each of the first two waits until the other has begun.
  std::atomic<int> begun = 0;
  std::atomic<int> met = 0;
  const auto meet = [&](std::size_t) {
    ++begun;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (begun < 2 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    met += begun == 2 ? 1 : 0;
  };
  in_order({.count = 2, .ahead = 2, .worth_a_thread = 1}, meet, [](std::size_t) {});
  CHECK(met == 2);
}

}  // namespace
}  // namespace coracle
