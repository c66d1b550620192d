"""Does a passage speak to a language model, or ask one to act? Told from its wording alone, sentence by sentence.

Pure. What an article quotes while it speaks of such attacks is not counted, nor is what it says they ask for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from corpus.text import FENCE, HEADING, ITEM, ROW, SENTENCE_END
from ingest.other_languages import OTHER_LANGUAGES
from ingest.wordings import ASKED, DICTATES, MARKS, REQUESTS, ROLE_MARK, STATEMENTS

# A passage shown to the operator; an attack says what it wants well within it.
LONGEST_PASSAGE = 600
LONGEST_SENTENCE, OVERLAP = 2_000, 300
# So far around a quoted attack is looked for words that say it is spoken of.
NEARBY = 400

# Not an output file or a response team, nor an answer to something, which is a reader's own.
_OUTPUT = r"(?:answers?(?! to (?:these|those|that|each of|our|their|them|it|questions?|the (?:\w+ )?questions?|whether|why|how|what)\b)|responses?|repl(?:y|ies)|output)(?![- ](?:files?|folders?|director\w+|devices?|formats?|teams?|times?|rates?|plans?|forms?|sheets?|headers?|codes?|channels?|variables?|measures?))"
OWN_OUTPUT = re.compile(rf"\byour (?:[\w'’-]+ ){{0,2}}?{_OUTPUT}\b", re.IGNORECASE)
OWN_TEXT = re.compile(
    rf"\byour (?:[\w'’-]+ ){{0,2}}?(?:{_OUTPUT}|message|text|summary|translation|explanation|words)\b", re.IGNORECASE
)
# Told apart from what a reader is asked to do with an answer of their own, in an interview or a tender.
READERS_VERB = re.compile(
    r"(?:keep|prepare|practi[sc]e|write|draft|submit|send|review|check|have|know|back|support|base|test|read|share|discuss|defend|explain|justify"
    r"|record|compare|save|wait|consider|think|give|provide|make(?! sure)|be(?! sure)|expect|receive|get|choose|note|find|see|hear|tailor|remember|rehearse|plan"
    r"|look|listen|score|rate|weigh|trust|mark|post|return|enter|document|store|publish|improve|shape|speed|time|delay)\b",
    re.IGNORECASE,
)
DISGUISE = re.compile(
    r"\b(?:substitut\w+|homophon\w+|alphanumeric\w*|misspell\w*|typos?|anagram\w*|scrambl\w+|jumbl\w+|rearrang\w+|(?:without|no|remove|omit|delete)(?: (?:any|the|all))? (?:spaces?|punctuation|vowels)"
    r"|cipher\w*|caesar|vigen\w+|encod\w+|encrypt\w*|base ?\d\d|hex(?:adecimal)?|binary|rot ?13|morse|braille|emoj\w+|revers\w+|backwards?|pig latin|leet\w*|symbols?|vowels?|consonants?|letters?|alphabet\w*"
    r"|upper ?case|lower ?case|all caps|capital letters|rhym\w+|poem|haiku|pirate|nato phonetic|phonetic\w*|every (?:second|third|fourth|fifth|other|nth|\d+\w\w) (?:word|letter|character|sentence)"
    r"|(?:in|into|to) (?:french|german|spanish|italian|portuguese|dutch|russian|chinese|japanese|korean|arabic|latin|klingon|hindi|turkish|another language))\b",
    re.IGNORECASE,
)
WORKS_ON = re.compile(
    r"(?:include|add|append|insert|mention|integrate|incorporate|embed|prepend|weave|put|end|begin|finish|conclude|sign|preface|modify|augment|enhance|enrich|extend|alter|change|adjust|adapt|rewrite|rephrase|translate"
    r"|replace|convert|transform|render|limit|restrict|censor|remove|infuse|sprinkle|slip|work|inject|introduce|suggest|promote|advertise|link|refer|recommend|tease|express|emphasi[sz]e|broadcast|spread|encode|encrypt|reverse)\b",
    re.IGNORECASE,
)
READERS_ANSWER = re.compile(
    r"\b(?:incidents?|outages?|emergenc\w+|breach\w*|drills?|tenders?|proposals?|RF[PQI]s?|bid(?:s|der|ders)?|interview\w*|candidates?|surveys?|questionnaires?|quiz\w*|exams?|APIs?|HTTP|servers?|these questions|following questions|questions below)\b",
    re.IGNORECASE,
)
LETTER_CUES = frozenset("letter letters word words vowel vowels consonant consonants character characters".split())
LETTER_GAME = re.compile(
    r"^(?:replace|substitute|swap|convert|change|turn|shift|scramble|jumble|rearrange|reverse|encode|encrypt|misspell|capitali[sz]e|group|remove|drop|omit|double|repeat)\b"
    r"[^.!?]{0,40}?\b(?:letters|vowels|consonants|(?:every|each) (?:[\w-]+ )?(?:letters?|words?|vowels?|characters?))\b",
    re.IGNORECASE,
)
# A word no request begins with, besides those that end as no plain verb does.
NO_VERB = frozenset(
    "a an the this that these those it its i we you he she they my our your their his her if when while as at by for from into on of to with "
    "without about after before because since so but or and nor yet not no yes what who why how which where whose there here any some most many few more "
    "is are was were do does did has have had can could will would shall should may might must sometimes often one two three both either neither "
    "good great every each though although unless until than then once during despite between through people teams leaders companies".split()
)
COURTESY = re.compile(
    r"^(?:(?:please|pls|kindly|also|now|then|and|but|next|finally|first|lastly|additionally|furthermore|moreover|note|important|remember|always|never|just|simply|instead|(?:do not|don[’']t)(?: (?:hesitate|forget|fail) to)?"
    r"|(?:make sure|be sure|ensure|remember|take care|keep in mind|feel free|try|aim|proceed|go ahead)(?: to| and| that you| you)(?= )|(?:could|would|can|will) you(?: please| kindly| mind)?|you (?:must|should|shall|will|may|can|could|need to|have to|are to|might want to)"
    r"|i(?:[’']d| would) (?:like|love|want|prefer|appreciate)(?: it if| for)? you(?: to)?|i (?:want|need|ask) you to|we (?:kindly )?(?:ask|request|want|need)(?: that)? you(?: to)?|it would be (?:\w+ )?if you(?: could| would)?|let[’']s|[a-z]+ly|to (?:proceed|begin|finish|conclude|close))[ ,:]+)+",
    re.IGNORECASE,
)
OPENS_WITH_OUTPUT = re.compile(
    rf"^(?:in|within|as part of|at the (?:end|start|beginning|top|bottom) of|throughout|for|with(?:in)?|before|after) (?:your|the|any|every|each|all)(?: of your)? (?:[\w-]+ )?{_OUTPUT},",
    re.IGNORECASE,
)

_CODE = (
    r"(?:(?:(?:the|this|these|that|an?) )?(?:following|subsequent|below|ensuing|next|given|succeeding|attached|accompanying|undermentioned|provided) (?:[\w-]+ ){0,2}?(?:code|script|function|program|snippet|command)s?(?: (?:section|block|snippet|excerpt|segment|fragment|sample|piece|listing|example|lines?|part|portion|chunk|passage|extract)s?)?"
    r"|(?:(?:the|this|these) )?(?:code|script|function|snippet|program)(?: (?:section|block|snippet|excerpt|segment|fragment|sample|piece|listing|example|lines?))?s? (?:below|that follows|which follows|given below))"
)
CODE_CUES = frozenset(
    "code codes script scripts function functions program programs snippet snippets command commands".split()
)
CODE_BELOW = re.compile(rf"\b{_CODE}\b", re.IGNORECASE)
OWN_CODE = re.compile(
    rf"\byour (?:[\w'’-]+ ){{0,2}}?(?:{_OUTPUT}|code(?:base)?s?|codes|solutions?|implementations?|algorithms?|elucidation|explanation|programs?|scripts?|functions?|software architecture|logic)\b|\bthe code you (?:\w+ )?(?:develop|write|produce|generate|create)",
    re.IGNORECASE,
)
DANGEROUS = re.compile(
    r"\b(?:requests\.|urllib|http\.client|smtplib|ftplib|socket|subprocess|os\.(?:system|environ|remove|rename|popen)|shutil\.|paramiko|pickle\.load|exec\(|eval\(|ctypes|winreg|pynput|keyboard\.|psutil|pyautogui|cryptography|Fernet|curl |wget |rm -rf|chmod |nc -|powershell|iptables|shutdown|mkfs|dd if=)",
    re.IGNORECASE,
)

BEYOND_LATIN = re.compile("[\u0400-\u06ff\u0900-\u097f\u3040-\u9fff\uac00-\ud7af]")
SPEAKS_OF_ATTACKS = re.compile(
    r"\b(?:prompt.injection|inject(?:s|ed|ion|ing)?|jail ?break\w*|attack(?:s|er|ers|ed)?|adversar\w+|malicious|red.team\w*|exploit\w*|hidden (?:text|instructions?|prompts?|words?)|poison\w*|phrases? (?:like|such as)|system prompts?|prompt(?:s|ing)?|social engineering)\b",
    re.IGNORECASE,
)
REPORTED = re.compile(
    r"\b(?:texts?|documents?|pages?|e-?mails?|messages?|attackers?|prompts?|inputs?|users?|someone|somebody|one|which|that|who|it|lines?|comments?|instructions?|payloads?|words?|websites?|invoices?|they|model|assistant|system|injection|attack|hacker|vendor|customer)\s+"
    r"(?:(?:that|which|may|can|could|might|would|will|simply|then|to|not|also|merely|only)\s+)*"
    r"(?:tells?|told|say(?:s|ing)?|said|reads?|reading|asks?|asked|asking|instructs?|instructed|orders?|ordered|commands?|telling|instructing|ordering|commanding|tricks?|tricked|tricking|into|convince[sd]?|tries|trying)\b",
    re.IGNORECASE,
)
QUOTED = re.compile(
    r"“[^”\n]{3,400}”|\"[^\"\n]{3,400}\"|`[^`\n]{3,400}`|‘[^’\n]{3,400}’|«[^»\n]{3,400}»|„[^“\n]{3,400}“"
)

LISTENER = re.compile(
    r"\b(?:AI|LLMs?|GPT\w*|chatgpt|claude|gemini|copilot|assistants?|language models?|chat ?bots?|models?|prompts?|instructions?|answers?|respon\w+|repl(?:y|ies)|summar\w+|users?|ignore|disregard)\b",
    re.IGNORECASE,
)
TASK = re.compile(
    r"^(?:please |kindly |can you |could you |would you |now |then )*(?:write|draft|compose|explain|describe|translate|provide|summari[sz]e|tell|give|list|show|create|generate|convert|replace|say|send|recommend"
    r"|ignore|include|add|mention|answer|reply|respond|output|print|develop|break down|organi[sz]e|schedule|find|calculate|what (?:is|are|was|were)|what[’']s|who (?:is|was|wrote|were)|how (?:do|does|did|to))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Addressed:
    """A passage that speaks to a model, and how."""

    text: str
    why: str


@dataclass(frozen=True)
class _Sentence:
    text: str
    start: int  # where it stands in the whole, near enough to look around it
    code: str = ""  # the code that stands below it


def addressed(text: str) -> list[Addressed]:
    """The passages that speak to a model, each once, in order."""
    found: dict[str, str] = {}
    for match in MARKS.finditer(text):
        if not _spoken_of(text, match.start(), match.end()):
            found.setdefault(_line_around(text, match.start(), match.end()), ROLE_MARK)
    for sentence in _sentences(text):
        why = _why(sentence, text)
        if why:
            passage = f"{sentence.text}\n{sentence.code}" if sentence.code else sentence.text
            found.setdefault(passage[:LONGEST_PASSAGE], why)
    present = {word.lower() for word in re.findall(r"[^\W\d_]+", text)}
    beyond_latin = BEYOND_LATIN.search(text) is not None
    for language in OTHER_LANGUAGES:
        if not (present & language.cues if language.cues else beyond_latin):
            continue
        for match in language.pattern.finditer(text):
            if not _spoken_of(text, match.start(), match.end()):
                found.setdefault(_line_around(text, match.start(), match.end()), language.why)
    return [Addressed(passage, why) for passage, why in found.items()]


def addressed_unseen(text: str) -> str:
    """Why words that no reader sees are meant for a model; empty where they need not be. Any request will do: whom else is it for?"""
    if strictly := addressed(text):
        return strictly[0].why
    for sentence in _sentences(text):
        words = _opening(sentence.text)
        if len(words.split()) >= 3 and (
            TASK.match(words)
            or (_is_request(words) and LISTENER.search(words))
            or (words.endswith("?") and len(words.split()) > 4)
        ):
            return "asks for something where no reader sees it"
    return ""


def _why(sentence: _Sentence, text: str) -> str:
    words = sentence.text
    present = {word.lower() for word in re.findall(r"[A-Za-z]+|@", words)}
    for rule in REQUESTS:
        if present & rule.cues:
            for match in rule.pattern.finditer(words):
                if ASKED.search(words, 0, match.start()) and not _excused(sentence, match.start(), match.end(), text):
                    return rule.why
    for rule in STATEMENTS:
        if present & rule.cues:
            for match in rule.pattern.finditer(words):
                if not _excused(sentence, match.start(), match.end(), text):
                    return rule.why
    if ("your" in present and OWN_TEXT.search(words)) or (present & LETTER_CUES and LETTER_GAME.match(_opening(words))):
        return _of_own_output(sentence, text)
    if present & CODE_CUES and CODE_BELOW.search(words):
        return _of_code(sentence, text)
    return ""


def _of_own_output(sentence: _Sentence, text: str) -> str:
    words = _opening(sentence.text)
    if LETTER_GAME.match(words) or OPENS_WITH_OUTPUT.match(words):
        asks = True
    elif _is_request(words):
        disguises = bool(DISGUISE.search(words))
        asks = disguises or (
            bool(OWN_OUTPUT.search(words)) and not READERS_VERB.match(words) and _is_meant(words, sentence, text)
        )
    else:
        asks = False
    if not asks and CODE_BELOW.search(sentence.text):
        return _of_code(sentence, text)
    return DICTATES if asks and not _excused(sentence, 0, len(sentence.text), text) else ""


def _is_meant(words: str, sentence: _Sentence, text: str) -> bool:
    """Is the answer the model's, and not a reader's to an incident, a tender or an interview? Working on its wording always is the former."""
    around = text[max(0, sentence.start - NEARBY) : sentence.start + len(sentence.text) + NEARBY]
    return bool(WORKS_ON.match(words)) or not READERS_ANSWER.search(around)


def _of_code(sentence: _Sentence, text: str) -> str:
    words = _opening(sentence.text)
    asks = _is_request(words) or re.match(r"(?:you|your)\b", sentence.text.lower()) is not None
    if asks and (OWN_CODE.search(words) or OWN_CODE.search(sentence.text) or DANGEROUS.search(sentence.code)):
        return "asks to put given code into an answer"
    return ""


def _opening(words: str) -> str:
    """The sentence without what it is marked or softened with at its beginning."""
    stripped = re.sub(r"^(?:\s*\[[^\]\n]{0,20}\]:\s*(?:#|<>))?[^\w\[@]+|^\d+[.)]\s+", "", words)
    return COURTESY.sub("", stripped)


def _is_request(words: str) -> bool:
    """Does it begin with a verb in its plain form? Any word that is nothing else counts as one."""
    first = re.match(r"[A-Za-z]+(?![\w'’])", words)
    if not first:
        return False
    word = first.group(0).lower()
    return (word not in NO_VERB and not re.search(r"(?:[^ei]ing|[^ei]ed|ly|tion|ness|ity|[^s]s)$", word)) or word in (
        "embed",
        "bring",
        "focus",
    )


def _excused(sentence: _Sentence, start: int, end: int, text: str) -> bool:
    """Is it quoted where attacks are spoken of, or told as what somebody or something asks for?"""
    words = sentence.text
    return bool(REPORTED.search(words[: start + 1])) or (
        _is_quoted(words, start, end)
        and _about_attacks(text, sentence.start, sentence.start + len(words), words[start:end])
    )


def _spoken_of(text: str, start: int, end: int) -> bool:
    """The same for what is matched in the whole text."""
    first, last = max(text.rfind("\n", 0, start) + 1, start - NEARBY), text.find("\n", end)
    line = text[first : min(last if last >= 0 else len(text), end + NEARBY)]
    return _is_quoted(line, start - first, end - first) and _about_attacks(text, start, end, text[start:end])


def _is_quoted(words: str, start: int, end: int) -> bool:
    # What is matched may begin with the opening mark, and end within the quotation.
    return any(quote.start() <= start + 1 and end - 1 <= quote.end() for quote in QUOTED.finditer(words))


def _about_attacks(text: str, start: int, end: int, own: str) -> bool:
    return bool(SPEAKS_OF_ATTACKS.search(text[max(0, start - NEARBY) : end + NEARBY].replace(own, " ")))


def _line_around(text: str, start: int, end: int) -> str:
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    last = last if last >= 0 else len(text)
    return text[max(first, start - LONGEST_PASSAGE // 2) : min(last, end + LONGEST_PASSAGE // 2)].strip()


def _sentences(text: str) -> Iterator[_Sentence]:
    """Sentences of each paragraph as it is wrapped, and of each line by itself: attacks are set in anywhere."""
    lines = text.split("\n")
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    index = 0
    while index < len(lines):
        if not lines[index].strip():
            index += 1
            continue
        last = index
        while (
            not HEADING.match(lines[last])
            and last + 1 < len(lines)
            and lines[last + 1].strip()
            and not FENCE.match(lines[last + 1])
            and not _opens_block(lines[last + 1])
        ):
            last += 1
        code = _code_below(lines, last + 1)
        seen: set[str] = set()
        if last > index:
            for sentence in _split(" ".join(line.strip() for line in lines[index : last + 1]), starts[index], code):
                seen.add(sentence.text)
                yield sentence
        for number in range(index, last + 1):
            for sentence in _split(lines[number].strip(), starts[number], code if number == last else ""):
                if sentence.text not in seen:
                    yield sentence
        index = last + 1


def _split(words: str, at: int, code: str) -> Iterator[_Sentence]:
    ends = [match.end() for match in SENTENCE_END.finditer(words)]
    for start, end in zip([0, *ends], [*ends, len(words)], strict=True):
        last = end == len(words)
        # What has no end for so long is no sentence: it is read piece by piece, each beginning within the one before.
        for piece in range(start, end, LONGEST_SENTENCE - OVERLAP) if end - start > LONGEST_SENTENCE else (start,):
            said = words[piece : min(end, piece + LONGEST_SENTENCE)].strip()
            if said:
                yield _Sentence(said, at + piece, code if last else "")


def _opens_block(line: str) -> bool:
    return bool(HEADING.match(line) or ITEM.match(line) or ROW.match(line) or line.lstrip().startswith(">"))


def _code_below(lines: list[str], index: int) -> str:
    while index < len(lines) and not lines[index].strip():
        index += 1
    if index >= len(lines) or not FENCE.match(lines[index]):
        return ""
    end = index + 1
    while end < len(lines) and not FENCE.match(lines[end]):
        end += 1
    return "\n".join(lines[index : end + 1])
