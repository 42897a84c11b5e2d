// GVariant's text format -> typed values, in one pass.
#include "runtime/dbus/text.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "runtime/base/strings.hpp"

namespace coracle::dbus {
namespace {

constexpr int deepest = 32;

struct Keyword {
  std::string_view word;
  const char* type;
};

constexpr Keyword keywords[] = {
    {"boolean", "b"}, {"byte", "y"},   {"int16", "n"},      {"uint16", "q"},
    {"int32", "i"},   {"uint32", "u"}, {"int64", "x"},      {"uint64", "t"},
    {"double", "d"},  {"string", "s"}, {"objectpath", "o"}, {"signature", "g"},
};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool starts_number(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.';
}

// The length of the complete type at the start of `types`; 0 for none.
std::size_t type_length(std::string_view types, int depth = 0) {
  constexpr std::string_view basic = "bynqiuxtdsogv";
  if (types.empty() || depth > deepest) return 0;
  if (basic.find(types[0]) != std::string_view::npos) return 1;
  if (types[0] == 'a') {
    const std::size_t element = type_length(types.substr(1), depth + 1);
    return element == 0 ? 0 : element + 1;
  }
  if (types[0] != '(' && types[0] != '{') return 0;
  const char closing = types[0] == '(' ? ')' : '}';
  std::size_t length = 1;
  while (length < types.size() && types[length] != closing) {
    const std::size_t member = type_length(types.substr(length), depth + 1);
    if (member == 0) return 0;
    length += member;
  }
  return length < types.size() ? length + 1 : 0;
}

// The types between the brackets of "(...)" or "{...}".
std::vector<std::string> member_types(std::string_view type) {
  std::vector<std::string> members;
  std::string_view rest = type.substr(1, type.size() - 2);
  while (!rest.empty()) {
    const std::size_t length = type_length(rest);
    members.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return members;
}

struct Range {
  char type;
  std::int64_t least;
  std::uint64_t most;
};

template <class T>
constexpr Range range_of(char type) {
  return {.type = type,
          .least = static_cast<std::int64_t>(std::numeric_limits<T>::min()),
          .most = static_cast<std::uint64_t>(std::numeric_limits<T>::max())};
}

constexpr Range ranges[] = {
    range_of<std::uint8_t>('y'),  range_of<std::int16_t>('n'),  range_of<std::uint16_t>('q'),
    range_of<std::int32_t>('i'),  range_of<std::uint32_t>('u'), range_of<std::int64_t>('x'),
    range_of<std::uint64_t>('t'),
};

std::optional<std::uint64_t> magnitude(std::string_view digits) {
  if (digits.starts_with("0x") || digits.starts_with("0X"))
    return coracle::parse_number<std::uint64_t>(digits.substr(2), 16);
  const bool octal = digits.size() > 1 && digits[0] == '0';
  return coracle::parse_number<std::uint64_t>(digits, octal ? 8 : 10);
}

// None: not a number, not of this type, or out of its range.
std::optional<Value> integer_from(std::string_view digits, bool negative, const std::string& type) {
  const auto range = std::ranges::find(ranges, type.size() == 1 ? type[0] : '\0', &Range::type);
  const auto size = magnitude(digits);
  if (range == std::end(ranges) || !size) return std::nullopt;
  const std::uint64_t lowest = std::uint64_t{0} - static_cast<std::uint64_t>(range->least);
  if (*size > (negative ? lowest : range->most)) return std::nullopt;
  if (range->least == 0) return Value{.type = type, .data = *size};
  const std::uint64_t bits = negative ? std::uint64_t{0} - *size : *size;
  return Value{.type = type, .data = static_cast<std::int64_t>(bits)};
}

std::optional<Value> double_from(std::string_view digits, bool negative) {
  double value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stopped, problem] = std::from_chars(digits.data(), end, value);
  if (problem != std::errc() || stopped != end) return std::nullopt;
  return Value{.type = "d", .data = negative ? -value : value};
}

// U+0000 is no character of a D-Bus string.
std::string utf8(std::uint32_t c) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xc0 | (c >> 6)), byte(0x80 | (c & 0x3f))};
  if (c < 0x10000)
    return {byte(0xe0 | (c >> 12)), byte(0x80 | ((c >> 6) & 0x3f)), byte(0x80 | (c & 0x3f))};
  return {byte(0xf0 | (c >> 18)), byte(0x80 | ((c >> 12) & 0x3f)), byte(0x80 | ((c >> 6) & 0x3f)),
          byte(0x80 | (c & 0x3f))};
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<Value> whole() {
    Value value = TRY(parse(""));
    skip_blanks();
    if (!rest_.empty()) return fail("text after the value: " + in_quotes(rest_));
    return value;
  }

 private:
  // `wanted`: the type that the surroundings ask for, or empty.
  Result<Value> parse(const std::string& wanted);
  Result<Value> parse_bracketed(char opening, const std::string& wanted);
  Result<Value> parse_word(const std::string& wanted);
  Result<Value> parse_typed(const std::string& type, const std::string& wanted);
  Result<Value> parse_annotated(const std::string& wanted);
  Result<Value> parse_number(const std::string& wanted);
  Result<Value> parse_string(const std::string& wanted);
  Result<Value> parse_bytes(const std::string& wanted);
  Result<Value> parse_array(const std::string& wanted);
  Result<Value> parse_structure(const std::string& wanted);
  Result<Value> parse_dictionary(const std::string& wanted);
  Result<Value> parse_entry(const std::string& wanted);
  Result<Value> parse_variant(const std::string& wanted);
  Result<std::string> parse_quoted();
  Result<std::string> parse_escape();

  void skip_blanks() {
    while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_[0])) != 0)
      rest_.remove_prefix(1);
  }
  bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  Result<void> expect(char c) {
    if (take(c)) return {};
    return fail(std::string("no '") + c + "' at " + in_quotes(rest_));
  }
  template <class Predicate>
  std::string_view take_while(Predicate belongs) {
    const auto end = std::ranges::find_if_not(rest_, belongs);
    const auto length = static_cast<std::size_t>(end - rest_.begin());
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }

  std::string_view rest_;
  int depth_ = 0;
};

std::unexpected<Error> too_deep() {
  return fail("more than " + std::to_string(deepest) + " levels");
}

Result<void> check_type(const std::string& type, const std::string& wanted) {
  if (wanted.empty() || wanted == type) return {};
  return fail("a value of type " + in_quotes(type) + " where " + in_quotes(wanted) + " is wanted");
}

Result<Value> Parser::parse(const std::string& wanted) {
  skip_blanks();
  if (rest_.empty()) return fail("the value ends too early");
  const char first = rest_[0];
  if (first == '\'' || first == '"') return parse_string(wanted);
  if (starts_number(first)) return parse_number(wanted);
  if (first == '@') return parse_annotated(wanted);
  if (std::string_view("[({<").find(first) != std::string_view::npos)
    return parse_bracketed(first, wanted);
  return parse_word(wanted);
}

Result<Value> Parser::parse_bracketed(char opening, const std::string& wanted) {
  if (++depth_ > deepest) return too_deep();
  rest_.remove_prefix(1);
  Result<Value> value = opening == '['   ? parse_array(wanted)
                        : opening == '(' ? parse_structure(wanted)
                        : opening == '{' ? parse_dictionary(wanted)
                                         : parse_variant(wanted);
  --depth_;
  return value;
}

Result<Value> Parser::parse_word(const std::string& wanted) {
  if (rest_.starts_with("b'") || rest_.starts_with("b\"")) return parse_bytes(wanted);
  const std::string_view word = take_while(is_word);
  if (word == "true" || word == "false") {
    TRY(check_type("b", wanted));
    return boolean(word == "true");
  }
  for (const Keyword& keyword : keywords)
    if (word == keyword.word) return parse_typed(keyword.type, wanted);
  return fail("unknown word " + in_quotes(word.empty() ? rest_ : word));
}

Result<Value> Parser::parse_typed(const std::string& type, const std::string& wanted) {
  TRY(check_type(type, wanted));
  if (++depth_ > deepest) return too_deep();
  Result<Value> value = parse(type);
  --depth_;
  return value;
}

Result<Value> Parser::parse_annotated(const std::string& wanted) {
  rest_.remove_prefix(1);
  const std::size_t length = type_length(rest_);
  if (length == 0) return fail("no type after \"@\": " + in_quotes(rest_));
  const std::string type(rest_.substr(0, length));
  rest_.remove_prefix(length);
  return parse_typed(type, wanted);
}

Result<Value> Parser::parse_number(const std::string& wanted) {
  const std::string_view token =
      take_while([](char c) { return is_word(c) || c == '.' || c == '+' || c == '-'; });
  const bool hexadecimal = token.find_first_of("xX") != std::string_view::npos;
  const bool fractional = !hexadecimal && token.find_first_of(".eE") != std::string_view::npos;
  const std::string type = !wanted.empty() ? wanted : fractional ? "d" : "i";
  const bool negative = token.starts_with('-');
  const std::string_view digits = negative || token.starts_with('+') ? token.substr(1) : token;
  const auto value =
      type == "d" ? double_from(digits, negative) : integer_from(digits, negative, type);
  if (!value) return fail("no value of type " + in_quotes(type) + ": " + in_quotes(token));
  return *value;
}

Result<std::string> Parser::parse_escape() {
  if (rest_.empty()) return fail("the text ends after a backslash");
  const char c = rest_[0];
  rest_.remove_prefix(1);
  constexpr std::string_view letters = "abfnrtv";
  constexpr std::string_view meanings = "\a\b\f\n\r\t\v";
  const std::size_t letter = letters.find(c);
  if (letter != std::string_view::npos) return std::string(1, meanings[letter]);
  if (c != 'u' && c != 'U') return std::string(1, c);
  const std::string_view digits = rest_.substr(0, c == 'u' ? 4 : 8);
  const auto code = coracle::parse_number<std::uint32_t>(digits, 16);
  constexpr std::uint32_t largest = 0x10ffff;
  const bool surrogate = code && *code >= 0xd800 && *code < 0xe000;
  if (!code || *code == 0 || *code > largest || surrogate || digits.size() < 4)
    return fail("no character: " + in_quotes("\\" + std::string(1, c) + std::string(digits)));
  rest_.remove_prefix(digits.size());
  return utf8(*code);
}

Result<std::string> Parser::parse_quoted() {
  const char quote = rest_[0];
  rest_.remove_prefix(1);
  std::string text;
  while (!rest_.empty() && rest_[0] != quote) {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    if (c != '\\') {
      text += c;
      continue;
    }
    const std::string meant = TRY(parse_escape());
    text += meant;
  }
  if (rest_.empty()) return fail("a text without its closing quote");
  rest_.remove_prefix(1);
  return text;
}

Result<Value> Parser::parse_string(const std::string& wanted) {
  const std::string type = wanted.empty() ? "s" : wanted;
  if (type != "s" && type != "o" && type != "g") TRY(check_type("s", type));
  std::string text = TRY(parse_quoted());
  return Value{.type = type, .data = std::move(text)};
}

// With the zero byte that ends it.
Result<Value> Parser::parse_bytes(const std::string& wanted) {
  TRY(check_type("ay", wanted));
  rest_.remove_prefix(1);
  const std::string text = TRY(parse_quoted());
  Value::Parts bytes;
  for (const char c : text)
    bytes.push_back({.type = "y", .data = std::uint64_t{static_cast<unsigned char>(c)}});
  bytes.push_back({.type = "y", .data = std::uint64_t{0}});
  return array("y", std::move(bytes));
}

Result<Value> Parser::parse_array(const std::string& wanted) {
  if (!wanted.empty() && wanted[0] != 'a') TRY(check_type("a", wanted));
  std::string element = wanted.empty() ? "" : wanted.substr(1);
  Value::Parts elements;
  while (!take(']')) {
    if (!elements.empty()) TRY(expect(','));
    Value value = TRY(parse(element));
    element = value.type;
    elements.push_back(std::move(value));
  }
  if (element.empty()) return fail("an empty array has no type: write \"@as []\"");
  return array(element, std::move(elements));
}

Result<Value> Parser::parse_structure(const std::string& wanted) {
  if (!wanted.empty() && wanted[0] != '(') TRY(check_type("(", wanted));
  const std::vector<std::string> types =
      wanted.empty() ? std::vector<std::string>() : member_types(wanted);
  Value::Parts members;
  while (!take(')')) {
    if (!members.empty()) TRY(expect(','));
    if (!members.empty() && take(')')) break;  // "(1,)" has one
    Value value = TRY(parse(members.size() < types.size() ? types[members.size()] : ""));
    members.push_back(std::move(value));
  }
  if (members.empty()) return fail("a structure without members");
  Value made = structure(std::move(members));
  TRY(check_type(made.type, wanted));
  return made;
}

Result<Value> Parser::parse_entry(const std::string& wanted) {
  const std::vector<std::string> types =
      wanted.empty() ? std::vector<std::string>{"", ""} : member_types(wanted);
  Value key = TRY(parse(types.front()));
  TRY(expect(':'));
  Value value = TRY(parse(types.back()));
  std::string type = "{" + key.type + value.type + "}";
  Value::Parts parts;
  parts.push_back(std::move(key));
  parts.push_back(std::move(value));
  return Value{.type = std::move(type), .data = std::move(parts)};
}

Result<Value> Parser::parse_dictionary(const std::string& wanted) {
  if (!wanted.empty() && !wanted.starts_with("a{")) TRY(check_type("a{", wanted));
  std::string entry = wanted.empty() ? "" : wanted.substr(1);
  Value::Parts entries;
  while (!take('}')) {
    if (!entries.empty()) TRY(expect(','));
    Value value = TRY(parse_entry(entry));
    entry = value.type;
    entries.push_back(std::move(value));
  }
  if (entry.empty()) return fail("an empty dictionary has no type: write \"@a{sv} {}\"");
  return array(entry, std::move(entries));
}

Result<Value> Parser::parse_variant(const std::string& wanted) {
  TRY(check_type("v", wanted));
  Value value = TRY(parse(""));
  TRY(expect('>'));
  return variant(std::move(value));
}

}  // namespace

Result<Value> parse_value(std::string_view text) {
  return Parser(text).whole();
}

}  // namespace coracle::dbus
