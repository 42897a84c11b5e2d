// JSON output over yajl_gen.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>

namespace coracle::oci::json {

enum class Layout { compact, indented };  // indented: by two spaces, ends in a line break

// Writes one value.  The caller keeps to the grammar: every member of an
// object is a key() and a value, everything opened is closed, the depth stays
// below 128.  Strings are expected to be UTF-8 and written as they are, with
// the escapes that JSON demands.
class Writer {
 public:
  explicit Writer(Layout layout);

  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  void key(std::string_view name);
  void string(std::string_view text);
  void boolean(bool truth);
  template <std::integral T>
  void integer(T number) {
    raw(std::to_string(number));
  }
  // The shortest text that stands for `number`, which is finite.
  void decimal(double number);
  // "{}" and "[]" on one line, whatever the layout.
  void empty_object() { raw("{}"); }
  void empty_array() { raw("[]"); }

  // What was written; the writer is spent.
  std::string text() &&;

 private:
  void raw(std::string_view token);

  struct FreeGenerator {
    void operator()(void* generator) const;
  };

  std::unique_ptr<std::string> out_;  // yajl holds its address
  std::unique_ptr<void, FreeGenerator> generator_;
};

}  // namespace coracle::oci::json
