// The one user of CLI11.
#include "runtime/cli/parse.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <deque>

#include "runtime/base/strings.hpp"

namespace coracle::cli {
namespace {

// Where CLI11 leaves what it read; the addresses stay.
struct Binding {
  const Option* option;
  CLI::Option* known = nullptr;
  std::string value = {};
  std::vector<std::string> values = {};
  bool on = false;
};

void bind(CLI::App& app, Binding& binding) {
  const std::string name = "--" + std::string(binding.option->name);
  if (binding.option->value.empty())
    binding.known = app.add_flag(name, binding.on);
  else if (binding.option->repeated)
    binding.known = app.add_option(name, binding.values)
                        ->allow_extra_args(false)  // one value each time
                        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  else
    binding.known = app.add_option(name, binding.value)->take_last();
}

// Few are: CLI11 would take longer to learn of the others than to read the line.
bool is_named(const Option& option, std::span<const std::string> words) {
  return std::ranges::any_of(words, [&](std::string_view word) {
    if (!word.starts_with("--")) return false;
    word.remove_prefix(2);
    return word.starts_with(option.name) &&
           (word.size() == option.name.size() || word[option.name.size()] == '=');
  });
}

// CLI11's texts open with the option's name: "--bundle: 1 required TEXT missing".
std::unexpected<Error> missing_value(const CLI::ArgumentMismatch& problem) {
  const std::string text = problem.what();
  const std::string name = text.substr(0, text.find(':'));
  // Podman looks for runc's words, or for crun's.
  return fail("flag needs an argument: " + name + " (" + name + " requires an argument)");
}

Result<void> read(CLI::App& app, std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the end
  try {
    app.parse(std::move(words));
  } catch (const CLI::ArgumentMismatch& problem) {
    return missing_value(problem);
  } catch (const CLI::ParseError& problem) {
    return fail(problem.what());
  }
  return {};
}

// What CLI11 could not place, without the mark that ends the options.
std::vector<std::string> rest_of(const CLI::App& app) {
  std::vector<std::string> rest = app.remaining();
  if (!rest.empty() && rest.front() == "--") rest.erase(rest.begin());
  return rest;
}

Result<void> refuse_unknown(const std::vector<std::string>& rest) {
  if (rest.empty() || rest.front().size() < 2 || rest.front().front() != '-') return {};
  const std::string_view word = rest.front();
  const std::size_t name = word.starts_with("--") ? 2 : 1;
  return fail("flag provided but not defined: -" + std::string(word.substr(name)));
}

}  // namespace

bool Arguments::has(std::string_view name) const {
  const auto found = values.find(name);
  return found != values.end() && found->second != "false";
}

std::string Arguments::text(std::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::string() : found->second;
}

std::vector<std::string> Arguments::list(std::string_view name) const {
  const auto found = lists.find(name);
  return found == lists.end() ? std::vector<std::string>() : found->second;
}

Result<int> Arguments::number(std::string_view name) const {
  const std::string given = text(name);
  if (given.empty()) return 0;
  const auto number = parse_number<int>(given);
  if (!number || *number < 0)
    return fail("invalid value " + coracle::in_quotes(given) + " for flag -" + std::string(name) +
                ": not a count");
  return *number;
}

Result<Arguments> parse(std::span<const Option> options, std::span<const std::string> words,
                        Extent extent) {
  CLI::App app;
  app.set_help_flag("");
  app.prefix_command(extent == Extent::to_command);
  Arguments arguments;
  std::vector<std::string> given = normalise(options, words, extent);
  std::deque<Binding> bindings;
  for (const Option& option : options) {
    Binding& binding = bindings.emplace_back(Binding{.option = &option});
    if (is_named(option, given)) bind(app, binding);
  }
  if (extent == Extent::all) {
    app.add_option("arguments", arguments.positional);
    app.allow_extras();
  }
  TRY(read(app, std::move(given)));
  std::vector<std::string> rest = rest_of(app);
  TRY(refuse_unknown(rest));
  if (extent == Extent::to_command) arguments.positional = std::move(rest);

  for (const Binding& binding : bindings) {
    const Option& option = *binding.option;
    if (option.repeated) {
      arguments.lists.emplace(option.name, binding.values);
      continue;
    }
    std::string value = option.value.empty() ? (binding.on ? "true" : "false") : binding.value;
    const bool is_given = binding.known != nullptr && binding.known->count() > 0;
    if (!is_given) value = option.initial;
    if (is_given || !value.empty()) arguments.values.emplace(option.name, std::move(value));
  }
  return arguments;
}

}  // namespace coracle::cli
