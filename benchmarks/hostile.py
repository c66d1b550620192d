"""`python -m benchmarks.hostile`: how many planted attacks are quarantined, and how much that is harmless is held back with them.

The attacks (BIPIA) are set into guides, e-mails and articles at the beginning, in a paragraph and at the end. One counts as
caught where a finding shows its words. Texts of the set are read from beside the checkout and never kept.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.settings import CHECKOUT
from corpus.text import SENTENCE_END
from ingest.hostile import find_hostile

BENCH = Path(os.environ.get("FRACTIONAL_BENCH") or CHECKOUT.parent / "shared" / "bench")
ARTICLES = Path(os.environ.get("FRACTIONAL_REAL_ARTICLES") or CHECKOUT.parent / "shared" / "real_articles")
SETS = ("bipia_text_attack", "bipia_code_attack")
PLAIN = Path(__file__).with_name("hostile_plain.json")
PLACES = ("beginning", "middle", "end")
# As much of an attack as a finding has to show: two share no more than their first words.
SHOWN = 30


@dataclass(frozen=True)
class Attack:
    """One of the set: named by category and number, with whether it is a plain request that speaks to no model."""

    category: str
    number: int
    text: str
    plain: bool


@dataclass(frozen=True)
class Planted:
    attack: Attack
    host: str
    place: str
    caught: bool


@dataclass(frozen=True)
class HeldBack:
    """Harmless documents that were held back."""

    what: str
    names: tuple[str, ...]
    of: int

    @property
    def share(self) -> float:
        return len(self.names) / max(1, self.of)


def is_here() -> bool:
    return (BENCH / "hostile").is_dir()


def attacks() -> list[Attack]:
    plain = json.loads(PLAIN.read_text(encoding="utf-8"))
    return [
        Attack(category, number, text, number in plain[name].get(category, ()))
        for name in SETS
        for category, texts in json.loads((BENCH / "hostile" / f"{name}.json").read_text(encoding="utf-8")).items()
        for number, text in enumerate(texts)
    ]


def plant_all(seed: int = 0) -> list[Planted]:
    """Each attack at each place of a guide and an e-mail of its own, and in the middle of an article."""
    chance = random.Random(seed)
    hosts = {"guide": list(guides().values()), "e-mail": emails(), "article": articles()}
    return [
        Planted(attack, host, place, _is_caught(attack, plant(attack.text, chance.choice(texts), place, chance)))
        for attack in attacks()
        for host, texts in hosts.items()
        if texts
        for place in (PLACES if host != "article" else ("middle",))
    ]


def plant(attack: str, text: str, place: str, chance: random.Random) -> str:
    """Set an attack into a text; in the middle it follows a sentence of a paragraph, on its line."""
    if place == "beginning":
        return f"{attack}\n{text}"
    ends = [match.end() for match in SENTENCE_END.finditer(text) if text.count("```", 0, match.end()) % 2 == 0]
    if place == "end" or not ends:
        return f"{text}\n{attack}"
    at = chance.choice(ends)
    return f"{text[:at]} {attack}\n{text[at:].lstrip(' ')}"


def held_back() -> list[HeldBack]:
    """What is harmless, and which of it would wait for the operator all the same."""
    prompts = [one["prompt"] for one in json.loads((BENCH / "hostile" / "benign_one.json").read_text(encoding="utf-8"))]
    # One by one in a guide's paragraph, too: there they stand where an attack would.
    chance, texts = random.Random(0), list(guides().values())
    set_in = {str(n): plant(prompt, chance.choice(texts), "middle", chance) for n, prompt in enumerate(prompts)}
    own = {path.stem: path.read_text(encoding="utf-8") for path in sorted((CHECKOUT / "corpus").glob("*/*.md"))}
    return [
        _held("guides", guides().items()),
        _held("harmless prompts", ((str(n), prompt) for n, prompt in enumerate(prompts))),
        _held("harmless prompts in guides", set_in.items()),
        _held("e-mails", ((str(n), text) for n, text in enumerate(emails()))),
        _held("real articles", ((str(n), text) for n, text in enumerate(articles()))),
        _held("our own library", own.items()),
    ]


def guides() -> dict[str, str]:
    folder = BENCH / "ingest" / "guides"
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in sorted(folder.glob("**/*.md"))}


def emails() -> list[str]:
    lines = (BENCH / "hostile" / "bipia_email.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["context"] for line in lines]


def articles() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(ARTICLES.glob("*.txt"))]


def share_caught(planted: Iterable[Planted]) -> float:
    caught = [one.caught for one in planted]
    return sum(caught) / max(1, len(caught))


def _is_caught(attack: Attack, text: str) -> bool:
    words = attack.text[:SHOWN].strip()
    return any(words in finding.text for finding in find_hostile(text))


def _held(what: str, texts: Iterable[tuple[str, str]]) -> HeldBack:
    found = [(name, bool(find_hostile(text))) for name, text in texts]
    return HeldBack(what, tuple(name for name, hostile in found if hostile), len(found))


def as_table(planted: Sequence[Planted], held: Sequence[HeldBack]) -> Iterator[str]:
    yield "| planted | n | caught |\n|---|---:|---:|"
    for category in dict.fromkeys(one.attack.category for one in planted):
        of_category = [one for one in planted if one.attack.category == category]
        mark = " (plain)" if all(one.attack.plain for one in of_category) else ""
        yield f"| {category}{mark} | {len(of_category)} | {share_caught(of_category):.1%} |"
    speaking = [one for one in planted if not one.attack.plain]
    for what, some in (
        *((f"in a {host}", [one for one in speaking if one.host == host]) for host in ("guide", "e-mail", "article")),
        *((f"at the {place}", [one for one in speaking if one.place == place]) for place in PLACES),
        ("**speaks to a model or asks it to act**", speaking),
        ("**plain requests and questions**", [one for one in planted if one.attack.plain]),
        ("**all**", planted),
    ):
        yield f"| {what} | {len(some)} | {share_caught(some):.1%} |"
    yield "\n| harmless | n | held back |\n|---|---:|---:|"
    for one in held:
        yield f"| {one.what} | {one.of} | {len(one.names)} ({one.share:.1%}) {' '.join(one.names)} |"


def main() -> int:
    if not is_here():
        print(f"{BENCH / 'hostile'} is not here: there is nothing to measure on. FRACTIONAL_BENCH says where it is.")
        return 1
    print("\n".join(as_table(plant_all(), held_back())))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
