// linux.seccomp.
#include <doctest/doctest.h>

#include "oci-spec/parse.hpp"
#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;

namespace {

coracle::Result<Seccomp> read_object(std::string_view text) {
  const json::Document document = TRY(json::parse(text, "x"));
  return Codec<Seccomp>::read(document.root());
}

std::string rewritten(std::string_view text) {
  json::Writer out(json::Layout::compact);
  Codec<Seccomp>::write(out, read_object(text).value());
  return std::move(out).text();
}

}  // namespace

TEST_CASE("seccomp: every field is read and written again") {
  const std::string text =
      R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,)"
      R"("architectures":["SCMP_ARCH_X86_64"],"flags":["SECCOMP_FILTER_FLAG_LOG"],)"
      R"("listenerPath":"/s","listenerMetadata":"m","syscalls":[{"names":["clone"],)"
      R"("action":"SCMP_ACT_NOTIFY","errnoRet":0,"args":[{"index":5,"value":18446744073709551615,)"
      R"("valueTwo":1,"op":"SCMP_CMP_MASKED_EQ"}]}]})";
  CHECK(rewritten(text) == text);
}

TEST_CASE("seccomp: absent flags differ from none") {
  CHECK_FALSE(read_object(R"({"defaultAction": "SCMP_ACT_ALLOW"})")->flags.has_value());
  CHECK_FALSE(
      read_object(R"({"defaultAction": "SCMP_ACT_ALLOW", "flags": null})")->flags.has_value());
  CHECK(rewritten(R"({"defaultAction": "SCMP_ACT_ALLOW", "flags": []})") ==
        R"({"defaultAction":"SCMP_ACT_ALLOW","flags":[]})");
}

TEST_CASE("seccomp: required fields are required") {
  CHECK(error_of(read_object("{}")) == "x: /defaultAction: missing, expected a string");
  CHECK(error_of(read_object(R"({"syscalls": [{"names": ["a"]}]})")) ==
        "x: /syscalls/0/action: missing, expected a string");
  CHECK(
      error_of(read_object(
          R"({"syscalls": [{"names": ["a"], "action": "SCMP_ACT_LOG", "args": [{"index": 0, "value": 1}]}]})")) ==
      "x: /syscalls/0/args/0/op: missing, expected a string");
}

TEST_CASE("seccomp: an unknown action is refused") {
  CHECK(error_of(read_object(R"({"defaultAction": "SCMP_ACT_DENY"})"))
            .starts_with("x: /defaultAction: \"SCMP_ACT_DENY\" is not one of SCMP_ACT_KILL, "));
}
