"""The library as Streamlit runs it: the list with its filters, a document with its passage, and what is not there."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from corpus.documents import format_document
from corpus.quarantine import release_passages
from corpus.record import Record
from corpus.settings import CHECKOUT, Settings
from ingest.hostile import find_hostile
from ingest.publish import Publisher
from tests.fakes import FakeEmbedder, MemoryVectors
from tests.library import document, write
from tests.ui import chat_library
from ui.frame import SOMETHING_WENT_WRONG

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("pages_anew")]

DRIFT = document(
    "drift",
    "Drift is a slow change of what a model is asked.",
    kind="glossary",
    voice="house",
    title="Drift",
    related=("pilot",),
)
PILOT = document(
    "pilot", "A pilot is a trial with an end.", kind="glossary", voice="house", title="Pilot", aliases=("trial run",)
)
COSTS = replace(chat_library.COSTS, tags=("pricing",))
LIBRARY = (COSTS, chat_library.CENTRAL, chat_library.SPREAD, chat_library.POSITION, chat_library.HOSTILE, DRIFT, PILOT)


@pytest.fixture
def shelved(environment: Settings) -> Settings:
    """The library in the record, published without a model."""
    write(environment, *LIBRARY)
    record = Record(environment.record_path)
    found = find_hostile(format_document(chat_library.HOSTILE))
    release_passages(record, chat_library.HOSTILE.id, [one.text for one in found], "Example Operator")
    Publisher(environment, record, FakeEmbedder(), vectors=MemoryVectors()).publish()
    record.close()
    return environment


def visit(**address: str) -> AppTest:
    app = AppTest.from_file(str(CHECKOUT / "ui" / "library" / "page.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def shown(app: AppTest) -> str:
    """All HTML on the page but our stylesheets."""
    assert not app.exception
    bodies = [element.proto.body for element in app.get("html")]
    assert SOMETHING_WENT_WRONG not in "".join(bodies)
    return "\n".join(body for body in bodies if not body.startswith("<style>"))


def withdraw(settings: Settings, id: str) -> None:
    record = Record(settings.record_path)
    Publisher(settings, record, FakeEmbedder(), vectors=MemoryVectors()).publish({id: None})
    record.close()


@pytest.mark.usefixtures("shelved")
def test_the_list_begins_with_the_articles_and_the_other_parts_are_a_click_away() -> None:
    app = visit()
    assert "4 articles" in shown(app)
    assert "/library?document=field-notes-costs" in shown(app)
    app.segmented_control(key="part").set_value("Glossary").run()
    assert "2 terms" in shown(app)
    assert 'See also <a href="/library?document=pilot"' in shown(app)
    app.segmented_control(key="part").set_value("Positions").run()
    assert chat_library.TEAM_QUESTION in shown(app)
    assert "Second Author (Centre Ltd)" in shown(app)


@pytest.mark.usefixtures("shelved")
def test_words_and_filters_narrow_the_articles() -> None:
    app = visit()
    app.text_input(key="find").set_value("retainer").run()
    assert "1 of 4 articles" in shown(app)
    assert "<mark>retainer</mark>" in shown(app)
    app.text_input(key="find").set_value("trial").run()
    assert "Nothing here fits" in shown(app)
    assert '<a href="/library?part=Glossary&amp;find=trial" target="_self">Glossary (1)</a>' in shown(app)
    app.text_input(key="find").set_value("").run()
    app.selectbox(key="voice").set_value("Our digest of a practitioner’s page").run()
    assert "1 of 4 articles" in shown(app)
    assert chat_library.SPREAD.title in shown(app)


@pytest.mark.usefixtures("shelved")
def test_an_address_names_what_is_looked_for() -> None:
    """A topic of a document leads to the articles on it, and the way back from one to what was looked for."""
    assert "1 of 4 articles" in shown(visit(topic="pricing"))
    assert "1 of 2 terms" in shown(visit(part="Glossary", find="trial"))
    for nonsense in ({"topic": "<script>"}, {"part": "x"}, {"year": "0"}, {"voice": "nobody"}):
        assert "4 articles" in shown(visit(**nonsense))


@pytest.mark.usefixtures("shelved")
def test_a_passage_is_marked_in_its_document() -> None:
    start = COSTS.text.index(chat_library.COST_QUOTE)
    app = visit(document=COSTS.id, start=str(start), end=str(start + len(chat_library.COST_QUOTE)))
    assert f'<mark id="fr-passage" tabindex="-1">{chat_library.COST_QUOTE}</mark>' in shown(app)
    assert "is marked below" in shown(app)
    assert "scrollIntoView" in shown(app)


@pytest.mark.usefixtures("shelved")
def test_numbers_that_name_no_passage_are_said_so_and_the_document_is_there() -> None:
    for start, end in (("5", "2"), ("x", "y"), ("0", "99999"), ("1", "")):
        app = visit(document=COSTS.id, start=start, end=end)
        assert "not in this text as it stands now" in shown(app)
        assert chat_library.COST_QUOTE in shown(app)


def test_a_document_that_is_not_there_is_told_from_one_that_was_withdrawn(shelved: Settings) -> None:
    assert "There is no such document" in shown(visit(document="nothing' OR 1=1 --<script>"))
    withdraw(shelved, "drift")
    assert "“Drift” is no longer in the library" in shown(visit(document="drift"))


def test_a_document_names_the_questions_it_answered(shelved: Settings) -> None:
    record = Record(shelved.record_path)
    content = {
        "question": chat_library.COST_QUESTION,
        "standalone_question": chat_library.COST_QUESTION,
        "verdict": "answered",
        "snapshot": 1,
        "writer": "quote",
        "citations": [{"document": COSTS.id}],
    }
    record.keep_answer(id="one", conversation="board", content=content)
    record.close()
    assert '<a href="/?question=What+does+a+fractional+AI+CTO+cost' in shown(visit(document=COSTS.id))
    assert "answered lately" not in shown(visit(document="pilot"))


@pytest.mark.usefixtures("shelved")
def test_a_position_shows_its_views_and_is_found_from_those_who_hold_them() -> None:
    assert "A central team becomes a queue" in shown(visit(document="central-or-spread"))
    assert "/library?document=central-or-spread" in shown(visit(document="spread-out"))


def test_what_is_published_meanwhile_is_there_at_the_next_look(shelved: Settings) -> None:
    """The record is opened once for all sessions; a withdrawn document went on being shown to those who came before."""
    app = visit()
    withdraw(shelved, "spread-out")
    assert "3 articles" in shown(app.run())


def test_an_empty_library_says_so(environment: Settings) -> None:
    assert "The library is empty so far." in shown(visit())
    assert environment.record_path.exists()


@pytest.mark.usefixtures("shelved")
def test_the_library_needs_no_model() -> None:
    """The first look at a document must not wait for the models that answer questions."""
    heavy = "('torch', 'onnxruntime', 'chromadb', 'llama_index', 'tokenizers', 'sentence_transformers')"
    program = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('ui/library/page.py', default_timeout=60).run()\n"
        "app.query_params['document'] = 'pilot'\n"
        "app.run()\n"
        f"print(bool(app.exception), [name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False []"
