"""What the glossary's terms are called: the one that a question only asks to be told, and abbreviations spelled out. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from corpus.documents import Document
from rag.question import that_ask, topic_of
from rag.words import WORD, stem, stems

_OPENS = r"^(?:(?:and|so|ok|okay|right|well|sorry|thanks|now|but|please|just|then|also)[,.]? )*(?:(?:can|could|would) you (?:please )?)?"
_ARTICLE = r"(?:an? |the )?(?:(?:term|word|phrase|abbreviation|acronym) )?"
# What may follow the term and asks for no other thing: to whom it is told, in what words, why it should be known.
_TOLD = (
    r"(?P<told>,? (?:to (?:me|us|a|an|my|our|the|someone|somebody)\b|for (?:me|us|(?:(?:an?|my|our|the) )?(?:[CX][EFITO]O|board|executive|lay|beginner|dumm|non-|someone|somebody)\w*)\b|"
    r"in (?:plain|simple|one|two|a|our|this|the|an|ai|lay\w*|business)\b|like i\b|as if\b|as though\b|exactly|anyway|actually|again|please|pls|here|briefly|simply)[^?]*?)?"
    r"(?:,? and why (?:should|do|would) (?:i|we|you|anybody|anyone) (?:care|know|bother)[^?]*)?"
)
_FURTHER = r"(?P<further>(?:,|,? (?:and|so|but)) (?:why|how|what|when|where|do|does|should|is|are|can|would|who|which)\b[^?]*)?[?.!\s]*$"
# "What is an SLA?", "what does PoC stand for", "explain shadow AI to me", each with the term and what may follow it.
ASKS_WHAT_IT_IS = tuple(
    re.compile(_OPENS + words + _TOLD + _FURTHER, re.IGNORECASE)
    for words in (
        rf"what(?:'s|’s|s| is| are| exactly is| exactly are| on earth is| actually is)(?: meant by)? {_ARTICLE}(?P<term>[^?!,;:]+?)",
        rf"what (?:does|do|did) {_ARTICLE}(?P<term>[^?!,;:]+?) (?:actually |really |even |exactly )?(?:mean|stand for)",
        rf"what (?:does|do) (?:they|people|you|we|vendors|suppliers|consultants|it|everybody|everyone) (?:all )?mean (?:by|when they say) {_ARTICLE}(?P<term>[^?!,;:]+?)",
        rf"(?:define|explain|describe)(?: to (?:me|us))?(?: what| in [\w ]+? what)? {_ARTICLE}(?P<term>[^?!,;:]+?)(?: is| are| means?)?",
        rf"(?:tell me |tell us |remind me )?(?:what(?:'s|’s| is) )?(?:the |a )?(?:meaning|definition) of {_ARTICLE}(?P<term>[^?!,;:]+?)",
        rf"(?:tell|remind) (?:me|us) (?:again )?what {_ARTICLE}(?P<term>[^?!,;:]+?) (?:is|are|means?)",
    )
)
# An abbreviation in so many passages finds them by itself: spelled out, "LLM" led away from who says "LLM" (docs/experiments.md).
USED_AS_IT_IS = 5
QUOTES = "\"'“”‘’«» "
# "SOW", "T&M", "ndas": a name with capitals within it, few letters.
SHORT = re.compile(r"(?<![\w&/-])[A-Za-z][A-Za-z0-9&/]{1,6}?(?=s?(?![\w&/-]))")
CAPITALS = re.compile(r"[A-Z].*[A-Z]")


def terms_of(documents: Iterable[Document]) -> dict[str, Document]:
    """The entry of every name."""
    return {
        _normal(name): document
        for document in documents
        if document.kind == "glossary"
        for name in (*document.aliases, document.title)
    }


@dataclass(frozen=True)
class AskedFor:
    """The entry whose meaning is asked for, and whether something is asked beyond it."""

    entry: Document
    further: bool


def asked_for(question: str, terms: Mapping[str, Document]) -> AskedFor | None:
    asked = topic_of(question)[0]
    asks = that_ask(asked) or [asked]
    if len(asks) != 1:
        return None
    for match in (pattern.match(asks[0]) for pattern in ASKS_WHAT_IT_IS):
        if match is None:
            continue
        term, told = match["term"], match["told"] or ""  # "human in the loop" is told to nobody
        if entry := terms.get(_normal(term + told)) or terms.get(_normal(term)):
            return AskedFor(entry, bool(match["further"]))
    return None


def spelled_out(
    question: str, terms: Mapping[str, Document], passages_with: Callable[[str], int], entry: Document | None = None
) -> str:
    """Abbreviations that the library hardly uses, and the entry that is asked for, with what the glossary calls them."""
    written = question
    for short in dict.fromkeys(SHORT.findall(question)):
        meant = terms.get(_normal(short))
        if (
            meant
            and any(CAPITALS.search(name) and name.lower() == short.lower() for name in meant.aliases)
            and passages_with(short) < USED_AS_IT_IS
            and not stems(meant.title) <= stems(written)
        ):
            written = re.sub(
                rf"(?<!\w){re.escape(short)}(?=s?(?!\w))", f"{short} ({_within(meant.title)})", written, count=1
            )
    if entry and not stems(entry.title) <= stems(written):
        asked, earlier = topic_of(written)
        written = f"{asked.rstrip('?.! ')}: {_within(entry.title)}?" + (f" (about: {earlier})" if earlier else "")
    return written


def _normal(name: str) -> str:
    """One form for all the ways of writing a name, in the singular."""
    words = WORD.findall(name.strip(QUOTES).lower().replace("-", " "))
    return " ".join(stem(word if word.endswith("ss") else word.removesuffix("s")) for word in words)


def _within(title: str) -> str:
    """A title as it stands within a sentence."""
    return title[:1].lower() + title[1:] if title[1:].islower() else title
