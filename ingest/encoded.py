"""Text written so that a person reads past it: encoded, enciphered, reversed, in look-alike letters. Pure: finds it and says it plainly."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

# Shorter runs are words, names and hashes' beginnings; an instruction does not fit into them.
BASE64 = re.compile(
    r"(?<![\w+/=-])(?:(?:[A-Za-z0-9+/]{32,}\n[ \t>]*)+[A-Za-z0-9+/]{4,}={0,2}|[A-Za-z0-9+/_-]{24,}={0,2})(?![\w+/])"
)
BASE32 = re.compile(r"(?<![\w=])[A-Z2-7]{24,}={0,6}(?!\w)")
HEX = re.compile(r"(?<!\w)(?:0x)?(?:[0-9a-fA-F]{2}[ :,]?(?:0x)?){12,}(?![0-9a-zA-Z])|(?:\\x[0-9a-fA-F]{2}){6,}")
ESCAPES = re.compile(r"(?:(?:\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8})[ ]?){6,}")
PERCENT = re.compile(r"(?:[\w.,!?'+:;()-]*%[0-9a-fA-F]{2}){4,}[\w.,!?'+:;()%-]*")
ENTITIES = re.compile(r"(?:[^\n&]{0,12}&(?:#\d{2,6}|#x[0-9a-fA-F]{2,5});){6,}[^\n&]{0,40}")
BITS = re.compile(r"(?<!\d)(?:[01]{8}[ ,]?){8,}(?!\d)")
NUMBERS = re.compile(r"(?<!\d)(?:\d{2,3}[ ,]+){12,}\d{2,3}(?!\d)")
SPACED = re.compile(r"(?<!\w)(?:\w(?: {1,6}|[._*·-])){8,}\w(?!\w)")
LEET_WORD = re.compile(r"[a-z0-9@$!|]{4,20}")
SCRIPTED = re.compile(
    r"data:(?:text/html|text/javascript|application/(?:x-)?(?:java|ecma)script|image/svg\+xml|application/xhtml\+xml)[^\s\"'<>)]{10,}",
    re.IGNORECASE,
)
SCRIPT = re.compile(
    r"<script|\bon(?:load|error|click|mouseover|focus)\s*=|javascript:|\beval\(|\bfetch\(|document\.", re.IGNORECASE
)
LINKED_SCRIPT = re.compile(
    r"(?:\]\(\s*|(?:href|src|action)\s*=\s*[\"']?\s*)((?:java|vb)script:(?!\s*void\(0\)|\s*;|\s*[\"')])[^\s\"')]{6,})",
    re.IGNORECASE,
)

# Words an instruction to a model hardly does without; a line that has two of them in disguise is read plainly.
TELLING = frozenset(
    "ignore disregard forget previous prior instructions instruction prompt system assistant answer answers response responses reply respond "
    "reveal password secret following output conversation users user above rules your language model include sentence message".split()
)
REVERSED = frozenset(word[::-1] for word in TELLING)
SHIFTED = {
    shift: frozenset(
        "".join(chr((ord(letter) - 97 + shift) % 26 + 97) for letter in word) for word in TELLING if len(word) > 4
    )
    for shift in range(1, 26)
}
LEET = str.maketrans(
    {
        "0": "o",
        "1": "i",
        "3": "e",
        "4": "a",
        "5": "s",
        "7": "t",
        "8": "b",
        "9": "g",
        "@": "a",
        "$": "s",
        "!": "i",
        "|": "l",
    }
)
# Cyrillic, Greek and other letters that look like Latin ones.
LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝӏбвкмнтАВЕКМНОРСТХУІЈЅαβγεικνορτυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧɑɡıʟɴʀɪᴀʙᴄᴅᴇɢʜᴊᴋᴍᴏᴘꜱᴛᴜᴠᴡʏᴢ",
    "aeopcyxijshdqwlbbkmhtABEKMHOPCTXYIJSabyeiknoptuxwABEZHIKMNOPTYXagilnriabcdeghjkmopstuvwyz",
)


@dataclass(frozen=True)
class Decoded:
    """A disguised piece of a text, what it says, and how it was disguised; `whole` where that decoding leaves no doubt."""

    text: str
    plain: str
    how: str
    whole: bool = True


def decoded(text: str, deeper: int = 2) -> Iterator[Decoded]:
    """Everything that turns into words when it is decoded, one encoding within another included."""
    for sign, pattern, how, decode in _DECODERS:
        for match in pattern.finditer(text) if sign in text else ():
            plain = decode(match.group(0))
            if plain and _is_words(plain):
                yield Decoded(match.group(0), plain, how)
                if deeper:
                    yield from (
                        Decoded(match.group(0), one.plain, f"{how}, {one.how}", one.whole)
                        for one in decoded(plain, deeper - 1)
                    )
    yield from _disguised(text)


def scripts(text: str) -> Iterator[str]:
    """Addresses that carry a script with them."""
    for match in SCRIPTED.finditer(text):
        kind, _, content = match.group(0).partition(",")
        plain = _from_base64(content) if "base64" in kind.lower() else unquote_plus(content)
        if "script" in kind.lower() or SCRIPT.search(plain or ""):
            yield match.group(0)
    yield from (match.group(1) for match in LINKED_SCRIPT.finditer(text))


def _disguised(text: str) -> Iterator[Decoded]:
    """Told of the whole text first: hardly any has two telling words in disguise."""
    words = set(re.findall(r"[^\W\d_]{4,}", text.lower()))
    readings: list[tuple[str, Callable[[str], str]]] = []
    if len(words & REVERSED) > 1:
        readings.append(("written backwards", lambda line: line[::-1]))
    for shift, telling in SHIFTED.items():
        if len(words & telling) > 1:
            how = "rot13" if shift == 13 else f"shifted by {shift} letters"
            readings.append((how, lambda line, shift=shift: _shift_back(line, shift)))  # type: ignore[misc]
    if any(_unleet(word) in TELLING for word in set(LEET_WORD.findall(text.lower()))):
        readings.append(("numbers for letters", _unleet))
    if any(_look_alike(word) in TELLING for word in words if not word.isascii()):
        readings.append(("in letters that look like others", _look_alike))
    for line in text.split("\n") if readings else ():
        for how, read in readings:
            plain = read(line)
            if plain != line and _telling_words(plain) - _telling_words(line):
                yield Decoded(line, plain, how, whole=False)
    for match in SPACED.finditer(text):
        yield from (
            Decoded(match.group(0), plain, "letter by letter", whole=False) for plain in _unspaced(match.group(0))
        )


def _look_alike(words: str) -> str:
    folded = unicodedata.normalize("NFKC", words).translate(LOOK_ALIKES)
    return "".join(one for one in unicodedata.normalize("NFD", folded) if not unicodedata.combining(one))


def _unspaced(words: str) -> Iterator[str]:
    """Where the gaps between words are wider they are known; else the words are told from the few that matter."""
    if re.search(r" {2,}", words):
        yield " ".join(re.sub(r"\W", "", word) for word in re.split(r" {2,}", words))
        return
    joined = re.sub(r"\W", "", words).lower()
    known = sorted(
        {*TELLING, "all", "the", "you", "are", "now", "and", "with", "only", "to", "in"}, key=len, reverse=True
    )
    yield " ".join(re.sub("|".join(known), lambda match: f" {match.group(0)} ", joined).split())


def _telling_words(plain: str) -> set[str]:
    return set(re.findall(r"[a-z]{4,}", plain.lower())) & TELLING


def _unleet(line: str) -> str:
    return re.sub(
        r"\S+",
        lambda word: word.group(0).translate(LEET) if re.search(r"[A-Za-z]", word.group(0)) else word.group(0),
        line,
    )


def _shift_back(line: str, shift: int) -> str:
    def back(match: re.Match[str]) -> str:
        first = 97 if match.group(0).islower() else 65
        return chr((ord(match.group(0)) - first - shift) % 26 + first)

    return re.sub(r"[A-Za-z]", back, line)


def _is_words(plain: str) -> bool:
    """Reads like words: mostly letters and spaces, in a piece of some length."""
    letters = sum(1 for one in plain if one.isalpha() or one in " '’,.\n")
    return (
        len(plain) >= 12 and plain.replace("\n", " ").replace("\t", " ").isprintable() and letters >= 0.7 * len(plain)
    )


def _as_text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _from_base64(words: str) -> str:
    packed = re.sub(r"[\s>=]", "", words).replace("-", "+").replace("_", "/")
    try:
        return _as_text(base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True))
    except (binascii.Error, ValueError):
        return ""


def _from_base32(words: str) -> str:
    packed = words.rstrip("=")
    try:
        return _as_text(base64.b32decode(packed + "=" * (-len(packed) % 8)))
    except (binascii.Error, ValueError):
        return ""


def _from_hex(words: str) -> str:
    packed = re.sub(r"0x|\\x|[ :,]", "", words)
    return _as_text(bytes.fromhex(packed)) if len(packed) % 2 == 0 else ""


def _from_escapes(words: str) -> str:
    try:
        return codecs.decode(words.replace(" ", ""), "unicode_escape")
    except (UnicodeDecodeError, ValueError):
        return ""


def _from_bits(words: str) -> str:
    bits = re.sub(r"[ ,]", "", words)
    return _as_text(bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)))


def _from_numbers(words: str) -> str:
    codes = [int(one) for one in re.findall(r"\d+", words)]
    return "".join(map(chr, codes)) if all(32 <= code < 127 for code in codes) else ""


# Each behind a sign without which it is not looked for.
_DECODERS: tuple[tuple[str, re.Pattern[str], str, Callable[[str], str]], ...] = (
    ("", BASE64, "base64", _from_base64),
    ("", BASE32, "base32", _from_base32),
    ("", HEX, "hexadecimal", _from_hex),
    ("\\", ESCAPES, "escaped characters", _from_escapes),
    ("%", PERCENT, "encoded as in an address", unquote_plus),
    ("&#", ENTITIES, "character references", html.unescape),
    ("", BITS, "bits", _from_bits),
    ("", NUMBERS, "numbers of letters", _from_numbers),
)
