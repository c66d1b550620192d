"""What the glossary's terms are called: the one that a question only asks to be told, and abbreviations spelled out. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from corpus.documents import Document
from rag.question import that_ask, topic_of, tries_to_trick
from rag.words import WORD, stem, stems

_OPENS = r"^(?:(?:and|so|ok|okay|right|well|sorry|thanks|now|but|please|just|then|also)[,.]? )*(?:(?:can|could|would) you (?:please )?)?"
_ARTICLE = r"(?P<article>an? |the )?(?:(?:term|word|phrase|abbreviation|acronym) )?"
# What may follow the term and asks for no other thing: to whom it is told, in what words, why it should be known.
_TOLD = (
    r"(?P<told>(?:,? (?:(?:to|for) (?:me|us|(?:(?:an?|my|our|the) )?(?:[CX][EFITO]O|board(?: chair)?|executives?|lay\w*|beginners?|dummies|non-\w+(?: \w+)?|child|someone|somebody)\b)|"
    r"in (?:plain|simple|simpler|lay\w*|business|one|two|a few) (?:english|words?|terms?|language|sentences?)|in a (?:nutshell|sentence|word)|in english|in ai|"
    r"(?:like|as if|as though) (?:i|we)\b.*|(?:who|that) (?:is|isn|does|doesn|has|runs|never|knows|can)\b.*|exactly|anyway|actually|again|please|pls|briefly|simply|really|then))*)"
    r"(?:,? and why (?:should|do|would) (?:i|we|you|anybody|anyone) (?:care|know|bother).*)?"
)
_FURTHER = (
    r"(?P<further>(?:,|,? (?:and|so|but)) (?:why|how|what|when|where|do|does|should|is|are|can|would|who|which)\b.*)?$"
)
# "What is an SLA?", "what does PoC stand for", "explain shadow AI to me", each with the term and what may follow it.
ASKS_WHAT_IT_IS = tuple(
    re.compile(_OPENS + words + _TOLD + _FURTHER, re.IGNORECASE)
    for words in (
        rf"(?:tell (?:me|us) )?what(?:'s|’s|s| is| are| exactly is| exactly are| on earth is| actually is)(?: exactly| actually)?(?: meant by)? {_ARTICLE}(?P<term>[^?!,;:]+?)",
        rf"what (?:does|do|did) {_ARTICLE}(?P<term>[^?!,;:]+?) (?:actually |really |even |exactly )?(?:mean|stand for)",
        rf"what (?:does|do) (?:they|people|you|we|vendors|suppliers|consultants|it|everybody|everyone) (?:all )?mean (?:by|when they say) {_ARTICLE}(?P<term>[^?!,;:]+?)",
        rf"(?:define|explain|describe)(?: to (?:me|us))?(?: what| in [\w ]+? what)? {_ARTICLE}(?P<term>[^?!,;:]+?)(?: is| are| means?)?",
        rf"(?:tell me |tell us |remind me )?(?:what(?:'s|’s| is) )?(?:the |a )?(?:meaning|definition) of {_ARTICLE}(?P<term>[^?!,;:]+?)",
        rf"(?:tell|remind) (?:me|us) (?:again )?what {_ARTICLE}(?P<term>[^?!,;:]+?) (?:is|are|means?)",
    )
)
# Nobody needs more to ask what something means, and a pattern takes long over what is long.
LONGEST = 200
IN_BRACKETS = re.compile(r" ?\([^)]*\)")
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
    """The entry whose meaning is asked for, by which of its names, and whether something is asked beyond it."""

    entry: Document
    name: str
    further: bool


def asked_for(question: str, terms: Mapping[str, Document]) -> AskedFor | None:
    asked, earlier = topic_of(question)
    asks = that_ask(asked) or [asked]
    if len(asks) != 1 or len(asks[0]) > LONGEST:
        return None
    sentence = IN_BRACKETS.sub("", asks[0]).rstrip("?!.:;) " + QUOTES)
    for match in (pattern.match(sentence) for pattern in ASKS_WHAT_IT_IS):
        if match is None or (
            earlier and (match["article"] or "").lower() == "the "
        ):  # "what is the retainer?" asks of what was said
            continue
        for name in (match["term"] + match["told"], match["term"]):  # "human in the loop" is told to nobody
            entry = terms.get(_normal(name))
            # "What is a system prompt?" is no trick, unless more is said than that.
            if entry and not tries_to_trick(question.replace(name, " ")):
                return AskedFor(entry, name, bool(match["further"]))
    return None


def spelled_out(
    question: str, terms: Mapping[str, Document], passages_with: Callable[[str], int], asked: AskedFor | None = None
) -> str:
    """The term that is asked for, and abbreviations that the library hardly uses, with what the glossary calls them."""
    named = [(asked.name, asked.entry)] if asked else []
    for short in dict.fromkeys(SHORT.findall(question)):
        meant = terms.get(_normal(short))
        if (
            meant
            and any(CAPITALS.search(name) and name.lower() == short.lower() for name in meant.aliases)
            and passages_with(short) < USED_AS_IT_IS
        ):
            named.append((short, meant))
    for name, entry in named:
        found = re.search(rf"(?<![\w&/-]){re.escape(name)}(?=s?(?![\w&/-]))", question)
        if found and not stems(entry.title) <= stems(question):
            question = f"{question[: found.end()]} ({_within(entry.title)}){question[found.end() :]}"
    return question


def _normal(name: str) -> str:
    """One form for all the ways of writing a name, in the singular."""
    words = WORD.findall(name.strip(QUOTES).lower().replace("-", " "))
    return " ".join(stem(word if word.endswith("ss") else word.removesuffix("s")) for word in words)


def _within(title: str) -> str:
    """A title as it stands within a sentence."""
    return title[:1].lower() + title[1:] if title[1:].islower() else title
