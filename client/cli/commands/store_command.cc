// `clockwise store copy|backup|restore`: reads and writes stores directly. Only
// a backup can also read from a running server.
#include <google/protobuf/util/message_differencer.h>

#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/command_line.h"
#include "client/cli/failure.h"
#include "client/cli/tables/moves_report.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/membership/restore.h"
#include "service/server/store_options.h"
#include "service/store/backup.h"
#include "service/store/store.h"

namespace clockwise::cli {
namespace {

struct StoreOptions {
  std::string from;
  std::string to;
  EtcdFlags etcd;
};

using google::protobuf::util::MessageDifferencer;

template <typename Message>
bool SameAll(const std::vector<Message>& a, const std::vector<Message>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Message& x, const Message& y) {
                      return MessageDifferencer::Equals(x, y);
                    });
}

bool Same(const StoredRing& a, const StoredRing& b) {
  return MessageDifferencer::Equals(a.head.spec, b.head.spec) &&
         a.head.incarnation == b.head.incarnation &&
         a.head.epoch == b.head.epoch &&
         a.head.fingerprint == b.head.fingerprint && a.table == b.table &&
         SameAll(a.nodes, b.nodes) && SameAll(a.history, b.history);
}

// The location that means the rings of the servers in --server.
constexpr absl::string_view kFromServer = "server:";

// `argument` is the name of `location` in errors: FROM or TO.
absl::StatusOr<std::unique_ptr<Store>> Open(absl::string_view argument,
                                            const std::string& location,
                                            const EtcdFlags& etcd,
                                            bool must_exist) {
  if (!absl::StartsWith(location, "sqlite:") &&
      !absl::StartsWith(location, "etcd:")) {
    absl::Status failure = BadUsage(absl::StrCat(
        argument, ": ", Quoted(location),
        " is not valid; use sqlite:PATH or etcd:HOST:PORT[,HOST:PORT...]"));
    if (!absl::StartsWith(location, kFromServer)) return failure;
    return WithHint(std::move(failure),
                    "to back up a running server: clockwise --server=HOST:PORT "
                    "store backup server: FILE");
  }
  auto store = OpenStore(location, etcd, must_exist);
  if (absl::IsInvalidArgument(store.status())) {
    return BadUsage(absl::StrReplaceAll(store.status().message(),
                                        {{"--store", std::string(argument)}}));
  }
  return store;
}

// Reads all rings of a store, and checks the fingerprint of each.
absl::StatusOr<std::vector<StoredRing>> ReadAll(Store& store) {
  auto rings = store.LoadAll();
  if (!rings.ok()) return rings.status();
  for (const StoredRing& ring : *rings) {
    auto state = RestoreState(ring);
    if (!state.ok()) return state.status();
  }
  return rings;
}

// Returns what was done with a ring: one line of text or JSON.
std::string Told(absl::string_view done, const StoredRing& ring,
                 const Session& session) {
  if (session.globals.json()) {
    return absl::StrCat("{\"result\":", JsonString(done),
                        ",\"ring\":", JsonString(ring.head.spec.name()),
                        ",\"epoch\":\"", ring.head.epoch,
                        "\",\"nodeCount\":", ring.nodes.size(),
                        ",\"changeCount\":", ring.history.size(), "}\n");
  }
  return absl::StrCat(done, " ring ", ring.head.spec.name(), ": epoch ",
                      ring.head.epoch, ", ", ring.nodes.size(), " nodes, ",
                      ring.history.size(), " changes\n");
}

absl::Status InTheWay(const std::vector<std::string>& names,
                      const std::string& to) {
  return WithHint(
      absl::AlreadyExistsError(absl::StrCat(
          "store ", to, " already has different rings with these names: ",
          SomeIds(names), "; nothing was changed")),
      "delete them with `clockwise ring delete NAME`, or use an empty store");
}

// Writes `rings` to a store. The store must not have rings of these names,
// except equal ones.
absl::Status Put(const std::vector<StoredRing>& rings, const std::string& to,
                 Store& store, absl::string_view done, Session& session) {
  auto there = store.LoadAll();
  if (!there.ok()) return there.status();
  std::map<std::string, const StoredRing*> present;
  for (const StoredRing& ring : *there) present[ring.head.spec.name()] = &ring;
  std::vector<std::string> in_the_way;
  for (const StoredRing& ring : rings) {
    const auto at = present.find(ring.head.spec.name());
    if (at != present.end() && !Same(*at->second, ring)) {
      in_the_way.push_back(at->first);
    }
  }
  if (!in_the_way.empty()) return InTheWay(in_the_way, to);
  std::string text;
  for (const StoredRing& ring : rings) {
    const bool is_there = present.contains(ring.head.spec.name());
    if (!is_there) {
      absl::Status status = store.Import(ring);
      if (!status.ok()) return status;
    }
    absl::StrAppend(&text, Told(is_there ? "unchanged" : done, ring, session));
  }
  if (rings.empty() && !session.globals.json()) {
    text = absl::StrCat("nothing was ", done, ": the source has no rings\n");
  }
  return session.out.Write(text);
}

absl::Status Copy(const StoreOptions& options, Session& session) {
  auto from = Open("FROM", options.from, options.etcd, true);
  if (!from.ok()) return from.status();
  auto rings = ReadAll(**from);
  if (!rings.ok()) return rings.status();
  auto to = Open("TO", options.to, options.etcd, false);
  if (!to.ok()) return to.status();
  return Put(*rings, options.to, **to, "copied", session);
}

// Returns the names of all rings of the server.
absl::StatusOr<std::vector<std::string>> RingNames(Session& session) {
  std::vector<std::string> names;
  v1::ListRingsRequest request;
  request.set_page_size(limits::kMaxPageSize);
  v1::ListRingsResponse page;
  do {
    absl::Status status =
        session.connection.Call(&Connection::Stub::ListRings, request, &page);
    if (!status.ok()) return status;
    for (const v1::RingInfo& ring : page.rings()) {
      names.push_back(ring.spec().name());
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (page.partial()) {
    Say("note: the backup may lack rings, because the access policy does not "
        "let this caller read every ring");
  }
  return names;
}

// Reads all rings from the running server, and checks each. Each ring is of one
// moment; a ring that is deleted meanwhile is left out.
absl::StatusOr<std::vector<StoredRing>> ReadFromServer(Session& session) {
  const auto names = RingNames(session);
  if (!names.ok()) return names.status();
  std::vector<StoredRing> rings;
  for (const std::string& name : *names) {
    v1::BackupRingRequest request;
    request.set_ring(name);
    v1::BackupRingResponse response;
    absl::Status status = session.connection.Call(&Connection::Stub::BackupRing,
                                                  request, &response);
    if (ReasonOf(status) == v1::ERROR_REASON_RING_NOT_FOUND) continue;
    if (!status.ok()) return status;
    auto parsed = ParseBackup(absl::StrCat("ring ", name), response.backup());
    if (!parsed.ok()) return parsed.status();
    for (StoredRing& ring : *parsed) {
      auto state = RestoreState(ring);
      if (!state.ok()) return state.status();
      rings.push_back(std::move(ring));
    }
  }
  return rings;
}

absl::StatusOr<std::vector<StoredRing>> ReadForBackup(
    const StoreOptions& options, Session& session) {
  if (options.from == kFromServer) return ReadFromServer(session);
  auto from = Open("FROM", options.from, options.etcd, true);
  if (from.ok()) return ReadAll(**from);
  if (!absl::StrContains(from.status().message(), "is in use by another")) {
    return from.status();
  }
  return WithHint(from.status(),
                  absl::StrCat("back it up through its server: clockwise "
                               "--server=HOST:PORT store backup server: ",
                               options.to));
}

absl::Status Backup(const StoreOptions& options, Session& session) {
  auto rings = ReadForBackup(options, session);
  if (!rings.ok()) return rings.status();
  std::string text;
  for (const StoredRing& ring : *rings) {
    absl::StrAppend(&text, Told("backed up", ring, session));
  }
  if (rings->empty() && !session.globals.json()) {
    text = absl::StrCat(options.from, " has no rings\n");
  }
  if (options.to == "-") {
    const auto bytes = BackupBytes(*rings);
    if (!bytes.ok()) return bytes.status();
    std::fputs(text.c_str(), stderr);
    return session.out.Write(*bytes);
  }
  absl::Status status = WriteBackup(options.to, *rings);
  if (absl::IsAlreadyExists(status)) {
    return WithHint(std::move(status),
                    "a backup never replaces a file; use a name with the time, "
                    "such as rings-$(date -u +%Y%m%dT%H%M%SZ).backup");
  }
  if (!status.ok()) return status;
  return session.out.Write(text);
}

absl::Status Restore(const StoreOptions& options, Session& session) {
  auto rings = ReadBackup(options.from);
  if (!rings.ok()) return rings.status();
  std::random_device random;
  for (StoredRing& ring : *rings) {
    auto state = RestoreState(ring);
    if (!state.ok()) return state.status();
    // The backup lacks the changes that were acknowledged after it. The
    // restored ring is therefore not the same ring as before, and its new
    // incarnation shows this to clients.
    const uint64_t before = ring.head.incarnation;
    while (ring.head.incarnation == before || ring.head.incarnation == 0) {
      ring.head.incarnation = uint64_t{random()} << 32 | random();
    }
  }
  auto to = Open("TO", options.to, options.etcd, false);
  if (!to.ok()) return to.status();
  return Put(*rings, options.to, **to, "restored", session);
}

CLI::App* AddCommand(CLI::App* store, const char* name, const char* what,
                     const char* from, const char* to,
                     const std::shared_ptr<StoreOptions>& options) {
  CLI::App* command = store->add_subcommand(name, what);
  command->add_option("FROM", options->from, from)->type_name("")->required();
  command->add_option("TO", options->to, to)->type_name("")->required();
  AddEtcdFlags(*command, options->etcd);
  return command;
}

}  // namespace

void AddStoreCommands(CLI::App& app, CommandLine& line) {
  CLI::App* store = app.add_subcommand(
      "store", "Copy, back up and restore the rings of stores");
  store->require_subcommand(1);
  store->footer(
      "A store is sqlite:PATH or etcd:HOST:PORT[,HOST:PORT...]. A running "
      "server "
      "locks\nits SQLite file: back it up with server:, and stop the server "
      "for "
      "the rest.");
  auto options = std::make_shared<StoreOptions>();
  CLI::App* copy = AddCommand(
      store, "copy", "Copy all rings with their history into another store",
      "Store to read", "Store to write", options);
  copy->footer(
      "Epochs and incarnations stay the same, so watchers resume.\n"
      "Examples:\n"
      "  clockwise store copy sqlite:clockwise.db etcd:10.0.0.1:2379");
  OnChosen(copy, line, options, Copy);
  CLI::App* backup = AddCommand(
      store, "backup", "Write all rings with their history to a file",
      "Store to read, or server: for --server",
      "File to write; - for standard output", options);
  backup->footer(
      "server: reads the rings from the running server; those that the caller\n"
      "may read, if it has an access policy.\n"
      "Deleted rings that the store keeps are not included.\n"
      "Examples:\n"
      "  clockwise store backup server: rings-$(date -u +%F).backup\n"
      "  clockwise store backup etcd:10.0.0.1:2379 rings.backup");
  OnChosen(backup, line, options, Backup);
  CLI::App* restore =
      AddCommand(store, "restore", "Restore the rings of a backup into a store",
                 "File to read", "Store to write", options);
  restore->footer(
      "Each ring gets a new incarnation, so watchers can detect the "
      "restore.\nExamples:\n"
      "  clockwise store restore rings.backup sqlite:new.db");
  OnChosen(restore, line, options, Restore);
}

}  // namespace clockwise::cli
