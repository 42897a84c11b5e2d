// The rules of linux.resources.
#include <doctest/doctest.h>

#include "oci-spec/validate.hpp"
#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;

namespace {

std::string refusal(const Resources& resources) {
  return error_of(validate_resources(resources));
}

}  // namespace

TEST_CASE("validate resources: in config.json the pointer starts at /linux/resources") {
  Spec spec = test::minimal_spec();
  spec.linux_.resources = Resources{};
  spec.linux_.resources->unified["../x"] = "1";
  CHECK(error_of(validate(spec)) ==
        "config.json: /linux/resources/unified/..~1x: \"../x\" is not the name of a cgroup file");
}

TEST_CASE("validate resources: a unified key is one file name") {
  for (const std::string key : {"", ".", "..", "a/b", "/memory.max"}) {
    Resources resources;
    resources.unified[key] = "1";
    CHECK(refusal(resources).ends_with(" is not the name of a cgroup file"));
  }
  Resources resources;
  resources.unified["memory.high"] = "1";
  CHECK(refusal(resources).empty());
}

TEST_CASE("validate resources: device access is a non-empty subset of rwm") {
  Resources resources;
  resources.devices.emplace_back().access = "x";
  CHECK(refusal(resources) ==
        "resources.json: /devices/0/access: \"x\" is not a subset of the letters rwm");
}

TEST_CASE("validate resources: a page size has a number and a unit") {
  const auto with = [](const std::string& size) {
    Resources resources;
    resources.hugepage_limits = {{.page_size = size, .limit = 1}};
    return refusal(resources);
  };
  CHECK(with("64KB").empty());
  CHECK(with("2MB").empty());
  for (const std::string size : {"", "MB", "2M", "02MB", "2TB", "x2MB"})
    CHECK(with(size) == "resources.json: /hugepageLimits/0/pageSize: \"" + size +
                            "\" is not a page size like 2MB");
}

TEST_CASE("validate resources: a weight device and an RDMA device limit something") {
  Resources resources;
  resources.block_io = BlockIo{};
  resources.block_io->weight_device.resize(1);
  CHECK(refusal(resources) ==
        "resources.json: /blockIO/weightDevice/0: neither weight nor leafWeight is given");
  resources.block_io.reset();
  resources.rdma["mlx5"] = {};
  CHECK(refusal(resources) ==
        "resources.json: /rdma/mlx5: neither hcaHandles nor hcaObjects is given");
}
