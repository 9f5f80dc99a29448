#include "client/cli/drawing/share_chart.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace clockwise::cli {
namespace {

constexpr double kLabelHeight = 15;
constexpr double kLeastTop = 1.5;
constexpr double kMostTop = 2;
constexpr double kMinShareBar = 1;  // pixels
constexpr double kNotch = 4;        // pixels
constexpr char kBarColour[] = "#8b98ab";
constexpr double kGapPart = 0.2;  // fraction of a bar with its gap

// Returns the indexes of nodes, largest load first.
std::vector<uint32_t> Ranked(const std::vector<double>& loads) {
  std::vector<uint32_t> order(loads.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return loads[a] > loads[b]; });
  return order;
}

}  // namespace

double TopOf(const std::vector<double>& loads) {
  return std::clamp(*std::max_element(loads.begin(), loads.end()), kLeastTop,
                    kMostTop);
}

void DrawShareBars(const std::vector<double>& loads,
                   const std::vector<NodeLook>& looks, double top,
                   const Box& box, Svg& svg) {
  const std::vector<uint32_t> order = Ranked(loads);
  const double height = box.height - kLabelHeight;
  const double foot = box.y + height;
  const size_t bars =
      std::min(order.size(), static_cast<size_t>(box.width / kMinShareBar));
  const double step = box.width / static_cast<double>(bars);
  const double gap = step > 5 ? step * kGapPart : 0;
  for (size_t bar = 0; bar < bars; ++bar) {
    const size_t first = bar * order.size() / bars;
    const size_t end = (bar + 1) * order.size() / bars;
    // An added node is always shown; otherwise the bar shows the first node.
    uint32_t node = order[first];
    for (size_t i = first; i < end; ++i) {
      if (looks[order[i]].added) node = order[i];
    }
    const double load = std::min(loads[node], top);
    const double x = box.x + step * static_cast<double>(bar) + gap / 2;
    const double width = step - gap;
    const double tall = height * load / top;
    // Without gaps, the colours of the nodes would flicker.
    svg.Rect({x, foot - tall, width, tall},
             gap > 0 || looks[node].added ? looks[node].colour : kBarColour);

    if (loads[node] > top && gap > 0) {
      svg.Rect({x - gap / 2, foot - tall + kNotch, step, kNotch / 2}, kPaper);
    }
    if (!looks[node].label.empty()) {
      svg.Text({x + width / 2, foot + 12}, looks[node].label,
               {11, looks[node].added ? kAccent : kFaintInk, "middle",
                looks[node].added});
    }
  }
  svg.Line({box.x, foot}, {box.x + box.width, foot}, kRule, 1);
  const double fair = foot - height / top;
  svg.Line({box.x, fair}, {box.x + box.width, fair}, kInk, 1.25, 4);
}

}  // namespace clockwise::cli
