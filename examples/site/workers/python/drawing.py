"""The map of the texts as an SVG picture that takes its colours from the page it stands in.

Knows nothing of Procwire; ``worker.py`` offers it to the parent.
"""

import html
import io
import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

SIZE = (11.0, 6.0)
"""Inches, at 72 units each."""

# Stand-ins that `_themed` turns into the page's own colours, which have a light and a dark form.
_INK = "#010101"
_LINE = "#020202"
_GROUPS = [f"#03030{group}" for group in range(8)]
_COLOURS = {
    _INK: "var(--ink, #1c1d22)",
    _LINE: "var(--edge, #c9cbd4)",
    **{stand_in: f"var(--group-{group}, #5b6ee1)" for group, stand_in in enumerate(_GROUPS)},
}


# A letter the measuring font lacks is still drawn: by the reader's browser, with its own fonts.
warnings.filterwarnings("ignore", "Glyph .* missing from font")


@dataclass(frozen=True)
class Dot:
    """One text on the map. ``related`` are the indices of its nearest kin."""

    title: str
    href: str
    words: int
    group: int
    place: tuple[float, float]
    related: Sequence[int]


def draw(dots: Sequence[Dot]) -> str:
    """The map as an ``<svg>`` element to stand in a page; each dot is a link."""
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "map", "font.size": 9.5}):
        figure = Figure(figsize=SIZE, dpi=72)
        # Room for titles on the right.
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(-0.04, 1.16), ylim=(-0.06, 1.06))
        axes.set_axis_off()
        if dots:
            pairs = {(min(at, kin), max(at, kin)) for at, dot in enumerate(dots) for kin in dot.related}
            lines = [(dots[one].place, dots[other].place) for one, other in sorted(pairs)]
            axes.add_collection(LineCollection(lines, colors=_LINE, linewidths=0.8))
            marks = axes.scatter(
                [dot.place[0] for dot in dots],
                [dot.place[1] for dot in dots],
                s=[_size(dot) ** 2 for dot in dots],
                c=[_GROUPS[dot.group % len(_GROUPS)] for dot in dots],
                linewidths=0,
                zorder=2,
            )
            marks.set_urls([dot.href for dot in dots])
            _label(axes, dots)
        picture = io.StringIO()
        figure.savefig(picture, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _for_the_page(picture.getvalue(), {dot.href: dot.title for dot in dots})


def _size(dot: Dot) -> float:
    """The diameter of the dot in points."""
    return 9.0 + math.sqrt(min(dot.words, 10_000)) / 5.0


def _label(axes: Axes, dots: Sequence[Dot]) -> None:
    """Writes the titles, the longest texts first; one that would cover something is left to its tooltip."""
    renderer = RendererAgg(SIZE[0] * 72, SIZE[1] * 72, 72)  # type: ignore[no-untyped-call]
    at = axes.transData.transform([dot.place for dot in dots])
    radii = [_size(dot) / 2 for dot in dots]
    taken = [Bbox.from_extents(x - r, y - r, x + r, y + r) for (x, y), r in zip(at, radii, strict=True)]
    for dot in sorted(dots, key=lambda dot: -dot.words):
        gap = _size(dot) / 2 + 3
        title = dot.title if len(dot.title) <= 32 else dot.title[:31] + "…"
        for x, y, ha in ((gap, 0, "left"), (-gap, 0, "right"), (0, gap + 5, "center"), (0, -gap - 5, "center")):
            label = axes.annotate(title, dot.place, (x, y), textcoords="offset points", ha=ha, va="center", color=_INK)
            box = label.get_window_extent(renderer)
            if box.x0 >= 0 and box.x1 <= SIZE[0] * 72 and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            label.remove()


def _for_the_page(svg: str, titles: dict[str, str]) -> str:
    """Colours from the page's style sheet, links that stay in their tab, titles as tooltips."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'<svg([^>]*?) width="[^"]*" height="[^"]*"|<svg', lambda found: f"<svg{found[1] or ''}", svg, count=1)
    for stand_in, colour in _COLOURS.items():
        svg = svg.replace(stand_in, colour)

    def link(found: re.Match[str]) -> str:
        href = found[1]
        return f'<a href="{href}"><title>{html.escape(titles.get(html.unescape(href), ""))}</title>'

    return re.sub(r'<a xlink:href="([^"]*)"[^>]*>', link, svg)
