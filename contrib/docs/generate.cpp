// Writes the man page and the completion scripts: `generate_docs SOURCE_TREE`.
#include <fcntl.h>

#include <cstdio>
#include <string>

#include "contrib/docs/documents.hpp"
#include "runtime/sys/files.hpp"

namespace {

coracle::Result<void> generate(const coracle::docs::Document& document, const std::string& tree) {
  namespace sys = coracle::sys;
  const std::string from = TRY(sys::read_file(tree + "/" + std::string(document.from)));
  const std::string text = TRY(coracle::docs::fill(document, from));
  const std::string path = tree + "/" + std::string(document.to);
  const sys::Fd file = TRY(sys::open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0666));
  return sys::write_all(file, text);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: generate_docs SOURCE_TREE\n", stderr);
    return 2;
  }
  for (const coracle::docs::Document& document : coracle::docs::documents()) {
    const auto done = generate(document, argv[1]);
    if (done) continue;
    std::fprintf(stderr, "generate_docs: %s\n", done.error().text().c_str());
    return 1;
  }
  return 0;
}
