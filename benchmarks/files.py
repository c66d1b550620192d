"""The files both systems read, and the questions both are asked. Knows nothing about either system.

Real guides where they are at hand, else a text made up here from a seed, so that two runs compare like with like.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random

from corpus.settings import CHECKOUT
from corpus.text import HEADING, plain

GUIDES = CHECKOUT.parent / "shared" / "bench" / "ingest" / "guides"
SEED = 20251121
# About as much as the guides hold: 256 files of some 850 words.
GENERATED_FILES = 256

SUBJECTS = (
    "the board|a new platform team|the chief executive|an outside adviser|the finance lead|a vendor|"
    "the support desk|the head of product|a small pilot|the data owner"
)
ACTIONS = "agrees on|measures|postpones|writes down|pays for|tests|explains|hands over|reviews|gives up"
THINGS = (
    "the rollout plan|one budget line|the list of risks|a weekly report|the model's answers|customer records|"
    "the hiring plan|the exit clause|a working prototype|the old process"
)
REASONS = (
    "because nobody else decides|before the quarter ends|so that costs stay visible|"
    "once the first results are in|while the contract still allows it|after three weeks of use"
)
TOPICS = (
    "Budgets|Hiring|Vendor contracts|Data quality|Governance|Pilots|Security reviews|Training|Reporting|Roadmaps|"
    "Architecture|Handover|Incident response|Pricing|Change management|Measurement"
)
ANGLES = (
    "in the first month|for a small company|without a technical founder|when money is short|across several teams|"
    "after a failed attempt|under regulation|with an existing vendor"
)
SECTIONS = (
    "Where to begin|What it costs in time|Who decides|Signs of trouble|How to tell that it works|What to leave out"
)
A_FEW_WORDS = re.compile(r"[\w’'-]+(?:[,:]? [\w’'-]+){1,9}[?:.]?")
ASKING = (
    "What should we know about {}?",
    "How do we go about {}?",
    "Who is responsible for {}?",
    "What goes wrong with {}?",
)


@dataclass(frozen=True)
class Collection:
    """Markdown by path below one folder."""

    what: str
    texts: Mapping[str, str]

    @property
    def digest(self) -> str:
        return hashlib.sha256(
            "".join(f"{path}\0{text}\0" for path, text in sorted(self.texts.items())).encode()
        ).hexdigest()[:12]

    def write(self, folder: Path) -> None:
        for path, text in self.texts.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")


def collect(environment: Mapping[str, str]) -> Collection:
    """The guides that `FRACTIONAL_BENCH_GUIDES` names or that lie beside the checkout, else a generated text."""
    folder = Path(environment.get("FRACTIONAL_BENCH_GUIDES") or GUIDES).expanduser()
    texts = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.md"))
        if path.is_file()
    }
    return (
        Collection("guides written by people", texts)
        if texts
        else Collection(f"text generated from seed {SEED}", generate(GENERATED_FILES))
    )


def generate(files: int, seed: int = SEED) -> dict[str, str]:
    """Markdown with headings, paragraphs and lists; the same for the same seed, and no file like another."""
    random = Random(seed)
    titles = [f"{topic} {angle}" for topic, angle in product(TOPICS.split("|"), ANGLES.split("|"))]
    texts = {}
    for number in range(files):
        title = f"{titles[number % len(titles)]}, part {number // len(titles) + 1}"
        parts = [f"# {title}", _paragraph(random)]
        for section in SECTIONS.split("|"):
            parts += [
                f"## {section}: {title.rpartition(', part')[0].lower()}",
                _paragraph(random),
                "\n".join(f"- {_sentence(random)}" for _ in range(3)),
            ]
        texts[f"part-{number // 32 + 1}/file-{number + 1:03}.md"] = "\n\n".join(parts) + "\n"
    return texts


def _paragraph(random: Random) -> str:
    return " ".join(_sentence(random) for _ in range(random.randint(3, 5)))


def _sentence(random: Random) -> str:
    words = " ".join(random.choice(choices.split("|")) for choices in (SUBJECTS, ACTIONS, THINGS, REASONS))
    return f"{words[0].upper()}{words[1:]}, {random.randint(2, 90)} times out of a hundred."


def questions_from(texts: Mapping[str, str], most: int, seed: int = SEED) -> list[str]:
    """Different questions made from the texts' headings, in an order of their own."""
    headings = {
        plain(match.group(2)) for text in texts.values() for line in text.split("\n") if (match := HEADING.match(line))
    }
    topics = sorted({heading.rstrip("?:.").lower() for heading in headings if A_FEW_WORDS.fullmatch(heading)})
    asked = [asking.format(topic) for asking, topic in product(ASKING, topics)]
    Random(seed).shuffle(asked)
    return asked[:most]
