// Options of `checkpoint` and `restore`.
#include "runtime/cli/criu_options.hpp"

#include <doctest/doctest.h>

using namespace coracle;
using container::criu::CgroupMode;
using container::criu::NetworkLock;

TEST_CASE("page server: an address and a port") {
  const auto server = cli::parse_page_server("192.0.2.1:27277");
  REQUIRE(server.has_value());
  CHECK(server->address == "192.0.2.1");
  CHECK(server->port == 27277);
  CHECK(cli::parse_page_server("[2001:db8::1]:1")->address == "2001:db8::1");
}

TEST_CASE("page server: what lacks an address or a port is refused") {
  for (const char* text : {"", "host", ":27", "host:", "host:0", "host:65536", "host:2x"}) {
    CAPTURE(text);
    const auto server = cli::parse_page_server(text);
    REQUIRE_FALSE(server.has_value());
    CHECK(server.error().text().starts_with("invalid page-server value \""));
  }
}

TEST_CASE("criu options: modes are words") {
  cli::Arguments arguments;
  CHECK(cli::criu_options_from(arguments)->manage_cgroups == CgroupMode::default_);
  CHECK_FALSE(cli::criu_options_from(arguments)->network_lock.has_value());
  arguments.values = {{"manage-cgroups-mode", "strict"}, {"network-lock", "nftables"}};
  CHECK(cli::criu_options_from(arguments)->manage_cgroups == CgroupMode::strict);
  CHECK(cli::criu_options_from(arguments)->network_lock == NetworkLock::nftables);
  arguments.values = {{"manage-cgroups-mode", "hard"}};
  CHECK(cli::criu_options_from(arguments).error().text() ==
        "invalid manage-cgroups-mode value \"hard\": not soft, full, strict or ignore");
}

TEST_CASE("criu options: no namespace but the network can be left empty") {
  cli::Arguments arguments;
  arguments.lists = {{"empty-ns", {"network"}}};
  CHECK(cli::criu_options_from(arguments).has_value());
  arguments.lists = {{"empty-ns", {"network", "ipc"}}};
  CHECK(cli::criu_options_from(arguments).error().text() == "namespace \"ipc\" is not supported");
}

TEST_CASE("images: paths become absolute, and the default is a directory here") {
  cli::Arguments arguments;
  CHECK(cli::images_from(arguments)->directory.ends_with("/checkpoint"));
  CHECK(cli::images_from(arguments)->work.empty());
  arguments.values = {{"image-path", "/images"}, {"work-path", "work"}};
  CHECK(cli::images_from(arguments)->directory == "/images");
  CHECK(cli::images_from(arguments)->work.starts_with('/'));
}
