#include "client/cli/drawing/node_style.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "client/cli/drawing/svg.h"

namespace clockwise::cli {
namespace {

using Rgb = std::array<double, 3>;

// Viridis (Smith, van der Walt 2015) in even steps, without its ends: the
// darkest looks black, and the lightest is hard to see on white.
constexpr Rgb kRamp[] = {{70, 50, 127},  {54, 92, 141},  {39, 127, 142},
                         {31, 161, 135}, {74, 193, 109}, {160, 218, 57},
                         {236, 221, 45}};

// The number of shades that an eye can distinguish. Nodes of one shade share a
// path.
constexpr double kShades = 64;

// Returns "12" for "node-00012".
std::string LabelOf(const v1::Node& node) {
  const std::string& id = node.id();
  const size_t at = id.find_first_of("123456789");
  return at == std::string::npos ? id : id.substr(at);
}

}  // namespace

std::string RampColour(double part) {
  const double at = std::round(std::clamp(part, 0.0, 1.0) * kShades) / kShades *
                    static_cast<double>(std::size(kRamp) - 1);
  const auto low = std::min(static_cast<size_t>(at), std::size(kRamp) - 2);
  const double rest = at - static_cast<double>(low);
  const auto mixed = [&](size_t channel) {
    return static_cast<int>(std::lround(kRamp[low][channel] * (1 - rest) +
                                        kRamp[low + 1][channel] * rest));
  };
  return absl::StrFormat("#%02x%02x%02x", mixed(0), mixed(1), mixed(2));
}

const char* InkOn(absl::string_view colour) {
  uint32_t rgb = 0;
  if (!absl::SimpleHexAtoi(colour.substr(1), &rgb)) return kInk;
  const double luma =
      0.299 * (rgb >> 16) + 0.587 * (rgb >> 8 & 0xFF) + 0.114 * (rgb & 0xFF);
  return luma > 140 ? kInk : kPaper;
}

std::vector<NodeLook> LooksOf(const NodesAround& nodes) {
  const size_t stayed = static_cast<size_t>(std::count_if(
      nodes.after.begin(), nodes.after.end(), [&](const NodePtr& node) {
        return FindNode(nodes.before, node->id()) != nullptr;
      }));
  std::vector<NodeLook> looks;
  size_t i = 0;
  for (const NodePtr& node : nodes.after) {
    NodeLook& look = looks.emplace_back();
    look.added = FindNode(nodes.before, node->id()) == nullptr;
    if (nodes.after.size() <= kMaxLabelled) look.label = LabelOf(*node);
    look.colour =
        look.added
            ? kAccent
            : RampColour(stayed < 2 ? 0.3
                                    : static_cast<double>(i++) /
                                          static_cast<double>(stayed - 1));
  }
  return looks;
}

}  // namespace clockwise::cli
