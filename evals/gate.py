"""Did a change make the answers worse? Compares a run with the approved one, case by case, and gives a verdict. Pure.

For each metric the changes of the cases that both runs scored are drawn again 10,000 times (paired bootstrap). A metric is worse when
even the good end of the interval of their mean is a greater loss than is allowed. Where several metrics moved, Holm's step-down keeps the
chance of any false alarm at the level of one. What can't be compared gets no verdict, and a gate that can't see is not passed.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

from corpus.errors import UsageError
from evals.baseline import DIGITS, Baseline, Measured
from evals.metrics import LOWER_IS_BETTER

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# With 0.03 a loss of 5 % of all answers was found in 60 % of 60 simulated nights of 428 cases, with 0.01 in 98 % (docs/decisions/012).
ALLOWED_LOSS = 0.01
# One-sided, for all metrics together: the lower half of the usual 95 % interval.
FALSE_ALARMS = 0.025
POWER = 0.8
# What an answer is held to unless others are named. Each one more makes all less sharp, and the others tell much the same again.
GATED = (
    "verdict", "facts", "facts_in_prose", "document_found", "document_cited", "faithfulness", "citation_precision",
    "citation_recall", "answer_relevancy",
)  # fmt: skip
RESAMPLES = 10_000
SEED = 20_260_101
# Of fewer, resampling takes the few for all there are: simulated alarms rose beyond the level.
FEWEST_CASES = 40
# More judgements failing than this could hide any loss.
MOST_FAILED = 0.1
LISTED = 12
# Where a run's verdict stands beside it.
VERDICT = "gate.json"

HELD, WORSE, NO_VERDICT, NOT_COMPARABLE, TOO_FEW = "held", "worse", "no verdict", "not comparable", "too few cases"
BLOCKING = (WORSE, NO_VERDICT, NOT_COMPARABLE)


@dataclass(frozen=True)
class MetricVerdict:
    """What became of one metric; the figures are None where nothing was compared."""

    name: str
    verdict: str
    why: str
    pairs: int = 0
    failed: int = 0  # scored in the baseline, and could not be judged now
    gone: int = 0  # scored in the baseline, and does not apply to the answer now
    before: float | None = None
    after: float | None = None
    change: float | None = None  # for the better above zero, also where less of it is better
    low: float | None = None
    high: float | None = None
    level: float | None = None  # of the interval, each side
    detectable: float | None = None  # the smallest loss that this many cases show eight times out of ten
    lost: tuple[str, ...] = ()  # open cases, the greatest loss first
    lost_held: int = 0  # of the held cases only how many


@dataclass(frozen=True)
class Verdict:
    """Whether the run may stand, and all that was said on the way."""

    passed: bool
    run: str
    baseline: str
    approved_by: str
    approved_at: str
    allowed_loss: float
    false_alarms: float
    power: float
    compared: int
    only_in_run: int
    only_in_baseline: int
    reworded: int
    metrics: tuple[MetricVerdict, ...]
    notes: tuple[str, ...]


def judge_run(
    run: Measured, baseline: Baseline, allowed_loss: float = ALLOWED_LOSS, metrics: Collection[str] = ()
) -> Verdict:
    """The run against the approved one, by these metrics; without names, by those of `GATED` that the baseline holds."""
    approved = baseline.measured
    shared = [id for id in approved.cases if id in run.cases]
    same = [id for id in shared if approved.cases[id].asked == run.cases[id].asked]
    names = _names(approved, metrics)
    verdicts = _by_holm([_compare(name, run, approved, same, allowed_loss) for name in names], allowed_loss)
    blind = () if any(one.verdict != TOO_FEW for one in verdicts) else ("too few cases to compare, by any metric",)
    passed = any(one.verdict == HELD for one in verdicts) and not any(one.verdict in BLOCKING for one in verdicts)
    return Verdict(
        passed=passed,
        run=run.run,
        baseline=approved.run,
        approved_by=baseline.approval.by,
        approved_at=baseline.approval.at,
        allowed_loss=allowed_loss,
        false_alarms=FALSE_ALARMS,
        power=POWER,
        compared=len(same),
        only_in_run=len(run.cases) - len(shared),
        only_in_baseline=len(approved.cases) - len(shared),
        reworded=len(shared) - len(same),
        metrics=tuple(verdicts),
        notes=(*_notes(run, approved, names), *blind),
    )


def _names(approved: Measured, metrics: Collection[str]) -> list[str]:
    known = {name for case in approved.cases.values() for name in case.scores}
    if unknown := sorted(set(metrics) - known):
        raise UsageError(
            f"The baseline has no metric {', '.join(unknown)}. It has {', '.join(sorted(known))}; a newer metric needs a newer baseline."
        )
    return list(dict.fromkeys(metrics)) or [name for name in GATED if name in known]


def _notes(run: Measured, approved: Measured, names: Collection[str]) -> tuple[str, ...]:
    notes = []
    if not names:
        notes.append("the baseline holds none of the metrics that are looked at unless others are named")
    if new := [name for name in GATED if name in run.scorers and name not in approved.scorers]:
        notes.append(f"not in the baseline, so not looked at: {', '.join(new)}")
    if run.model != approved.model:
        notes.append(f"the model is {run.model or 'none'}, and was {approved.model or 'none'}")
    if run.cases_sha256 != approved.cases_sha256:
        notes.append(
            "the cases are not the same as when the baseline was approved; only those asked in both are compared"
        )
    return tuple(notes)


@dataclass(frozen=True)
class _Compared:
    verdict: MetricVerdict
    resampled: NDArray[np.float64] | None = None
    p: float = 1.0
    spread: float = 0.0
    moved: bool = False


def _compare(name: str, run: Measured, approved: Measured, same: Sequence[str], allowed_loss: float) -> _Compared:
    import numpy as np

    if reason := _not_comparable(name, run, approved):
        return _Compared(MetricVerdict(name, NOT_COMPARABLE, reason))
    if name in run.judges and run.drifted:
        return _Compared(MetricVerdict(name, NO_VERDICT, f"drifted judge: {run.drifted}"))
    scored = [id for id in same if name in approved.cases[id].scores]
    paired = [id for id in scored if name in run.cases[id].scores]
    failed = sum(1 for id in scored if name in run.cases[id].failed)
    counted = MetricVerdict(name, NO_VERDICT, "", len(paired), failed, gone=len(scored) - len(paired) - failed)
    if failed > MOST_FAILED * len(scored):
        reason = f"{failed} of {len(scored)} judgements failed, which could hide a loss"
        return _Compared(replace(counted, why=reason))
    if scored and not paired:
        reason = f"it applied to {len(scored)} of these cases and applies to none now"
        return _Compared(replace(counted, why=reason))
    before = np.array([approved.cases[id].scores[name] for id in paired])
    after = np.array([run.cases[id].scores[name] for id in paired])
    if paired:
        counted = replace(counted, before=float(before.mean()), after=float(after.mean()))
    if len(paired) < FEWEST_CASES:
        reason = f"{len(paired)} to compare; below {FEWEST_CASES} an interval can't be relied on"
        return _Compared(replace(counted, verdict=TOO_FEW, why=reason))
    changes = np.round(after - before, DIGITS) * (-1 if name in LOWER_IS_BETTER else 1)
    resampled = resampled_means(changes)
    by_loss = sorted((float(change), id) for change, id in zip(changes, paired, strict=True) if change < 0)
    compared = replace(
        counted,
        change=float(changes.mean()),
        lost=tuple(id for _, id in by_loss if not run.cases[id].held)[:LISTED],
        lost_held=sum(1 for _, id in by_loss if run.cases[id].held),
    )
    p = (1 + int((resampled >= -allowed_loss).sum())) / (1 + RESAMPLES)
    return _Compared(compared, resampled, p, float(changes.var(ddof=1)), bool(changes.any()))


def _not_comparable(name: str, run: Measured, approved: Measured) -> str:
    if run.writer != approved.writer:
        return f"written by {run.writer}, the baseline by {approved.writer}"
    if name not in run.scorers:
        return "this run does not measure it"
    if run.scorers[name] != approved.scorers.get(name):
        return f"scorer version {run.scorers[name]}, in the baseline {approved.scorers.get(name)}"
    if run.judges.get(name) != approved.judges.get(name):
        return (
            f"judged by {run.judges.get(name) or 'nobody'}, in the baseline by {approved.judges.get(name) or 'nobody'}"
        )
    return ""


def resampled_means(changes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of as many cases drawn with replacement, again and again.

    How often each value is drawn is multinomial, so equal values are drawn together: two or three draws instead of hundreds.
    """
    import numpy as np

    n = len(changes)
    values, counts = np.unique(changes, return_counts=True)
    drawn = np.random.default_rng(SEED).multinomial(n, counts / n, size=RESAMPLES) @ values / n
    # A sample lies closer to its own mean than to the true one.
    return np.asarray(changes.mean() + (drawn - changes.mean()) * math.sqrt(n / (n - 1)))


def _by_holm(compared: Sequence[_Compared], allowed_loss: float) -> list[MetricVerdict]:
    """The clearest loss first, each at a level shared with those still to be looked at; the first that holds ends it.

    Where not one case moved nothing could be called worse, so that metric takes no share of the level (Tarone's remark on Bonferroni).
    """
    seen = sorted((one for one in compared if one.resampled is not None), key=lambda one: one.p)
    moved = sum(one.moved for one in seen)
    decided = {one.verdict.name: one.verdict for one in compared}
    worse, ended = 0, False
    for one in seen:
        level = FALSE_ALARMS / max(moved - worse, 1)
        ended = ended or one.p > level
        verdict = _with_interval(one, HELD if ended else WORSE, level, allowed_loss)
        at_worst = smallest_detectable(one.spread, verdict.pairs, FALSE_ALARMS / len(seen), allowed_loss)
        decided[verdict.name] = replace(verdict, detectable=at_worst)
        worse += not ended
    return list(decided.values())


def _with_interval(one: _Compared, verdict: str, level: float, allowed_loss: float) -> MetricVerdict:
    import numpy as np

    assert one.resampled is not None
    low, high = (float(end) for end in np.quantile(one.resampled, (level, 1 - level)))
    why = f"even the good end of the interval, {high:+.1%}, is a greater loss than {allowed_loss:.1%}"
    return replace(one.verdict, verdict=verdict, why=why if verdict == WORSE else "", low=low, high=high, level=level)


def smallest_detectable(spread: float, n: int, level: float, allowed_loss: float) -> float:
    """The smallest true loss that is called worse with the chance `POWER`.

    The loss itself adds to the spread of the changes: where a share x of the cases loses everything, by x (1 - x). So x is the
    root of x = allowed + z √((spread + x - x²) / n), the larger one of a quadratic.
    """
    z = NormalDist().inv_cdf(1 - level) + NormalDist().inv_cdf(POWER)
    k = z * z / n
    a, b, c = 1 + k, -(2 * allowed_loss + k), allowed_loss * allowed_loss - k * spread
    return min(1.0, (-b + math.sqrt(b * b - 4 * a * c)) / (2 * a))
