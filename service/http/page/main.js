// The ring page. Fetches the ring, shows it, and fetches it again after each change.
import { follow, get, ofRing } from "./api.js";
import { History } from "./history.js";
import { setUpLocate } from "./locate.js";
import { make, percent } from "./numbers.js";
import { NodeTable, nodesOf } from "./nodes.js";
import { setUpPlan } from "./plan.js";
import { drawLegend, drawRing, highlight } from "./ring.js";
import { showFigures, showProblems, showServer } from "./status.js";

const $ = (id) => document.getElementById(id);
const page = { ring: "", nodes: [], chosen: null, onArc: null, onRow: null, heard: 0, live: false };

function choose(id) {
  page.chosen = id === page.chosen ? null : id;
  table.mark(page.chosen);
  showNode();
}

function pointAtArc(id) {
  page.onArc = id;
  showNode();
}

function pointAtRow(id) {
  page.onRow = id;
  showNode();
}

// Highlights the node of the arc under the pointer, or else of the row that has the pointer
// or the focus, or else the chosen node.
function showNode() {
  const shown = page.onArc ?? page.onRow ?? page.chosen;
  highlight($("ring"), shown);
  const node = page.nodes.find((one) => one.id === shown);
  $("readout").textContent = node ? `${node.id}${node.zone && ` in ${node.zone}`}: ${percent(node.share)}, fair ${percent(node.fair)}` : "";
}

const table = new NodeTable($("nodes"), $("filter"), $("more"), choose, pointAtRow);
const history = new History($("history"), $("older"));
setUpLocate($("locate"), $("located"), () => page.ring, (id) => { page.chosen = null; if (id) choose(id); });
setUpPlan($("plan"), $("planned"), () => page.ring);

function complain(error) {
  $("notice").hidden = !error;
  $("notice").textContent = error ? error.message : "";
}

async function showRing() {
  const ring = page.ring;
  const [{ snapshot }, arcs] = await Promise.all([get(ofRing(ring)), get(ofRing(ring, "arcs"))]);
  if (ring !== page.ring) return;
  // A change came between the two replies. Its event fetches both again.
  if (arcs.epoch !== snapshot.epoch) return;
  page.nodes = nodesOf(snapshot);
  showFigures($("figures"), snapshot, page.nodes);
  drawLegend($("zones"), drawRing($("ring"), arcs, page.nodes, snapshot.epoch, pointAtArc));
  page.onArc = null; // the arc under the pointer was replaced, which sends no event
  if (!page.nodes.some((node) => node.id === page.chosen)) page.chosen = null;
  table.show(page.nodes);
  table.mark(page.chosen);
  showNode();
  $("ids").replaceChildren(...page.nodes.slice(0, 1000).map((node) => make("option", { value: node.id })));
  await history.show(ring);
}

async function showStatus() {
  const status = await get("status");
  showServer($("server"), status);
  showProblems($("problems"), status);
  const names = status.rings.map((ring) => ring.info.spec.name);
  const wanted = names.includes(page.ring) ? page.ring : names.includes("default") ? "default" : names[0] ?? "";
  if (names.join() !== [...$("rings").options].map((option) => option.value).join()) {
    $("rings").replaceChildren(...names.map((name) => make("option", { value: name }, name)));
  }
  $("rings").value = wanted;
  return wanted;
}

// Only one refresh runs at a time. A request during a refresh starts another after it.
let refreshing = null;
let again = false;
function refresh() {
  if (refreshing) {
    again = true;
    return refreshing;
  }
  refreshing = (async () => {
    do {
      again = false;
      try {
        page.ring = await showStatus();
        if (page.ring) await showRing();
        page.heard = Date.now();
        complain(null);
      } catch (error) {
        complain(error);
      }
    } while (again);
    refreshing = null;
    showLive();
  })();
  return refreshing;
}

function showLive() {
  const seconds = Math.round((Date.now() - page.heard) / 1000);
  const live = page.live && seconds < 15;
  $("live").className = live ? "live" : "lost";
  const text = live ? "live" : page.heard ? `not live: the data is ${seconds} s old` : "not live";
  if ($("live").textContent !== text) $("live").textContent = text;
}

$("rings").addEventListener("change", () => {
  page.ring = $("rings").value;
  location.hash = encodeURIComponent(page.ring);
  refresh();
});
// The ring in the address: #NAME, which the page sets, or else ?ring=NAME.
function ringInAddress() {
  try {
    const name = decodeURIComponent(location.hash.slice(1));
    if (name) return name;
  } catch {
    // a malformed escape names no ring
  }
  return new URLSearchParams(location.search).get("ring") ?? "";
}
page.ring = ringInAddress();
follow({
  ring: (name) => { if (name === page.ring || !page.ring) refresh(); else showStatus().catch(complain); },
  beat: () => { page.heard = Date.now(); showLive(); showStatus().catch(complain); },
  state: (live) => { page.live = live; showLive(); if (live) refresh(); },
});
refresh();
setInterval(showLive, 2000);
