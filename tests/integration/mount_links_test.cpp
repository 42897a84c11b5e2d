// Bind mounts that do not follow symlinks: copy-symlink, src-nofollow, dest-nofollow.
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// A file, and a link to it, on the host; in the image /link leads to /other.
struct Linked : Bundle {
  Linked() {
    write_file(path("file"), "file of the host\n");
    fs::create_symlink(path("file"), path("link"));
    write_file(rootfs() + "/other", "file of the image\n");
    fs::create_symlink("/other", rootfs() + "/link");
  }

  void bind(const std::string& source, const std::string& destination,
            const std::vector<std::string>& options) {
    config["mounts"] = default_config()["mounts"];
    std::vector<std::string> all = {"bind"};
    all.insert(all.end(), options.begin(), options.end());
    add_mount(config, destination, "bind", path(source), all);
  }
};

// With and without a user namespace.
template <class F>
void for_both_roots(F check) {
  for (const bool mapped : {false, true}) {
    CAPTURE(mapped);
    Linked bundle;
    if (mapped) bundle.map_ids(1'000'000);
    check(bundle);
  }
}

}  // namespace

TEST_CASE("copy-symlink: a link is made again, in directories that are made") {
  for_both_roots([](Linked& bundle) {
    bundle.bind("link", "/a/b/link", {"copy-symlink"});
    CHECK(bundle.report("readlink /a/b/link").value("link") == bundle.path("file"));
    // Again: it is there, and says the same.
    CHECK(bundle.report("readlink /a/b/link").value("link") == bundle.path("file"));
  });
}

TEST_CASE("copy-symlink: what stands at the destination otherwise is no reason to follow it") {
  Linked bundle;
  bundle.probe("ids");
  bundle.bind("link", "/link", {"copy-symlink"});
  CHECK(contains(bundle.run().err, "is there already, and is no symlink to"));
  CHECK(read_file(bundle.rootfs() + "/other") == "file of the image\n");
}

TEST_CASE("copy-symlink: what is no link is bound") {
  Linked bundle;
  bundle.bind("file", "/copy", {"copy-symlink"});
  CHECK(contains(bundle.report("cat /copy").out, "file of the host"));
}

TEST_CASE("dest-nofollow: the link of the image is covered, not what it leads to") {
  for_both_roots([](Linked& bundle) {
    bundle.bind("file", "/link", {"dest-nofollow"});
    const Outcome outcome = bundle.report("cat /link -- cat /other");
    CHECK(contains(outcome.out, "file of the host"));
    CHECK(contains(outcome.out, "file of the image"));
  });
}

TEST_CASE("without dest-nofollow what the link leads to is covered") {
  Linked bundle;
  bundle.bind("file", "/link", {});
  CHECK_FALSE(contains(bundle.report("cat /link -- cat /other").out, "file of the image"));
}

TEST_CASE("src-nofollow: the link itself is shown where a link was") {
  for_both_roots([](Linked& bundle) {
    bundle.bind("link", "/link", {"src-nofollow", "dest-nofollow"});
    CHECK(bundle.report("readlink /link").value("link") == bundle.path("file"));
    CHECK(fs::read_symlink(bundle.rootfs() + "/link") == "/other");
  });
}

TEST_CASE("dest-nofollow: nothing below /proc can be covered through its links") {
  Linked bundle;
  bundle.probe("ids");
  bundle.bind("file", "/through/self/exe", {"dest-nofollow"});
  fs::create_symlink("/proc", bundle.rootfs() + "/through");
  CHECK(contains(bundle.run().err, "inside /proc"));
}

TEST_CASE("dest-nofollow: a destination that is not there is made") {
  Linked bundle;
  bundle.bind("file", "/new/file", {"dest-nofollow"});
  CHECK(contains(bundle.report("cat /new/file").out, "file of the host"));
}
