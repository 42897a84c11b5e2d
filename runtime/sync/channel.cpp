#include "runtime/sync/channel.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/sys/sockets.hpp"

namespace coracle::sync {
namespace {

// The head of each packet; the rest is text.
struct Header {
  std::uint32_t kind = 0;  // index into the variant
  std::int32_t number = 0;
};

constexpr std::size_t most_text = 4096;

struct Encoded {
  std::string packet;
  std::vector<int> fds;  // borrowed from the message
};

Encoded encode(std::size_t kind, std::int32_t number, std::string_view text = {}) {
  const Header header = {.kind = static_cast<std::uint32_t>(kind), .number = number};
  Encoded encoded;
  encoded.packet.resize(sizeof header);
  std::memcpy(encoded.packet.data(), &header, sizeof header);
  encoded.packet += text.substr(0, most_text);
  return encoded;
}

Encoded with_fd(Encoded encoded, const sys::Fd& fd) {
  if (fd) encoded.fds.push_back(fd.get());
  return encoded;
}

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

Encoded encode(const HostMessage& message) {
  const std::size_t kind = message.index();
  return std::visit(Overloaded{
                        [&](const MountReady& m) { return with_fd(encode(kind, 0), m.mount); },
                        [&](const auto&) { return encode(kind, 0); },
                    },
                    message);
}

Encoded encode(const InitMessage& message) {
  const std::size_t kind = message.index();
  return std::visit(
      Overloaded{
          [&](const MountPlease& m) { return encode(kind, static_cast<std::int32_t>(m.index)); },
          [&](const Console& m) { return with_fd(encode(kind, 0), m.terminal); },
          [&](const SeccompListener& m) { return with_fd(encode(kind, m.number), m.fd); },
          [&](const LogLine& m) { return encode(kind, 0, m.text); },
          [&](const Failed& m) { return encode(kind, m.error.code, m.error.what); },
          [&](const auto&) { return encode(kind, 0); },
      },
      message);
}

struct Decoded {
  Header header;
  std::string text;
  sys::Fd fd;
};

Result<Decoded> decode(std::string_view packet) {
  if (packet.empty()) return fail_errno("the other side closed the channel", EPIPE);
  Decoded decoded;
  if (packet.size() < sizeof decoded.header) return fail("the channel carried half a message");
  std::memcpy(&decoded.header, packet.data(), sizeof decoded.header);
  decoded.text = packet.substr(sizeof decoded.header);
  return decoded;
}

Result<Decoded> receive_decoded(const sys::Fd& socket) {
  sys::Packet packet = TRY(sys::receive_packet(socket, sizeof(Header) + most_text));
  Decoded decoded = TRY(decode(packet.text));
  if (!packet.fds.empty()) decoded.fd = std::move(packet.fds.front());
  return decoded;
}

HostMessage host_message(Decoded decoded) {
  switch (decoded.header.kind) {
    case 0:
      return IdMapsWritten{};
    case 1:
      return Prepared{};
    case 2:
      return MountReady{.mount = sys::MountFd(decoded.fd.release())};
    case 3:
      return RuntimeHooksDone{};
    default:
      return Saved{};
  }
}

InitMessage init_message(Decoded decoded) {
  switch (decoded.header.kind) {
    case 0:
      return MountPlease{.index = static_cast<std::uint32_t>(decoded.header.number)};
    case 1:
      return RootfsReady{};
    case 2:
      return Console{.terminal = std::move(decoded.fd)};
    case 3:
      return SeccompListener{.number = decoded.header.number, .fd = std::move(decoded.fd)};
    case 4:
      return Ready{};
    case 5:
      return LogLine{.text = std::move(decoded.text)};
    default:
      return Failed{.error = {.code = decoded.header.number, .what = std::move(decoded.text)}};
  }
}

static_assert(std::variant_size_v<HostMessage> == 5, "host_message() knows five kinds");
static_assert(std::variant_size_v<InitMessage> == 7, "init_message() knows seven kinds");

}  // namespace

Result<void> HostEnd::send(const HostMessage& message) {
  const Encoded encoded = encode(message);
  auto sent = sys::send_packet(socket_, encoded.packet, encoded.fds);
  if (sent || sent.error().code != EPIPE) return sent;
  // Init has ended; what it said before is still to be heard.
  while (true) TRY(receive());
}

Result<InitMessage> HostEnd::receive() {
  while (true) {
    auto decoded = receive_decoded(socket_);
    // That init ended without reading all that it was sent is told once, and first (net/unix).
    if (!decoded && decoded.error().code == ECONNRESET) decoded = receive_decoded(socket_);
    if (!decoded && decoded.error().code == EPIPE) return fail("init ended without a word");
    if (!decoded) return std::unexpected(std::move(decoded).error().context("hear from init"));
    InitMessage message = init_message(std::move(*decoded));
    if (LogLine* line = std::get_if<LogLine>(&message)) {
      warnings_.push_back(std::move(line->text));
      continue;
    }
    if (Failed* failed = std::get_if<Failed>(&message))
      return std::unexpected(std::move(failed->error).context("init"));
    return message;
  }
}

Error HostEnd::cause(Error error) {
  pollfd polled = {.fd = socket_.get(), .events = POLLIN, .revents = 0};
  while (::poll(&polled, 1, 0) == 1) {
    auto decoded = receive_decoded(socket_);
    if (!decoded && decoded.error().code == ECONNRESET) continue;  // as above
    if (!decoded) break;
    InitMessage message = init_message(std::move(*decoded));
    if (Failed* failed = std::get_if<Failed>(&message))
      return std::move(failed->error).context("init");
  }
  return error;
}

Result<void> InitEnd::send(const InitMessage& message) const {
  const Encoded encoded = encode(message);
  if (!encoded.fds.empty()) return sys::send_packet(socket_, encoded.packet, encoded.fds);
  ssize_t written = 0;
  do written = ::write(socket_.get(), encoded.packet.data(), encoded.packet.size());
  while (written < 0 && errno == EINTR);
  if (written < 0) return fail_errno("tell the host");
  return {};
}

Result<HostMessage> InitEnd::receive_with_fd() {
  Decoded decoded = TRY(receive_decoded(socket_));
  return host_message(std::move(decoded));
}

Result<HostMessage> InitEnd::receive() {
  char bytes[sizeof(Header)];
  ssize_t got = 0;
  do got = ::read(socket_.get(), bytes, sizeof bytes);
  while (got < 0 && errno == EINTR);
  if (got < 0) return fail_errno("hear from the host");
  Decoded decoded = TRY(decode(std::string_view(bytes, static_cast<std::size_t>(got))));
  return host_message(std::move(decoded));
}

Result<Channel> make_channel() {
  sys::SocketPair pair = TRY(sys::seqpacket_pair());
  return Channel{.host = HostEnd(std::move(pair.first)), .init = InitEnd(std::move(pair.second))};
}

}  // namespace coracle::sync
