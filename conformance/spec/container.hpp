// A container as the specification knows it: by the operations of runtime.md alone.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/bundle.hpp"
#include "tests/support/config.hpp"
#include "tests/support/process.hpp"

namespace coracle::conformance {

using test::add_mount;
using test::add_namespace;
using test::CgroupView;
using test::drop_mount;
using test::drop_namespace;
using test::eventually;
using test::Json;
using test::Outcome;
using test::read_file;
using test::write_file;

using Patch = std::function<void(Json& config)>;

// Dropped, it ends and removes what is left, whatever the runtime knows of it.
class Container : public test::Bundle {
 public:
  Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;
  ~Container();

  // create, start, the program's end, delete; each must work.  What the program wrote.
  Outcome lives();
  // The same of the probe's `commands`, split at blanks.
  Outcome tells(std::string_view commands);
  // create, which must work.  The program's output begins anew.
  void must_create();
  void must_start();
  // must_create() and must_start() of a program that waits for SIGTERM.
  void must_wait();
  // Whether the container process has ended, in good time.  After must_create().
  bool ends() const;
  // kill with SIGKILL, and its end.
  void must_end();

  // create works as `config` stands; after `patch` it fails, and leaves no container behind.
  void must_refuse(const Patch& patch);
  // The same, but that start may be what fails, before the program has run: a part of `process`
  // may be applied then.
  void must_refuse_to_run(const Patch& patch);

  // The process that create has told of in its pid file; 0 when there is none.
  pid_t process() const;

  // An executable file of the host with `body` for the shell; its path.
  std::string script(std::string_view name, std::string_view body) const;
  // Appends to hooks.KIND.
  void add_hook(const std::string& kind, const std::string& path,
                const std::vector<std::string>& args = {});
};

// Whether "rw,nodev" has "nodev".
bool has_option(const std::string& list, const std::string& option);

// The number of the process's namespace as /proc tells it: "net:[4026531840]" for "net".
std::string namespace_of(pid_t pid, const std::string& kind);

}  // namespace coracle::conformance
