// A JSON text as a tree of values, each of which knows its JSON pointer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace coracle::oci::json {

enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

// Deeper nesting is refused: no configuration comes near it.
inline constexpr std::size_t max_depth = 512;
// Longer texts are refused, in bytes.
inline constexpr std::size_t max_size = std::size_t{64} << 20;

class Children;
class Document;

// One value of a document.  A borrowed handle, valid while the document is
// neither moved nor destroyed; cheap to copy.
class Value {
 public:
  Kind kind() const;
  bool is_null() const { return kind() == Kind::null; }
  // A string's decoded content, a number exactly as written, "true", "false"
  // or "null"; empty for arrays and objects.  May contain NUL bytes.
  std::string_view text() const;
  // The name in the object that holds it; empty for others.
  std::string_view key() const;
  // Elements of an array or members of an object, in the text's order.
  Children children() const;
  // The member `key` of an object; nothing if there is none or it is null.
  std::optional<Value> find(std::string_view key) const;

  // RFC 6901: "/linux/uidMappings/0/size"; empty for the root.  Found on demand
  // by walking up: linear in the depth and in the siblings that precede.
  std::string pointer() const;
  // What stands there, short enough for an error: "\"yes\"", "42", "an array".
  std::string found() const;

  // "NAME: POINTER: FOUND is not EXPECTED"
  std::unexpected<Error> refuse(std::string_view expected) const;
  // "NAME: POINTER: WHAT"; the pointer is that of the member `key`, if given.
  std::unexpected<Error> fail_at(std::string_view what,
                                 std::optional<std::string_view> key = {}) const;

 private:
  friend class Builder;
  friend class Children;
  friend class Document;
  Value(const Document* document, std::uint32_t index) : document_(document), index_(index) {}

  const Document* document_;
  std::uint32_t index_;
};

// The direct children of a value, for range-for.
class Children {
 public:
  class Iterator {
   public:
    Iterator(const Document* document, std::uint32_t index) : document_(document), index_(index) {}
    Value operator*() const { return {document_, index_}; }
    Iterator& operator++();
    bool operator==(const Iterator&) const = default;

   private:
    const Document* document_;
    std::uint32_t index_;
  };

  explicit Children(const Value& of) : of_(of) {}
  Iterator begin() const;
  Iterator end() const;

 private:
  Value of_;
};

// All values of one text, in the text's order.  Borrows the text: it must
// outlive the document, because most strings point into it.
class Document {
 public:
  Value root() const { return {this, 0}; }
  // As given to parse(); opens every error.
  const std::string& name() const { return name_; }

 private:
  friend class Builder;
  friend class Children;
  friend class Value;

  struct Node {
    std::string_view key;
    std::string_view text;
    std::uint32_t parent = 0;
    std::uint32_t end = 0;  // the subtree is [own index, end)
    Kind kind = Kind::null;
  };

  Document(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  std::string_view text_;
  std::string name_;
  std::vector<Node> nodes_;
  std::forward_list<std::string> decoded_;  // strings that had escapes; addresses stay
};

// Parses the whole of `text`, which must outlive the document.  Refuses, with
// one line that starts with `name`: an empty text, one longer than max_size or
// nested deeper than max_depth, invalid UTF-8, half surrogate pairs, duplicate
// names in an object, comments, and anything after the value.
Result<Document> parse(std::string_view text, std::string_view name);

}  // namespace coracle::oci::json
