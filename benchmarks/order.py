"""`python -m benchmarks.order`: how good is the sentence that comes first, and how much of an answer is beside the point?

Over sentences that were graded from 3 (answers it, and could come first) to 0 (beside the point): those of 484 open questions, and
of 240 and 503 that nothing was trained on or fitted to, the latter asked as executives ask, whether the library answers or not. What is not
graded is passed over. Each with how many are refused, and last, how many of 320 that the library only seems to answer.
"""

from __future__ import annotations

from collections import Counter

from corpus.settings import read_settings
from evals.public_sets import json_lines
from evals.reader.graded import ASKED_UNSEEN, ASKED_UNSEEN_FURTHER, NOT_ANSWERED, OF_CASES, UNSEEN, figures, read_graded
from rag.answer import evidence_for
from rag.answers import ABSTAINED, PARTIAL
from rag.judge import judge
from rag.quote_writer import write_quotes
from ui.commands import open_chain

GRADES = {3: "direct", 2: "in part", 1: "on its subject", 0: "beside the point"}


def main() -> None:
    chain = open_chain(read_settings())
    _, library, _ = chain.library()
    for file in (OF_CASES, UNSEEN, ASKED_UNSEEN, ASKED_UNSEEN_FURTHER):
        orders, shown, answered, sentences = [], (Counter[int](), Counter[int]()), 0, 0
        verdicts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        for one in read_graded(file, library):
            grades = one.by_sentence
            evidence = evidence_for(chain, one.question)
            judgement = judge(evidence)
            verdicts[one.answered][judgement.verdict] += 1
            if not one.answered:
                continue
            orders.append([grades[unit.key] for unit in evidence.units if unit.key in grades])
            pieces = [piece for piece in write_quotes(judgement, evidence.questions).pieces if not piece.note]
            answered += bool(pieces)
            sentences += len(pieces)
            for piece in pieces:
                keys = [(piece.document.id, span.start, span.end) for span in piece.spans]
                shown[piece.near].update(grades[key] for key in keys if key in grades)
        print(f"{file.stem}: {len(orders)} questions that a sentence answers at least in part")
        for is_answered, counted in verdicts.items():
            if counted:
                words = "answered by a sentence" if is_answered else "answered by none"
                print(f"  {words:34} {counted[ABSTAINED]} of {counted.total()} refused, {counted[PARTIAL]} in part")
        for name, value in figures(orders).items():
            print(f"  {name:34} {value:.3f}")
        print(f"  {sentences / answered:.2f} sentences and list items in each of {answered} answers")
        for words, graded in (("stand first", shown[False]), ("stand below, as near", shown[True])):
            total = max(1, graded.total())
            told = ", ".join(f"{name} {graded[grade] / total:.3f}" for grade, name in GRADES.items())
            print(f"  {graded.total()} graded ones {words}: {told}")
    near_misses = [line["question"] for line in json_lines(NOT_ANSWERED)]
    refused = sum(judge(evidence_for(chain, question)).verdict == ABSTAINED for question in near_misses)
    print(f"{NOT_ANSWERED.stem}: {refused} of {len(near_misses)} refused")


if __name__ == "__main__":
    main()
