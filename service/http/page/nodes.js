// The table of nodes compares shares with fair shares, largest share first.
import { colour, draw, make, percent } from "./numbers.js";

const FIRST = 40; // rows until the user requests all

// Returns the nodes of a snapshot with their shares, fair shares and colours.
export function nodesOf(snapshot) {
  const nodes = snapshot.nodes ?? [];
  const weights = nodes.reduce((sum, node) => sum + node.weight, 0);
  return nodes.map((node, i) => ({
    id: node.id, zone: node.zone, address: node.address, weight: node.weight,
    share: snapshot.shares?.[i] ?? 0, fair: weights ? node.weight / weights : 0, colour: colour(i),
  }));
}

function bar(node, largest) {
  const at = (part) => (100 * part) / largest;
  return draw("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    draw("rect", { class: "share", y: 1, height: 8, width: at(node.share) }),
    draw("line", { class: "fair", x1: at(node.fair), x2: at(node.fair), y1: 0, y2: 10 }));
}

// Shares of many nodes differ only in later digits.
function digitsFor(nodes) {
  return nodes > 100 ? 4 : 2;
}

// The colour of the node's arcs. Screen readers skip it: the name stands beside it.
function swatch(node) {
  return draw("svg", { viewBox: "0 0 10 10", class: "swatch", "aria-hidden": "true" },
    draw("rect", { width: 10, height: 10, rx: 2, fill: node.colour }));
}

function row(node, { largest, digits, chosen, choose }) {
  const name = make("button", { type: "button", class: "name", title: node.address, "aria-pressed": String(node.id === chosen) }, node.id);
  name.addEventListener("click", () => choose(node.id));
  return make("tr", { "data-node": node.id },
    make("td", {}, make("span", { class: "node" }, swatch(node), name)), make("td", {}, node.zone),
    make("td", { class: "number" }, String(node.weight)),
    make("td", { class: "number" }, percent(node.share, digits)),
    make("td", { class: "number" }, percent(node.fair, digits)),
    make("td", { class: "bar" }, bar(node, largest)));
}

function nodeOf(element) {
  return element?.closest("tr")?.dataset.node ?? null;
}

// Calls `choose(id)` when the user clicks a name. Calls `point(id)` when the pointer or the
// keyboard focus reaches a row, and `point(null)` when it has left the table.
export class NodeTable {
  #nodes = [];
  #all = false;
  #chosen = null;
  #hovered = null; // node of the row under the pointer
  #focused = null; // node of the row that has the keyboard focus
  #byKeyboard = false; // the keyboard was used last

  constructor(table, filter, more, choose, point) {
    this.body = table.tBodies[0];
    this.filter = filter;
    this.more = more;
    this.choose = choose;
    this.point = point;
    this.#followPointerAndFocus();
    filter.addEventListener("input", () => this.render());
    more.addEventListener("click", () => {
      this.#all = !this.#all;
      this.render();
    });
  }

  // The body listens for all its rows, so 1,000 rows need no listeners of their own.
  #followPointerAndFocus() {
    this.body.addEventListener("pointerover", (event) => {
      this.#hovered = nodeOf(event.target);
      this.#point();
    });
    // Tab can scroll a row under a pointer that rests. Only a pointer that moves takes
    // the highlight from the focused row.
    this.body.addEventListener("pointermove", () => {
      if (!this.#byKeyboard) return;
      this.#byKeyboard = false;
      this.#point();
    });
    this.body.addEventListener("pointerleave", () => {
      this.#hovered = null;
      this.#point();
    });
    // A click focuses the name too. It must not keep the highlight after the pointer left.
    this.body.addEventListener("focusin", (event) => {
      if (!event.target.matches(":focus-visible")) return;
      this.#focused = nodeOf(event.target);
      this.#byKeyboard = true;
      this.#point();
    });
    this.body.addEventListener("focusout", () => {
      this.#focused = null;
      this.#point();
    });
  }

  #point() {
    this.point(this.#byKeyboard ? this.#focused ?? this.#hovered : this.#hovered ?? this.#focused);
  }

  show(nodes) {
    this.#nodes = [...nodes].sort((a, b) => b.share - a.share || a.id.localeCompare(b.id));
    this.render();
  }

  mark(id) {
    this.#chosen = id;
    for (const name of this.body.querySelectorAll("button.name")) {
      name.setAttribute("aria-pressed", String(name.textContent === id));
    }
  }

  render() {
    const wanted = this.filter.value.trim().toLowerCase();
    const found = this.#nodes.filter((node) => !wanted || node.id.toLowerCase().includes(wanted) || node.zone.toLowerCase().includes(wanted));
    const shown = this.#all ? found : found.slice(0, FIRST);
    const largest = Math.max(...this.#nodes.map((node) => Math.max(node.share, node.fair)), Number.MIN_VALUE);
    const look = { largest, digits: digitsFor(this.#nodes.length), chosen: this.#chosen, choose: this.choose };
    const focused = this.body.contains(document.activeElement) ? nodeOf(document.activeElement) : null;
    this.body.replaceChildren(...shown.map((node) => row(node, look)));
    this.#restore(focused);
    if (!shown.length) {
      this.body.append(make("tr", {}, make("td", { colspan: 6 }, this.#nodes.length ? "No node or zone matches." : "The ring has no nodes. Add one: clockwise node add ID --address=HOST:PORT")));
    }
    this.more.hidden = found.length <= FIRST;
    this.more.textContent = this.#all ? `Show the first ${FIRST}` : `Show all ${found.length.toLocaleString("en")} nodes`;
  }

  // Not every browser sends pointerleave or focusout when a row is removed. The new row
  // under the pointer gets a pointerover of its own.
  #restore(focused) {
    this.#hovered = null;
    this.#focused = null;
    const row = focused === null ? null : [...this.body.rows].find((one) => one.dataset.node === focused);
    row?.querySelector("button").focus({ preventScroll: true });
    this.#point();
  }
}
