"""A library small enough to know by heart: prices, a disagreement, and a text that attacks its readers."""

from __future__ import annotations

import time

from corpus.documents import Document, Holder, View, format_document
from corpus.quarantine import release_passages
from corpus.record import Record
from corpus.settings import Settings
from ingest.hostile import find_hostile
from tests.library import document, write
from ui.commands import open_chain
from ui.warm_chain import WarmChain

PATIENCE_SECONDS = 120
COST_QUESTION = "What does a fractional AI CTO cost per month?"
COST_QUOTE = "A fractional AI CTO costs between 6,000 and 12,000 dollars a month."
TEAM_QUESTION = "Should a company build one central AI team?"
AUDIT_QUESTION = "What is a vendor audit?"
UNANSWERED_QUESTION = "Who is the king of Sweden?"

COSTS = document(
    "field-notes-costs",
    f"""## What it costs

The price is set before the work begins. {COST_QUOTE} The retainer covers two days a week.

## How long it lasts

Most engagements of a fractional AI CTO last six to twelve months. Some end after ninety days.
""",
    title="What a fractional AI CTO costs",
    author="Example Author",
    source="Example Publisher",
    url="https://publisher.example/costs",
    published="2025-03-01",
    sells="fractional AI CTO retainers",
)
CENTRAL = document(
    "central-team",
    "## One team\n\nA company should build one central AI team, because skill gathers where people sit together.\n",
    title="Build one central AI team",
    author="Second Author",
    source="Centre Ltd",
)
SPREAD = document(
    "spread-out",
    "## No central team\n\nA company should not build one central AI team, since a central AI team becomes a queue.\n",
    title="Leave AI with the departments",
    author="Third Author",
    source="Spread Ltd",
    voice="digest",
)
POSITION = document(
    "central-or-spread",
    "Practitioners differ on whether one central AI team should be built.\n",
    kind="position",
    voice="house",
    title="Central or spread out",
    question=TEAM_QUESTION,
    views=(
        View(
            "One central team gathers the skill", (Holder("central-team", "skill gathers where people sit together"),)
        ),
        View("A central team becomes a queue", (Holder("spread-out", "a central AI team becomes a queue"),)),
    ),
)
# Every trick that would do something if any word of a document were taken for more than text.
HOSTILE_TITLE = "Is :material/home: **it** -> $x$ :red[bad] <b>[so](https://evil.example)</b> ![i](/i.png)?"
HOSTILE_QUOTE = (
    "A vendor audit takes three weeks<script>document.title='owned'</script> and"
    ' <img src=x onerror="document.title=\'owned\'"> one <a href="https://evil.example">signature</a>'
    " &lt;b&gt; [here](javascript:alert(1)) ![pixel](https://evil.example/pixel.png) [99]."
)
HOSTILE = document(
    "hostile",
    f"## Vendor audits </mark></p>\n\n{HOSTILE_QUOTE} <style>body {{ display: none }}</style> Ends **here**.\n",
    title=HOSTILE_TITLE,
    author="<i>Mallory</i>:** [1]",
    source="Evil <script>Ltd</script>",
    url="https://evil.example/?a='onclick='alert(1)&b=2",
)
LIBRARY: tuple[Document, ...] = (COSTS, CENTRAL, SPREAD, POSITION, HOSTILE)


def publish(settings: Settings) -> None:
    """The library published, the hostile document too: its operator has looked at it and let it stand."""
    write(settings, *LIBRARY)
    found = find_hostile(format_document(HOSTILE))
    release_passages(Record(settings.record_path), HOSTILE.id, [one.text for one in found], "Example Operator")
    open_chain(settings)


def warmed(chain: WarmChain, patience_seconds: float = PATIENCE_SECONDS) -> WarmChain:
    """The chain once it is warm or in trouble."""
    until = time.monotonic() + patience_seconds
    while not chain.ready:
        assert time.monotonic() < until, "the chain does not warm up"
        time.sleep(0.01)
    return chain
