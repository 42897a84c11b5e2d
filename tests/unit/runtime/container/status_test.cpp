// Status from facts.
#include "runtime/container/status.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "runtime/container/processes.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/proc_stat.hpp"
#include "runtime/sys/process.hpp"
#include "tests/support/soft_limit.hpp"

using namespace coracle;
using container::ContainerState;

TEST_CASE("status: no process yet is creating") {
  CHECK(container::status_of(ContainerState()) == oci::Status::creating);
}

TEST_CASE("status: a process of another start time is not the container's") {
  ContainerState state;
  state.pid = ::getpid();
  state.start_time = 1;
  CHECK(container::status_of(state) == oci::Status::stopped);
}

TEST_CASE("status: a process that is gone has stopped") {
  ContainerState state;
  state.pid = 0x7ffffffe;  // above the kernel's largest
  state.start_time = 1;
  CHECK(container::status_of(state) == oci::Status::stopped);
}

TEST_CASE("status: what has executed nothing is created, but for what was restored") {
  const auto cloned = sys::clone_process({}, []() noexcept {
    while (true) ::pause();
  });
  REQUIRE(cloned.has_value());
  ContainerState state;
  state.pid = cloned->child.pid();
  state.start_time = sys::process_facts(state.pid)->start_time;
  CHECK(container::status_of(state) == oci::Status::created);
  state.restored = true;
  CHECK(container::status_of(state) == oci::Status::running);
}

TEST_CASE("status: what cannot be looked at has not stopped") {
  ContainerState state;
  state.pid = ::getpid();
  state.start_time = sys::process_facts(state.pid)->start_time;
  const auto [status, init] = [&] {
    const sys::Fd lowest = sys::open_file("/dev/null", O_RDONLY).value();
    const test::SoftLimit none(RLIMIT_NOFILE, static_cast<rlim_t>(lowest.get()));
    return std::pair(container::status_of(state, fail("no cgroups")), container::open_init(state));
  }();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().code == EMFILE);
  CHECK_FALSE(init.has_value());  // valgrind, which has no pidfd_open(2), gives another reason
}

TEST_CASE("oci_state: facts are copied, and a stopped container has no pid") {
  ContainerState state;
  state.id = "web1";
  state.oci_version = "1.3.0";
  state.pid = 42;
  state.bundle = "/bundle";
  state.annotations = {{"a", "b"}};
  const oci::State running = container::oci_state(state, oci::Status::running);
  CHECK(running.id == "web1");
  CHECK(running.pid == 42);
  CHECK(running.bundle == "/bundle");
  CHECK(running.annotations == state.annotations);
  CHECK(container::oci_state(state, oci::Status::stopped).pid == 0);
}
