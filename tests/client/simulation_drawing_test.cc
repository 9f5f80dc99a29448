#include "client/cli/drawing/simulation_drawing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/drawing/node_style.h"
#include "client/cli/drawing/svg.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

v1::RingSpec DrawnSpec(v1::Layout layout, uint32_t virtual_nodes,
                       uint32_t replicas = 1) {
  v1::RingSpec spec;
  spec.set_layout(layout);
  spec.set_virtual_node_count(virtual_nodes);
  spec.set_replica_count(replicas);
  return spec;
}

RingPair DrawnRings(const v1::RingSpec& spec, const NodesAround& nodes) {
  auto rings = BuildRings(spec, nodes);
  EXPECT_TRUE(rings.ok()) << rings.status();
  return *std::move(rings);
}

std::vector<Panel> PanelsOf(const NodesAround& nodes, size_t hashed) {
  std::vector<v1::RingSpec> specs = {DrawnSpec(v1::LAYOUT_MODULO, 0)};
  for (size_t i = 0; i < hashed; ++i) {
    specs.push_back(DrawnSpec(v1::LAYOUT_HASHED, i % 2 == 0 ? 1 : 20));
  }
  specs.push_back(DrawnSpec(v1::LAYOUT_PARTITIONED, 0));
  std::vector<Panel> panels;
  for (const v1::RingSpec& spec : specs) {
    const RingPair rings = DrawnRings(spec, nodes);
    panels.push_back(
        {FiguresOf(rings, KeySample({})), ArcsOf(*rings.before, *rings.after)});
  }
  return panels;
}

size_t Count(absl::string_view text, absl::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != absl::string_view::npos;
       at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

// True if elements are closed in the order in which they were opened,
// attributes are quoted, and no bare & or < is in text.
bool IsWellFormed(absl::string_view xml) {
  std::vector<std::string> open;
  while (!xml.empty()) {
    const size_t text = xml.find('<');
    if (text == absl::string_view::npos) break;
    for (size_t at = xml.substr(0, text).find('&');
         at != absl::string_view::npos;
         at = xml.substr(0, text).find('&', at + 1)) {
      const absl::string_view entity =
          xml.substr(at, xml.find(';', at) - at + 1);
      if (entity != "&amp;" && entity != "&lt;" && entity != "&gt;" &&
          entity != "&quot;") {
        return false;
      }
    }
    const size_t end = xml.find('>', text);
    if (end == absl::string_view::npos) return false;
    const absl::string_view tag = xml.substr(text + 1, end - text - 1);
    const bool closes = tag.front() == '/';
    const std::string name(
        tag.substr(closes, tag.find_first_of(" /", closes) - closes));
    if (Count(tag, "\"") % 2 != 0 || tag.find('<') != tag.npos) return false;
    if (closes) {
      if (open.empty() || open.back() != name) return false;
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
    xml.remove_prefix(end + 1);
  }
  return open.empty();
}

TEST(RingArcsTest, ArcsCoverTheCircleAndHoldWhatMoved) {
  const NodesAround nodes = NumberedNodes(7, 2, 1);
  for (const uint32_t replicas : {1u, 3u}) {
    for (const v1::RingSpec& spec :
         {DrawnSpec(v1::LAYOUT_HASHED, 1, replicas),
          DrawnSpec(v1::LAYOUT_HASHED, 30, replicas),
          DrawnSpec(v1::LAYOUT_MODULO, 0, replicas)}) {
      const RingPair rings = DrawnRings(spec, nodes);
      const ArcList list = ArcsOf(*rings.before, *rings.after);
      EXPECT_FALSE(list.sampled);
      double start = 0;
      double moved = 0;
      std::vector<double> primary(nodes.after.size());
      for (const Arc& arc : list.arcs) {
        EXPECT_LT(start, arc.end);
        moved += (arc.end - start) * arc.moved;
        primary[arc.owner] += arc.end - start;
        start = arc.end;
      }
      EXPECT_EQ(start, 1);
      const Figures figures = FiguresOf(rings, KeySample({}));
      EXPECT_NEAR(moved, figures.moved_ratio, 1e-9);
      double peak = 0;
      for (const double part : primary) peak = std::max(peak, part);
      EXPECT_NEAR(peak * static_cast<double>(primary.size()),
                  figures.primary_balance_after.peak_to_mean(), 1e-9);
    }
  }
}

TEST(RingArcsTest, SamplesKeepTheirPartsOfAGreatRing) {
  const NodesAround nodes = NumberedNodes(10, 1, 0);
  for (const v1::RingSpec& spec : {DrawnSpec(v1::LAYOUT_HASHED, 1000),
                                   DrawnSpec(v1::LAYOUT_PARTITIONED, 0)}) {
    const RingPair rings = DrawnRings(spec, nodes);
    const ArcList list = ArcsOf(*rings.before, *rings.after);
    EXPECT_TRUE(list.sampled);
    EXPECT_LE(list.arcs.size(), kMaxArcs);
    EXPECT_EQ(list.arcs.back().end, 1);
    double start = 0;
    double moved = 0;
    double added = 0;
    for (const Arc& arc : list.arcs) {
      moved += (arc.end - start) * arc.moved;
      if (arc.owner + 1 == nodes.after.size()) added += arc.end - start;
      start = arc.end;
    }
    // Within four standard deviations for this number of samples.
    const double within = 4 * std::sqrt(0.09 * 0.91 / kMaxArcs);
    EXPECT_NEAR(moved, FiguresOf(rings, KeySample({})).moved_ratio, within);
    EXPECT_NEAR(added, 1 / 11.0, within);
  }
}

TEST(RingArcsTest, NoRingHasMoreThanTheMostArcs) {
  const NodesAround nodes = NumberedNodes(2000, 1, 0);
  for (const v1::RingSpec& spec :
       {DrawnSpec(v1::LAYOUT_HASHED, 1), DrawnSpec(v1::LAYOUT_MODULO, 0)}) {
    const RingPair rings = DrawnRings(spec, nodes);
    const ArcList list = ArcsOf(*rings.before, *rings.after);
    EXPECT_TRUE(list.sampled);
    EXPECT_LE(list.arcs.size(), kMaxArcs);
  }
}

TEST(SimulationDrawingTest, PictureIsWellFormedForAnyNumberOfNodes) {
  for (const NodesAround& nodes :
       {NumberedNodes(1, 0, 0), NumberedNodes(1, 1, 1), NumberedNodes(3, 1, 0),
        NumberedNodes(10, 0, 9), NumberedNodes(400, 100, 3)}) {
    for (const size_t hashed : {0u, 2u, 5u}) {
      const std::string svg =
          DrawSimulation(nodes, PanelsOf(nodes, hashed), "clockwise simulate");
      EXPECT_TRUE(IsWellFormed(svg)) << svg.substr(0, 2000);
      EXPECT_EQ(svg.find("nan"), std::string::npos);
      EXPECT_EQ(svg.find("inf\""), std::string::npos);
    }
  }
}

TEST(SimulationDrawingTest, LargestPictureIsBelowTwoMegabytes) {
  // The ring is sampled, each sample has another node, and moves have all
  // widths.
  const NodesAround nodes = NumberedNodes(2000, 2000, 700);
  const RingPair rings = DrawnRings(DrawnSpec(v1::LAYOUT_HASHED, 20, 8), nodes);
  const Panel panel = {FiguresOf(rings, KeySample({})),
                       ArcsOf(*rings.before, *rings.after)};
  EXPECT_TRUE(panel.ring.sampled);
  const std::string svg = DrawSimulation(
      nodes, std::vector<Panel>(limits::kMaxSimulatedLayouts, panel), "");
  EXPECT_LT(svg.size(), 2'000'000u);
  EXPECT_TRUE(IsWellFormed(svg));
}

TEST(SimulationDrawingTest, PanelsTellTheFigures) {
  const NodesAround nodes = NumberedNodes(10, 1, 0);
  const std::string svg = DrawSimulation(nodes, PanelsOf(nodes, 1), "");
  for (const char* text :
       {">From modulo hashing to partitions: 10 nodes, then 1 more<",
        ">90.9 %<", ">moved/least 10.0<", ">Modulo hashing<",
        ">One point per node<", ">65,536 partitions<",
        ">peak-to-mean 1.000<"}) {
    EXPECT_NE(svg.find(text), std::string::npos) << text;
  }
  // Modulo hashing and partitions have the same minimum.
  EXPECT_EQ(Count(svg, ">least: 9.09 %<"), 2u);
}

TEST(SimulationDrawingTest, AddedNodesAloneHaveTheAccent) {
  const std::vector<NodeLook> looks = LooksOf(NumberedNodes(10, 2, 1));
  ASSERT_EQ(looks.size(), 11u);
  for (size_t i = 0; i < looks.size(); ++i) {
    EXPECT_EQ(looks[i].added, i >= 9);
    EXPECT_EQ(looks[i].colour == kAccent, i >= 9);
    EXPECT_EQ(looks[i].label, absl::StrCat(i + 2));
  }
}

TEST(SimulationDrawingTest, LabelsGoWhereNodesAreMany) {
  EXPECT_FALSE(LooksOf(NumberedNodes(12, 0, 0)).front().label.empty());
  EXPECT_TRUE(LooksOf(NumberedNodes(12, 1, 0)).front().label.empty());
}

TEST(SimulationDrawingTest, CommandIsEscapedAndCut) {
  const NodesAround nodes = NumberedNodes(3, 1, 0);
  const auto panels = PanelsOf(nodes, 0);
  const std::string svg =
      DrawSimulation(nodes, panels, "simulate '<&\"\x01\xff\xef\xbf\xbe>'");
  EXPECT_TRUE(IsWellFormed(svg));
  EXPECT_NE(svg.find("simulate '&lt;&amp;&quot;\\x01\\xff?&gt;'"),
            std::string::npos);
  // The cut never splits a character.
  for (const std::string start : {"", "x"}) {
    std::string command = start;
    for (int i = 0; i < 5000; ++i) command += "é";
    const std::string cut = DrawSimulation(nodes, panels, command);
    EXPECT_LT(cut.size(), svg.size() + 1000);
    EXPECT_NE(cut.find("éé …<"), std::string::npos);
  }
}

TEST(SvgTest, NumbersAreShortAndRounded) {
  EXPECT_EQ(Number(0), "0");
  EXPECT_EQ(Number(-0.001), "0");
  EXPECT_EQ(Number(12), "12");
  EXPECT_EQ(Number(12.3), "12.3");
  EXPECT_EQ(Number(12.05), "12.05");
  EXPECT_EQ(Number(-0.5), "-0.5");
  EXPECT_EQ(Number(1.999), "2");
}

}  // namespace
}  // namespace clockwise::cli
