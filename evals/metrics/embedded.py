"""The metrics that need no language model: checks, the embedder's similarities, and a judge's verdict on each sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ragas._version import __version__
from ragas.dataset_schema import SingleTurnSample
from ragas.embeddings.base import BaseRagasEmbedding
from ragas.metrics._context_precision import IDBasedContextPrecision
from ragas.metrics._context_recall import IDBasedContextRecall
from ragas.metrics.collections import SemanticSimilarity
from ragas.metrics.result import MetricResult

from corpus.embedder import Embedder
from evals.metrics.asked import Asked, Claim, evidence_of
from evals.metrics.base import Metric
from evals.metrics.judge import BY_CONSTRUCTION, Judge, supported
from rag.answers import ABSTAINED

if TYPE_CHECKING:
    from collections.abc import Callable

# A reader who does not find the answer in so many sentences looks no further.
READ_FIRST = 3
# A fact of fewer words, such as "76%", has no meaning to come near to.
WORDS_OF_A_FACT = 3
TEXTS_REMEMBERED = 2_000


class Embeddings(BaseRagasEmbedding):
    """The project's own embedder as Ragas asks for one; what it embedded lately is not embedded again."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__()
        self._embedder = embedder
        self._known: dict[str, list[float]] = {}

    def embed_text(self, text: str, **_: Any) -> list[float]:
        return self.embed_texts([text])[0]

    async def aembed_text(self, text: str, **_: Any) -> list[float]:
        return self.embed_text(text)

    def embed_texts(self, texts: Sequence[str], **_: Any) -> list[list[float]]:
        if len(self._known) > TEXTS_REMEMBERED:
            self._known.clear()
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known |= zip(new, self._embedder.embed(new).tolist(), strict=True)
        return [self._known[text] for text in texts]

    async def aembed_texts(self, texts: Sequence[str], **_: Any) -> list[list[float]]:
        return self.embed_texts(texts)


class Check(Metric):
    """A plain yes or no that needs no judge (`evals.run.checks_of`)."""

    def measure(self, asked: Asked) -> float | None:
        held = asked.checks[self.name]
        return None if held is None else float(held)


class AbstentionPrecision(Metric):
    """Of what was refused, what had to be."""

    def __init__(self) -> None:
        super().__init__("abstention_precision")

    def measure(self, asked: Asked) -> float | None:
        return float(ABSTAINED in asked.case.verdicts) if asked.refused else None


class FollowUpResolved(Metric):
    """Whether a question that leans on those before it finds what it means."""

    def __init__(self) -> None:
        super().__init__("follow_up_resolved")

    def measure(self, asked: Asked) -> float | None:
        found = asked.checks["document_found"]
        return None if asked.case.type != "follow_up" or found is None else float(found)


class Contexts(Metric):
    """Ragas' precision and recall of what was retrieved, by the documents that a case names."""

    version = f"ragas {__version__}"

    def __init__(self, name: str, of_ragas: Any) -> None:
        super().__init__(name)
        self._of_ragas = of_ragas

    async def ascore(self, asked: Asked, **_: Any) -> MetricResult:
        if not asked.case.answerable or not asked.case.documents or not asked.passages:
            return MetricResult(None)
        sample = SingleTurnSample(
            retrieved_context_ids=list(asked.passages), reference_context_ids=list(asked.case.documents)
        )
        # Its public door writes an id of this user into their home for Ragas' statistics, be they sent or not.
        return MetricResult(await self._of_ragas._single_turn_ascore(sample, []))


class Faithfulness(Metric):
    """The share of a writer's own sentences that a second opinion finds supported: of the whole draft, or of what was shown.

    Verbatim sentences are faithful by construction, which is looked at and then said.
    """

    def __init__(self, name: str, judge: Judge, of_draft: bool) -> None:
        super().__init__(name)
        self._judge = judge
        self._of_draft = of_draft
        self.judge = f"{judge.name} {judge.version}"

    async def ascore(self, asked: Asked, **_: Any) -> MetricResult:
        evidence = evidence_of(asked.answer.citations)
        return _of_claims(
            asked,
            [claim for claim in asked.own_words if claim.shown or self._of_draft],
            lambda claim: float(self._supported(claim, evidence, asked)),
        )

    def _supported(self, claim: Claim, evidence: Sequence[str], asked: Asked) -> bool:
        return supported(self._judge, claim.text, evidence, asked.answer.standalone_question)


class TakenOut(Metric):
    """The share of a writer's sentences that the checks took out for want of support."""

    def __init__(self) -> None:
        super().__init__("taken_out")

    def measure(self, asked: Asked) -> float | None:
        written = asked.own_words
        return sum(not claim.shown for claim in written) / len(written) if written else None


class WronglyTakenOut(Metric):
    """Of what the checks took out, the share that the second opinion would have let stand."""

    def __init__(self, judge: Judge) -> None:
        super().__init__("wrongly_taken_out")
        self._judge = judge
        self.judge = f"{judge.name} {judge.version}"

    def measure(self, asked: Asked) -> float | None:
        evidence = evidence_of(asked.answer.citations)
        removed = [claim for claim in asked.own_words if not claim.shown]
        stand = [supported(self._judge, one.text, evidence, asked.answer.standalone_question) for one in removed]
        return sum(stand) / len(stand) if stand else None


class CitationRecall(Metric):
    """The share of sentences that are supported by what they cite, and by that alone."""

    def __init__(self, judge: Judge) -> None:
        super().__init__("citation_recall")
        self._judge = judge
        self.judge = f"{judge.name} {judge.version}"

    async def ascore(self, asked: Asked, **_: Any) -> MetricResult:
        question = asked.answer.standalone_question
        return _of_claims(
            asked,
            [claim for claim in asked.own_words if claim.shown],
            lambda claim: float(supported(self._judge, claim.text, evidence_of(claim.citations), question)),
        )


class CitationPrecision(Metric):
    """The share of citations that carry their sentence: alone, or so that it falls without them."""

    def __init__(self, judge: Judge) -> None:
        super().__init__("citation_precision")
        self._judge = judge
        self.judge = f"{judge.name} {judge.version}"

    async def ascore(self, asked: Asked, **_: Any) -> MetricResult:
        return _of_claims(
            asked,
            [claim for claim in asked.own_words if claim.shown and claim.citations],
            lambda claim: self._share_needed(claim, asked.answer.standalone_question),
        )

    def _share_needed(self, claim: Claim, question: str) -> float:
        def carried_by(citations: Sequence[Any]) -> bool:
            return supported(self._judge, claim.text, evidence_of(citations), question)

        if not carried_by(claim.citations):
            return 0.0
        needed = [
            carried_by([one]) or not carried_by([other for other in claim.citations if other is not one])
            for one in claim.citations
        ]
        return sum(needed) / len(needed)


def _of_claims(asked: Asked, judged: Sequence[Claim], share: Callable[[Claim], float]) -> MetricResult:
    """The mean over a writer's own sentences. Without a writer, verbatim ones count in full, once it is seen that they are verbatim."""
    if asked.prose_asked_for:
        return MetricResult(sum(share(claim) for claim in judged) / len(judged) if judged else None)
    shown = [claim for claim in asked.claims if claim.shown]
    others = [claim for claim in shown if not claim.verbatim]
    if not shown:
        return MetricResult(None)
    value = (len(shown) - len(others) + sum(share(claim) for claim in others)) / len(shown)
    return MetricResult(value, reason=None if others else BY_CONSTRUCTION)


class AnswerRelevancy(Metric):
    """How near the first sentences of an answer come to its question, by the embedder."""

    def __init__(self, embeddings: Embeddings) -> None:
        super().__init__("answer_relevancy")
        self._embeddings = embeddings
        self._similarity = SemanticSimilarity(embeddings=embeddings)

    async def ascore(self, asked: Asked, **_: Any) -> MetricResult:
        if asked.refused or not asked.direct_answer:
            return MetricResult(None)
        read = asked.direct_answer[:READ_FIRST]
        self._embeddings.embed_texts([asked.answer.standalone_question, *read])
        near = [
            (await self._similarity.ascore(reference=asked.answer.standalone_question, response=one)).value
            for one in read
        ]
        return MetricResult(max(0.0, sum(near) / len(near)))


class FactSimilarity(Metric):
    """How near an answer comes to each key fact that is told in words; for what is said in other words than the pattern's."""

    def __init__(self, embeddings: Embeddings) -> None:
        super().__init__("fact_similarity")
        self._embeddings = embeddings
        self._similarity = SemanticSimilarity(embeddings=embeddings)

    async def ascore(self, asked: Asked, **_: Any) -> MetricResult:
        facts = [words for fact in asked.case.facts if len((words := in_words(fact)).split()) >= WORDS_OF_A_FACT]
        shown = [claim.text for claim in asked.claims if claim.shown]
        if asked.refused or not asked.case.answerable or not facts or not shown:
            return MetricResult(None)
        self._embeddings.embed_texts([*facts, *shown])
        nearest = [
            max([(await self._similarity.ascore(reference=fact, response=one)).value for one in shown])
            for fact in facts
        ]
        return MetricResult(max(0.0, sum(nearest) / len(nearest)))


def in_words(pattern: str) -> str:
    """The words that a fact's pattern looks for: its first way of saying it, without the signs of patterns."""
    first = pattern
    while (shorter := re.sub(r"\((?:\?:)?([^()|]*)(?:\|[^()]*)?\)\??", r" \1 ", first)) != first:
        first = shorter
    words = re.sub(r"\\[bBsSwWdD][+*?]?|\.[+*]\??|\{[\d,]*\}|\[[^\]]*\][+*?]?", " ", first.split("|")[0])
    return " ".join(re.sub(r"[\\?+*^$]", "", words).split())


def embedded_metrics(judge: Judge, embeddings: Embeddings, checks: Sequence[str]) -> list[Metric]:
    """All metrics that every run has."""
    return [
        *(Check(name) for name in checks),
        AbstentionPrecision(),
        FollowUpResolved(),
        Contexts("context_precision", IDBasedContextPrecision()),
        Contexts("context_recall", IDBasedContextRecall()),
        Faithfulness("faithfulness", judge, of_draft=False),
        Faithfulness("faithfulness_of_draft", judge, of_draft=True),
        TakenOut(),
        WronglyTakenOut(judge),
        CitationPrecision(judge),
        CitationRecall(judge),
        AnswerRelevancy(embeddings),
        FactSimilarity(embeddings),
    ]
