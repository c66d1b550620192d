"""Understanding a question: what a follow-up means on its own, what kind of thing it asks for, whether it is meant for us. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.words import GENERIC_NAMES, content_words, names

POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|she|his|her|him|this|these|those|one|ones|former|latter|same|that|there|such|either|neither|both|others?)\b",
    re.IGNORECASE,
)
CONTINUES = re.compile(
    r"^(?:and|but|so|or|then|also|what about|how about|why(?: not| is that| so)?\b|what else|anything else|any others?|which (?:one|of)|who (?:says|said)|says who|"
    r"for how|in what|since when|such as|like what|how so|really|ok|okay|more)\b",
    re.IGNORECASE,
)
# A pronoun that points within its own sentence ("what is it like", "is there") does not make a follow-up.
POINTS_NOWHERE = re.compile(
    r"\b(?:is it|it is|it's|is there|there (?:is|are)|are there|that (?:is|are|can|could|will|would|has|have|a|an|the|we|you|they|i)\b|this (?:role|library|kind)|one of)",
    re.IGNORECASE,
)
FEW_WORDS = 3
# A first question that says no more than "them" means those whom the library is about.
SOMEBODY = re.compile(
    r"\b(?:they|them|their|he|she|him|her|such a person|this person|these people|(?:hire|need|get|have|want|find|choose|pay) one)\b",
    re.IGNORECASE,
)
THE_ROLE = "a fractional AI CTO"

PRICE = re.compile(
    r"\bhow much (?:do|does|did|would|will|should|is|are|money|per|to pay|for)\b(?!.{0,40}\b(?:time|say|control|work)\b)|"
    r"\bwhat (?:do|does|did|would|will|should|could|can|might) [^?.]{0,60}\b(?:costs?|charges?|pay|budget|set (?:me|us|you) back)\b|"
    r"\bwhat(?:'s|’s|s| is| are)(?: the| a| an| their| your| his| her)? [^?.]{0,40}\b(?:cost|price|fee|retainer|salary|budget)\b|\b(?:their|his|her|your|going|the) rates?\b(?! of)|"
    r"\b(?:day|hourly|daily|monthly|weekly) rates?\b|\bpric(?:e|es|ed|ing)\b|\b(?:fees?|rate card)\b|\bcosts? (?:of|for) (?:a|an|the|one|hiring|such)\b|\bballpark\b|\bset (?:me|us) back\b|"
    r"\bbudget for\b|\bretainer (?:figure|fee|price|cost|range)\b|\bper (?:hour|day|month)\b|\bafford\b|\bhow expensive\b",
    re.IGNORECASE,
)
NUMBER = re.compile(
    r"\b(?:how many|what (?:share|percentage|percent|proportion|fraction|portion|number)|which (?:share|percentage|proportion)|how (?:long|often|far|big|large|old|fast)|what %|% of)\b",
    re.IGNORECASE,
)
PERSON = re.compile(
    r"\bwho(?:'s| is| was|’s|s) (?:the |their |its |your |our )?(?:(?:current|new|chief) )?(?:ceo|cto|cfo|coo|founder|president|chief|chair\w*|boss|owner|minister|chancellor|king|queen|executive)\b|"
    r"\bnames? of\b[^?.]{0,40}\b(?:ceo|cto|cfo|founder|owner|president|chair\w*|boss|director|executive|person)\b|\bwhat(?:'s|’s| is) (?:his|her|their) name\b|\bwho founded\b|\bwhat(?:'s|’s| is) the name\b",
    re.IGNORECASE,
)
# "More or less than" is a comparison, which words can answer.
COMPARES = re.compile(r"\b(?:more|less|cheaper|dearer|pricier|higher|lower)\b.{0,40}\bthan\b", re.IGNORECASE)
SHARE = re.compile(
    r"\b(?:percent|percentage|per cent|proportion|fraction|what share|which share|share of|success rate|failure rate)\b|%",
    re.IGNORECASE,
)
ORDINALS = {
    "first": 0,
    "second": 1,
    "third": 2,
    "fourth": 3,
    "fifth": 4,
    "sixth": 5,
    "last": -1,
    "1st": 0,
    "2nd": 1,
    "3rd": 2,
    "4th": 3,
}
ORDINAL = re.compile(
    rf"\b(?:the )?({'|'.join(ORDINALS)})(?: (?:one|point|item|call|area|view|option|reason|thing|step|of (?:them|those|these)))?\b",
    re.IGNORECASE,
)
DATE = re.compile(r"\b(?:when (?:did|was|were|will)|(?:what|which) (?:year|date|day|month)|what time)\b", re.IGNORECASE)
TRICKERY = re.compile(
    r"\b(?:(?:ignore|forget|disregard|bypass|override)\b.{0,40}\b(?:instructions?|rules?|prompts?|guidelines?|sources?|restrictions?|library|training|above|previous|citations?)|system prompt|"
    r"(?:reveal|show|print|repeat|output|display|tell|paste)\b.{0,30}\b(?:your|the|hidden|initial) (?:system )?(?:prompt|instructions|rules|configuration)|developer mode|jailbreak|pretend (?:to be|you)|"
    r"act as (?:if|an?)\b|you are now|roleplay|role-play|without (?:any )?(?:sources|citations)|make (?:something|it|one) up|just invent|hypothetically you)\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Turn:
    """What was asked before, as it was understood, and the list items that the answer showed."""

    question: str
    items: tuple[str, ...] = ()


def standalone_question(question: str, history: Sequence[Turn]) -> str:
    """The question as it means without the conversation: a follow-up takes its subject from what was asked before."""
    question = " ".join(question.split())
    if not history:
        return f"{question} (about: {THE_ROLE})" if _means_the_role(question) else question
    if item := _item_meant(question, history[-1].items):
        return f"{question} (about: {item})"
    if not _follows_up(question):
        return question
    asked, earlier = topic_of(history[-1].question)
    about = f"{earlier} {asked}".strip() if _follows_up(asked) else asked
    return f"{question} (about: {about})"


def _means_the_role(question: str) -> bool:
    telling = content_words(SOMEBODY.sub(" ", question))
    return SOMEBODY.search(question) is not None and len(telling) <= FEW_WORDS and not names(question)


def _follows_up(question: str) -> bool:
    if CONTINUES.match(question):
        return True
    if POINTS_BACK.search(POINTS_NOWHERE.sub(" ", question)):
        return True
    telling = [word for word in content_words(question) if word.lower() not in GENERIC_NAMES]
    return len(telling) < FEW_WORDS and len(question.split()) <= 6


def _item_meant(question: str, items: Sequence[str]) -> str:
    """ "The second one" of the list that was just shown."""
    match = ORDINAL.search(question)
    if not match or not items or len(question.split()) > 12:
        return ""
    place = ORDINALS[match.group(1).lower()]
    return items[place] if place < len(items) else ""


# Where one question ends and the next begins: "what does it cost, and how long does it take?"
NEXT_QUESTION = re.compile(
    r"(?:,? (?:and|or|but)|[,;]) (?=(?:also )?(?:for |in |by |at |on |to |of |with )?(?:what|how|which|who|whose|when|why|where|is there|are there|do we|do i|does it|can we|can i|should we|should i|must we)\b)",
    re.IGNORECASE,
)


ASKS = re.compile(
    r"\b(?:what|how|which|who|whose|why|where|when (?:do|does|did|is|are|was|will|would|should|can|must))\b|^(?:is|are|do|does|did|can|should|must|will|would|could)\b",
    re.IGNORECASE,
)


def parts_of(standalone: str) -> tuple[str, ...]:
    """The questions within a question, each with what the asker said first; one that does not divide stays whole."""
    asked, earlier = topic_of(standalone)
    sentences = [sentence for sentence in re.split(r"(?<=[.?!]) +", asked) if sentence.strip()]
    said = " ".join(sentence for sentence in sentences if not sentence.endswith("?"))
    parts, waiting = [], ""
    for sentence in sentences:
        for part in NEXT_QUESTION.split(sentence) if sentence.endswith("?") else ():
            waiting = f"{waiting} {part.strip(' ,;')}".strip()
            if ASKS.search(part):  # "if the pilot cost 200k," belongs to what is asked next
                parts.append(waiting)
                waiting = ""
    if len(parts) < 2 or waiting or any(len(content_words(part)) < 2 for part in parts):
        return (standalone,)
    about = f" (about: {earlier})" if earlier else ""
    return tuple(f"{said} {part.rstrip('?')}?{about}".strip() for part in parts)


def topic_of(standalone: str) -> tuple[str, str]:
    """The question itself and the earlier one it is about."""
    match = re.match(r"^(.*) \(about: (.*)\)$", standalone, re.DOTALL)
    return (match.group(1), match.group(2)) if match else (standalone, "")


def asks_for(question: str) -> str:
    """price | person | share | date | number | text: what an answer to it must hold."""
    if PERSON.search(question):
        return "person"
    if PRICE.search(question) and not COMPARES.search(question):
        return "price"
    if SHARE.search(question) and re.search(
        r"\b(?:what|which|how|exact|give|know)\b|percentage is", question, re.IGNORECASE
    ):
        return "share"
    if DATE.search(question):
        return "date"
    return "number" if NUMBER.search(question) else "text"


def tries_to_trick(question: str) -> bool:
    return bool(TRICKERY.search(question))
