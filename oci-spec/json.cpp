// The tree over yajl's callback parser.
#include "oci-spec/json.hpp"

#include <algorithm>
#include <functional>
#include <memory>

extern "C" {
#include <yajl/yajl_parse.h>
}

#include "oci-spec/json_text.hpp"
#include "runtime/base/strings.hpp"

namespace coracle::oci::json {

// Receives yajl's events; only json::parse and the callbacks below use it.
class Builder {
  static constexpr std::size_t usual_depth = 8;
  static constexpr std::size_t usual_members = 24;

 public:
  Builder(std::string_view text, std::string_view name) : document_(text, name) {
    document_.nodes_.reserve(std::min<std::size_t>(text.size() / 16 + 1, 1 << 16));
    open_.reserve(usual_depth);
    names_.reserve(usual_members);
  }

  bool key(std::string_view name) {
    pending_key_ = keep(name);
    return true;
  }

  bool leaf(Kind kind, std::string_view text) {
    add(kind, keep(text));
    document_.nodes_.back().end = next_index();
    return true;
  }

  bool open(Kind kind) {
    if (open_.size() == max_depth) return refuse_depth();
    add(kind, {});
    open_.push_back(next_index() - 1);
    return true;
  }

  bool close() {
    Document::Node& node = document_.nodes_[open_.back()];
    node.end = next_index();
    if (node.kind == Kind::object && !names_are_unique(open_.back())) return false;
    open_.pop_back();
    return true;
  }

  // Why an event was refused; nothing when yajl itself stopped.
  std::optional<Error> refusal() && { return std::move(refusal_); }
  Document document() && { return std::move(document_); }

 private:
  std::uint32_t next_index() const { return static_cast<std::uint32_t>(document_.nodes_.size()); }

  // yajl hands out its own buffer for strings with escapes.
  std::string_view keep(std::string_view text) {
    const std::string_view whole = document_.text_;
    const std::less_equal<const char*> not_after;
    if (not_after(whole.data(), text.data()) &&
        not_after(text.data() + text.size(), whole.data() + whole.size()))
      return text;
    return document_.decoded_.emplace_front(text);
  }

  void add(Kind kind, std::string_view text) {
    document_.nodes_.push_back({.key = pending_key_,
                                .text = text,
                                .parent = open_.empty() ? 0 : open_.back(),
                                .kind = kind});
    pending_key_ = {};
  }

  bool refuse_depth() {
    refusal_ = document_.root()
                   .fail_at("nested deeper than " + std::to_string(max_depth) + " levels")
                   .error();
    return false;
  }

  bool names_are_unique(std::uint32_t object);

  Document document_;
  std::string_view pending_key_;
  std::vector<std::uint32_t> open_;
  std::vector<std::string_view> names_;  // kept for its capacity
  std::optional<Error> refusal_;
};

bool Builder::names_are_unique(std::uint32_t object) {
  // Sorting beats comparing all pairs when a hostile object has 100,000 members.
  const Value value{&document_, object};
  names_.clear();
  for (const Value& member : value.children()) names_.push_back(member.key());
  std::sort(names_.begin(), names_.end());
  const auto twice = std::adjacent_find(names_.begin(), names_.end());
  if (twice == names_.end()) return true;
  refusal_ = value.fail_at("duplicate property", *twice).error();
  return false;
}

namespace {

std::string_view view(const unsigned char* bytes, std::size_t length) {
  return {reinterpret_cast<const char*>(bytes), length};
}

Builder& builder(void* context) {
  return *static_cast<Builder*>(context);
}

constexpr yajl_callbacks callbacks = {
    .yajl_null = [](void* to) -> int { return builder(to).leaf(Kind::null, "null"); },
    .yajl_boolean = [](void* to, int truth) -> int {
      return builder(to).leaf(Kind::boolean, truth != 0 ? "true" : "false");
    },
    .yajl_integer = nullptr,
    .yajl_double = nullptr,
    .yajl_number = [](void* to, const char* digits, std::size_t length) -> int {
      return builder(to).leaf(Kind::number, {digits, length});
    },
    .yajl_string = [](void* to, const unsigned char* bytes, std::size_t length) -> int {
      return builder(to).leaf(Kind::string, view(bytes, length));
    },
    .yajl_start_map = [](void* to) -> int { return builder(to).open(Kind::object); },
    .yajl_map_key = [](void* to, const unsigned char* bytes, std::size_t length) -> int {
      return builder(to).key(view(bytes, length));
    },
    .yajl_end_map = [](void* to) -> int { return builder(to).close(); },
    .yajl_start_array = [](void* to) -> int { return builder(to).open(Kind::array); },
    .yajl_end_array = [](void* to) -> int { return builder(to).close(); },
};

struct FreeParser {
  void operator()(yajl_handle parser) const { yajl_free(parser); }
};
using Parser = std::unique_ptr<std::remove_pointer_t<yajl_handle>, FreeParser>;

// yajl's message has a line break at its end, and no position.
std::string syntax_error(yajl_handle parser, std::string_view text, std::size_t at) {
  unsigned char* const raw = yajl_get_error(parser, 0, nullptr, 0);
  const std::string message = reinterpret_cast<const char*>(raw);
  yajl_free_error(parser, raw);
  const std::string_view line = trim(std::string_view(message).substr(0, message.find('\n')));
  return position(text, at) + ": " + std::string(line);
}

}  // namespace

Result<Document> parse(std::string_view text, std::string_view name) {
  if (auto good = check_text(text); !good) return fail_with(std::move(good).error().context(name));
  Builder tree(text, name);
  const Parser parser(yajl_alloc(&callbacks, nullptr, &tree));
  if (!parser) return fail_errno(std::string(name) + ": start the JSON parser", ENOMEM);
  // check_text is stricter.
  yajl_config(parser.get(), yajl_dont_validate_strings, 1);

  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  yajl_status status = yajl_parse(parser.get(), bytes, text.size());
  std::size_t at = yajl_get_bytes_consumed(parser.get());
  if (status == yajl_status_ok) {
    at = text.size();
    status = yajl_complete_parse(parser.get());
  }
  if (status == yajl_status_ok) return std::move(tree).document();
  if (auto refusal = std::move(tree).refusal()) return std::unexpected(*std::move(refusal));
  return fail(std::string(name) + ": " + syntax_error(parser.get(), text, at));
}

Kind Value::kind() const {
  return document_->nodes_[index_].kind;
}

std::string_view Value::text() const {
  return document_->nodes_[index_].text;
}

std::string_view Value::key() const {
  return document_->nodes_[index_].key;
}

Children Value::children() const {
  return Children(*this);
}

Children::Iterator& Children::Iterator::operator++() {
  index_ = document_->nodes_[index_].end;
  return *this;
}

Children::Iterator Children::begin() const {
  const bool holds = of_.kind() == Kind::array || of_.kind() == Kind::object;
  return holds ? Iterator(of_.document_, of_.index_ + 1) : end();
}

Children::Iterator Children::end() const {
  return {of_.document_, of_.document_->nodes_[of_.index_].end};
}

std::optional<Value> Value::find(std::string_view key) const {
  if (kind() != Kind::object) return std::nullopt;
  for (const Value& member : children()) {
    if (member.key() != key) continue;
    if (member.is_null()) return std::nullopt;
    return member;
  }
  return std::nullopt;
}

std::string Value::pointer() const {
  if (index_ == 0) return {};
  const Value holder(document_, document_->nodes_[index_].parent);
  // Bounded by max_depth.
  std::string path = holder.pointer();
  if (holder.kind() == Kind::object) return path + "/" + escape_token(key());
  std::size_t position = 0;
  for (const Value& sibling : holder.children()) {
    if (sibling.index_ == index_) break;
    ++position;
  }
  return path + "/" + std::to_string(position);
}

std::string Value::found() const {
  constexpr std::size_t most = 64;
  switch (kind()) {
    case Kind::null:
    case Kind::boolean:
      return std::string(text());
    case Kind::number:
      if (text().size() <= most) return std::string(text());
      return std::string(text().substr(0, most)) + "...";
    case Kind::string:
      return in_quotes(text(), whole_characters(text(), most));
    case Kind::array:
      return "an array";
    case Kind::object:
      return "an object";
  }
  __builtin_unreachable();
}

std::unexpected<Error> Value::refuse(std::string_view expected) const {
  return fail_at(found() + " is not " + std::string(expected));
}

std::unexpected<Error> Value::fail_at(std::string_view what,
                                      std::optional<std::string_view> key) const {
  std::string where = pointer();
  if (key) where += "/" + escape_token(*key);
  if (!where.empty()) where += ": ";
  return fail(document_->name() + ": " + where + std::string(what));
}

}  // namespace coracle::oci::json
