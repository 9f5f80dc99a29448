#include "client/cli/commands/doctor.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "service/ring/balance.h"
#include "service/ring/layout.h"

namespace clockwise::cli {
namespace {

constexpr absl::Duration kClockTolerance = absl::Seconds(1);
constexpr absl::Duration kCertificateLeft = absl::Hours(7 * 24);
constexpr uint64_t kUnconfirmedMs = 10'000;

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

void ExamineOne(const Examined& examined, std::vector<std::string>& problems) {
  const auto add = [&](const std::string& what) {
    problems.push_back(absl::StrCat(examined.server, ": ", what));
  };
  if (!examined.failure.ok()) {
    // The line begins with the server, so the message need not name it again.
    add(absl::StrReplaceAll(examined.failure.message(),
                            {{absl::StrCat(" at ", examined.server), ""}}));
    return;
  }
  const v1::GetStatusResponse& status = examined.status;
  if (status.draining()) add("is draining");
  if (!status.ready()) add("has not loaded its rings yet");
  if (!status.store_distrust().empty()) {
    add(absl::StrCat("does not trust its store: ", status.store_distrust()));
  } else if (!status.store_up() && !status.has_store_refusal_time()) {
    // For a caller that is no operator, the server hides the store's address
    // and the reason of distrust.
    add(absl::StrCat("its store ", status.store(),
                     " did not answer the last call",
                     absl::EndsWith(status.store(), ":")
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

bool SawOneOfMany(const std::vector<Examined>& servers) {
  size_t answered = 0;
  bool shared = false;
  for (const Examined& one : servers) {
    if (!one.failure.ok()) continue;
    ++answered;
    shared = absl::StartsWith(one.status.store(), "etcd:");
  }
  return answered == 1 && shared;
}

bool MayBeOnItsWay(const std::vector<Examined>& servers) {
  for (const auto& [name, views] : ByRing(servers)) {
    if (views.epochs.size() > 1) return true;
  }
  return false;
}

}  // namespace clockwise::cli
