"""Charts: well-formed, on their canvas, with gaps where nothing was measured, and every foreign word as text."""

from __future__ import annotations

import base64
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from evals.plots import HEIGHT, WIDTH, Dot, chart_image, line_chart

shares = st.floats(0, 1)


def parsed(dots: list[Dot], label: str = "facts") -> ElementTree.Element:
    return ElementTree.fromstring(line_chart(dots, label))


def dot(score: float | None, stretch: int = 0, words: str = "said") -> Dot:
    return Dot(score, score and score - 0.02, score and score + 0.02, stretch, "1 March", words)


def test_a_run_without_a_figure_is_a_gap_and_not_a_zero() -> None:
    chart = parsed([dot(0.8), dot(0.81), dot(None), dot(0.79), dot(0.8)])
    assert len(chart.findall("polyline")) == 2 and len(chart.findall("circle")) == 4


def test_runs_that_measured_otherwise_are_not_joined() -> None:
    assert len(parsed([dot(0.8), dot(0.81), dot(0.9, stretch=1), dot(0.9, stretch=1)]).findall("polyline")) == 2


def test_a_band_stands_for_the_intervals() -> None:
    chart = parsed([dot(0.5), dot(0.6)])
    assert len(chart.findall("polygon")) == 1
    assert len(parsed([dot(0.5)]).findall("line[@class='whisker']")) == 1


def test_small_changes_do_not_look_like_cliffs() -> None:
    """A loss of half a point filled the whole height of the chart."""
    heights = [float(one.get("cy", 0)) for one in parsed([dot(0.80), dot(0.795)]).findall("circle")]
    assert abs(heights[0] - heights[1]) < HEIGHT / 15


def test_nothing_measured_yet_is_still_a_chart() -> None:
    assert parsed([]).get("aria-label") == "facts: no figures yet"
    assert parsed([dot(None)]).findall("circle") == []


def test_foreign_words_stand_as_text() -> None:
    hostile = '"><script>alert(1)</script>'
    chart = parsed([dot(0.5, words=hostile)], hostile)
    assert chart.find(".//script") is None and hostile in (chart.get("aria-label") or "")
    assert chart.findtext("circle/title") == hostile


@settings(max_examples=15)
@given(st.lists(st.tuples(shares, shares, shares), max_size=12))
def test_everything_stays_on_the_canvas(drawn: list[tuple[float, float, float]]) -> None:
    dots = [Dot(sorted(ends)[1], min(ends), max(ends), 0, "day", "words") for ends in drawn]
    chart = parsed(dots)
    for circle in chart.findall("circle"):
        assert 0 <= float(circle.get("cx", -1)) <= WIDTH and 0 <= float(circle.get("cy", -1)) <= HEIGHT
    for polygon in chart.findall("polygon"):
        for point in (polygon.get("points") or "").split():
            x, y = (float(one) for one in point.split(","))
            assert 0 <= x <= WIDTH and 0 <= y <= HEIGHT


def test_as_an_image_it_is_whole_and_says_the_same() -> None:
    """Streamlit takes SVG out of a page, and the charts were captions without anything below."""
    image = ElementTree.fromstring(chart_image([dot(0.5), dot(0.6)], "a < b").replace(">", "/>"))
    drawn = ElementTree.fromstring(base64.b64decode((image.get("src") or "").partition(",")[2]))
    assert drawn.tag.endswith("}svg") and image.get("alt") == "a < b: said; said"
