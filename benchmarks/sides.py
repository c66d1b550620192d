"""`python -m benchmarks.sides`: which positions are shown that speak to the question, and which that do not?

Over open cases, and questions asked as executives ask, whose positions were labelled one by one. First by the places alone in which they are
found, then with what the nearest wordings and the reader say, as they ship.
"""

from __future__ import annotations

from corpus.settings import read_settings
from evals.public_sets import json_lines
from evals.reader.sides import ASKED_UNSEEN, OF_CASES
from rag.answer import evidence_for
from rag.speaking import position_on
from ui.commands import open_chain


def main() -> None:
    chain = open_chain(read_settings())
    _, library, _ = chain.library()
    for file in (OF_CASES, ASKED_UNSEEN):
        shown: dict[str, list[int]] = {"by their places alone": [], "as it ships": []}
        lines = list(json_lines(file))
        for line in lines:
            speaks = line["speaks"]
            evidence = evidence_for(chain, line["question"])
            by_place = position_on(evidence.question, evidence.passages, library, lambda _, rank: 1 - rank / 1000)
            for how, position in zip(shown, (by_place, chain.position_on(evidence, library)), strict=True):
                if position and position.id in speaks:
                    shown[how].append(speaks[position.id])
        speaking = sum(any(line["speaks"].values()) for line in lines)
        print(f"{file.stem}: {len(lines)} questions, to {speaking} of which a position speaks")
        for how, right in shown.items():
            print(f"  {how:24} {sum(right)} shown rightly, {len(right) - sum(right)} wrongly")


if __name__ == "__main__":
    main()
