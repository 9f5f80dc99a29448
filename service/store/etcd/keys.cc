#include "service/store/etcd/keys.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace clockwise {
namespace {

std::string Hex(uint64_t number) { return absl::StrFormat("%016x", number); }
std::string Epoch(uint64_t epoch) { return absl::StrFormat("%020d", epoch); }
std::string Number(size_t number) { return absl::StrFormat("%08d", number); }

}  // namespace

EtcdRange Under(std::string prefix) {
  std::string end = prefix;
  ++end.back();  // all prefixes here end in '/', '#' or a digit
  return {std::move(prefix), std::move(end)};
}

std::string EtcdKeys::Format() const { return absl::StrCat(prefix_, "format"); }

std::string EtcdKeys::Id() const { return absl::StrCat(prefix_, "id"); }

std::string EtcdKeys::Tombstone(absl::string_view ring) const {
  return absl::StrCat(prefix_, "deleted/", ring);
}

EtcdRange EtcdKeys::Tombstones() const { return Under(Tombstone("")); }

std::string EtcdKeys::Kept(absl::string_view ring, uint64_t incarnation) const {
  return absl::StrCat(AllKept().begin, ring, "#", Hex(incarnation));
}

EtcdRange EtcdKeys::AllKept() const {
  return Under(absl::StrCat(prefix_, "kept/"));
}

std::string EtcdKeys::Use(absl::string_view source,
                          absl::string_view ring) const {
  return absl::StrCat(prefix_, "uses/", source, "#", ring);
}

std::string EtcdKeys::UseEnd(absl::string_view source) const {
  return Use(source, "");
}

EtcdRange EtcdKeys::Uses(absl::string_view source) const {
  return Under(Use(source, ""));
}

std::string EtcdKeys::Head(absl::string_view ring) const {
  return absl::StrCat(prefix_, "rings/", ring);
}

std::string EtcdKeys::Turn(absl::string_view ring) const {
  return absl::StrCat(prefix_, "turns/", ring);
}

std::string EtcdKeys::Server(uint64_t instance) const {
  return absl::StrCat(Servers().begin, Hex(instance));
}

EtcdRange EtcdKeys::Servers() const {
  return Under(absl::StrCat(prefix_, "servers/"));
}

EtcdRange EtcdKeys::Heads() const { return Under(Head("")); }

absl::string_view EtcdKeys::RingOf(absl::string_view head_key) const {
  return head_key.substr(Head("").size());
}

std::string EtcdKeys::Node(uint64_t place, uint64_t generation,
                           absl::string_view id) const {
  return absl::StrCat(Nodes(place, generation).begin, id);
}

EtcdRange EtcdKeys::Nodes(uint64_t place, uint64_t generation) const {
  return Under(absl::StrCat(All("nodes", place).begin, Hex(generation), "/"));
}

std::string EtcdKeys::Chunk(uint64_t place, uint64_t generation,
                            size_t number) const {
  return absl::StrCat(Table(place, generation).begin, Number(number));
}

EtcdRange EtcdKeys::Table(uint64_t place, uint64_t generation) const {
  return Under(absl::StrCat(All("tables", place).begin, Hex(generation), "/"));
}

std::string EtcdKeys::Change(uint64_t place, uint64_t epoch) const {
  return absl::StrCat(All("changes", place).begin, Epoch(epoch));
}

EtcdRange EtcdKeys::Changes(uint64_t place, uint64_t first,
                            uint64_t last) const {
  return {Change(place, first), Change(place, last) + '\0'};
}

std::string EtcdKeys::Part(uint64_t place, uint64_t epoch, uint64_t commit,
                           size_t number) const {
  return absl::StrCat(Parts(place, epoch, commit).begin, Number(number));
}

EtcdRange EtcdKeys::Parts(uint64_t place, uint64_t epoch,
                          uint64_t commit) const {
  return Under(absl::StrCat(All("parts", place).begin, Epoch(epoch), "-",
                            Hex(commit), "/"));
}

EtcdRange EtcdKeys::PartsUpTo(uint64_t place, uint64_t last) const {
  const std::string all = All("parts", place).begin;
  // '.' is the byte after '-'.
  return {all, absl::StrCat(all, Epoch(last), ".")};
}

EtcdRange EtcdKeys::All(absl::string_view kind, uint64_t place) const {
  return Under(absl::StrCat(prefix_, kind, "/", Hex(place), "/"));
}

EtcdRange EtcdKeys::Before(absl::string_view kind, uint64_t place,
                           uint64_t generation) const {
  const std::string all = All(kind, place).begin;
  return {all, absl::StrCat(all, Hex(generation))};
}

EtcdRange EtcdKeys::Behind(absl::string_view kind, uint64_t place,
                           uint64_t generation) const {
  EtcdRange all = All(kind, place);
  // '0' is the byte after '/'.
  return {absl::StrCat(all.begin, Hex(generation), "0"), all.end};
}

}  // namespace clockwise
