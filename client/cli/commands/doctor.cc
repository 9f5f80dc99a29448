#include "client/cli/commands/doctor.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "service/ring/balance.h"
#include "service/ring/layout.h"

namespace clockwise::cli {
namespace {

constexpr absl::Duration kClockTolerance = absl::Seconds(1);
constexpr absl::Duration kCertificateLeft = absl::Hours(7 * 24);
constexpr uint64_t kUnconfirmedMs = 10'000;
// Store of a server that hides its address and the list of its servers.
constexpr absl::string_view kHiddenStore = "etcd:";

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) +
         absl::Nanoseconds(time.nanos());
}

// Views is one ring as each server has it.
struct Views {
  std::map<uint64_t, std::vector<std::string>> incarnations, epochs;
  // Key: epoch, because only fingerprints of the same epoch can be compared.
  std::map<uint64_t, std::set<uint64_t>> fingerprints;
  std::vector<std::string> have;
};

std::map<std::string, Views> ByRing(const std::vector<Examined>& servers) {
  std::map<std::string, Views> rings;
  for (const Examined& examined : servers) {
    for (const v1::RingStatus& ring : examined.status.rings()) {
      const v1::RingInfo& info = ring.info();
      Views& views = rings[info.spec().name()];
      views.have.push_back(examined.server);
      views.incarnations[info.incarnation()].push_back(examined.server);
      views.epochs[info.epoch()].push_back(examined.server);
      views.fingerprints[info.epoch()].insert(info.fingerprint());
    }
  }
  return rings;
}

// True if the server does not find itself in the list of its store's servers.
bool IsMissingInList(const Examined& examined) {
  const v1::GetStatusResponse& status = examined.status;
  // Version 0.1.0 has no instance and no list.
  if (!examined.failure.ok() || !status.ready() || status.draining() ||
      status.instance() == 0 || status.store() == kHiddenStore ||
      static_cast<int64_t>(status.store_server_count()) >
          status.store_servers_size()) {
    return false;
  }
  return std::none_of(status.store_servers().begin(),
                      status.store_servers().end(),
                      [&](const v1::StoreServer& server) {
                        return server.instance() == status.instance();
                      });
}

using AddProblem = std::function<void(const std::string&)>;

void ExplainFailure(const Examined& examined, const AddProblem& add) {
  // The line begins with the server, so the message need not name it again.
  std::string why =
      absl::StrReplaceAll(examined.failure.message(),
                          {{absl::StrCat(" at ", examined.server), ""}});
  if (examined.listed && examined.failure != AnotherServerAnswers()) {
    absl::StrAppend(&why,
                    "; the address is from the store's list of servers: if "
                    "this server runs, correct its --advertise");
  }
  add(why);
}

void ExamineStore(const Examined& examined, const AddProblem& add) {
  const v1::GetStatusResponse& status = examined.status;
  if (!status.store_distrust().empty()) {
    add(absl::StrCat("does not trust its store: ", status.store_distrust()));
  } else if (!status.store_up() && !status.has_store_refusal_time()) {
    // For a caller that is no operator, the server hides the store's address
    // and the reason of distrust.
    add(absl::StrCat("its store ", status.store(),
                     " did not answer the last call",
                     status.store() == kHiddenStore
                         ? ", or is not trusted; an OPERATOR sees the reason"
                         : ""));
  }
  if (status.has_store_refusal_time()) {
    add(absl::StrCat(status.store_up() ? "its store refuses changes since "
                                       : "its store cannot be read, and "
                                         "refuses changes since ",
                     absl::FormatTime("%Y-%m-%d %H:%M:%S UTC",
                                      TimeOf(status.store_refusal_time()),
                                      absl::UTCTimeZone()),
                     ": ",
                     status.store_refusal().empty()
                         ? "an OPERATOR sees the reason"
                         : status.store_refusal()));
  }
  if (IsMissingInList(examined)) {
    add(
        absl::StrCat("is not in the store's list of servers, so doctor does "
                     "not find it through other servers",
                     status.listing_failure().empty() ? "" : ": ",
                     status.listing_failure()));
  }
}

void ExamineOne(const Examined& examined, std::vector<std::string>& problems) {
  const auto add = [&](const std::string& what) {
    problems.push_back(absl::StrCat(examined.server, ": ", what));
  };
  if (!examined.failure.ok()) return ExplainFailure(examined, add);
  const v1::GetStatusResponse& status = examined.status;
  if (status.draining()) add("is draining");
  if (!status.ready()) add("has not loaded its rings yet");
  ExamineStore(examined, add);
  if (status.unconfirmed_ms() > kUnconfirmedMs) {
    add(absl::StrCat("its rings were last confirmed ",
                     status.unconfirmed_ms() / 1000,
                     " s ago; they may be old"));
  }
  const absl::Duration error = ClockError(examined);
  if (error > kClockTolerance || error < -kClockTolerance) {
    add(absl::StrCat("its clock is ",
                     absl::FormatDuration(absl::Trunc(absl::AbsDuration(error),
                                                      absl::Milliseconds(1))),
                     error > absl::ZeroDuration() ? " ahead" : " behind"));
  }
  if (status.has_certificate_expire_time()) {
    const absl::Duration left =
        TimeOf(status.certificate_expire_time()) - examined.answered_at;
    if (left < kCertificateLeft) {
      add(absl::StrCat("its certificate expires in ", left / absl::Hours(1),
                       " h"));
    }
  }
  for (const v1::RingStatus& ring : status.rings()) {
    const std::string& name = ring.info().spec().name();
    const auto expected = examined.expected_peaks.find(name);
    const double most = expected == examined.expected_peaks.end()
                            ? kEvenPeak
                            : expected->second;
    if (ring.balance().peak_to_mean() > most) {
      add(absl::StrFormat(
          "ring %s: a node has %.3g times its fair share; its layout is "
          "expected to reach at most %.3g",
          name, ring.balance().peak_to_mean(), most));
    }
  }
}

// Returns text of the form "A, B have 3; C has 4".
std::string Parties(
    const std::map<uint64_t, std::vector<std::string>>& by_value) {
  std::vector<std::string> parties;
  parties.reserve(by_value.size());
  for (const auto& [value, servers] : by_value) {
    parties.push_back(absl::StrCat(absl::StrJoin(servers, ", "),
                                   servers.size() == 1 ? " has " : " have ",
                                   value));
  }
  return absl::StrJoin(parties, "; ");
}

void CompareServers(const std::vector<Examined>& servers,
                    std::vector<std::string>& problems) {
  const auto reached =
      std::count_if(servers.begin(), servers.end(), [](const Examined& one) {
        return one.failure.ok() && one.status.ready();
      });
  for (const auto& [name, views] : ByRing(servers)) {
    const std::string ring = absl::StrCat("ring ", name, ": ");
    if (static_cast<int64_t>(views.have.size()) < reached) {
      problems.push_back(absl::StrCat(ring, "exists only on ",
                                      absl::StrJoin(views.have, ", ")));
    }
    if (views.incarnations.size() > 1) {
      problems.push_back(absl::StrCat(
          ring, "the servers have different incarnations (",
          Parties(views.incarnations), "); check that they use one store"));
      continue;
    }
    if (views.epochs.size() > 1) {
      problems.push_back(absl::StrCat(
          ring,
          "the servers are at different epochs: ", Parties(views.epochs)));
    }
    for (const auto& [epoch, fingerprints] : views.fingerprints) {
      if (fingerprints.size() > 1) {
        problems.push_back(
            absl::StrCat(ring, "different fingerprints at epoch ", epoch,
                         " on ", absl::StrJoin(views.epochs.at(epoch), ", ")));
      }
    }
  }
}

}  // namespace

absl::Duration ClockError(const Examined& examined) {
  const absl::Time theirs = TimeOf(examined.status.server_time());
  if (theirs < examined.asked_at) return theirs - examined.asked_at;
  if (theirs > examined.answered_at) return theirs - examined.answered_at;
  return absl::ZeroDuration();
}

std::vector<std::string> Problems(const std::vector<Examined>& servers) {
  std::vector<std::string> problems;
  for (const Examined& examined : servers) ExamineOne(examined, problems);
  CompareServers(servers, problems);
  return problems;
}

double ExpectedPeak(const v1::Snapshot& ring) {
  const LayoutRule* const rule = FindLayout(ring.spec().layout());
  if (rule == nullptr) return kEvenPeak;
  return ExpectedPeak(
      *rule,
      {ring.point_nodes().data(), static_cast<size_t>(ring.point_nodes_size())},
      static_cast<size_t>(ring.nodes_size()), ring.balance().peak_to_mean());
}

absl::Status AnotherServerAnswers() {
  return absl::FailedPreconditionError(
      "another server answers at this address of the store's list: the listed "
      "one was killed less than 15 s ago, or both have the same --advertise");
}

std::string WellLine(const std::vector<Examined>& servers, bool named_only) {
  std::string well = absl::StrCat("✓ no problems on ", servers.size(),
                                  servers.size() == 1 ? " server" : " servers");
  if (named_only) return well;
  uint64_t listed = 0;
  for (const Examined& one : servers) {
    if (one.status.store() == kHiddenStore) {
      return absl::StrCat(
          well, "; only an OPERATOR sees the list of the store's servers:\n",
          "  name the others to examine them too");
    }
    listed = std::max<uint64_t>(listed, one.status.store_server_count());
  }
  return listed <= servers.size()
             ? well
             : absl::StrCat(well, " of ", listed, " in the store's list");
}

bool MayPass(const std::vector<Examined>& servers) {
  const absl::Status other = AnotherServerAnswers();
  for (const Examined& one : servers) {
    const bool starts =
        IsMissingInList(one) && one.status.listing_failure().empty();
    if (starts || one.failure == other) return true;
  }
  for (const auto& [name, views] : ByRing(servers)) {
    if (views.epochs.size() > 1) return true;
  }
  return false;
}

}  // namespace clockwise::cli
