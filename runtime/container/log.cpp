// The one user of spdlog.
#define FMT_HEADER_ONLY
#define SPDLOG_HEADER_ONLY

#include "runtime/container/log.hpp"

#include <fcntl.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <tuple>
#include <vector>

#include "runtime/sys/files.hpp"

namespace coracle::container::log {
namespace {

std::vector<std::string>& held_warnings() {
  static std::vector<std::string> held;
  return held;
}

std::string now() {
  const time_t seconds = ::time(nullptr);
  tm parts = {};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text;
  const std::size_t size = ::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text.data(), size);
}

// One write(2) a line: several commands append to one file.  spdlog's own file
// sink would also make the directories of the path.
class LineSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit LineSink(sys::Fd file) : file_(std::move(file)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    // Nobody is left to tell.
    std::ignore = sys::write_all(file_, {line.data(), line.size()});
  }
  void flush_() override {}

 private:
  sys::Fd file_;
};

void write_to(sys::Fd file, std::string_view text) {
  spdlog::logger logger("coracle", std::make_shared<LineSink>(std::move(file)));
  logger.set_pattern("%v");
  logger.info(spdlog::string_view_t(text.data(), text.size()));
}

void write_to_stderr(std::string_view text) {
  write_to(sys::Fd(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)), text);
}

Result<sys::Fd> open_log(const std::string& file) {
  return sys::open_file(file, O_WRONLY | O_APPEND | O_CREAT, 0644);
}

void write_to_log(Line line) {
  line.time = now();
  const std::string text = render_line(settings().format, line);
  if (settings().file.empty()) return write_to_stderr(text);
  auto file = open_log(settings().file);
  if (file) return write_to(*std::move(file), text);
  // The line must not be lost.
  write_to_stderr("open the log: " + file.error().text());
  write_to_stderr(text);
}

}  // namespace

Settings& settings() {
  static Settings in_force;
  return in_force;
}

Result<void> start(Settings wanted) {
  if (!wanted.file.empty()) std::ignore = TRY(open_log(wanted.file));
  settings() = std::move(wanted);
  return {};
}

void debug(std::string_view message) {
  if (!settings().debug) return;
  write_to_log({.level = Level::debug, .message = std::string(message)});
}

void warn(std::string message) {
  held_warnings().push_back(std::move(message));
}

void write_warnings() {
  const bool to_file = !settings().file.empty();
  const bool to_stderr = !settings().quiet_stderr && (settings().debug || !to_file);
  for (const std::string& warning : std::exchange(held_warnings(), {})) {
    if (to_file || to_stderr) write_to_log({.level = Level::warning, .message = warning});
    if (to_file && to_stderr) write_to_stderr(warning);
  }
}

void write_error(const Error& error) {
  Line line = {.level = Level::error,
               .message = error.text(),
               .warnings = std::exchange(held_warnings(), {})};
  if (const char* name = error.code != 0 ? ::strerrorname_np(error.code) : nullptr)
    line.fields.emplace_back("code", name);
  if (!settings().phase.empty()) line.fields.emplace_back("phase", settings().phase);
  const std::string message = line.message;
  write_to_log(std::move(line));
  if (!settings().file.empty()) write_to_stderr(message);
}

}  // namespace coracle::container::log
