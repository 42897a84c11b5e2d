#include "runtime/container/new_state.hpp"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

#include "runtime/container/criu_stdio.hpp"

namespace coracle::container {
namespace {

std::string now_rfc3339() {
  // Not gmtime(3): it reads the time zone's file.
  using namespace std::chrono;
  const auto now = time_point_cast<nanoseconds>(system_clock::now());
  const auto midnight = floor<days>(now);
  const year_month_day date(midnight);
  const hh_mm_ss time(now - midnight);
  std::array<char, 64> text = {};
  const int size = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02ld:%02ld:%02ld.%09ldZ",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<long>(time.hours().count()),
      static_cast<long>(time.minutes().count()), static_cast<long>(time.seconds().count()),
      static_cast<long>(time.subseconds().count()));
  return std::string(text.data(), static_cast<std::size_t>(size));
}

}  // namespace

ContainerState new_state(const CreateOptions& options, Bundle bundle) {
  ContainerState state;
  state.id = options.id;
  state.bundle = std::move(bundle.path);
  state.created = now_rfc3339();
  state.owner = ::geteuid();
  state.rootless = options.rootless;
  state.spec = std::move(bundle.spec);
  state.oci_version = state.spec.oci_version;
  state.annotations = state.spec.annotations;
  const bool terminal = state.spec.process && state.spec.process->terminal;
  if (!terminal) state.external_descriptors = criu::stdio_links();
  return state;
}

}  // namespace coracle::container
