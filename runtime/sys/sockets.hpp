// Pipes, and Unix sockets: pairs, connecting, packets with descriptors.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::sys {

struct Pipe {
  Fd read;
  Fd write;
};
Result<Pipe> make_pipe();

struct SocketPair {
  Fd first;
  Fd second;
};
Result<SocketPair> seqpacket_pair();
Result<SocketPair> stream_pair();

// Connects a SOCK_STREAM socket to `path`, which may be longer than sun_path
// holds.
Result<Fd> connect_unix(const std::string& path);
// A SOCK_DGRAM socket to a path, or to "@NAME" of the abstract namespace.
Result<Fd> connect_datagrams(const std::string& address);
// A SOCK_DGRAM socket that receives at `name` in `directory`, writable for all;
// the name must be free.
Result<Fd> receive_datagrams(const Fd& directory, const std::string& name);

struct Packet {
  std::string text;  // empty with no descriptors: the peer has closed
  std::vector<Fd> fds;
};

// One packet with at most 16 descriptors as SCM_RIGHTS.
Result<void> send_packet(const Fd& socket, std::string_view text, std::span<const int> fds);
// One packet of at most `most` bytes; a longer one is an error.
Result<Packet> receive_packet(const Fd& socket, std::size_t most);

}  // namespace coracle::sys
