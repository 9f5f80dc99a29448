#include "client/cli/connection_settings.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cli/failure.h"
#include "client/cli/option_checks.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/server/flag_names.h"

namespace clockwise::cli {
namespace {

constexpr char kContextVariable[] = "CLOCKWISE_CONTEXT";

// Returns the variable's value; empty if it is not set.
std::string Variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

CLI::Validator TrueOrFalse() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        if (text == "true" || text == "false") return "";
        return absl::StrCat(Quoted(text), " is not true or false");
      },
      "");
}

CLI::Validator AnyText() {
  return CLI::Validator([](std::string&) { return std::string(); }, "");
}

}  // namespace

ConnectionSettings::ConnectionSettings(CLI::App& app, Globals& globals)
    : globals_(globals) {
  const auto add = [&](const char* name, std::string& value, const char* type,
                       CLI::Validator check, const char* what) {
    CLI::Option* option = app.add_option(absl::StrCat("--", name), value, what)
                              ->type_name(type)
                              ->transform(check);  // adds the default port
    settings_.push_back({name, EnvironmentName(name), false, option,
                         std::move(check),
                         [&value](const std::string& text) { value = text; }});
  };
  Tls& tls = globals.tls;
  add("server", globals.server, "HOST[:PORT]|unix:PATH", ServerAddresses(),
      "Addresses of servers, separated by commas, in order of preference "
      "(default: 127.0.0.1:7400)");
  add("ring", globals.ring, "NAME", Text(limits::kMaxIdBytes),
      "Name of the ring (default: default)");
  settings_.push_back(
      {"tls", EnvironmentName("tls"), false,
       app.add_flag("--tls", tls.enabled,
                    "Use TLS and trust the system's CA certificates"),
       TrueOrFalse(),
       [&tls](const std::string& text) { tls.enabled = text == "true"; }});
  add("tls-ca", tls.ca_file, "PEM", AnyText(),
      "CA certificates of the server; enables TLS");
  add("tls-cert", tls.cert_file, "PEM", AnyText(),
      "Client certificate; enables TLS");
  add("tls-key", tls.key_file, "PEM", AnyText(), "Private key of --tls-cert");
  add("token-file", tls.token_file, "FILE", AnyText(),
      "File with the bearer token to send");
  for (size_t i = 3; i < settings_.size(); ++i) settings_[i].is_file = true;
  settings_.push_back(
      {"timeout", EnvironmentName("timeout"), false,
       app.add_option("--timeout", globals.timeout_seconds,
                      "Time limit for one call, in seconds (default: 10)")
           ->type_name("SECONDS")
           ->check(Seconds()),
       Seconds(), [&globals](const std::string& text) {
         // The check has accepted it.
         static_cast<void>(absl::SimpleAtod(text, &globals.timeout_seconds));
       }});
  context_option_ =
      app.add_option("--context", globals.context,
                     "Named set of these options; see `clockwise context`")
          ->type_name("NAME")
          ->check(Text(limits::kMaxIdBytes));
}

absl::Status ConnectionSettings::Resolve() {
  const auto context = ContextInUse();
  if (!context.ok()) return context.status();
  std::vector<const ConnectionSetting*> pair;
  for (const ConnectionSetting& setting : settings_) {
    std::vector<const ConnectionSetting*> group = {&setting};
    if (setting.name == "tls-cert" || setting.name == "tls-key") {
      pair.push_back(&setting);
      if (pair.size() < 2) continue;
      group = pair;
    }
    absl::Status status = ApplyFirst(group, *context);
    if (!status.ok()) return status;
  }
  absl::Status status = ResolveTls();
  return status.ok() ? CheckTls() : status;
}

std::string ConnectionSettings::NameInUse(const Contexts& contexts) const {
  if (context_option_->count() > 0) return globals_.context;
  const std::string name = Variable(kContextVariable);
  return name.empty() ? contexts.current : name;
}

absl::Status ConnectionSettings::ResolveTls() {
  const auto rank = ranks_.find("tls");
  if (rank == ranks_.end() || globals_.tls.enabled) return absl::OkStatus();
  for (auto& [name, file] :
       {std::pair<const char*, std::string*>{"tls-ca", &globals_.tls.ca_file},
        {"tls-cert", &globals_.tls.cert_file},
        {"tls-key", &globals_.tls.key_file}}) {
    if (file->empty()) continue;
    if (ranks_.find(name)->second == rank->second) {
      return BadUsage(absl::StrCat(SourceOf("tls"), " is false, and ",
                                   SourceOf(name),
                                   " requires TLS; remove one of them"));
    }
    if (ranks_.find(name)->second > rank->second) file->clear();
  }
  return absl::OkStatus();
}

absl::StatusOr<Contexts> ConnectionSettings::Read() const {
  return ReadContexts(
      [this](const std::string& name, const std::string& value) {
        return Check(name, value);
      });
}

Context ConnectionSettings::Given() const {
  Context given;
  for (const ConnectionSetting& setting : settings_) {
    if (setting.option->count() == 0) continue;
    std::string text = setting.option->results().back();
    if (!setting.check.operator()(text).empty()) continue;  // parsed already
    if (setting.is_file && !text.empty()) {
      std::error_code error;
      const auto absolute = std::filesystem::absolute(text, error);
      if (!error) text = absolute.lexically_normal();
    }
    given[setting.name] = {text, 0};
  }
  return given;
}

std::string ConnectionSettings::Check(const std::string& name,
                                      const std::string& value) const {
  std::string names;
  for (const ConnectionSetting& setting : settings_) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", setting.name);
    std::string text = value;
    if (setting.name == name) return setting.check(text);
  }
  return absl::StrCat("is not known; use one of ", names);
}

absl::StatusOr<Context> ConnectionSettings::ContextInUse() {
  const bool by_flag = context_option_->count() > 0;
  if (by_flag && globals_.context.empty()) return Context();
  const auto contexts = Read();
  if (!contexts.ok()) return contexts.status();
  globals_.context = NameInUse(*contexts);
  if (globals_.context.empty()) return Context();
  const std::string source = by_flag ? "--context"
                             : Variable(kContextVariable).empty()
                                 ? contexts->path
                                 : std::string(kContextVariable);
  return FindContext(*contexts, globals_.context, source);
}

absl::Status ConnectionSettings::ApplyFirst(
    const std::vector<const ConnectionSetting*>& group,
    const Context& context) {
  bool by_flag = false;
  bool by_variable = false;
  bool by_context = false;
  for (const ConnectionSetting* setting : group) {
    by_flag = by_flag || setting->option->count() > 0;
    by_variable = by_variable || !Variable(setting->environment).empty();
    by_context = by_context || context.count(setting->name) > 0;
  }
  const bool context_first = context_option_->count() > 0;
  if (by_flag) {
    for (const ConnectionSetting* setting : group) {
      ranks_[setting->name] = ValueSource::kFlag;
    }
    return absl::OkStatus();
  }
  if (by_variable && !(by_context && context_first)) {
    for (const ConnectionSetting* setting : group) {
      absl::Status status = ApplyEnvironment(*setting);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }
  for (const ConnectionSetting* setting : group) {
    const auto found = context.find(setting->name);
    if (found == context.end()) continue;
    std::string text = found->second.text;
    static_cast<void>(setting->check(text));  // completes it
    setting->assign(text);
    if (setting->name == "server") globals_.server_of_context = true;
    if (setting->name.starts_with("tls") || setting->name == "token-file") {
      globals_.credentials_of_context = true;
    }
    ranks_[setting->name] =
        context_first ? ValueSource::kNamedContext : ValueSource::kContext;
    sources_[setting->name] =
        absl::StrCat(setting->name, " of context ", Quoted(globals_.context));
  }
  return absl::OkStatus();
}

absl::Status ConnectionSettings::ApplyEnvironment(
    const ConnectionSetting& setting) {
  std::string text = Variable(setting.environment);
  if (text.empty()) return absl::OkStatus();
  const std::string fault = setting.check(text);
  if (!fault.empty()) {
    return BadUsage(absl::StrCat(setting.environment, ": ", fault));
  }
  setting.assign(text);
  ranks_[setting.name] = ValueSource::kVariable;
  sources_[setting.name] = setting.environment;
  return absl::OkStatus();
}

absl::Status ConnectionSettings::CheckTls() const {
  const Tls& tls = globals_.tls;
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    const bool has_key = tls.cert_file.empty();
    return WithHint(BadUsage(absl::StrCat(
                        SourceOf(has_key ? "tls-key" : "tls-cert"), ": ",
                        Quoted(has_key ? tls.key_file : tls.cert_file),
                        " has no ", has_key ? "certificate" : "private key")),
                    "set both --tls-cert and --tls-key");
  }
  if (!tls.token_file.empty() && !tls.enabled && tls.ca_file.empty() &&
      tls.cert_file.empty()) {
    return WithHint(
        BadUsage(absl::StrCat(SourceOf("token-file"), ": ",
                              Quoted(tls.token_file),
                              " requires TLS, because a token is never sent in "
                              "plaintext")),
        "set --tls-ca too, or --tls to trust the system's CA certificates");
  }
  return absl::OkStatus();
}

std::string ConnectionSettings::SourceOf(absl::string_view name) const {
  const auto source = sources_.find(name);
  return source == sources_.end() ? absl::StrCat("--", name) : source->second;
}

}  // namespace clockwise::cli
