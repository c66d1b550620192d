"""`python -m benchmarks.order`: how good is the sentence that comes first? The order that an answer takes sentences in, over what is graded.

484 open questions with 7,469 sentences, graded from 3 (answers it, and could come first) to 0 (beside the point). What is not graded
is passed over.
"""

from __future__ import annotations

from corpus.settings import read_settings
from evals.reader.graded import OF_CASES, figures, read_graded
from rag.answer import evidence_for
from ui.commands import open_chain


def main() -> None:
    chain = open_chain(read_settings())
    _, library, _ = chain.library()
    orders, known, found_any = [], 0, 0
    for one in read_graded(OF_CASES, library):
        grades = {unit.key: grade for unit, grade in zip(one.units, one.grades, strict=True)}
        found = evidence_for(chain, one.question).units
        known += bool(found) and found[0].key in grades
        found_any += bool(found)
        orders.append([grades[unit.key] for unit in found if unit.key in grades])
    for name, value in figures(orders).items():
        print(f"{name:34} {value:.3f}")
    print(f"{len(orders)} questions; the first sentence of all is graded in {known} of {found_any}")


if __name__ == "__main__":
    main()
