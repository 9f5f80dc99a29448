// The table of nodes compares shares with fair shares, largest share first.
import { draw, make, percent } from "./numbers.js";

const FIRST = 40; // rows until the user requests all

// The nodes of a snapshot with their shares and fair shares.
export function nodesOf(snapshot) {
  const nodes = snapshot.nodes ?? [];
  const weights = nodes.reduce((sum, node) => sum + node.weight, 0);
  return nodes.map((node, i) => ({
    id: node.id, zone: node.zone, address: node.address, weight: node.weight,
    share: snapshot.shares?.[i] ?? 0, fair: weights ? node.weight / weights : 0,
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

function row(node, { largest, digits, chosen, choose }) {
  const name = make("button", { type: "button", class: "name", title: node.address, "aria-pressed": String(node.id === chosen) }, node.id);
  name.addEventListener("click", () => choose(node.id));
  return make("tr", {},
    make("td", {}, name), make("td", {}, node.zone),
    make("td", { class: "number" }, String(node.weight)),
    make("td", { class: "number" }, percent(node.share, digits)),
    make("td", { class: "number" }, percent(node.fair, digits)),
    make("td", { class: "bar" }, bar(node, largest)));
}

export class NodeTable {
  #nodes = [];
  #all = false;
  #chosen = null;

  constructor(table, filter, more, choose) {
    this.body = table.tBodies[0];
    this.filter = filter;
    this.more = more;
    this.choose = choose;
    filter.addEventListener("input", () => this.render());
    more.addEventListener("click", () => {
      this.#all = !this.#all;
      this.render();
    });
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
    this.body.replaceChildren(...shown.map((node) => row(node, look)));
    if (!shown.length) {
      this.body.append(make("tr", {}, make("td", { colspan: 6 }, this.#nodes.length ? "No node or zone matches." : "The ring has no nodes. Add one: clockwise node add ID --address=HOST:PORT")));
    }
    this.more.hidden = found.length <= FIRST;
    this.more.textContent = this.#all ? `Show the first ${FIRST}` : `Show all ${found.length.toLocaleString("en")} nodes`;
  }
}
