// The form that plans a change. The server computes the change and does not apply it.
import { get, ofRing } from "./api.js";
import { make, percent } from "./numbers.js";
import { transfers } from "./history.js";

function changeOf(fields) {
  const id = fields.id.value.trim();
  const weight = Number(fields.weight.value);
  if (fields.action.value === "remove") return { remove: id };
  if (fields.action.value === "weigh") return { update: { node: { id, weight }, updateMask: "weight" } };
  return { add: { id, weight, zone: fields.zone.value.trim() } };
}

function line(name, text) {
  return [make("dt", {}, name), make("dd", {}, text)];
}

function report(change) {
  const { movedRatio, minimumMovedRatio, balanceBefore, balanceAfter } = change.comparison;
  return make("dl", {},
    ...line("Moved", `${percent(movedRatio)} of the keys (least possible ${percent(minimumMovedRatio)})`),
    ...line("Peak-to-mean", `${balanceBefore?.peakToMean.toFixed(4) ?? "–"} → ${balanceAfter?.peakToMean.toFixed(4) ?? "–"}`),
    ...line("From → to", transfers(change)));
}

export function setUpPlan(form, result, ringOf) {
  const fields = form.elements;
  const show = () => {
    fields.weight.parentElement.hidden = fields.action.value === "remove";
    fields.zone.parentElement.hidden = fields.action.value !== "add";
  };
  fields.action.addEventListener("change", show);
  show();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const change = await get(ofRing(ringOf(), "plan"), { change: JSON.stringify(changeOf(fields)) });
      result.replaceChildren(report(change));
    } catch (error) {
      result.replaceChildren(make("p", { class: "error" }, error.message));
    }
  });
}
