// Figures as text, and elements. Pure.

export function percent(part, digits = 2) {
  if (part > 0 && part < 0.5 / 10 ** (digits + 2)) return `< ${(1 / 10 ** digits).toFixed(digits)} %`;
  return `${(part * 100).toFixed(digits)} %`;
}

// A 64-bit number, which JSON carries as decimal text.
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

// A colour for the index-th of things that must look different.
export function colour(index) {
  return `hsl(${(index * 137.508 + 215) % 360} ${58 + (index % 3) * 8}% ${46 + (index % 5) * 5}%)`;
}

// A shade of grey for the index-th of `all` zones.
export function shade(index, all) {
  return `hsl(220 8% ${all < 2 ? 55 : 28 + (50 * index) / (all - 1)}%)`;
}

// An element; children are elements or text.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
