"""What in a document must not reach the library unseen by its operator: words meant for a model, hidden or in disguise.

Pure: a document's text in, findings out. Nothing is cut out because of a finding; that is for the operator to decide.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.addressing import LONGEST_PASSAGE, addressed, addressed_unseen
from ingest.clean import INVISIBLE
from ingest.encoded import decoded, scripts
from ingest.hidden import Hidden, shown

# The shortest request is as long, in Chinese; flags and emoji leave shorter remains, by the thousand where somebody wants that.
SHORTEST = 4
# More than anybody reads; a text made of attacks must not keep us.
MOST_FINDINGS = 100


@dataclass(frozen=True)
class Finding:
    """A passage to be looked at, as it stands in the document or as much of it as shows what it is, and why."""

    text: str
    why: str


def unreleased(findings: Iterable[Finding], released: Container[str]) -> tuple[Finding, ...]:
    """Those that no operator has looked at and let stand."""
    return tuple(one for one in findings if one.text not in released)


def in_few_words(findings: Sequence[Finding]) -> str:
    """What was found, in one line that shows none of it whole: whoever reads it may be a model, too."""
    reasons = "; ".join(dict.fromkeys(one.why for one in findings))
    return f"it is kept in quarantine, unpublished: {len(findings)} passage(s) in it need a look ({reasons})"


def find_hostile(raw: str, cleaned: str = "") -> tuple[Finding, ...]:
    """The findings in a document: `raw` as it came, `cleaned` as it would be published."""
    return each_once(_findings(raw, cleaned))


def find_hidden(hidden: Iterable[Hidden]) -> tuple[Finding, ...]:
    """The findings in what no reader sees of a page or a file."""
    return each_once(finding for one in dict.fromkeys(hidden) for finding in _in_hidden(one))


def each_once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Not twice for the same words, and no more than somebody would look at."""
    kept: dict[str, Finding] = {}
    for finding in findings:
        words = " ".join(finding.text.split())
        # The same words out of the raw and the cleaned text differ in what surrounds them; the first is enough.
        if not any(words in known for known in kept):
            kept[words] = finding
        if len(kept) == MOST_FINDINGS:
            break
    return tuple(kept.values())


def _findings(raw: str, cleaned: str) -> Iterator[Finding]:
    seen = shown(raw)
    yield from find_hidden(seen.hidden)
    visible = INVISIBLE.sub("", seen.text)
    # Most lines of the cleaned text are those of the raw one; cleaning joins or mends the others.
    lines = set(visible.split("\n"))
    mended = "\n".join(line for line in cleaned.split("\n") if not line or line not in lines)
    for text in (visible, mended):
        yield from (Finding(_excerpt(one.text), one.why) for one in addressed(text))
        yield from _in_disguise(text)
    yield from (Finding(_excerpt(one), "an address that carries a script") for one in scripts(seen.text))


def _in_hidden(hidden: Hidden) -> Iterator[Finding]:
    words = INVISIBLE.sub("", hidden.text)
    if len(words) < SHORTEST and not hidden.a_message:
        return
    why = _why(words, freely=not hidden.furniture) or next(
        (f"{one.how}: {reason}" for one in decoded(words) if (reason := _why(one.plain, freely=one.whole))), ""
    )
    if why or hidden.a_message:
        yield Finding(_excerpt(hidden.text), f"{hidden.why}: {why}" if why else hidden.why)


def _why(words: str, freely: bool) -> str:
    return addressed_unseen(words) if freely else next((one.why for one in addressed(words)), "")


def _in_disguise(text: str) -> Iterator[Finding]:
    for one in decoded(text):
        why = _why(one.plain, freely=one.whole)
        if why:
            yield Finding(_excerpt(one.text), f"{one.how}, it says “{_excerpt(one.plain, 200)}”: {why}")


def _excerpt(words: str, longest: int = LONGEST_PASSAGE) -> str:
    words = words.strip()
    return words if len(words) <= longest else f"{words[: longest - 1]}…"
