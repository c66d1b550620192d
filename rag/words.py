"""Words of a question and of a sentence: what carries meaning, what names someone, how rare it is. Pure but for the counts."""

from __future__ import annotations

import re
from functools import lru_cache

WORD = re.compile(r"[A-Za-z0-9À-ÿ][A-Za-z0-9À-ÿ'’&.-]*[A-Za-z0-9À-ÿ]|[A-Za-z0-9À-ÿ]")
STOP_WORDS = frozenset(
    """a about above across actually after again against ago all almost along already also although always am among an and another any anybody anyone
    anything are aren't around as ask asks at away back be because been before being below best better between both but by came can can't cannot come comes could couldn't
    did didn't do does doesn't doing don't done down during each either else ever every everyone everything explain exactly far few for from
    further gave get gets getting give given gives go goes going got had has have haven't having he her here hers him his how however i i'd i'll i'm i've if in instead
    into is isn't it it's its itself just keep know let let's like likely look made make makes many matter may maybe me mean means might mine more most mostly much must my
    myself near need needs neither never no nobody none nor not nothing now of off often ok okay on once one ones only onto or other others
    our ours out over own per perhaps please pretty put quite rather really right said same say saying says see seem seems shall she should shouldn't show
    simply since so some somebody someone something sometimes sort still such suppose sure take taken takes tell tells than thank thanks that that's the their theirs them themselves
    then there there's these they they're thing things think this those though through thus to together told too toward try two under until up upon us
    use used uses using usually very want wants was wasn't way we we'd we'll we're we've well went were weren't what what's whatever when where whether
    which while who who's whom whose why will with within without won't would wouldn't yes yet you you'd you'll you're you've your yours""".split()
)
# Capitalised in every text of this field, so they name nobody.
GENERIC_NAMES = frozenset(
    "ai cto ceo cfo coo cio caio cpo vp llm llms rag mcp api apis saas it i ml sow roi kpi us usa uk eu b2b poc pocs gpt ok p&l hr qa ui faq ctos caios".split()
)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The word without its endings: light, so that two forms meet more often than two words do."""
    word = word.lower().replace("’", "'").removesuffix("'s").strip(".'-&")
    if len(word) <= 3 or not word.isalpha():
        return word
    for ending, put in (
        ("ies", "y"),
        ("sses", "ss"),
        ("ing", ""),
        ("edly", ""),
        ("ed", ""),
        ("ment", ""),
        ("ly", ""),
        ("es", "e"),
        ("s", ""),
    ):
        if word.endswith(ending) and len(word) - len(ending) + len(put) >= 3 and not word.endswith("ss"):
            word = word[: len(word) - len(ending)] + put
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "lse":
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


@lru_cache(maxsize=20_000)
def content_words(text: str) -> tuple[str, ...]:
    """The words that carry meaning, as written, in order and once each; hyphenated ones in their parts."""
    seen: dict[str, str] = {}
    for match in WORD.finditer(text):
        for part in re.split(r"[-/]", match.group(0)):
            word = part.strip(".'’")
            if word and word.lower().replace("’", "'") not in STOP_WORDS and (len(word) > 1 or word.isdigit()):
                seen.setdefault(stem(word), word)
    return tuple(seen.values())


@lru_cache(maxsize=50_000)
def stems(text: str) -> frozenset[str]:
    """Every meaning-carrying stem of a text."""
    return frozenset(stem(word) for word in content_words(text))


CALENDAR = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december christmas easter".split()
)


@lru_cache(maxsize=5_000)
def names(question: str) -> tuple[str, ...]:
    """What a question names: runs of words with capitals where a sentence would not put one, common terms and days left out."""
    found: list[str] = []
    run: list[str] = []

    def close() -> None:
        telling = [word for word in run if word.lower() not in GENERIC_NAMES and word.lower() not in CALENDAR]
        if telling:
            found.append(" ".join(run if len(telling) < len(run) or len(run) == 1 else telling))
        run.clear()

    end = 0
    for match in WORD.finditer(question):
        word = re.sub(r"['’]s$", "", match.group(0))
        between = question[end : match.start()]
        opens = not question[: match.start()].strip() or re.search(r"[.?!:\"“”‘(]\s*$|\n", between) is not None
        capital = (
            any(c.isupper() for c in word)
            and word.lower() not in STOP_WORDS
            and (not opens or sum(c.isupper() for c in word) > 1)
        )
        number = word.isdigit() and bool(run)
        if between.strip(" ") or not (capital or number):
            close()
        if capital or number:
            run.append(word)
        if match.group(0) != word:
            close()
        end = match.end()
    close()
    return tuple(dict.fromkeys(found))
