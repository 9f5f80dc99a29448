"""Draws lines over two logarithmic axes as SVG, one panel per group."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 460, 320  # size of a panel
LEFT, RIGHT, TOP, BOTTOM = 56, 120, 36, 44
COLOURS = ["#1b6ca8", "#d1495b", "#3a7d44", "#8d6a9f", "#b5651d"]
SHORT = [(1e6, "M"), (1e3, "k")]


def label(number):
    for unit, name in SHORT:
        if number >= unit:
            return f"{number / unit:g}{name}"
    return f"{number:g}"


def powers(least, most):
    """Returns consecutive powers of ten that enclose both values."""
    first = math.floor(math.log10(least) + 1e-9)
    last = max(first + 1, math.ceil(math.log10(most) - 1e-9))
    return [10.0 ** power for power in range(first, last + 1)]


def scale(ticks, start, length):
    low, high = math.log10(ticks[0]), math.log10(ticks[-1])
    return lambda value: start + length * (math.log10(value) - low) / (high - low)


def text(x, y, words, anchor="middle", size=11, fill="#333"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
            f'font-size="{size}" fill="{fill}">{escape(words)}</text>')


def line(points, colour, width=1.0):
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (f'<polyline points="{path}" fill="none" stroke="{colour}" '
            f'stroke-width="{width}"/>')


def spread(places, least):
    """Returns the places, moved down where they are closer than `least`."""
    moved = {}
    last = -math.inf
    for name, y in sorted(places.items(), key=lambda item: item[1]):
        last = moved[name] = max(y, last + least)
    return moved


def panel(title, lines, x_title):
    xs = [x for _, some, _ in lines for x in some]
    ys = [y for _, _, some in lines for y in some if y > 0]
    x_ticks, y_ticks = powers(min(xs), max(xs)), powers(min(ys), max(ys))
    x_of = scale(x_ticks, LEFT, WIDTH - LEFT - RIGHT)
    y_of = scale(y_ticks, HEIGHT - BOTTOM, TOP + BOTTOM - HEIGHT)
    out = [text(LEFT, 20, title, "start", 13, "#111")]
    for tick in x_ticks:
        out.append(line([(x_of(tick), TOP), (x_of(tick), HEIGHT - BOTTOM)],
                        "#ddd"))
        out.append(text(x_of(tick), HEIGHT - BOTTOM + 16, label(tick)))
    for tick in y_ticks:
        out.append(line([(LEFT, y_of(tick)), (WIDTH - RIGHT, y_of(tick))],
                        "#ddd"))
        out.append(text(LEFT - 6, y_of(tick) + 4, label(tick), "end"))
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_title))
    ends = spread({name: y_of(some[-1]) for name, _, some in lines}, 13)
    for (name, some_x, some_y), colour in zip(lines, COLOURS):
        out.append(line([(x_of(x), y_of(y)) for x, y in zip(some_x, some_y)],
                        colour, 2))
        out.append(text(x_of(some_x[-1]) + 6, ends[name] + 4, name, "start", 11,
                        colour))
    return "\n".join(out)


def svg(x_title, panels):
    """Returns an SVG of `panels`, two per row: each a title and lines, each
    line a name, xs and ys."""
    height = HEIGHT * math.ceil(len(panels) / 2)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} '
             f'{height}" font-family="sans-serif">',
             f'<rect width="{2 * WIDTH}" height="{height}" fill="#fff"/>']
    for number, (title, lines) in enumerate(panels):
        parts.append(f'<g transform="translate({number % 2 * WIDTH} '
                     f'{number // 2 * HEIGHT})">')
        parts.append(panel(title, lines, x_title))
        parts.append("</g>")
    return "\n".join([*parts, "</svg>"]) + "\n"
