// The form that looks up the owners of a key.
import { get, ofRing } from "./api.js";
import { make } from "./numbers.js";

export function setUpLocate(form, result, ringOf, choose) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = form.elements.key.value;
    try {
      const found = await get(ofRing(ringOf(), "locate"), { key });
      const owners = found.owners.map((owner, i) => make("li", {},
        make("b", {}, owner.nodeId), ` ${owner.address}${owner.zone && ` in ${owner.zone}`}${i ? "" : " (primary)"}`));
      result.replaceChildren(make("p", {}, make("code", {}, key), ` at epoch ${found.epoch}:`), make("ol", {}, ...owners));
      choose(found.owners[0]?.nodeId ?? null);
    } catch (error) {
      result.replaceChildren(make("p", { class: "error" }, error.message));
    }
  });
}
