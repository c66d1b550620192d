"""How text speaks to a language model: the wordings of attacks in English.

Each is read within one sentence: requests where one can begin, statements anywhere in it. Marks of a conversation with a model count
wherever they stand. Pure data; judging is `ingest.addressing`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A wording and what it does; `cues` are words one of which stands in every sentence it matches, so that few are searched."""

    cues: frozenset[str]
    pattern: re.Pattern[str]
    why: str


# At most so many words between two that belong together.
GAP = r"(?:[\w'’/-]+[ ,]+){0,%d}?"


def rule(cues: str, pattern: re.Pattern[str], why: str) -> Rule:
    return Rule(frozenset(cues.split()), pattern, why)


def _gap(most: int) -> str:
    return GAP % most


def words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# What a request stands behind: the sentence's beginning, a pause, or words that make the verb one asked of the listener.
ASKED = words(
    r"(?:^|[.!?:;,\"“”'‘(\[{>*_#|=/–—-]\s*|\b(?:please|pls|kindly|now|then|also|instead|just|simply|always|and|but|must|should|shall"
    r"|you (?:will|can|may|could|would|to)|you(?:[’']re| are)? (?:\w+ )?to|(?:need|have|want|sure|going|remember) to)\s+)$"
)
_EARLIER = (
    r"(?:previous|prior|preceding|earlier|foregoing|above|former|initial|original|existing|system|given|developer)"
)
_YOUR = r"your (?:(?:own|system|previous|prior|earlier|initial|original|internal|current|default|safety|existing|given|usual system|core|base|other) )*"
_ORDERS = r"(?:instructions?|prompts?|directions?|directives?|guidelines?|commands?|orders|rules?|constraints|context|messages?|programming|training|policies)"
_MODEL = r"(?:(?:large )?language models?|LLMs?|AIs?|AI (?:assistants?|models?|systems?|agents?|bots?)|assistants?|chat ?bots?|chatgpt|gpt(?:-?\w+)?|claude|gemini|copilot|llama|mistral|summari[sz]ers?)"
_OUTPUT = r"(?:answers?|responses?|repl(?:y|ies)|outputs?|completions?|summary|summaries)"
_READING = r"(?:reading|processing|summari[sz]ing|parsing|indexing|ingesting|scanning|analy[sz]ing|reviewing)"
_LANGUAGE = (
    r"(?:french|german|spanish|italian|portuguese|dutch|russian|chinese|mandarin|japanese|korean|arabic|hindi|turkish|polish|latin|klingon"
    r"|esperanto|pig latin|english only|base ?64|base ?32|rot ?13|hex(?:adecimal)?|binary|morse(?: code)?|all caps|upper ?case|lower ?case"
    r"|emojis?|leet(?: ?speak)?|rhymes?|haikus?|verse|cipher|ciphertext|reverse|backwards?|json only)"
)

_MODEL_WORDS = (
    "llm llms ai ais model models assistant assistants chatbot chatbots bot bots chatgpt gpt claude gemini copilot llama mistral "
    "summarizer summarizers summariser summarisers intelligence system tool agent"
)
_ORDER_WORDS = (
    "instruction instructions prompt prompts direction directions directive directives guideline guidelines command commands order "
    "orders rule rules constraint constraints context message messages programming training policies"
)
_OUTPUT_WORDS = (
    "answer answers response responses reply replies output outputs completion completions summary summaries"
)


OVERRIDES = "asks to set earlier instructions aside"
PERSONA = "gives the model another role"
SYSTEM_PROMPT = "asks for the model's instructions"
SPEAKS_TO = "speaks to a model or assistant"
DICTATES = "dictates the answer"
SENDS_OUT = "asks to send something out"
ROLE_MARK = "carries the marks of a conversation with a model"
HIDES = "asks to keep something from the user"

# Matched where a request can begin.
REQUESTS: tuple[Rule, ...] = (
    rule(
        _ORDER_WORDS,
        words(
            rf"(?:ignore|disregard|forget|override|bypass|neglect|overlook|discard|dismiss|set aside|skip|stop following|(?:do not|don[’']t) (?:follow|obey|heed)|pay no attention to|cancel|abandon|erase) "
            rf"{_gap(4)}(?:(?:{_EARLIER} {_gap(2)}|{_YOUR}){_ORDERS}|(?:all|any)(?: of)?(?: the| these| those)? (?:instructions?|prompts?)\b|{_ORDERS} {_gap(3)}(?:above|before(?: this)?|so far|earlier|previously|you (?:have been|were|had been|received))\b)"
        ),
        OVERRIDES,
    ),
    rule(
        "ignore disregard forget",
        words(
            r"(?:ignore|disregard|forget) (?:everything|anything|all|all that|what(?:ever)?) (?:of the )?(?:above|before|prior|previous|(?:you|that) (?:were|was|have been|has been|had been) (?:told|said|given|instructed|written)|you (?:know|learned))"
        ),
        OVERRIDES,
    ),
    rule(
        "ignore disregard forget",
        words(r"(?:ignore|disregard|forget) (?:the|all)(?: the)? (?:above|previous|prior|preceding)\b(?! \w)"),
        OVERRIDES,
    ),
    rule(
        "bypass disable turn switch drop ignore override remove circumvent",
        words(
            rf"(?:bypass|disable|turn off|switch off|drop|ignore|override|remove|circumvent) (?:all |any )?(?:of )?your (?:\w+ )?(?:safety|content|ethical|security|moderation|restrictions|safeguards|guardrails|filters|limitations|{_ORDERS})"
        ),
        OVERRIDES,
    ),
    rule(
        "act behave respond pose role roleplay answer speak operate function",
        words(
            rf"(?:act|behave|respond|pose|role-?play|answer|speak|operate|function) (?:as|like)(?: if you (?:are|were))? (?:(?:an?|the|my|our) )?{_gap(3)}(?:{_MODEL}|DAN|unrestricted|unfiltered|uncensored|jailbroken|evil|pirate|linux terminal|no (?:rules|restrictions|limits))\b"
        ),
        PERSONA,
    ),
    rule(
        "pretend imagine suppose assume simulate",
        words(
            r"(?:pretend|imagine|suppose|assume|simulate) (?:that )?(?:you (?:are|were)|you have no|to be|being) (?:an? |the |no )?(?:[\w-]+ ){0,3}?(?:AI|assistant|model|bot|chatbot|unrestricted|uncensored|rules|restrictions|filters|limits|developer mode|DAN)\b"
        ),
        PERSONA,
    ),
    rule(
        "mode",
        words(
            r"(?:enter|enable|activate|switch (?:in)?to|go into|start) (?:the )?(?:developer|debug|admin|god|jailbreak|DAN|maintenance|unrestricted|sudo|root) mode"
        ),
        PERSONA,
    ),
    rule(
        "prompt prompts instruction instructions message messages directive directives guidelines configuration context above before",
        words(
            rf"(?:reveal|print|show|repeat|output|display|disclose|leak|share|give|write out|recite|expose|dump|send|state|summari[sz]e|translate|list|tell|return|quote|copy|paste|echo|report) "
            rf"{_gap(5)}(?:(?:your|the|its) (?:\w+ )?(?:system|hidden|secret|internal|initial|original|developer|confidential|full|entire|pre-?) ?(?:prompts?|instructions?|messages?|directives?)|your (?:system )?(?:prompt|instructions|guidelines|configuration|context window)|(?:everything|all|the (?:text|words|content|messages?)) (?:written )?(?:above|before this))"
        ),
        SYSTEM_PROMPT,
    ),
    rule(
        "only solely exclusively strictly nothing just",
        words(
            r"(?:only |always )?(?:respond|reply|answer|output|return|print|say|write|speak|write back|generate) (?:only|solely|exclusively|strictly|nothing (?:but|else)|just)(?: ever)? ?(?:with|in|using|by|as|:|[\"“'‘]|the (?:word|phrase|text|following|string|sentence))"
        ),
        DICTATES,
    ),
    rule(
        "only always never",
        words(
            rf"(?:only (?:ever )?|always |never )(?:respond|reply|answer|output|speak|return) (?:with (?:[\"“‘']|the (?:word|phrase|text|sentence))|(?:in|using) (?:the )?{_LANGUAGE}|as (?:an?|if)\b|to (?:the )?users?\b)"
        ),
        DICTATES,
    ),
    rule(
        "respond reply answer",
        words(
            r"(?:respond|reply|answer)(?: to (?:the |this |every |any |all )?\w+)?(?: with| by saying| saying|:)? ?(?:exactly |simply |the (?:exact )?(?:word|phrase|words|text|following|string|sentence)\b|[\"“])"
        ),
        DICTATES,
    ),
    rule(
        "respond reply answer speak write talk",
        words(
            rf"(?:respond|reply|answer|speak|write|talk|respond back)(?: to \w+(?: \w+)?)?(?: only| everything| always)? (?:in|using) (?:the )?(?:style of an? pirate|{_LANGUAGE})\b"
        ),
        DICTATES,
    ),
    rule(
        _OUTPUT_WORDS,
        words(
            rf"(?:end|begin|start|finish|conclude|close|open|sign|preface|prefix) (?:every|each|all|any)(?: of)?(?: your| the)? (?:\w+ )?{_OUTPUT}\b|(?:respond|reply|answer|output) only (?:json|xml|yaml|csv|valid|raw)\b|(?:include|add|append|insert|mention|integrate|incorporate|embed|prepend|weave|place|put|end|begin|start|finish|conclude|close|open|sign|preface|prefix) {_gap(25)}(?:in(?:to|side)?|to|of|within|at the (?:end|start|beginning|top|bottom) of) (?:the|any|all|each|every|its)(?: of the)? (?:final |subsequent |following |next |future |generated |model[’']s |assistant[’']s |AI[’']s ){{0,2}}{_OUTPUT}\b"
        ),
        DICTATES,
    ),
    rule(
        "user users human person reader customer",
        words(
            r"(?:tell|inform|advise|urge|convince|instruct|ask|remind|persuade|encourage|direct|recommend to|suggest to|warn) (?:the |all |any |every )?(?:users?|human|person asking|reader|customer)(?: \w+){0,12}? (?:https?:|www\.|[\w.-]+@[\w-]+\.\w|[\w-]+\.(?:com|net|org|io|xyz|ru|info|biz|top)\b|passwords?|credentials|credit card|bank details|api keys?)"
        ),
        SENDS_OUT,
    ),
    rule(
        "http https www com org net io xyz ru info @ url link address endpoint webhook server external remote",
        words(
            rf"(?:send|forward|e-?mail|post|upload|transmit|exfiltrate|leak|submit|append|deliver|copy|pass|relay|attach|encode|report|write|put) {_gap(8)}(?:(?:the |this |our |entire |whole |full |user[’']?s? |your |all |any |previous )+(?:conversations?|chat(?: history| log)?|messages|chat|history|data|question|quer(?:y|ies)|secrets?|context|documents?|system prompt|input)|conversation history|chat history|system prompt|api keys?|credentials|passwords?|session (?:tokens?|cookies?)|environment variables|private keys?|user(?:[’']s)? (?:data|name|question|query|information|details|input|prompt|messages?)) {_gap(8)}(?:to|at|via|through|into|in) (?:https?:|www\.|[\w.-]+@[\w-]+\.|the (?:following )?(?:url|link|address|endpoint|webhook|server)|this (?:url|link|address|endpoint|webhook|server)|an? (?:external|remote)|[\w-]+\.(?:com|net|org|io|xyz|ru|info)\b)"
        ),
        SENDS_OUT,
    ),
    rule(
        "http https www link url tool function",
        words(
            r"(?:visit|open|click|fetch|follow|browse|load|call|access|request|download|navigate|go to|retrieve|execute|run|invoke)(?: \w+){0,5}? (?:this |the following |the )?(?:https?:\S+|www\.\S+|link|url|tool|function)\b.{0,60}\b(?:and|then)\b.{0,30}\b(?:follow (?:its|the|any|all) instructions|do (?:what|as) it says|obey|execute (?:it|its|the)|include (?:its|the) (?:content|result|response)|before (?:answering|responding))"
        ),
        SENDS_OUT,
    ),
    rule(
        "user users instruction instructions message prompt note text notice instructed told given asked",
        words(
            rf"(?:do not|don[’']t|never|without) {_gap(2)}(?:tell(?:ing)?|inform(?:ing)?|mention(?:ing)?|reveal(?:ing)?|disclos(?:e|ing)|warn(?:ing)?|alert(?:ing)?|notify(?:ing)?|acknowledge|show) {_gap(5)}(?:(?:the |any |your )?users? (?:about|of|that|why|anything|what|these|this)|this (?:instruction|message|prompt|note|text|notice)|these instructions|that you (?:were|have been|are) (?:instructed|told|given|asked|an AI))"
        ),
        HIDES,
    ),
    rule(
        "treat consider regard cite rank quote prefer prioritize prioritise",
        words(
            r"(?:treat|consider|regard|cite|rank|quote|prefer|prioriti[sz]e) this (?:document|article|page|text|source|passage|guide|content)(?: \w+){0,3}? (?:as (?:the )?(?:only|sole|most|highest|authoritative|top|ground truth|absolute)|above all|over (?:all )?(?:the )?others?|first|before (?:all|any))"
        ),
        DICTATES,
    ),
)

# Matched anywhere in a sentence: nobody says these to a reader.
STATEMENTS: tuple[Rule, ...] = (
    rule(
        "now longer actually really hereby",
        words(
            rf"\byou(?:[’']re| are)(?: now| no longer| actually| really| hereby)+ (?:(?:an?|the|in|my|our|called|named|acting as|going to act as) )?{_gap(3)}(?:{_MODEL}|DAN|persona|unrestricted|unfiltered|uncensored|jailbroken|free from|bound by|pirate|hacker|developer mode|mode|terminal|interpreter)\b"
        ),
        PERSONA,
    ),
    rule(
        "ai llm assistant chatbot chat model",
        words(
            rf"\byou(?:[’']re| are) (?:an? |the )(?:helpful |friendly |expert |powerful |unrestricted |obedient |harmless |{_gap(1)}){{0,2}}(?:AI (?:assistant|model|agent|bot|chatbot|language model|system)|(?:large )?language model|LLM|chat ?bot|virtual assistant|digital assistant|AI)\b(?![ -](?:leader|company|officer|team|vendor|cto|consultant|startup|engineer|product|champion|advisor|user|skeptic|lead|buyer|native|first|shop|business|firm|researcher|expert))"
        ),
        PERSONA,
    ),
    rule(
        "dan jailbreak mode anything",
        words(r"\b(?:DAN mode|do anything now|jailbreak mode|god mode enabled|developer mode (?:enabled|output))\b"),
        PERSONA,
    ),
    rule(
        _MODEL_WORDS,
        words(
            rf"\bif you(?:[’']re| are)(?: reading this and (?:are )?)?(?: being)? (?:an? |the |any |some |part of an? )?(?:automated |artificial |{_gap(1)})?(?:{_MODEL}|artificial intelligence|automated (?:system|tool|agent)|bots?)\b(?![ -](?:leader|company|officer|team|vendor|cto|consultant|startup|engineer|product|champion|advisor|user|skeptic|lead|buyer|native|first|shop|business|firm|researcher|expert))"
        ),
        SPEAKS_TO,
    ),
    rule(
        _MODEL_WORDS,
        words(
            rf"(?:^|[>*_#|]\s*|[.!?]\s+)(?:(?:dear|hello|hi|hey|attention|attn|note|message|memo|reminder|instructions?|notice|warning|important|request|task)(?: (?:to|for))?[,:]* (?:the |any |all |every )?{_MODEL}\b[^.:,]{{0,30}}:|(?:the |any |all |every )?{_MODEL}(?: {_READING}[^.:,]{{0,40}}| that reads[^.:,]{{0,40}}):|{_MODEL}[,:–—-]+ (?:please|you (?:must|should|are|will|have|need|can)|ignore|disregard|do not|say|tell|write|add|include|respond|reply|answer|give|recommend|stop)\b)"
        ),
        SPEAKS_TO,
    ),
    rule(
        _MODEL_WORDS,
        words(
            rf"\b(?:to|dear|hello|hi|hey|attention|attn|note to|message (?:to|for)|memo to|instructions? (?:to|for)|reminder (?:to|for)|for)[:,]? (?:the |any |all |every |whichever |whatever )?{_MODEL} (?:{_READING}|that (?:reads?|process(?:es)?|summari[sz]es?)|who reads?|which reads?)"
        ),
        SPEAKS_TO,
    ),
    rule(
        _MODEL_WORDS,
        words(
            rf"^\W*(?:dear|hello|hi|hey|attention|attn|note to|message (?:to|for)|memo to) (?:the |any |all |every )?{_MODEL}\s*[,:!.–—-]"
        ),
        SPEAKS_TO,
    ),
    rule(
        _MODEL_WORDS,
        words(
            rf"\b(?:any|the|this|all|whichever) {_MODEL}(?: {_READING} (?:this|the)[^.,]{{0,40}} (?:is|are)|,? (?:is|are) (?:hereby|kindly|politely|now)) (?:hereby |kindly |politely |now |also )*(?:requested|asked|instructed|required|ordered|told|directed|obliged|advised|invited) to\b"
        ),
        SPEAKS_TO,
    ),
    rule(
        _MODEL_WORDS,
        words(
            rf"\b{_MODEL} {_READING} (?:this|the (?:text|page|document|article|following))[^.]{{0,60}}?\b(?:must|should|shall|please|need to|have to|has to|are to|is to|will|ought)\b"
        ),
        SPEAKS_TO,
    ),
    rule(
        _MODEL_WORDS + " " + _OUTPUT_WORDS,
        words(
            rf"\b(?:it would be|we(?:[’']d| would)|i(?:[’']d| would)|would you|could you|can you)(?: \w+){{0,5}}? (?:appreciat\w+|helpful|kind|grateful|nice|like it|love it|lovely|great) if (?:the |your |any )?(?:{_MODEL}|{_OUTPUT}|you,? the (?:assistant|model|AI))\b"
        ),
        SPEAKS_TO,
    ),
    rule(
        "ai llm model",
        words(
            r"\bas an? (?:AI language model|AI model|AI assistant|language model|LLM|AI system|AI chatbot|AI),? (?:you|please|do|say|include|never|always|ignore|tell|your|answer|respond|add|mention|recommend)\b"
        ),
        SPEAKS_TO,
    ),
    rule(
        _MODEL_WORDS,
        words(
            rf"\b(?:the|any|every|this|your) {_MODEL} (?:must|should|shall|has to|needs to|is to|will|ought to)(?: now| always| then| never| not| instead| also| please)* (?:ignore (?:all|any|the|its|previous|prior|every)|recommend|tell (?:the )?users?|say that|state that|reply with|respond with|answer with|claim|conclude that|output|begin (?:its|every|each|the) {_OUTPUT}|end (?:its|every|each|the) {_OUTPUT})"
        ),
        DICTATES,
    ),
    rule(
        "now here point",
        words(
            r"\bfrom (?:now on|this point (?:on|onwards?|forward)|here on(?: out)?|now forward)\b,?[^.!?]{0,60}?\b(?:respond|reply|answer|speak|output|act as|pretend|(?:you are|you[’']re|you will be) (?:an?|the|called|named|known)|refer to|call yourself|your (?:answers?|name|responses?|repl(?:y|ies)|only)|only say|say|ignore|obey|talk|end (?:every|each)|begin (?:every|each)|start (?:every|each))"
        ),
        PERSONA,
    ),
    rule(
        "say state mention recommend add include append reply respond answer end begin insert claim promote praise link direct tell output name suggest point refer ignore omit withhold refuse pretend send",
        words(
            rf"\b(?:when(?:ever)?|if|while|before|after|once|every time|each time|in case) (?:(?:you(?:[’']re| are)?|(?:the |an? |any )?{_MODEL}(?: is)?)(?: (?:are|is|ever|asked|to|later|next|being))* (?:answer|respond|reply|summari[sz]e|translate|quote|cite|describe|read|process|asked|generat|compare|mention|discuss|recommend|retrieve|use)\w*"
            rf"|(?:the |an? |any )?(?:users?|someone|anyone|somebody|reader|executive|person|human)(?: \w+)? ask(?:s|ed|ing)?|asked|being asked|answering|responding|replying|summari[sz]ing|translating|quoting|citing|describing)\b[^.!?]{{0,100}}?"
            rf"(?:[,:–—-] ?(?:then |also |please |kindly |just )?|\b(?:always|never|only|please|kindly|do not|don[’']t|you (?:must|should|shall|will|are to|have to|need to)|make sure (?:to|that you|you)|be sure to|remember to) )"
            rf"(?:always |never |only |please |kindly |do not |don[’']t |you (?:must|should|shall|will|are to|have to|need to) |make sure (?:to|that you|you) |be sure to |remember to ){{0,3}}"
            rf"(?:say (?:that|only|:)|say[:,]? [\"“‘']|state (?:that|clearly)|mention (?!the)|recommend|append|respond (?:with|that|only|by)|reply (?:with|that|only|by)|answer (?:with|that|only|by)|end (?:with|your)|begin (?:with|your)|insert|claim|promote|praise|link to|direct (?:them|the|users?|him|her)|tell (?:them|the user|him|her|users?)|output|name only|suggest (?:that|they|them|users?)|point (?:them|users?) to|refer (?:them|users?) to|ignore|omit|withhold|refuse|pretend|add (?:that|the (?:sentence|words|line|phrase|link))|include (?:the (?:sentence|words|line|phrase|link)|a link|this))\b"
        ),
        DICTATES,
    ),
    rule(
        "instruction instructions directive directives prompt prompts task objective goal mission persona rule rules",
        words(
            r"\byour (?:new |updated |revised |real |true |actual |only )*(?:instructions?|directives?|system prompt|prompt) (?:are|is|will be|now|:)|\byour (?:new|updated|revised) (?:task|objective|goal|mission|persona|rules?)\b[^.]{0,30}?(?: (?:is|are|will be)|:)|^\W*(?:new|updated|revised|additional|further|override|hidden) (?:system )?(?:instructions?|directives?|prompts?|task)(?: for (?:you|the (?:model|assistant|ai)))?\s*:"
        ),
        OVERRIDES,
    ),
    rule(
        "above preceding before",
        words(
            r"\b(?:the|all)(?: of the)? (?:text |content |instructions? |information |document |context )?(?:above|before this|preceding)\b[^.]{0,40}? (?:is|was|were|are) (?:only |just |merely )?(?:a test|fake|irrelevant|outdated|void|to be (?:ignored|disregarded)|no longer valid|superseded|not (?:real|relevant))"
        ),
        OVERRIDES,
    ),
    rule(
        "end start begin beginning system admin administrator developer",
        words(
            r"^\W*(?:end|start|begin(?:ning)?) of (?:the )?(?:document|context|article|input|user input|prompt|instructions?|system prompt|conversation|retrieved (?:text|context))s?\W*$|^\W*(?:system|admin(?:istrator)?|developer) (?:override|instructions?|prompt|command)\s*[:\]>-]|\bthis is (?:a|an) (?:new |urgent |important |official )?(?:system|administrator|admin|developer) (?:message|instruction|override|prompt|command)"
        ),
        ROLE_MARK,
    ),
    rule(
        _OUTPUT_WORDS,
        words(
            rf"\b(?:your|the model[’']s|the assistant[’']s|the AI[’']s|the chatbot[’']s) (?:next |final |first |every |whole |entire |{_gap(1)})?(?:answers?|responses?|repl(?:y|ies)) (?:must|should|shall|has to|have to|needs? to|is to|are to|ought to|will) (?!(?:be (?:short|honest|clear|brief|yes|no)\b))"
        ),
        DICTATES,
    ),
    rule(
        "http https",
        words(
            r"!\[[^\]]*\]\(\s*(?:https?:)?//[^)\s]{0,200}[?&/=][^)\s]{0,200}(?:\{+|%7b|\[|<|\$)\s*\w*(?:conversation|chat|history|user|query|question|prompt|data|secret|context|answer|response|input|summary)\w*"
        ),
        SENDS_OUT,
    ),
)

# Marks of a conversation with a model, wherever they stand.
MARKS = re.compile(
    r"<\|\s*(?:im_start|im_end|im_sep|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|begin_of_text|end_of_turn|tool_call)\s*\|?>"
    r"|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|</?(?:system|assistant|system_prompt|instructions?|tool_call|function_call|user_query|user_input|system-reminder)>"
    r"|</(?:context|documents?|passages?|evidence|retrieved|sources)>"
    r"|^[ \t>*_#]*(?:###?\s*(?:Instructions?|System|Assistant|Response|Human)\s*:|\[?(?:Assistant|Human|AI Assistant|System Prompt|System Message)\]?(?:\*\*)?:(?:\*\*)?[ \t]+\S)",
    re.IGNORECASE | re.MULTILINE,
)
