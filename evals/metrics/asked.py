"""An answered case as metrics see it: what was shown, what was taken out, and the words that each sentence is to rest on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from corpus.text import plain
from evals.cases import Case
from rag.answers import ABSTAINED, Answer, Citation

# Why a sentence is taken out that may well be true.
NOT_FOR_WANT_OF_SUPPORT = ("it says nothing", "it breaks off", "it was said before")


@dataclass(frozen=True)
class Claim:
    """A sentence of the draft, and the citations it came with; one that was taken out has none of its own."""

    text: str
    citations: tuple[Citation, ...]
    shown: bool
    reason: str = ""
    own_words: bool = True

    @property
    def verbatim(self) -> bool:
        return any(stands_in(self.text, citation.quote) for citation in self.citations)


@dataclass(frozen=True)
class Asked:
    """One case and all that came of it."""

    case: Case
    answer: Answer
    passages: tuple[str, ...]  # the documents of the first passages, in order
    checks: Mapping[str, bool | None]
    prose_asked_for: bool  # a writer that puts things in its own words was to answer

    @property
    def refused(self) -> bool:
        return self.answer.verdict == ABSTAINED

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The draft as it was before the checks."""
        cited = {citation.n: citation for citation in self.answer.citations}
        shown = (
            Claim(one.text, tuple(cited[n] for n in one.citations), True, own_words=not one.verbatim)
            for one in self.answer.sentences
            if one.text not in self.answer.notes  # our own remark on a source is no claim from it
        )
        removed = (Claim(one.text, (), False, one.reason) for one in self.answer.removed)
        return (*shown, *removed)

    @property
    def own_words(self) -> tuple[Claim, ...]:
        """What a writer put in its own words and a check of support decided on; `quote` has no such words."""
        if not self.prose_asked_for:
            return ()
        return tuple(claim for claim in self.claims if claim.own_words and claim.reason not in NOT_FOR_WANT_OF_SUPPORT)

    @property
    def direct_answer(self) -> tuple[str, ...]:
        """The prose; without any, the sentences themselves."""
        shown = [claim for claim in self.claims if claim.shown]
        return tuple(claim.text for claim in shown if claim.own_words) or tuple(claim.text for claim in shown)


def evidence_of(citations: Iterable[Citation]) -> tuple[str, ...]:
    """The words that citations bring: what is quoted, and who speaks and where it stands, which a sentence may name, too."""
    cited = tuple(citations)
    around = (words for one in cited for words in (one.author, one.source, one.title, *one.heading.split(" › ")))
    return tuple(dict.fromkeys(words for words in (*(plain(one.quote) for one in cited), *around) if words))


def stands_in(text: str, quote: str) -> bool:
    """Whether these are the source's own words; of a table's row, its values."""
    if quote.lstrip().startswith("|"):
        return all(value.rsplit(": ", 1)[-1] in plain(quote) for value in text.split("; "))
    return text in plain(quote)
