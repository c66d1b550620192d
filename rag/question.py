"""Understanding a question: what a follow-up means on its own, what kind of thing it asks for, whether it is meant for us. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.text import split_sentences
from rag.words import GENERIC_NAMES, content_words, names, stem

# Words that stand for something named before, maybe in the same question.
PRONOUN = re.compile(r"\b(?:it|its|itself|they|them|their|theirs|he|she|his|her|hers|him|that|there)\b", re.IGNORECASE)
# Words that always mean something said before.
POINTS_BACK = re.compile(
    r"\b(?:this|these|those|one|ones|former|latter|same|such|either|neither|both|others?|by then|back then|until then|afterwards)\b",
    re.IGNORECASE,
)
CONTINUES = re.compile(
    r"^(?:and|but|so|or|then|also|what about|how about|what if|why(?: not| is that| so)?\b|what else|anything else|any others?|which (?:one|of)|who (?:says|said)|says who|"
    r"for how|in what|since when|such as|like what|how so|really|ok|okay|more|i mean\w*)\b",
    re.IGNORECASE,
)
# "Is it true that", "does it make sense to", "is there", "people that are", "one of", "week one" stand for nothing said before, nor does
# "one" in "a full-time officer or a fractional one".
POINTS_NOWHERE = re.compile(
    r"\b(?:(?:is|was|does|can|would|will|should|could) it (?:be |make |take |ever |really )?(?:[\w-]+ ){1,2}(?:to|that|if|when|whether)\b|it(?: is|'s|’s) (?:[\w-]+ ){1,2}(?:to|that)\b|"
    r"is there|there (?:is|are)|are there|that (?:is|are|can|could|will|would|has|have|had|a|an|the|we|you|they|i|our|my|nobody|most)\b|this (?:role|library)|one of|"
    r"(?:one|this|that) (?:week|month|quarter|year)|(?:day|week|month|phase|year|step|part) one|an? [\w’' -]{4,60} (?:or|and|than|versus|vs\.?) an? (?:[\w-]+ ){1,3}one)\b",
    re.IGNORECASE,
)
# Said before the question itself, as "Different subject." or "Let's leave pilots:"; within it, "another issue" may well be the old one's.
NEW_TOPIC = re.compile(
    r"^[^.?!:;,]{0,30}?\b(?:(?:new|another|different|separate|unrelated|next) (?:and \w+ )?(?:topic|subject|question|matter|thing)(?: altogether| entirely| now)?\s?[-.!:;,–—]|"
    r"(?:(?:something|completely|totally|entirely|quite) (?:else|different|unrelated)|unrelated|moving on|on another note|by the way|leaving \w+ aside)\b[^.?!:;,–—]{0,20}[-.!:;,–—]|"
    r"(?:chang(?:e|ing)|switch(?:ing)?) (?:of |the |to )?(?:an?other |a new )?(?:topic|subject|gear)s?\b|"
    r"let(?:'s|’s| us) (?:leave|drop|move on|talk about|turn to)\b|forget (?:about )?(?:that|it|this|all that)[-.!:;,–—]|back to [^.?!:;,]{3,40}[:;,.])",
    re.IGNORECASE,
)
# A question whose subject is "a fractional CTO" or "an audit" brings it along.
OWN_SUBJECT = re.compile(
    r"^(?:(?:and|so|ok|okay|right|well|thanks|now)[,.]? )*(?:(?:what|how|when|why|where|who|which)[\w ]{0,30}? )?"
    r"(?:does|do|did|is|are|can|could|should|would|will|must|has|have) (?:a|an)\b",
    re.IGNORECASE,
)
# What is asked to be defined is named with it: "what is red teaming", "what does vesting mean".
DEFINITION = re.compile(
    r"^(?:(?:and|so|ok|okay|right|well|thanks|now)[,.]? )*"
    r"(?:what(?:'s|’s| is| are| exactly is| exactly are) (?!the (?-i:[^A-Z])|about\b)|what (?:does|do) (?!the (?-i:[^A-Z])).+ (?:mean|stand for)\b|(?:define|explain|describe) (?!the (?-i:[^A-Z])))",
    re.IGNORECASE,
)
# "The bill" was spoken of before; "the EU AI Act" and "the price of an audit" need not have been.
DEFINITE = re.compile(r"\b[Tt]he (?!(?:[\w-]+ ){1,2}(?:of|between|for|in|on|that|who|with)\b)[a-z0-9]")
# What is always something's: a question that says nothing else leaves out whose.
OF_SOMETHING = frozenset(
    map(
        stem,
        """advantage alternative answer author basis benefit big biggest cause cheap common con condition consequence cost date detail difference disadvantage
        downside drawback duration effect evidence example exception expensive extra fail fee first goal hard included impact last length limit main minimum
        mistake needed next normal option outcome pitfall point price pro problem proof purpose quick reason required requirement result risk safe sign size
        source start step time trap typical upside usual work worth wrong""".split(),
    )
)
# How much there is of something is not what a question is about.
MEASURES = frozenset("hour hours day days week weeks month months year years money cost costs price time".split())
CLAUSE = re.compile(
    r"[,.;:?!–—]|\b(?:and|but|so|if|when|because|while|that|who|which|what|how|why|where)\b", re.IGNORECASE
)
FEW_WORDS = 3
# A first question that says no more than "them" means those whom the library is about.
SOMEBODY = re.compile(
    r"\b(?:they|them|their|he|she|him|her|such a person|this person|these people|(?:hire|need|get|have|want|find|choose|pay) one)\b",
    re.IGNORECASE,
)
THE_ROLE = "a fractional AI CTO"
# Words of nearly every question asked here, so that they name no subject.
OF_THE_FIELD = GENERIC_NAMES | {"fractional", "company", "companies", "business"}

PRICE = re.compile(
    r"\bhow much (?:do|does|did|would|will|should|is|are|money|per|to pay|for)\b(?!.{0,40}\b(?:time|say|control|work|matter)\b)|"
    r"\bwhat (?:do|does|did|would|will|should|could|can|might) [^?.]{0,60}\b(?:costs?|charges?|pay|budget|set (?:me|us|you) back)\b|"
    r"\bwhat(?:'s|’s|s| is| are)(?: the| a| an| their| your| his| her)? [^?.]{0,40}\b(?:cost|price|fee|retainer|salary|budget|(?:day|hourly|daily|monthly|weekly) rates?)\b|\bhow high (?:is|are) [^?.]{0,40}\b(?:rates?|fees?|prices?|costs?|salar(?:y|ies))\b|\b(?:their|his|her|your|going|the) rates?\b(?! of)|"
    r"\b(?:can|could) (?:we|i|they|a [\w -]{3,30}) (?:even |really )?afford\b(?! (?:to|only|one)\b)|\bballpark\b|\bset (?:me|us) back\b|\bbudget for\b|\bhow expensive\b",
    re.IGNORECASE,
)
# Words for money that a question may hold and yet ask for something else: "which points must stand in a monthly fee?"
OF_PRICE = re.compile(
    r"\b(?:day|hourly|daily|monthly|weekly) rates?\b|\bpric(?:e|es|ed|ing)\b|\b(?:fees?|rate card)\b|\bcosts? (?:of|for) (?:a|an|the|one|hiring|such)\b|"
    r"\bretainer (?:figure|fee|price|cost|range)\b|\bper (?:hour|day|month)\b",
    re.IGNORECASE,
)
# The thing asked for by "which points", "what small print"; or, where they open the question, a reason, a time, a way, a yes.
ASKED_THING = re.compile(
    r"\b(?:what|which) (?!(?:is|are|was|were|do|does|did|would|will|should|could|can|might|has|have)\b)(?:[\w&-]+ ){0,2}[\w-]+|"
    r"^(?:(?:and|but|so|ok|okay|then|also),? )*(?:why|whom?|when|how (?!much|high|expensive|costly)\w+|(?:is|are|do|does|did|can|could|should|must|will|would)\b(?! (?:there|you)\b))\b",
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
    r"(?:^|[.!?,;:–—-] ?|\b(?:please|now|and|then|just|you) )(?:reveal|show|print|repeat|output|display|tell|paste)\b.{0,30}\b(?:your|the|hidden|initial) (?:full |whole |exact |system )*(?:prompt|instructions|rules|configuration)|developer mode|jailbreak|pretend (?:to be|you)|"
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
    return f"{question} (about: {_subject(history)})" if _follows_up(question) else question


def _means_the_role(question: str) -> bool:
    telling = content_words(SOMEBODY.sub(" ", question))
    return (
        SOMEBODY.search(question) is not None
        and len(telling) <= FEW_WORDS
        and not names(question)
        and not _named_before(question, SOMEBODY, 1)
    )


def _subject(history: Sequence[Turn]) -> str:
    """What began the thread, and what was asked last; what lies between would only blur them."""
    asked, about = topic_of(history[-1].question)
    if not about:
        return asked
    for before, turn in zip(history[-2::-1], history[::-1], strict=False):
        earlier = topic_of(turn.question)[1]
        if earlier in before.items:  # "the second one"
            return f"{earlier} {asked}"
        began, still = topic_of(before.question)
        if not still:
            return f"{began} {asked}"
    return f"{topic_of(history[0].question)[1]} {asked}"


def _follows_up(question: str) -> bool:
    """Whether a question says too little to be understood without what was asked before."""
    if NEW_TOPIC.match(question):
        return False
    said = POINTS_NOWHERE.sub(" ", question)
    if POINTS_BACK.search(said) or (PRONOUN.search(said) and not _named_before(said, PRONOUN, 2)):
        return True
    if OWN_SUBJECT.match(question):
        return False
    telling = _telling(question)
    if telling <= OF_SOMETHING:
        return True
    if DEFINITION.match(question):
        return False
    if CONTINUES.match(question) or _is_fragment(question):
        return True
    return len(telling) < 2 or (len(telling) <= FEW_WORDS and DEFINITE.search(question) is not None)


def _is_fragment(question: str) -> bool:
    """ "Even for a small firm?", "you pay nothing at all?": without a question's own words it takes them from what was said."""
    return question.endswith("?") and not re.search(r"[.?!,;:] ", question) and not ASKS.search(question)


def _telling(question: str) -> frozenset[str]:
    """What a question says beyond the words that every text of this field holds."""
    return frozenset(stem(word) for word in content_words(question) if word.lower() not in OF_THE_FIELD)


def _named_before(question: str, pronoun: re.Pattern[str], words: int) -> bool:
    """Whether what the first pronoun stands for is named in the same question: somebody by name, or a thing in an earlier clause,
    since a pronoun does not mean the subject of its own."""
    match = pronoun.search(question)
    before = question[: match.start()] if match else ""
    *earlier, _ = CLAUSE.split(before)
    told = [word for clause in earlier for word in content_words(clause) if word.lower() not in MEASURES]
    return bool(names(before)) or len(told) >= words


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


# A request may be no question.
TOLD_TO = re.compile(
    r"(?:please |and |so |then |just )*(?:tell|explain|give|show|describe|list|compare|name|summari[sz]e|help|walk)\b",
    re.IGNORECASE,
)
# Words for a person, a firm or a thing that was named.
STANDS_FOR = re.compile(r"\b(?:it|its|they|them|their|theirs|he|she|his|her|hers|him)\b", re.IGNORECASE)


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


def asking(standalone: str) -> str:
    """Its sentences that ask, and those of what it is about, without what only says where somebody sits or who told them. What "they" and "it"
    may stand for is kept, and all of it where nothing asks."""
    asked, earlier = topic_of(standalone)
    return "\n".join(part for part in (_asking(asked), _asking(earlier)) if part)


def _asking(question: str) -> str:
    asks = that_ask(question)
    stands_for_something = any(STANDS_FOR.search(POINTS_NOWHERE.sub(" ", sentence)) for sentence in asks)
    return question if stands_for_something or not asks else " ".join(asks)


def that_ask(question: str) -> list[str]:
    """The sentences that ask, or tell to."""
    sentences = (span.of(question) for span in split_sentences(question))
    return [one for one in sentences if one.rstrip("\"'”’)! ").endswith("?") or TOLD_TO.match(one)]


def asks_for(standalone: str) -> str:
    """price | person | share | date | number | text: what an answer to it must hold."""
    asked, earlier = topic_of(standalone)
    kind = _asks_for(asked)
    return _asks_for(earlier) if kind == "text" and earlier and not ASKS.search(asked) else kind


def _asks_for(said: str) -> str:
    question = " ".join(that_ask(said)) or said
    if PERSON.search(question):
        return "person"
    if _asks_for_a_price(question):
        return "price"
    if SHARE.search(question) and re.search(
        r"\b(?:what|which|how|exact|give|know)\b|percentage is", question, re.IGNORECASE
    ):
        return "share"
    if DATE.search(question):
        return "date"
    return "number" if NUMBER.search(question) else "text"


def _asks_for_a_price(question: str) -> bool:
    if COMPARES.search(question):
        return False
    if PRICE.search(question):
        return True
    thing = ASKED_THING.search(question)
    return OF_PRICE.search(question if thing is None else thing.group()) is not None


def tries_to_trick(question: str) -> bool:
    return bool(TRICKERY.search(question))
