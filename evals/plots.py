"""Lines over runs as SVG: a figure for each run, the band of its interval, a gap where there is none. Pure, and no library needed.

Colours are those of classes, so that a page sets them for light, dark and paper. Every foreign word stands as text.
"""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 340, 150
LEFT, RIGHT, TOP, BOTTOM = 40, 10, 10, 22
# The scale keeps at least so much of the range from 0 to 1, so that noise does not look like a cliff.
LEAST_RANGE = 0.2
STEPS = (0.05, 0.1, 0.2, 0.25)
MOST_STEPS = 4
IMAGE_STYLE = """
:root { color-scheme: light dark; color: light-dark(#23282c, #e9e6df); font-family: sans-serif; --accent: light-dark(#2a5a4a, #9bcfb9); }
.rule { stroke: currentColor; opacity: 0.13; } .tick { fill: currentColor; opacity: 0.66; font-size: 10px; }
.band { fill: var(--accent); opacity: 0.16; } .whisker { stroke: var(--accent); opacity: 0.45; stroke-width: 3; }
.line { fill: none; stroke: var(--accent); stroke-width: 1.8; stroke-linejoin: round; } .dot { fill: var(--accent); } .last { r: 4px; }
"""


@dataclass(frozen=True)
class Dot:
    """One run on the line. No score leaves a gap; dots of another stretch are not joined."""

    score: float | None
    low: float | None
    high: float | None
    stretch: int
    day: str
    words: str  # shown when it is pointed at


def chart_image(dots: Sequence[Dot], label: str) -> str:
    """The chart as an image, for pages that let no SVG in: it brings its own colours, which follow the scheme of the page around it."""
    namespace = ' xmlns="http://www.w3.org/2000/svg">'
    drawn = line_chart(dots, label).replace(">", f"{namespace}<style>{IMAGE_STYLE}</style>", 1)
    address = f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()}"
    return f'<img class="plot" alt="{html.escape(_said(dots, label))}" src="{address}">'


def line_chart(dots: Sequence[Dot], label: str) -> str:
    """The chart, its values described in words for who can't see it."""
    known = [(at, dot) for at, dot in enumerate(dots) if dot.score is not None]
    low, high, step = _scale([end for _, dot in known for end in (dot.score, dot.low, dot.high) if end is not None])

    def x(at: int) -> float:
        inner = WIDTH - LEFT - RIGHT
        return LEFT + (inner / 2 if len(dots) < 2 else inner * at / (len(dots) - 1))

    def y(share: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - share) / (high - low)

    parts = [_rule(y(low + step * number), low + step * number) for number in range(round((high - low) / step) + 1)]
    for stretch in _stretches(known):
        banded = [(at, dot.low, dot.high) for at, dot in stretch if dot.low is not None and dot.high is not None]
        if len(banded) > 1:
            upper = [f"{x(at):.1f},{y(top):.1f}" for at, _, top in banded]
            lower = [f"{x(at):.1f},{y(bottom):.1f}" for at, bottom, _ in reversed(banded)]
            parts.append(f'<polygon class="band" points="{" ".join(upper + lower)}"/>')
        elif banded:
            at, bottom, top = banded[0]
            parts.append(
                f'<line class="whisker" x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{y(bottom):.1f}" y2="{y(top):.1f}"/>'
            )
        joined = " ".join(f"{x(at):.1f},{y(dot.score or 0):.1f}" for at, dot in stretch)
        parts.append(f'<polyline class="line" points="{joined}"/>')
    parts += [
        f'<circle class="dot{" last" if at == known[-1][0] else ""}" cx="{x(at):.1f}" cy="{y(dot.score or 0):.1f}" r="2.6">'
        f"<title>{html.escape(dot.words)}</title></circle>"
        for at, dot in known
    ]
    if dots:
        parts.append(_day(LEFT, "start", dots[0].day))
        parts += [_day(WIDTH - RIGHT, "end", dots[-1].day)] if len(dots) > 1 else []
    said = _said(dots, label)
    return f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(said)}">{"".join(parts)}</svg>'


def _said(dots: Sequence[Dot], label: str) -> str:
    known = [dot.words for dot in dots if dot.score is not None]
    return f"{label}: " + ("; ".join(known[-5:]) if known else "no figures yet")


def _scale(values: Sequence[float]) -> tuple[float, float, float]:
    """The ends and the step of the axis: whole steps around the values, within 0 and 1."""
    bottom, top = (min(values), max(values)) if values else (0.0, 1.0)
    if top - bottom < LEAST_RANGE:
        middle = (top + bottom) / 2
        bottom = min(max(middle - LEAST_RANGE / 2, 0.0), 1 - LEAST_RANGE)
        top = bottom + LEAST_RANGE
    for step in STEPS:
        low = math.floor(round(bottom / step, 6)) * step
        high = math.ceil(round(top / step, 6)) * step
        if round((high - low) / step) <= MOST_STEPS:
            break
    return max(low, 0.0), min(high, 1.0), step


def _stretches(known: Sequence[tuple[int, Dot]]) -> list[list[tuple[int, Dot]]]:
    """What is joined by a line: runs next to each other that measured the same."""
    stretches: list[list[tuple[int, Dot]]] = []
    for at, dot in known:
        if stretches and stretches[-1][-1][0] == at - 1 and stretches[-1][-1][1].stretch == dot.stretch:
            stretches[-1].append((at, dot))
        else:
            stretches.append([(at, dot)])
    return stretches


def _rule(y: float, share: float) -> str:
    line = f'<line class="rule" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text class="tick" x="{LEFT - 6}" y="{y + 3:.1f}" text-anchor="end">{share:.0%}</text>'


def _day(x: float, anchor: str, day: str) -> str:
    return f'<text class="tick" x="{x}" y="{HEIGHT - 6}" text-anchor="{anchor}">{html.escape(day)}</text>'
