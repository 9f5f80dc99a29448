// The table of changes: the nodes, the actor, the reason, and what moved.
import { get, ofRing } from "./api.js";
import { make, moment, percent } from "./numbers.js";

const PAGE = 20;
const MOST = 8; // names or transfers of one change

function some(texts) {
  return texts.slice(0, MOST).join(", ") + (texts.length > MOST ? ` and ${texts.length - MOST} more` : "");
}

function labelsOf(node) {
  return Object.entries(node.labels ?? {}).map(([name, value]) => `${name}=${value}`).sort().join(" ");
}

// Returns what an update changed, such as "weight 1 → 2".
export function differences(before, after) {
  const fields = [
    ["address", (node) => node.address], ["weight", (node) => String(node.weight)], ["zone", (node) => node.zone],
    ["labels", labelsOf], ["points", (node) => (node.points ?? []).join(" ")],
    ["virtual nodes", (node) => String(node.virtualNodeCount || "")]];
  return fields.filter(([, of]) => of(before) !== of(after))
    .map(([name, of]) => name === "points" ? name : `${name} ${of(before) || "none"} → ${of(after) || "none"}`);
}

export function what(change) {
  const parts = [];
  const added = change.addedIds ?? [];
  const before = new Map((change.before ?? []).map((node) => [node.id, node]));
  const updated = (change.upserted ?? []).filter((node) => !added.includes(node.id)).map((node) => {
    const facts = before.has(node.id) ? differences(before.get(node.id), node) : [];
    return facts.length ? `${node.id} (${facts.join(", ")})` : node.id;
  });
  if (added.length) parts.push(`+ ${some(added)}`);
  if (updated.length) parts.push(`~ ${some(updated)}`);
  if (change.removedIds?.length) parts.push(`− ${some(change.removedIds)}`);
  if (change.undeleted) parts.push("restored the deleted ring");
  if (change.endedMigrationFrom) parts.push(`migrated from ${change.endedMigrationFrom}`);
  return parts.join("; ") || "no nodes";
}

export function transfers({ comparison }) {
  const texts = (comparison?.transfers ?? []).map((one) => `${one.fromId || "(none)"} → ${one.toId || "(none)"} ${percent(one.ratio)}`);
  return some(texts) || (comparison?.transfersTruncated ? "too many to list" : "no keys");
}

function movedRatio(change) {
  return change.comparison?.movedRatio ?? 0;
}

// The server computes the transfers of a change only on request.
function movesOf(ring, change) {
  const epoch = Number(change.epoch);
  if (epoch < 2 || movedRatio(change) === 0) return "";
  const button = make("button", { type: "button" }, "show",
    make("span", { class: "unseen" }, ` the transfers of epoch ${epoch}`));
  button.addEventListener("click", async () => {
    try {
      const found = await get(ofRing(ring, "compare"), { from_epoch: epoch - 1, to_epoch: epoch });
      button.replaceWith(transfers(found));
    } catch (error) {
      button.replaceWith(error.message);
    }
  });
  return button;
}

function row(ring, change) {
  return make("tr", {},
    make("td", { class: "number" }, change.epoch),
    make("td", { class: "text" }, moment(change.acceptTime)), make("td", { class: "text" }, what(change)),
    make("td", { class: "text" }, change.statedActor ? `${change.actor} (as ${change.statedActor})` : change.actor), make("td", { class: "text" }, change.reason),
    make("td", { class: "number" }, percent(movedRatio(change))),
    make("td", { class: "text" }, movesOf(ring, change)));
}

export class History {
  #next = "";
  #ring = "";

  constructor(table, older) {
    this.body = table.tBodies[0];
    this.older = older;
    older.addEventListener("click", () => this.#page(this.#ring, this.#next, true));
  }

  async show(ring) {
    this.#ring = ring;
    await this.#page(ring, "", false);
  }

  async #page(ring, token, append) {
    const page = await get(ofRing(ring, "changes"), { page_size: PAGE, ...(token && { page_token: token }) });
    if (ring !== this.#ring) return;
    const rows = page.changes.map((change) => row(ring, change));
    if (append) this.body.append(...rows);
    else this.body.replaceChildren(...rows);
    if (!this.body.rows.length) this.body.append(make("tr", {}, make("td", { colspan: 7 }, "The ring has no changes yet.")));
    this.#next = page.nextPageToken;
    this.older.hidden = !this.#next;
  }
}
