// Shows the figures of the ring and of the server.
import { age, count, hex, make, moment } from "./numbers.js";

function figure(name, text, small = false) {
  return make("div", { class: small ? "figure small" : "figure" }, make("b", {}, text), make("span", {}, name));
}

function layoutOf(spec) {
  if (spec.partitionBits) return `${spec.layout}, ${(2 ** spec.partitionBits).toLocaleString("en")} partitions`;
  return spec.virtualNodeCount ? `${spec.layout}, ${spec.virtualNodeCount} points per weight` : spec.layout;
}

export function showFigures(section, snapshot, nodes) {
  const balance = snapshot.balance ?? { peakToMean: 0, stddev: 0 };
  section.replaceChildren(
    figure("epoch", snapshot.epoch),
    figure("nodes", nodes.length.toLocaleString("en")),
    figure("owners per key", String(snapshot.spec.replicaCount)),
    figure("largest share ÷ fair share", nodes.length ? balance.peakToMean.toFixed(4) : "–"),
    figure("smallest share ÷ fair share", nodes.length ? (balance.minToMean ?? 0).toFixed(4) : "–"),
    figure("standard deviation of share ÷ fair share", nodes.length ? balance.stddev.toFixed(4) : "–"),
    figure("layout", layoutOf(snapshot.spec), true),
    figure("fingerprint", snapshot.fingerprint, true),
    figure("incarnation", hex(snapshot.incarnation), true));
}

function yes(holds, good, bad) {
  return make("span", { class: holds ? "good" : "error" }, holds ? `✓ ${good}` : `✗ ${bad}`);
}

// Returns the problems of the server with its store, in the words of `clockwise doctor`.
export function problemsOf(status) {
  const hidden = "an OPERATOR sees the reason with clockwise doctor";
  const problems = [];
  if (status.storeDistrust) {
    problems.push(`The server does not trust its store: ${status.storeDistrust}`);
  } else if (!status.storeUp && !status.storeRefusalTime) {
    problems.push("The store did not answer the last call, or is not trusted");
  }
  if (status.storeRefusalTime) {
    problems.push(`The store ${status.storeUp ? "" : "cannot be read, and "}refuses changes since ${moment(status.storeRefusalTime)}: ${status.storeRefusal || hidden}`);
  }
  return problems;
}

export function showProblems(line, status) {
  const text = problemsOf(status).map((problem) => `${problem}.`).join(" ");
  line.hidden = !text;
  // An unchanged alert is not announced again.
  if (line.textContent !== text) line.textContent = text;
}

export function showServer(list, status) {
  const seconds = (from, to) => (new Date(to) - new Date(from)) / 1000;
  const lines = [
    ["Version", status.version],
    ["State", yes(status.ready && !status.draining, "serving", status.draining ? "draining" : "loading the rings")],
    ["Store", make("span", {}, `${status.store} `, yes(status.storeUp, "reachable", status.storeDistrust || "unreachable"))],
    ["Last confirmed by the store", Number(status.unconfirmedMs) < 1000 ? "now" : `${age(status.unconfirmedMs / 1000)} ago`],
    ["Watch streams", `${count(status.watchStreamCount, "stream")}, the slowest is ${count(status.watchLagEpochs, "epoch")} behind`],
    ["Uptime", `${age(seconds(status.startTime, status.serverTime))}, since ${moment(status.startTime)}`],
    ["Server time", moment(status.serverTime)],
  ];
  if (status.certificateExpireTime) lines.push(["Certificate", `expires ${moment(status.certificateExpireTime)}`]);
  list.replaceChildren(...lines.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]));
}
