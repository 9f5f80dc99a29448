// Draws the ring: a band of owners, and a band of zones inside it.
import { draw, make, percent, shade } from "./numbers.js";

const OWNERS = { radius: 96, width: 32 };
const ZONES = { radius: 72, width: 8 };
const SEAM = 0.0003; // part of the circle by which arcs overlap, so that no gap shows

function point(radius, part) {
  const angle = part * 2 * Math.PI;
  return `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
}

function arc(radius, start, end) {
  if (end - start > 0.999) {
    const middle = (start + end) / 2;
    return arc(radius, start, middle) + arc(radius, middle, end);
  }
  return `M${point(radius, start)}A${radius} ${radius} 0 ${end - start > 0.5 ? 1 : 0} 1 ${point(radius, end)}`;
}

// Returns a map from key to one path that has all arcs of this key. `keyOf(owner)`
// returns the key of an arc.
function paths(arcs, radius, keyOf) {
  const byKey = new Map();
  let start = 0;
  arcs.ends.forEach((end, i) => {
    const key = keyOf(arcs.owners[i]);
    byKey.set(key, (byKey.get(key) ?? "") + arc(radius, start, Math.min(end + SEAM, start + 1)));
    start = end;
  });
  return byKey;
}

function band(path, stroke, { width }, name) {
  return draw("path", { d: path, fill: "none", stroke, "stroke-width": width, class: name });
}

// `nodes` has {id, zone, share, fair, colour}, in the order of arcs.nodeIds. Calls `pointAt(id)`
// when the pointer reaches an arc of a node, and `pointAt(null)` when it leaves the arc.
// Returns the zones.
export function drawRing(svg, arcs, nodes, epoch, pointAt) {
  const zones = [...new Set(nodes.map((node) => node.zone))].sort();
  const owners = draw("g", { class: "owners" });
  const on = band("", "none", OWNERS, "on");
  const parts = [draw("circle", { r: OWNERS.radius, "stroke-width": OWNERS.width, class: "track" }), owners, on];
  for (const [owner, path] of paths(arcs, OWNERS.radius, (index) => index)) {
    const element = band(path, nodes[owner].colour, OWNERS, "owner");
    element.dataset.node = nodes[owner].id;
    element.append(draw("title", {}, `${nodes[owner].id}: ${percent(nodes[owner].share)}`));
    element.addEventListener("pointerenter", () => pointAt(nodes[owner].id));
    element.addEventListener("pointerleave", () => pointAt(null));
    owners.append(element);
  }
  if (zones.length > 1) {
    const zoneOf = nodes.map((node) => zones.indexOf(node.zone));
    for (const [zone, path] of paths(arcs, ZONES.radius, (index) => zoneOf[index])) {
      parts.push(band(path, shade(zone, zones.length), ZONES, "zone"));
    }
  }
  parts.push(draw("text", { class: "centre", y: 2 }, `epoch ${epoch}`));
  parts.push(draw("text", { class: "under", y: 17 }, nodes.length === 1 ? "1 node" : `${nodes.length.toLocaleString("en")} nodes`));
  if (arcs.sampled) parts.push(draw("text", { class: "under", y: 29 }, "sampled arcs"));
  svg.replaceChildren(...parts);
  svg.setAttribute("aria-label", nodes.length === 0 ? "The ring has no nodes"
    : `The ring at epoch ${epoch}: ${nodes.length} nodes. The table of shares has the same data.`);
  return zones;
}

export function drawLegend(list, zones) {
  list.replaceChildren(...(zones.length < 2 ? [] : zones.map((zone, i) =>
    make("li", {}, draw("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" },
      draw("rect", { width: 10, height: 10, fill: shade(i, zones.length) })), zone || "no zone"))));
}

// Dims the arcs of all nodes but `id`. With null, dims none. Dims all arcs as one group and draws
// the arcs of `id` again above it, because dimming 1,000 paths one by one is slow.
export function highlight(svg, id) {
  svg.classList.toggle("chosen", id !== null);
  // Without a node, the path above stays until the group has faded in. It has the same colour.
  if (id === null) return;
  const arcs = svg.querySelector(`.owner[data-node="${CSS.escape(id)}"]`);
  const on = svg.querySelector(".on");
  on?.setAttribute("d", arcs?.getAttribute("d") ?? "");
  on?.setAttribute("stroke", arcs?.getAttribute("stroke") ?? "none");
}
