"""`python -m benchmarks.meanings`: who asks what a term of the glossary means, is told what its entry says it is?

Four questions for each entry, by its title and by its other names. Counted is whether the first sentence of the answer is the entry's first one.
"""

from __future__ import annotations

from collections import Counter

from corpus.settings import read_settings
from rag.answer import respond
from rag.evidence import units_of
from rag.writers.settings import QUOTE
from ui.commands import open_chain

QUESTIONS = (
    "What is {title}?",
    "What does {short} mean?",
    "Explain {title} to me like I'm a CFO.",
    "What is {other} and why should I care?",
)


def main() -> None:
    chain = open_chain(read_settings())
    _, library, _ = chain.library()
    told, asked = Counter[str](), 0
    for entry in (one for one in library.values() if one.kind == "glossary"):
        asked += 1
        title = entry.title[:1].lower() + entry.title[1:] if entry.title[1:].islower() else entry.title
        names = entry.aliases or (title,)
        first = units_of(entry)[0].words
        for pattern in QUESTIONS:
            question = pattern.format(title=title, short=names[0], other=names[-1])
            made = respond(chain, question, writer=QUOTE)
            if made.sentences and made.sentences[0].text == first:
                told[pattern] += 1
            else:
                print(f"  not: {question} ({made.verdict})")
    for pattern in QUESTIONS:
        print(f"{pattern:42} {told[pattern]} of {asked}")


if __name__ == "__main__":
    main()
