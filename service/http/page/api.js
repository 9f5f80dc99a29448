// Reads the server's JSON and follows its events.

export class Refused extends Error {}

// Returns the reply to GET /api/v1/`path`. Throws Refused, with the server's message.
export async function get(path, parameters = {}, tries = 3) {
  const url = new URL(`/api/v1/${path}`, location.href);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.append(name, value);
  const response = await fetch(url);
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  if (response.status === 503 && tries > 1 && body?.error?.reason === "OVERLOADED") {
    await new Promise((done) => setTimeout(done, 1000));
    return get(path, parameters, tries - 1);
  }
  throw new Refused(body?.error?.message ?? `the server returned HTTP status ${response.status}`);
}

export function ofRing(ring, what = "") {
  return `rings/${encodeURIComponent(ring)}${what && "/"}${what}`;
}

// Calls `handlers.ring(name)` when a ring has a new state, `handlers.beat()`
// every few seconds, and `handlers.state(live)` when the stream begins or breaks.
export function follow(handlers) {
  const events = new EventSource("/api/v1/events");
  events.addEventListener("open", () => handlers.state(true));
  events.addEventListener("error", () => {
    handlers.state(false);
    // A browser does not reconnect after a reply that is not a stream.
    if (events.readyState === EventSource.CLOSED) setTimeout(() => follow(handlers), 5000);
  });
  events.addEventListener("ring", (event) => handlers.ring(JSON.parse(event.data).ring));
  events.addEventListener("beat", () => handlers.beat());
}
