// coracle-sd-bus: answers what coracle asks of D-Bus, over its descriptor 0.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <optional>
#include <tuple>

#include "runtime/dbus/messages.hpp"
#include "runtime/sd_bus/sd_bus.hpp"
#include "runtime/sys/process.hpp"

namespace {

using namespace coracle;

class Server {
 public:
  dbus::Reply answer(const dbus::Request& request) {
    return std::visit([&](const auto& what) { return answer(what, request.deadline); },
                      request.what);
  }

 private:
  dbus::Reply answer(const dbus::Connect& connect, dbus::Deadline deadline) {
    bus_ = TRY(bus_program::Bus::connect(connect.address, deadline));
    return std::vector<std::string>();
  }
  dbus::Reply answer(const dbus::Call& call, dbus::Deadline deadline) {
    if (!bus_) return fail("no connection to D-Bus");
    return bus_->call(call, deadline);
  }
  dbus::Reply answer(const dbus::NextSignal& signal, dbus::Deadline deadline) {
    if (!bus_) return fail("no connection to D-Bus");
    return bus_->next_signal(signal, deadline);
  }

  std::optional<bus_program::Bus> bus_;
};

// Until the other end closes, or is no longer understood.
Result<void> serve(const sys::Fd& socket) {
  Server server;
  while (true) {
    const auto bytes = TRY(dbus::receive_message(socket));
    if (!bytes) return {};
    const dbus::Request request = TRY(dbus::decode_request(*bytes));
    TRY(dbus::send_message(socket, dbus::encode(server.answer(request))));
  }
}

}  // namespace

int main() {
  ::prctl(PR_SET_NAME, "coracle-sd-bus");
  // Nobody else waits for what it may be waiting for.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::ignore = sys::close_all_from(STDERR_FILENO + 1, {});  // they are only in the way
  const sys::Fd socket(STDIN_FILENO);
  return serve(socket) ? 0 : 1;
}
