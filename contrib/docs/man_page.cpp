// The man page's commands and options, in mdoc(7).
#include <algorithm>
#include <array>

#include "contrib/docs/documents.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/globals.hpp"

namespace coracle::docs {
namespace {

constexpr std::size_t most_columns = 78;

// Text as roff takes it: `code` in bold, no word that looks like a request.
class Roff {
 public:
  void add(std::string_view word) {
    const std::string escaped = escape(word);
    if (column_ > 0 && column_ + 1 + escaped.size() > most_columns) break_line();
    if (column_ > 0) text_ += ' ';
    if (column_ == 0 && (escaped.front() == '.' || escaped.front() == '\'')) text_ += "\\&";
    text_ += escaped;
    column_ += escaped.size() + 1;
    if (word.ends_with('.')) break_line();  // mdoc: a new sentence, a new line
  }
  std::string take() && {
    break_line();
    return std::move(text_);
  }

 private:
  std::string escape(std::string_view word) {
    std::string out;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (word[i] == '`') {
        out += in_code_ ? "\\fP" : "\\fB";
        in_code_ = !in_code_;
      } else if (word[i] == '\\') {
        out += "\\e";
      } else if (word[i] == '-' && (i == 0 || out.ends_with('-') || out.ends_with("\\fB"))) {
        out += "\\-";
      } else {
        out += word[i];
      }
    }
    return out;
  }
  void break_line() {
    if (column_ > 0) text_ += '\n';
    column_ = 0;
  }

  std::string text_;
  std::size_t column_ = 0;
  bool in_code_ = false;
};

std::string paragraph(std::string_view text) {
  std::string line(text);
  std::ranges::replace(line, '\n', ' ');
  Roff roff;
  for (const std::string_view word : split(line, ' '))
    if (!word.empty()) roff.add(word);
  return std::move(roff).take();
}

// A name that opens it, like process.json, stays as it is.
std::string sentence(std::string_view text) {
  std::string whole(text);
  const std::string_view first_word = text.substr(0, text.find_first_of(" ;"));
  const bool is_word = std::ranges::all_of(
      first_word, [](char c) { return (c >= 'a' && c <= 'z') || c == '-' || c == '\''; });
  if (is_word && !whole.empty() && whole.front() >= 'a')
    whole.front() = static_cast<char>(whole.front() - 'a' + 'A');
  if (!whole.ends_with('.')) whole += '.';
  return whole;
}

std::string option_item(const cli::Option& option) {
  const std::string value = option.value.empty() ? "" : " Ar " + std::string(option.value);
  std::string item = ".It ";
  if (option.letter != 0) item += std::string("Fl ") + option.letter + value + " , ";
  item += "Fl -" + std::string(option.name) + value + "\n";
  std::string help = sentence(option.help);
  if (!option.initial.empty()) help += " The default is " + in_quotes(option.initial) + ".";
  if (option.repeated) help += " May be given more than once.";
  return item + paragraph(help);
}

std::string option_list(std::span<const cli::Option> options) {
  std::string items;
  for (const cli::Option& option : options) {
    if (!option.hidden && option.name != cli::help_option.name) items += option_item(option);
  }
  return items.empty() ? "" : ".Bl -tag -width Ds\n" + items + ".El\n";
}

std::string global_options() {
  return option_list(cli::global_options());
}

std::string command_section(const cli::Command& command) {
  std::string title = ".Ss " + std::string(command.name);
  if (!command.arguments.empty()) title += " " + std::string(command.arguments) + "\\&";
  return title + "\n" + paragraph(sentence(command.summary)) + paragraph(command.description) +
         option_list(command.options);
}

std::string commands() {
  std::string text;
  for (const cli::Command* command : cli::commands()) text += command_section(*command);
  return text;
}

}  // namespace

std::span<const Part> man_page_parts() {
  static constexpr std::array parts = {
      Part{"global options", global_options},
      Part{"commands", commands},
  };
  return parts;
}

}  // namespace coracle::docs
