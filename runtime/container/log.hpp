// The log: one error at most, warnings held until the command has ended.
// The program's one global, because every layer may have something to remark.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/container/log_line.hpp"

namespace coracle::container::log {

struct Settings {
  std::string file;  // appended to; empty: stderr
  Format format = Format::text;
  bool debug = false;
  // The caller reads stdout and stderr as one: no warning may stand there.
  bool quiet_stderr = false;
  std::string phase = {};  // the command, a field of the error line
};

// The settings in force; `start` sets them.
Settings& settings();

// Makes the file, so that a path that cannot be written is told now and not
// when there is something to write.  It is opened again for each line.
Result<void> start(Settings wanted);

// Written at once, to the log; nothing unless `debug` is set.
void debug(std::string_view message);

// Held: podman takes a log of two lines for garbage.
void warn(std::string message);

// After success: the held warnings to the log; to stderr too with `debug`, or
// where there is no file.
void write_warnings();

// After failure: one line in the log, with the held warnings as a field, and
// where the log is a file the bare message on stderr.
void write_error(const Error& error);

}  // namespace coracle::container::log
