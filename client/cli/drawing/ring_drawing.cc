#include "client/cli/drawing/ring_drawing.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numbers>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace clockwise::cli {
namespace {

// Bands, from the outside to the inside.
constexpr double kOwnerRadius = 103;  // for nodes that stayed
constexpr double kOwnerInside = 77;
constexpr double kMovedOutside = 72;
constexpr double kMovedInside = 63;

constexpr double kSeparator = 1;         // pixels between owners
constexpr size_t kMaxSeparated = 150;    // arcs; more would hide the colours
constexpr double kOverlap = 0.0004;      // fraction of the circle; hides seams
constexpr double kMinArcWidth = 0.0014;  // fraction of the circle; visible
constexpr double kLabelWidth = 0.028;    // fraction of the circle for a label

Point At(Point centre, double radius, double part) {
  const double angle = part * 2 * std::numbers::pi;
  return {centre.x + radius * std::sin(angle),
          centre.y - radius * std::cos(angle)};
}

// Appends the centre line of an arc. The stroke is as wide as its band.
void AppendArc(Point centre, double radius, double start, double end,
               std::string& path) {
  if (end - start > 0.999) {  // a whole circle has no direction as one arc
    AppendArc(centre, radius, start, (start + end) / 2, path);
    AppendArc(centre, radius, (start + end) / 2, end, path);
    return;
  }
  const Point from = At(centre, radius, start);
  const Point to = At(centre, radius, end);
  absl::StrAppend(&path, "M", Number(from.x), " ", Number(from.y));
  if (end - start < 0.005) {
    absl::StrAppend(&path, "L");  // straight to a hundredth of a pixel
  } else {
    absl::StrAppend(&path, "A", Number(radius), " ", Number(radius), " 0 ",
                    end - start > 0.5 ? "1" : "0", " 1 ");
  }
  absl::StrAppend(&path, Number(to.x), " ", Number(to.y));
}

void DrawBand(const std::string& path, absl::string_view colour, double width,
              Svg& svg) {
  if (!path.empty()) svg.Stroke(path, colour, width);
}

void DrawOwners(const std::vector<Arc>& arcs,
                const std::vector<NodeLook>& looks, Point centre, Svg& svg) {
  // One path per colour keeps the file small.
  std::map<absl::string_view, std::string> paths;
  double start = 0;
  for (const Arc& arc : arcs) {
    if (!looks[arc.owner].added) {
      AppendArc(centre, (kOwnerRadius + kOwnerInside) / 2, start,
                arc.end + kOverlap, paths[looks[arc.owner].colour]);
    }
    start = arc.end;
  }
  for (const auto& [colour, path] : paths) {
    DrawBand(path, colour, kOwnerRadius - kOwnerInside, svg);
  }
}

// Draws added nodes. Call it after the others, so that even a small arc is
// visible.
void DrawAdded(const std::vector<Arc>& arcs, const std::vector<NodeLook>& looks,
               Point centre, Svg& svg) {
  std::string path;
  double start = 0;
  for (const Arc& arc : arcs) {
    if (looks[arc.owner].added) {
      AppendArc(centre, (kRingRadius + kOwnerInside) / 2, start,
                std::max(arc.end, start + kMinArcWidth), path);
    }
    start = arc.end;
  }
  DrawBand(path, kAccent, kRingRadius - kOwnerInside, svg);
}

void DrawMoved(const std::vector<Arc>& arcs, Point centre, Svg& svg) {
  const double width = kMovedOutside - kMovedInside;
  svg.Circle(centre, (kMovedOutside + kMovedInside) / 2, kTrack, width);
  // With several owners, a fraction of them moves: the mark has this fraction
  // of the band's width. There is one path for each possible width.
  std::map<double, std::string> paths;
  double start = 0;
  for (const Arc& arc : arcs) {
    if (arc.moved > 0) {
      const double radius = kMovedInside + width * arc.moved / 2;
      AppendArc(centre, radius, start,
                std::max(arc.end + kOverlap, start + kMinArcWidth),
                paths[arc.moved]);
    }
    start = arc.end;
  }
  for (const auto& [moved, path] : paths) {
    DrawBand(path, kAccent, width * moved, svg);
  }
}

void DrawSeparators(const std::vector<Arc>& arcs, Point centre, Svg& svg) {
  std::string path;
  uint32_t owner = arcs.back().owner;
  double start = 0;
  for (const Arc& arc : arcs) {
    if (arc.owner != owner) {
      const Point inside = At(centre, kOwnerInside, start);
      const Point outside = At(centre, kOwnerRadius, start);
      absl::StrAppend(&path, "M", Number(inside.x), " ", Number(inside.y), "L",
                      Number(outside.x), " ", Number(outside.y));
    }
    owner = arc.owner;
    start = arc.end;
  }
  DrawBand(path, kPaper, kSeparator, svg);
}

void DrawLabels(const std::vector<Arc>& arcs,
                const std::vector<NodeLook>& looks, Point centre, Svg& svg) {
  // Adjacent arcs of one owner share a label. An arc is split if only one part
  // of it has moved, and at the top of the circle.
  size_t first = 0;
  double start = 0;
  while (first < arcs.size() && arcs[first].owner == arcs.back().owner) {
    start = arcs[first++].end;
  }
  for (size_t i = 0; i < arcs.size(); ++i) {
    const size_t at = (first + i) % arcs.size();
    if (arcs[at].owner == arcs[(at + 1) % arcs.size()].owner &&
        i + 1 < arcs.size()) {
      continue;
    }
    const double end = arcs[at].end + (at < first ? 1 : 0);
    const NodeLook& look = looks[arcs[at].owner];
    if (!look.label.empty() && end - start >= kLabelWidth) {
      Point foot =
          At(centre, (kOwnerRadius + kOwnerInside) / 2, (start + end) / 2);
      foot.y += 4.5;  // below the middle of the digits
      svg.Text(foot, look.label, {13, InkOn(look.colour), "middle", true});
    }
    start = end;
  }
}

}  // namespace

void DrawRing(const ArcList& list, const std::vector<NodeLook>& looks,
              Point centre, Svg& svg) {
  // The background between the edges of two arcs must not be white.
  svg.Circle(centre, (kOwnerRadius + kOwnerInside) / 2, kTrack,
             kOwnerRadius - kOwnerInside);
  DrawOwners(list.arcs, looks, centre, svg);
  if (list.arcs.size() <= kMaxSeparated) {
    DrawSeparators(list.arcs, centre, svg);
  }
  DrawAdded(list.arcs, looks, centre, svg);

  DrawLabels(list.arcs, looks, centre, svg);
  DrawMoved(list.arcs, centre, svg);
}

}  // namespace clockwise::cli
