"""Understanding a question: what a follow-up means on its own, what kind of thing it asks for, whether it is meant for us. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.words import GENERIC_NAMES, content_words, stem

POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|she|his|her|him|this|these|those|one|ones|former|latter|same|that|there|such|either|neither|both|others?)\b", re.IGNORECASE
)
CONTINUES = re.compile(
    r"^(?:and|but|so|or|then|also|what about|how about|why(?: not| is that| so)?\b|what else|anything else|any others?|which (?:one|of)|who (?:says|said)|says who|"
    r"for how|in what|since when|such as|like what|how so|really|ok|okay|more)\b",
    re.IGNORECASE,
)
# A pronoun that points within its own sentence ("what is it like", "is there") does not make a follow-up.
POINTS_NOWHERE = re.compile(r"\b(?:is it|it is|it's|is there|there (?:is|are)|are there|that (?:is|are|can|could|will|would|has|have|a|an|the|we|you|they|i)\b|this (?:role|library|kind)|one of)", re.IGNORECASE)
FEW_WORDS = 3

PRICE = re.compile(
    r"\bhow much (?:do|does|did|would|will|should|is|are|money|per|to pay|for)\b(?!.{0,40}\b(?:time|say|control|work)\b)|"
    r"\bwhat(?:'s|’s|s)?\b[^?.]{0,70}\b(?:costs?|charges?|pric\w+|fees?|rates?|retainers?|salary|pay|budget|set (?:me|us) back)\b|"
    r"\b(?:day|hourly|daily|monthly|weekly) rates?\b|\bpric(?:e|es|ed|ing)\b|\b(?:fees?|rate card)\b|\bcosts? (?:of|for) (?:a|an|the|one|hiring|such)\b|\bballpark\b|\bset (?:me|us) back\b|"
    r"\bbudget for\b|\bretainer (?:figure|fee|price|cost|range)\b|\bper (?:hour|day|month)\b|\bafford\b|\bhow expensive\b",
    re.IGNORECASE,
)
NUMBER = re.compile(
    r"\b(?:how many|what (?:share|percentage|percent|proportion|fraction|portion|number)|which (?:share|percentage|proportion)|how (?:long|often|far|big|large|old|fast)|what %|% of)\b", re.IGNORECASE
)
PERSON = re.compile(
    r"\bwho(?:'s| is| was|’s|s) (?:the |their |its |your |our )?(?:(?:current|new|chief) )?(?:ceo|cto|cfo|coo|founder|president|chief|chair\w*|boss|owner|minister|chancellor|king|queen|executive)\b|"
    r"\bnames? of\b[^?.]{0,40}\b(?:ceo|cto|cfo|founder|owner|president|chair\w*|boss|director|executive|person)\b|\bwhat(?:'s|’s| is) (?:his|her|their) name\b|\bwho founded\b|\bwhat(?:'s|’s| is) the name\b",
    re.IGNORECASE,
)
DATE = re.compile(r"\b(?:when (?:did|was|were|will)|(?:what|which) (?:year|date|day|month)|what time)\b", re.IGNORECASE)
TRICKERY = re.compile(
    r"\b(?:(?:ignore|forget|disregard|bypass|override)\b.{0,40}\b(?:instructions?|rules?|prompts?|guidelines?|sources?|restrictions?|library|training|above|previous|citations?)|system prompt|"
    r"(?:reveal|show|print|repeat|output|display|tell|paste)\b.{0,30}\b(?:your|the|hidden|initial) (?:system )?(?:prompt|instructions|rules|configuration)|developer mode|jailbreak|pretend (?:to be|you)|"
    r"act as (?:if|an?)\b|you are now|roleplay|role-play|without (?:any )?(?:sources|citations)|make (?:something|it|one) up|just invent|hypothetically you)\b",
    re.IGNORECASE | re.DOTALL,
)


def standalone_question(question: str, history: Sequence[str]) -> str:
    """The question as it means without the conversation: a follow-up takes its subject from what was asked before."""
    question = " ".join(question.split())
    if not history or not _follows_up(question):
        return question
    asked, earlier = topic_of(history[-1])
    about = f"{earlier} {asked}".strip() if _follows_up(asked) else asked
    return f"{question} (about: {about})"


def _follows_up(question: str) -> bool:
    if CONTINUES.match(question):
        return True
    if POINTS_BACK.search(POINTS_NOWHERE.sub(" ", question)):
        return True
    telling = [word for word in content_words(question) if word.lower() not in GENERIC_NAMES]
    return len(telling) < FEW_WORDS and len(question.split()) <= 6


def topic_of(standalone: str) -> tuple[str, str]:
    """The question itself and the earlier one it is about."""
    match = re.match(r"^(.*) \(about: (.*)\)$", standalone, re.DOTALL)
    return (match.group(1), match.group(2)) if match else (standalone, "")


def asks_for(question: str) -> str:
    """price | person | date | number | text: what an answer to it must hold."""
    if PERSON.search(question):
        return "person"
    if PRICE.search(question):
        return "price"
    if DATE.search(question):
        return "date"
    return "number" if NUMBER.search(question) else "text"


def tries_to_trick(question: str) -> bool:
    return bool(TRICKERY.search(question))


def same_stems(left: str, right: str) -> bool:
    return {stem(w) for w in content_words(left)} == {stem(w) for w in content_words(right)}
