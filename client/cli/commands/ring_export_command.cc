// `clockwise ring export`: the file that `clockwise apply` reads.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "client/cli/command_line.h"
#include "client/cli/config/ring_config.h"
#include "client/cli/option_checks.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

struct ExportOptions {
  std::string ring;  // empty: that of --ring
  uint64_t epoch = 0;
  bool json = false;
};

absl::Status ExportRing(const ExportOptions& options, Session& session) {
  const std::string& name =
      options.ring.empty() ? session.globals.ring : options.ring;
  v1::GetRingRequest request;
  request.set_ring(name);
  request.set_epoch(options.epoch);
  v1::GetRingResponse ring;
  absl::Status failure =
      session.connection.Call(&Connection::Stub::GetRing, request, &ring);
  if (!failure.ok()) return Advise(session, std::move(failure), name, "");
  return session.out.Write(options.json || session.globals.output == "json"
                               ? JsonRingConfig(ring.snapshot())
                               : YamlRingConfig(ring.snapshot()));
}

}  // namespace

void AddRingExportCommand(CLI::App& ring, CommandLine& line) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = ring.add_subcommand(
      "export", "Write a ring as a file for `clockwise apply`");
  command
      ->add_option("RING", options->ring,
                   "Name of the ring (default: that of --ring)")
      ->type_name("")
      ->check(Text(limits::kMaxIdBytes));
  command
      ->add_option("--epoch", options->epoch,
                   "Epoch to write (default: newest)")
      ->type_name("EPOCH")
      ->check(WholeNumber(0));
  command->add_flag("--json", options->json,
                    "Write JSON, as with --output=json (default: YAML)");
  command->footer(
      "Fields with default values are left out. A migration is not part of "
      "the\n"
      "file. client/README.md describes the file.\n"
      "\n"
      "Examples:\n"
      "  clockwise ring export cache > cache.yaml");
  OnChosen(command, line, options, ExportRing);
}

}  // namespace clockwise::cli
