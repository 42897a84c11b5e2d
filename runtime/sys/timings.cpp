#include "runtime/sys/timings.hpp"

#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstring>

namespace coracle::sys::timings {
namespace {

constexpr std::uint32_t places = 16384;

// Pages that nobody touches take no memory.
struct Shared {
  std::atomic<std::uint32_t> taken;  // may exceed `places`: the rest is lost
  std::array<Record, places> records;
};

struct State {
  Shared* shared = nullptr;  // never unmapped: phases may end at any time
  Side side = Side::host;
};

State& state() {
  static State in_force;
  return in_force;
}

std::int64_t now_ns() {
  timespec now = {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

void append(Record& record, std::string_view text) {
  const std::size_t used = std::strlen(record.name.data());
  const std::size_t room = record.name.size() - 1 - used;
  std::copy_n(text.begin(), std::min(room, text.size()),
              record.name.begin() + static_cast<std::ptrdiff_t>(used));
}

}  // namespace

Result<void> turn_on() {
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("map memory for timings");
  state().shared = static_cast<Shared*>(memory);  // all zeros: nothing taken, empty names
  return {};
}

bool on() {
  return state().shared != nullptr;
}

void become(Side side) {
  state().side = side;
}

Recorded recorded() {
  Recorded found;
  if (!on()) return found;
  const std::uint32_t taken = state().shared->taken.load();
  const std::uint32_t kept = std::min(taken, places);
  const auto begin = state().shared->records.begin();
  found.records.assign(begin, begin + kept);
  // One whose process was killed between taking its place and naming itself.
  std::erase_if(found.records, [](const Record& record) { return record.start_ns == 0; });
  found.lost = taken - kept;
  return found;
}

void Phase::begin(std::string_view name, std::string_view object) {
  const std::uint32_t place = state().shared->taken.fetch_add(1);
  if (place >= places) return;
  record_ = &state().shared->records[place];
  append(*record_, name);
  if (!object.empty()) append(*record_, " ");
  append(*record_, object);
  record_->side = state().side;
  record_->start_ns = now_ns();
}

void Phase::end() {
  record_->end_ns = now_ns();
}

}  // namespace coracle::sys::timings
