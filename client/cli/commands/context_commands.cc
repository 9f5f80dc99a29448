// `clockwise context set|use|list|show|remove`: the user's connections.
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/command_line.h"
#include "client/cli/connection_settings.h"
#include "client/cli/contexts.h"
#include "client/cli/failure.h"
#include "client/cli/option_checks.h"
#include "client/cli/tables/table.h"
#include "client/cli/text.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

struct ContextOptions {
  std::string name;
  const ConnectionSettings* settings = nullptr;
};

std::string TextOf(const Context& context, const std::string& option) {
  const auto found = context.find(option);
  return found == context.end() ? "" : found->second.text;
}

std::string ContextJson(const ContextOptions& options, const Contexts& contexts,
                        const std::string& name, const Context& context) {
  const bool in_use = name == options.settings->NameInUse(contexts);
  std::string json = absl::StrCat("{\"name\":", JsonString(name),
                                  ",\"current\":", in_use ? "true" : "false");
  for (const auto& [option, value] : context) {
    absl::StrAppend(&json, ",", JsonString(option), ":",
                    JsonString(value.text));
  }
  return absl::StrCat(json, "}\n");
}

absl::Status SetContext(const ContextOptions& options, Session& session) {
  auto contexts = options.settings->Read();
  if (!contexts.ok()) return contexts.status();
  if (options.name.empty()) {
    return BadUsage("NAME: is empty; write a name for the context");
  }
  const Context given = options.settings->Given();
  if (given.empty()) {
    return WithHint(BadUsage("nothing to set"),
                    "set --server, --ring, --tls, --tls-ca, --tls-cert, "
                    "--tls-key, --token-file or --timeout");
  }
  Context& context = contexts->all[options.name];
  for (const auto& [option, value] : given) {
    if (value.text.empty()) {
      context.erase(option);
    } else {
      context[option] = value;
    }
  }
  absl::Status written = WriteContexts(*contexts);
  if (!written.ok()) return written;
  const std::string use =
      contexts->current == options.name
          ? ""
          : absl::StrCat("to use it: clockwise context use ",
                         ShellWord(options.name), "\n");
  if (session.globals.json()) {
    return session.out.Write(
        ContextJson(options, *contexts, options.name, context));
  }
  return session.out.Write(
      absl::StrCat("set context ", Printable(options.name), "\n", use));
}

absl::Status UseContext(const ContextOptions& options, Session& session) {
  auto contexts = options.settings->Read();
  if (!contexts.ok()) return contexts.status();
  auto found = FindContext(*contexts, options.name, "NAME");
  if (!found.ok()) return found.status();
  contexts->current = options.name;
  absl::Status written = WriteContexts(*contexts);
  if (!written.ok()) return written;
  if (session.globals.json()) {
    return session.out.Write(
        ContextJson(options, *contexts, options.name, *found));
  }
  return session.out.Write(
      absl::StrCat("context ", Printable(options.name), " is in use\n"));
}

absl::Status ListContexts(const ContextOptions& options, Session& session) {
  const auto contexts = options.settings->Read();
  if (!contexts.ok()) return contexts.status();
  Table table({{"CURRENT"}, {"CONTEXT"}, {"SERVER"}, {"RING"}, {"TLS"}});
  const std::string in_use = options.settings->NameInUse(*contexts);
  std::string json;
  for (const auto& [name, context] : contexts->all) {
    json += ContextJson(options, *contexts, name, context);
    const bool tls = TextOf(context, "tls") == "true" ||
                     context.count("tls-ca") + context.count("tls-cert") > 0;
    table.AddRow({name == in_use ? "*" : "", name, TextOf(context, "server"),
                  TextOf(context, "ring"), tls ? "yes" : "no"});
  }
  if (session.globals.json()) return session.out.Write(json);
  return session.out.Write(table.Render(session.terminal));
}

absl::Status ShowContext(const ContextOptions& options, Session& session) {
  const auto contexts = options.settings->Read();
  if (!contexts.ok()) return contexts.status();
  const std::string name = options.name.empty()
                               ? options.settings->NameInUse(*contexts)
                               : options.name;
  if (name.empty()) {
    return WithHint(absl::FailedPreconditionError("no context is in use"),
                    "`clockwise context use NAME` selects one");
  }
  const auto context = FindContext(*contexts, name, "NAME");
  if (!context.ok()) return context.status();
  if (session.globals.json()) {
    return session.out.Write(ContextJson(options, *contexts, name, *context));
  }
  std::string text = absl::StrCat("context     ", Printable(name), "\n");
  for (const auto& [option, value] : *context) {
    absl::StrAppend(&text, option, std::string(12 - option.size(), ' '),
                    Printable(value.text), "\n");
  }
  return session.out.Write(
      absl::StrCat(text, "file        ", Printable(contexts->path), "\n"));
}

absl::Status RemoveContext(const ContextOptions& options, Session& session) {
  auto contexts = options.settings->Read();
  if (!contexts.ok()) return contexts.status();
  auto found = FindContext(*contexts, options.name, "NAME");
  if (!found.ok()) return found.status();
  const bool current = contexts->current == options.name;
  if (current) contexts->current.clear();
  contexts->all.erase(options.name);
  absl::Status written = WriteContexts(*contexts);
  if (!written.ok()) return written;
  if (session.globals.json()) {
    return session.out.Write(
        ContextJson(options, *contexts, options.name, *found));
  }
  return session.out.Write(
      absl::StrCat("removed context ", Printable(options.name),
                   current ? "; no context is in use" : "", "\n"));
}

}  // namespace

void AddContextCommands(CLI::App& app, CommandLine& line) {
  CLI::App* context =
      app.add_subcommand("context", "Keep connection options under a name");
  context->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, bool named,
                       auto run) {
    auto options = std::make_shared<ContextOptions>();
    CLI::App* command = context->add_subcommand(name, what);
    CLI::Option* argument =
        command->add_option("NAME", options->name, "Name of the context")
            ->type_name("")
            ->check(Text(limits::kMaxIdBytes));
    if (named) argument->required();
    OnChosen(command, line, options, run, Needs::kNothing);
    options->settings = line.settings.get();
    return command;
  };
  CLI::App* set =
      add("set", "Add a context, or change its options", true, SetContext);
  set->footer(
      "Only the options that are set change; an empty value removes one.\n"
      "\n"
      "Examples:\n"
      "  clockwise context set prod --server=10.0.0.7,10.0.0.8 "
      "--tls-ca=ca.pem\n"
      "  clockwise context set prod --tls-ca=");
  add("use", "Use a context by default", true, UseContext);
  auto listed = std::make_shared<ContextOptions>();
  listed->settings = line.settings.get();
  CLI::App* list = context->add_subcommand("list", "Show the contexts");
  list->alias("ls");
  OnChosen(list, line, listed, ListContexts, Needs::kNothing);
  add("show", "Show one context (default: the one in use)", false, ShowContext)
      ->alias("get");
  add("remove", "Remove a context", true, RemoveContext)
      ->alias("rm")
      ->alias("delete");
  context->footer(
      "Order of precedence: flags, the context of --context, environment\n"
      "variables, the context of CLOCKWISE_CONTEXT or of `context use`,\n"
      "defaults. --context= uses none. The file of the contexts has names of\n"
      "files, but no tokens and no keys.");
}

}  // namespace clockwise::cli
