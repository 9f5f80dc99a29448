#include "service/ring/profile/profile.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "absl/strings/numbers.h"
#include "service/ring/profile/small_hashes.h"

namespace clockwise::profile {
namespace {

constexpr uint32_t kMemcachedPort = 11211;

// Returns the bytes between the first of the tag's two characters and the next
// second one. Returns the whole key if there are none, or if `tag` is empty.
absl::string_view Tagged(absl::string_view key, absl::string_view tag) {
  if (tag.size() != 2) return key;
  const size_t start = key.find(tag[0]);
  if (start == absl::string_view::npos) return key;
  const size_t end = key.find(tag[1], start + 1);
  if (end == absl::string_view::npos || end == start + 1) return key;
  return key.substr(start + 1, end - start - 1);
}

// Converts "nearest point" to ends: the range of a point ends half-way to the
// next one, inclusive. Of points at one position, the first owns the range
// before it and the last owns the range after it.
void EndHalfWay(std::vector<Point>& points) {
  if (points.empty()) return;
  const uint64_t first = points.front().position;
  for (size_t i = 0; i < points.size(); ++i) {
    const uint64_t here = points[i].position;
    const uint64_t next =
        i + 1 < points.size() ? points[i + 1].position : first;
    const auto gap = static_cast<uint32_t>(next - here);
    points[i].position = static_cast<uint32_t>(here + gap / 2);
  }
}

// Splits "host:port" or "host".
std::pair<absl::string_view, uint32_t> HostAndPort(absl::string_view text) {
  const size_t colon = text.rfind(':');
  uint32_t port = 0;
  if (colon == absl::string_view::npos ||
      !absl::SimpleAtoi(text.substr(colon + 1), &port)) {
    return {text, kMemcachedPort};
  }
  return {text.substr(0, colon), port};
}

}  // namespace

Order OrderOf(const Rule& rule, const Settings& settings) {
  return settings.sort_hosts ? Order::kByHost : rule.order;
}

std::vector<uint32_t> Ordered(Order order, std::span<const Member> members) {
  std::vector<uint32_t> indexes(members.size());
  std::iota(indexes.begin(), indexes.end(), 0);
  if (order == Order::kAsConfigured || order == Order::kById) return indexes;
  std::stable_sort(
      indexes.begin(), indexes.end(), [&](uint32_t left, uint32_t right) {
        const std::string& a = members[left].text;
        const std::string& b = members[right].text;
        if (order == Order::kByHost) return HostAndPort(a) < HostAndPort(b);
        if (order == Order::kShorterFirst && a.size() != b.size()) {
          return a.size() < b.size();
        }
        return a < b;
      });
  return indexes;
}

std::vector<Member> Picked(std::span<const Member> members,
                           std::span<const uint32_t> indexes) {
  std::vector<Member> picked;
  picked.reserve(indexes.size());
  for (const uint32_t index : indexes) picked.push_back(members[index]);
  return picked;
}

Slots PlacePoints(const Profile& profile, const Settings& settings,
                  std::span<const Member> members) {
  const std::vector<uint32_t> order =
      Ordered(OrderOf(profile, settings), members);
  std::vector<Point> points;
  profile.append_points(Picked(members, order), settings, points);
  const auto sort = [&points](bool last_first) {
    std::sort(points.begin(), points.end(),
              [last_first](const Point& a, const Point& b) {
                if (a.position != b.position) return a.position < b.position;
                return last_first ? a.member > b.member : a.member < b.member;
              });
  };
  sort(profile.ties == Ties::kLast);
  if (profile.search == Search::kNearest) EndHalfWay(points);
  const int shift = 64 - profile.position_bits;
  if (profile.search == Search::kFirstAfter) {
    // The first position above a hash is the first for which position - 1 is at
    // or above it. 0 - 1 is the greatest position.
    for (Point& point : points) {
      point.position = (point.position - 1) << shift >> shift;
    }
  }
  if (profile.search != Search::kFirstAtOrAfter) {
    std::stable_sort(
        points.begin(), points.end(),
        [](const Point& a, const Point& b) { return a.position < b.position; });
  }
  Slots slots;
  slots.ends.reserve(points.size());
  slots.members.reserve(points.size());
  for (const Point& point : points) {
    slots.ends.push_back(point.position << shift);
    slots.members.push_back(order[point.member]);
  }
  return slots;
}

uint64_t HashKeyBy(const Settings& settings, absl::string_view key) {
  const uint64_t hash = settings.key_hash(Tagged(key, settings.hash_tag));
  return settings.avalanche ? Avalanche(static_cast<uint32_t>(hash)) : hash;
}

uint64_t KeyPosition(const Profile& profile, const Settings& settings,
                     absl::string_view key) {
  return HashKeyBy(settings, key) << (64 - profile.position_bits);
}

}  // namespace clockwise::profile
