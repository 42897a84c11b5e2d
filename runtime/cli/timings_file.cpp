#include "runtime/cli/timings_file.hpp"

#include <fcntl.h>

#include <array>

#include "oci-spec/json_writer.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cli {
namespace {

using oci::json::Writer;
using sys::timings::Record;
using sys::timings::Side;

constexpr int process = 1;  // there is but one: the command; its sides are threads

int thread_of(Side side) {
  return static_cast<int>(side) + 1;
}

void text(Writer& out, std::string_view key, std::string_view value) {
  out.key(key);
  out.string(value);
}

void number(Writer& out, std::string_view key, std::int64_t value) {
  out.key(key);
  out.integer(value);
}

void microseconds(Writer& out, std::string_view key, std::int64_t nanoseconds) {
  out.key(key);
  out.decimal(static_cast<double>(nanoseconds) / 1000);
}

void begin_event(Writer& out, std::string_view name, std::string_view kind, int thread) {
  out.begin_object();
  text(out, "name", name);
  text(out, "ph", kind);
  number(out, "pid", process);
  number(out, "tid", thread);
}

// What a viewer calls the process and each side.
void write_name(Writer& out, std::string_view what, std::string_view name, int thread) {
  begin_event(out, what, "M", thread);
  out.key("args");
  out.begin_object();
  text(out, "name", name);
  out.end_object();
  out.end_object();
}

// X: complete; i: an instant, for a phase that no one left.
void write_phase(Writer& out, const Record& record, std::int64_t origin_ns) {
  const bool complete = record.end_ns != 0;
  begin_event(out, record.name.data(), complete ? "X" : "i", thread_of(record.side));
  microseconds(out, "ts", record.start_ns - origin_ns);
  if (complete) microseconds(out, "dur", record.end_ns - record.start_ns);
  out.end_object();
}

}  // namespace

std::string render_timings(const sys::timings::Recorded& recorded, std::string_view command) {
  constexpr std::array sides = {"host", "joiner", "init"};
  Writer out(oci::json::Layout::indented);
  out.begin_object();
  out.key("traceEvents");
  out.begin_array();
  write_name(out, "process_name", command, 0);
  for (std::size_t side = 0; side < sides.size(); ++side)
    write_name(out, "thread_name", sides[side], thread_of(static_cast<Side>(side)));
  for (const Record& record : recorded.records)
    write_phase(out, record, recorded.records.front().start_ns);
  out.end_array();
  text(out, "displayTimeUnit", "ms");
  number(out, "lost", recorded.lost);
  out.end_object();
  return std::move(out).text();
}

Result<void> start_timings(const std::string& file) {
  TRY(sys::open_file(file, O_WRONLY | O_CREAT, 0644).context("--timings"));
  return sys::timings::turn_on().context("--timings");
}

Result<void> write_timings(const std::string& file, std::string_view command) {
  const sys::Fd out =
      TRY(sys::open_file(file, O_WRONLY | O_CREAT | O_TRUNC, 0644).context("--timings"));
  return sys::write_all(out, render_timings(sys::timings::recorded(), command))
      .context("--timings " + file);
}

}  // namespace coracle::cli
