#include "client/cli/drawing/simulation_drawing.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/drawing/node_style.h"
#include "client/cli/drawing/ring_drawing.h"
#include "client/cli/drawing/share_chart.h"
#include "client/cli/drawing/svg.h"
#include "client/cli/tables/simulation_table.h"
#include "client/cli/text.h"

namespace clockwise::cli {
namespace {

// The page, in pixels: rows of cells between a header and a footer.
constexpr double kMargin = 20;
constexpr double kHead = 88;
constexpr double kFoot = 40;
constexpr double kCellWidth = 390;
constexpr double kCellHeight = 416;
constexpr double kCellGap = 6;  // on each side
constexpr size_t kMinColumns = 3;
constexpr size_t kMaxColumns = 4;

// Positions in a cell, from its upper left corner.
constexpr double kPadding = 22;
constexpr double kRingY = 176;
constexpr double kBarsY = 290;
constexpr double kBarsHeight = 88;
constexpr double kCaptionY = 398;

bool HasModulo(const Panel& panel) {
  return panel.figures.spec.layout() == v1::LAYOUT_MODULO;
}

std::string TitleOf(const v1::RingSpec& spec) {
  switch (spec.layout()) {
    case v1::LAYOUT_MODULO:
      return "Modulo hashing";
    case v1::LAYOUT_PARTITIONED:
      return absl::StrCat(Grouped(uint64_t{1} << spec.partition_bits()),
                          " partitions");
    default:
      return spec.virtual_node_count() == 1
                 ? "One point per node"
                 : absl::StrCat(Grouped(spec.virtual_node_count()),
                                " points per node");
  }
}

std::string RuleOf(const Figures& figures) {
  switch (figures.spec.layout()) {
    case v1::LAYOUT_MODULO:
      return "hash mod number of nodes";
    case v1::LAYOUT_PARTITIONED:
      return "equal parts, assigned by an authority";
    default:
      return absl::StrCat(figures.spec.virtual_node_count() == 1
                              ? "consistent hashing: "
                              : "virtual nodes: ",
                          Grouped(uint64_t{figures.spec.virtual_node_count()} *
                                  figures.nodes_after),
                          " points on the ring");
  }
}

// Returns "moved/least 1.01", with as many digits as are significant and fit.
std::string MovedText(const Figures& figures) {
  if (figures.minimum_moved_ratio == 0) return "nothing has to move";
  const double ratio = figures.moved_to_minimum();
  if (ratio >= 99.95) {
    return absl::StrCat("moved/least ",
                        Grouped(static_cast<uint64_t>(std::llround(ratio))));
  }
  return absl::StrFormat("moved/least %.*f", ratio >= 9.995 ? 1 : 2, ratio);
}

void DrawHole(const Figures& figures, bool needless, Point centre, Svg& svg) {
  const std::string moved = Percent(figures.moved_ratio);
  svg.Text({centre.x, centre.y + 3}, moved,
           {moved.size() > 7 ? 21.0 : 26.0, needless ? kAccent : kInk, "middle",
            true});
  svg.Text({centre.x, centre.y + 21},
           figures.spec.replica_count() > 1 ? "of all copies move"
                                            : "of all keys move",
           {12, kFaintInk, "middle"});
  svg.Text({centre.x, centre.y + 37},
           absl::StrCat("least: ", Percent(figures.minimum_moved_ratio)),
           {12, kFaintInk, "middle"});
}

void DrawPanel(const Panel& panel, const std::vector<NodeLook>& looks,
               double top, Point corner, Svg& svg) {
  const Figures& figures = panel.figures;
  svg.Frame({corner.x + kCellGap, corner.y + kCellGap,
             kCellWidth - 2 * kCellGap, kCellHeight - 2 * kCellGap},
            kRule, 10);
  const double middle = corner.x + kCellWidth / 2;
  svg.Text({middle, corner.y + 34}, TitleOf(figures.spec),
           {20, kInk, "middle", true});
  svg.Text({middle, corner.y + 54}, RuleOf(figures), {13, kFaintInk, "middle"});
  const Point centre = {middle, corner.y + kRingY};
  DrawRing(panel.ring, looks, centre, svg);
  // Highlighted if the moves exceed the minimum by more than a tenth.
  const bool needless = figures.moved_to_minimum() > 1.1;
  DrawHole(figures, needless, centre, svg);
  const double left = corner.x + kPadding;
  DrawShareBars(
      figures.loads, looks, top,
      {left, corner.y + kBarsY, kCellWidth - 2 * kPadding, kBarsHeight}, svg);

  const double right = corner.x + kCellWidth - kPadding;
  // This corner has no bars, because they are shorter to the right.
  svg.Text({right, corner.y + kBarsY + 10},
           absl::StrFormat("stddev %.3f", figures.balance_after.stddev()),
           {13, kFaintInk, "end"});
  svg.Text({left, corner.y + kCaptionY},
           absl::StrFormat("peak-to-mean %.3f",
                           figures.balance_after.peak_to_mean()),
           {14, kInk, "start", true});

  svg.Text({right, corner.y + kCaptionY}, MovedText(figures),
           {14, needless ? kAccent : kInk, "end", needless});
}

// Draws the meaning of the colours and marks, in the cell after the last panel.
void DrawLegend(const std::vector<NodeLook>& looks,
                const std::vector<Panel>& panels, Point corner, Svg& svg) {
  constexpr double kSwatch = 46;
  constexpr double kText = kPadding + kSwatch + 16;
  constexpr size_t kSteps = 23;
  const double left = corner.x + kPadding;
  double y = corner.y + 34;
  svg.Text({left, y}, "Legend", {20, kInk, "start", true});
  const auto explain = [&](const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      svg.Text({corner.x + kText, y}, line, {14, kInk});
      y += 19;
    }
    y += 17;
  };
  y += 40;
  for (size_t i = 0; i < kSteps; ++i) {
    svg.Rect({left + kSwatch / kSteps * static_cast<double>(i), y - 13,
              kSwatch / kSteps, 18},
             RampColour(static_cast<double>(i) / (kSteps - 1)));
  }
  explain({"Outer circle: the owner of each part of",
           "the hash space after the change"});
  const auto added =
      std::count_if(looks.begin(), looks.end(),
                    [](const NodeLook& look) { return look.added; });
  if (added > 0) {
    svg.Rect({left, y - 13, kSwatch, 18}, kAccent);
    explain({added == 1 ? "The node that was added reaches out"
                        : "Nodes that were added reach out"});
  }
  svg.Rect({left, y - 13, kSwatch, 18}, kTrack);
  svg.Rect({left + kSwatch / 3, y - 8, kSwatch / 2, 8}, kAccent);
  explain({"Inner circle: what the change moved"});
  for (int i = 0; i < 4; ++i) {
    const double tall = 20 - 3.6 * i;
    svg.Rect({left + 12.0 * i, y + 5 - tall, 10, tall},
             RampColour(0.15 + 0.25 * i));
  }
  svg.Line({left, y - 7}, {left + kSwatch, y - 7}, kInk, 1.25, 4);
  explain(
      {"Bars: each node's share, fullest first;", "dashed: the fair share"});
  if (std::any_of(panels.begin(), panels.end(), HasModulo)) {
    explain({"Modulo: no ring, but a round of the hash",
             "values until both remainders repeat"});
  }
  if (std::any_of(panels.begin(), panels.end(),
                  [](const Panel& panel) { return panel.ring.sampled; })) {
    explain({absl::StrCat("Circles of more than ", Grouped(kMaxArcs),
                          " arcs are drawn"),
             "from random samples, which may miss a",
             "small part; all figures are exact"});
  }
}

// Returns the number of columns that leaves the fewest cells empty. Prefers the
// larger number, because slides are wide.
size_t ColumnsFor(size_t cells) {
  size_t best = kMaxColumns;
  for (size_t columns = kMaxColumns; columns >= kMinColumns; --columns) {
    const auto empty = [cells](size_t n) { return (n - cells % n) % n; };
    if (empty(columns) < empty(best)) best = columns;
  }
  return best;
}

std::string Headline(const std::vector<Panel>& panels) {
  const auto is = [&](const Panel& panel, v1::Layout layout) {
    return panel.figures.spec.layout() == layout;
  };
  if (panels.size() > 2 && is(panels.front(), v1::LAYOUT_MODULO) &&
      is(panels.back(), v1::LAYOUT_PARTITIONED)) {
    return "From modulo hashing to partitions";
  }
  return "Owners of keys, and keys that move";
}

}  // namespace

std::string DrawSimulation(const NodesAround& nodes,
                           const std::vector<Panel>& panels,
                           absl::string_view command) {
  const size_t cells = panels.size() + 1;
  const size_t columns = ColumnsFor(cells);
  const size_t rows = (cells + columns - 1) / columns;
  const double width = 2 * kMargin + kCellWidth * static_cast<double>(columns);
  const double height = kHead + kCellHeight * static_cast<double>(rows) + kFoot;
  const std::string headline =
      absl::StrCat(Headline(panels), ": ", ChangeText(nodes));
  const uint32_t replicas = panels.front().figures.spec.replica_count();
  Svg svg(width, height, headline,
          "A panel per layout: a circle of owners, what a change moved, and "
          "the share of each node.");
  // Fonts differ. In the widest one, a character is about 0.66 of its height
  // wide.
  const double fitting_size =
      (width - 2 * kMargin) / (0.66 * static_cast<double>(headline.size()));
  svg.Text({kMargin + kCellGap, 48}, headline,
           {std::min(32.0, fitting_size), kInk, "start", true});
  svg.Text(
      {kMargin + kCellGap, 76},
      absl::StrCat(
          "Shares of the nodes, and the keys that move when the nodes change",
          replicas > 1 ? absl::StrCat(" · ", replicas, " owners per key") : ""),
      {17, kFaintInk});
  const std::vector<NodeLook> looks = LooksOf(nodes);
  double top = 0;
  for (const Panel& panel : panels) {
    top = std::max(top, TopOf(panel.figures.loads));
  }
  const auto corner = [&](size_t cell) {
    const size_t row = cell / columns;
    return Point{kMargin + kCellWidth * static_cast<double>(cell % columns),
                 kHead + kCellHeight * static_cast<double>(row)};
  };
  for (size_t i = 0; i < panels.size(); ++i) {
    DrawPanel(panels[i], looks, top, corner(i), svg);
  }
  DrawLegend(looks, panels, corner(panels.size()), svg);
  // About this many characters fit. Some fonts are wider.
  const auto fitting = static_cast<size_t>(width / 8.5);
  std::string shown = Printable(command);
  if (shown.size() > fitting) {
    shown.resize(fitting);
    while (!IsUtf8(shown)) shown.pop_back();
    shown += " …";
  }
  svg.Text({kMargin + kCellGap, height - 16}, shown, {14, kFaintInk});
  return svg.Finish();
}

}  // namespace clockwise::cli
