"""Questions that a document answers, by plain rules: its figures, the terms it defines, the questions among its headings. Pure; few and
each with the words of the sentence that answers it, for a person to keep, reword or discard."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from corpus.documents import Document
from corpus.text import plain, read_blocks
from evals.cases import by_words
from rag.question import PRICE, SHARE
from rag.words import stems

MOST = 5
_NUMBER = r"(?:\d[\d,]*(?:\.\d+)?|(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty|sixty|ninety)\b)"
_SIZE = r"(?:\s?(?:k|m|bn|thousand|million|billion)\b)?"
_UP_TO = r"(?:\s?[-–—]\s?|\s(?:to|and|or)\s)"
MONEY = re.compile(
    rf"[$€£]\s?\d[\d,]*(?:\.\d+)?{_SIZE}(?:{_UP_TO}[$€£]?\s?\d[\d,]*(?:\.\d+)?{_SIZE})?"
    rf"|\b{_NUMBER}{_SIZE}(?:{_UP_TO}{_NUMBER}{_SIZE})?\s(?:dollars|euros|pounds|USD|EUR|GBP)\b",
    re.IGNORECASE,
)
PERCENT = re.compile(rf"\b{_NUMBER}(?:\s?%?{_UP_TO}{_NUMBER})?(?:\s?%|\s(?:percent|per cent)\b)", re.IGNORECASE)
TIME = re.compile(rf"\b{_NUMBER}(?:{_UP_TO}{_NUMBER})?\s(?:minute|hour|day|week|month|year)s?\b", re.IGNORECASE)
HOW_LONG = re.compile(r"\bhow (?:long|quick\w*|fast|soon|often|many (?:minutes|hours|days|weeks|months|years))\b", re.I)


@dataclass(frozen=True)
class Figure:
    """A kind of figure: how it looks, which questions ask for it, and what it is called."""

    pattern: re.Pattern[str]
    asked_by: re.Pattern[str]
    called: str


FIGURES = (Figure(MONEY, PRICE, "sum"), Figure(PERCENT, SHARE, "percentage"), Figure(TIME, HOW_LONG, "length of time"))
# Headings that stand above anything.
SAYS_NOTHING = re.compile(
    r"^(?:about|background|conclusions?|context|details|faqs?|final thoughts|further reading|in short|introduction|key takeaways|next steps|notes?|overview|"
    r"references|sources|summary|takeaways|the bottom line|the position|what to keep in mind)$",
    re.IGNORECASE,
)
DEFINES = (
    r"^(?:an?\s|the\s)?{term}s?(?:\s\([^)]{{1,40}}\))?\s(?:(?:is|are)\s(?:an?|the)|means|refers to)\s(?:an?\s|the\s)?"
)
LONGEST_HEADING_WORDS = 9
FEWEST_WORDS, MOST_WORDS = 4, 8
FEWEST_WORDS_OF_A_SENTENCE = 6


@dataclass(frozen=True)
class Proposed:
    """A question, the sentence of the document that answers it, and the words of that sentence which a right answer holds."""

    question: str
    sentence: str
    fact: str


@dataclass(frozen=True)
class Section:
    heading: str
    sentences: tuple[str, ...]


def questions_of(document: Document, terms: Iterable[str], known: Collection[str]) -> list[Proposed]:
    """At most five, the surest first. `terms` are what the glossary explains; `known` are questions, by their words, that are asked already."""
    sections = sections_of(document)
    found = [
        *_asking_headings(document, sections, with_figure=True),
        *_definitions(document, sections, terms),
        *_figures(document, sections),
        *_asking_headings(document, sections, with_figure=False),
    ]
    # What the document is looked up by would be found too easily.
    passed_over = {*known, *(by_words(asked) for one in document.asked for asked in one.asks)}
    chosen: list[Proposed] = []
    answered: set[str] = set()
    for one in found:
        words = by_words(one.question)
        if words not in passed_over and one.sentence not in answered:
            chosen.append(one)
        passed_over.add(words)
        answered.add(one.sentence)
    return chosen[:MOST]


def sections_of(document: Document) -> list[Section]:
    sections: dict[tuple[str, ...], list[str]] = {}
    for block in read_blocks(document.text):
        if block.kind in ("paragraph", "item"):
            said = sections.setdefault(block.headings, [])
            said += [plain(span.of(document.text)) for span in block.sentences]
    return [
        Section(plain(headings[-1] if headings else document.title), tuple(said)) for headings, said in sections.items()
    ]


def _asking_headings(document: Document, sections: Sequence[Section], with_figure: bool) -> Iterator[Proposed]:
    """A heading that is a question: the figure it asks for, or else the opening words of what stands below it."""
    for section in sections:
        if not section.heading.endswith("?"):
            continue
        asked_for = [kind for kind in FIGURES if kind.asked_by.search(section.heading)]
        if with_figure:
            for kind in asked_for[:1]:
                yield from (Proposed(section.heading, *one) for one in _only(kind, section))
        elif not asked_for and (opening := _opening(section)):
            yield Proposed(section.heading, *opening)


def _figures(document: Document, sections: Sequence[Section]) -> Iterator[Proposed]:
    """The only figure of its kind in a section, or in all of it, where its sentence speaks of what the heading or the title says."""
    speaker = _speaker(document)
    whole = Section(document.title, tuple(sentence for section in sections for sentence in section.sentences))
    for section in (*sections, whole):
        for kind in FIGURES:
            for sentence, fact in _only(kind, section):
                heading_tells = _names_something(section.heading) and section.heading not in speaker
                if heading_tells and stems(section.heading) & stems(sentence):
                    question = f"What {kind.called} does {speaker} name when it comes to “{section.heading}”?"
                    yield Proposed(question, sentence, fact)


def _only(kind: Figure, section: Section) -> list[tuple[str, str]]:
    """The sentence and its figure, where the section holds one of this kind and no more: of several, nobody could tell which is meant."""
    found = [(sentence, match.group(0)) for sentence in section.sentences for match in kind.pattern.finditer(sentence)]
    return found if len(found) == 1 else []


def _definitions(document: Document, sections: Sequence[Section], terms: Iterable[str]) -> Iterator[Proposed]:
    """Sentences that say what a term is."""
    own = document.kind == "glossary"
    named = (document.title, *document.aliases) if own else sorted(terms, key=len, reverse=True)
    sentences = [sentence for section in sections for sentence in section.sentences]
    for term in named:
        defines = re.compile(DEFINES.format(term=re.escape(term)), re.IGNORECASE)
        for sentence in sentences:
            match = defines.match(sentence)
            if match and (fact := _phrase(sentence[match.end() :])):
                question = f"What does “{term}” mean?" if own else f"How does {_speaker(document)} define “{term}”?"
                yield Proposed(question, sentence, fact)
                break


def _names_something(heading: str) -> bool:
    return (
        not heading.endswith("?")
        and not SAYS_NOTHING.match(heading)
        and bool(stems(heading))
        and len(heading.split()) <= LONGEST_HEADING_WORDS
    )


def _opening(section: Section) -> tuple[str, str] | None:
    """The first sentence below a heading, and the words it opens with; none where it only leads over to a list."""
    sentence = section.sentences[0] if section.sentences else ""
    if len(sentence.split()) < FEWEST_WORDS_OF_A_SENTENCE or sentence.endswith((":", "?")):
        return None
    fact = _phrase(sentence)
    return (sentence, fact) if fact else None


def _phrase(words: str) -> str:
    """The words up to the first pause; nothing where they are too few to tell."""
    run = re.split(r"[,;:.!?()“”\"—–]", words, maxsplit=1)[0].split()[:MOST_WORDS]
    return " ".join(run) if len(run) >= FEWEST_WORDS else ""


def _speaker(document: Document) -> str:
    return "the library" if document.voice == "house" else document.source or document.author or f"“{document.title}”"


def terms_of(library: Mapping[str, Document]) -> list[str]:
    """What the glossary explains, by every name it has there."""
    return [term for one in library.values() if one.kind == "glossary" for term in (one.title, *one.aliases)]
