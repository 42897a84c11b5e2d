// The one user of yajl_gen.  Its calls fail only when the grammar is broken,
// which the contract excludes: their status is not looked at.
#include "oci-spec/json_writer.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

extern "C" {
#include <yajl/yajl_gen.h>
}

namespace coracle::oci::json {

namespace {

yajl_gen handle(const auto& owner) {
  return static_cast<yajl_gen>(owner.get());
}

void append(void* out, const char* bytes, std::size_t length) {
  static_cast<std::string*>(out)->append(bytes, length);
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

void Writer::FreeGenerator::operator()(void* generator) const {
  yajl_gen_free(static_cast<yajl_gen>(generator));
}

Writer::Writer(Layout layout)
    : out_(std::make_unique<std::string>()), generator_(yajl_gen_alloc(nullptr)) {
  yajl_gen_config(handle(generator_), yajl_gen_print_callback, &append, out_.get());
  yajl_gen_config(handle(generator_), yajl_gen_beautify, layout == Layout::indented ? 1 : 0);
  yajl_gen_config(handle(generator_), yajl_gen_indent_string, "  ");
}

void Writer::begin_object() {
  yajl_gen_map_open(handle(generator_));
}
void Writer::end_object() {
  yajl_gen_map_close(handle(generator_));
}
void Writer::begin_array() {
  yajl_gen_array_open(handle(generator_));
}
void Writer::end_array() {
  yajl_gen_array_close(handle(generator_));
}
void Writer::key(std::string_view name) {
  string(name);
}

void Writer::string(std::string_view text) {
  yajl_gen_string(handle(generator_), bytes(text), text.size());
}

void Writer::boolean(bool truth) {
  yajl_gen_bool(handle(generator_), truth ? 1 : 0);
}

void Writer::decimal(double number) {
  std::array<char, 32> text;  // the longest is that of -2.2250738585072014e-308
  const auto written = std::to_chars(text.data(), text.data() + text.size(), number);
  raw({text.data(), written.ptr});
}

// yajl takes any text for a number.
void Writer::raw(std::string_view token) {
  yajl_gen_number(handle(generator_), token.data(), token.size());
}

std::string Writer::text() && {
  return std::move(*out_);
}

}  // namespace coracle::oci::json
