// Formats figures as text, and creates elements. Pure functions.

export function percent(part, digits = 2) {
  if (part > 0 && part < 0.5 / 10 ** (digits + 2)) return `< ${(1 / 10 ** digits).toFixed(digits)} %`;
  return `${(part * 100).toFixed(digits)} %`;
}

// Returns the 64-bit number `text`, which JSON carries in decimal, in hexadecimal.
export function hex(text) {
  return BigInt(text || 0).toString(16).padStart(16, "0");
}

export function count(number, one, many = `${one}s`) {
  return `${Number(number).toLocaleString("en")} ${Number(number) === 1 ? one : many}`;
}

export function age(seconds) {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

export function moment(text) {
  return text ? new Date(text).toISOString().replace("T", " ").replace(/\.\d+Z/, " UTC") : "";
}

// Returns the colour of the node at `index` in the snapshot. The golden angle between the
// hues of neighbouring indexes keeps the first nodes distinct.
export function colour(index) {
  return `hsl(${(index * 137.508 + 215) % 360} ${58 + (index % 3) * 8}% ${46 + (index % 5) * 5}%)`;
}

// Returns the shade of grey of the zone at `index` of `all` zones.
export function shade(index, all) {
  return `hsl(220 8% ${all < 2 ? 55 : 28 + (50 * index) / (all - 1)}%)`;
}

// Returns an HTML element. Children are elements or text.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

// Returns an SVG element.
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
