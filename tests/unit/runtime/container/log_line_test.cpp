// Lines of the log.
#include "runtime/container/log_line.hpp"

#include <doctest/doctest.h>

using namespace coracle::container::log;

namespace {

const std::string time_text = "2026-11-21T19:40:34Z";

}  // namespace

TEST_CASE("log line: text is what logrus writes") {
  CHECK(render_line(Format::text, {.message = "container does not exist", .time = time_text}) ==
        "time=\"2026-11-21T19:40:34Z\" level=error msg=\"container does not exist\"");
}

TEST_CASE("log line: json has level, msg and time") {
  CHECK(render_line(Format::json, {.message = "unknown signal \"FOO\"", .time = time_text}) ==
        R"({"level":"error","msg":"unknown signal \"FOO\"","time":"2026-11-21T19:40:34Z"})");
}

TEST_CASE("log line: warnings follow, and in json other fields") {
  const Line line = {.level = Level::error,
                     .message = "m",
                     .time = "t",
                     .fields = {{"code", "ENOENT"}, {"phase", "create"}},
                     .warnings = {"a", "b"}};
  CHECK(render_line(Format::json, line) ==
        R"({"level":"error","msg":"m","time":"t","code":"ENOENT","phase":"create",)"
        R"("warnings":["a","b"]})");
  CHECK(render_line(Format::text, line) == R"(time="t" level=error msg="m" warnings="a; b")");
}

TEST_CASE("log line: a message of several lines stays one line") {
  const Line line = {.level = Level::warning, .message = "a\nb\tc", .time = "t"};
  CHECK(render_line(Format::json, line) == R"({"level":"warning","msg":"a\nb\tc","time":"t"})");
  CHECK(render_line(Format::text, line) == R"(time="t" level=warning msg="a\nb\x09c")");
}

TEST_CASE("log line: bytes that are not UTF-8 are replaced") {
  const Line line = {.level = Level::debug,
                     .message =
                         "a\xff\xfe"
                         "b\xc3\xa9",
                     .time = "t"};
  CHECK(render_line(Format::json, line) ==
        "{\"level\":\"debug\",\"msg\":\"a\xef\xbf\xbd\xef\xbf\xbd"
        "b\xc3\xa9\",\"time\":\"t\"}");
}

TEST_CASE("log line: a very long message is not cut") {
  const Line line = {.message = std::string(100'000, 'x'), .time = "t"};
  CHECK(render_line(Format::text, line).size() > 100'000);
}
