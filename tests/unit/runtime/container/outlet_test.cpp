// Outlets: nobody waits for their readers, and who shares the descriptor notices nothing.
#include "runtime/container/outlet.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "runtime/sys/sockets.hpp"

using namespace coracle;
using container::Outlet;

namespace {

const std::string large(300'000, 'x');  // more than any of them holds

bool is_blocking(const sys::Fd& fd) {
  return (::fcntl(fd.get(), F_GETFL) & O_NONBLOCK) == 0;
}

// What `outlet` wrote without a wait; the rest of `large` is still in it.
void check_waits_for_nobody(Outlet& outlet) {
  outlet.take(large);
  outlet.write_some();
  for (int i = 0; i < 10; ++i) outlet.write_some();
  CHECK(outlet.size() > 0);
  CHECK(outlet.size() < large.size());
}

// All that is left, as the reader makes room.
std::size_t drain(Outlet& outlet, const sys::Fd& reader) {
  std::array<char, 65536> bytes;
  std::size_t all = 0;
  for (ssize_t got = 1; got > 0; outlet.write_some()) {
    got = ::recv(reader.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0) got = ::read(reader.get(), bytes.data(), bytes.size());
    all += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  return all;
}

}  // namespace

TEST_CASE("outlet: a full pipe of others' is not waited for, and stays blocking for them") {
  const sys::Pipe pipe = *sys::make_pipe();
  Outlet outlet = Outlet::to_shared(pipe.write.get());
  check_waits_for_nobody(outlet);
  CHECK(is_blocking(pipe.write));
  REQUIRE(::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) == 0);
  CHECK(drain(outlet, pipe.read) == large.size());
  CHECK(outlet.is_empty());
  CHECK(outlet.polled() == -1);
}

TEST_CASE("outlet: nor a full socket") {
  std::array<int, 2> ends = {-1, -1};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const sys::Fd writer(ends[0]);
  const sys::Fd reader(ends[1]);
  Outlet outlet = Outlet::to_shared(writer.get());
  check_waits_for_nobody(outlet);
  CHECK(is_blocking(writer));
  REQUIRE(::fcntl(reader.get(), F_SETFL, O_NONBLOCK) == 0);
  CHECK(drain(outlet, reader) == large.size());
}

TEST_CASE("outlet: a descriptor of our own becomes non-blocking") {
  const sys::Pipe pipe = *sys::make_pipe();
  Outlet outlet = *Outlet::to(pipe.write);
  CHECK_FALSE(is_blocking(pipe.write));
  check_waits_for_nobody(outlet);
}

TEST_CASE("outlet: once its reader has left it takes and drops all") {
  ::sighandler_t former = ::signal(SIGPIPE, SIG_IGN);
  sys::Pipe pipe = *sys::make_pipe();
  Outlet outlet = Outlet::to_shared(pipe.write.get());
  pipe.read.reset();
  outlet.take(large);
  outlet.write_some();
  CHECK(outlet.is_empty());
  outlet.take(large);
  CHECK(outlet.is_empty());
  ::signal(SIGPIPE, former);
}

TEST_CASE("outlet: a closed descriptor takes and drops all") {
  Outlet outlet = Outlet::to_shared(900);
  outlet.take(large);
  CHECK(outlet.is_empty());
}
