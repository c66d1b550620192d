"""`fractional models`: which local models there are, bringing one here, choosing one. Progress goes to stderr."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from corpus.settings import read_settings
from ui import render
from ui.commands import Outcome

if TYPE_CHECKING:
    from rag.models import LocalModelFile, NoModel, Progress

# A log gets a line so often.
LINE_SECONDS = 10.0


def list_models(_options: argparse.Namespace) -> Outcome:
    from rag.models import CATALOGUE, Place, chosen_model, read_wish, writers_folder

    settings = read_settings()
    chosen, wish = chosen_model(settings), read_wish(settings)
    in_use = _in_use(chosen)
    places = [Place(writers_folder(settings), model) for model in CATALOGUE]
    return Outcome(
        {
            "models": [
                {
                    "name": place.model.name,
                    "title": place.model.title,
                    "state": place.state().value,
                    "in_use": in_use is not None and in_use["path"] == str(place.file),
                    "size": place.model.size,
                    "fetched": place.fetched(),
                    "licence": place.model.licence,
                    "context": place.model.context,
                    "good_for": place.model.good_for,
                    "sources": [source.title for source in place.model.sources],
                    "sha256": place.model.sha256,
                    "path": str(place.file),
                }
                for place in places
            ],
            "asked_for": str(wish) if wish else "",
            "in_use": in_use,
            "reason": getattr(chosen, "reason", ""),
        }
    )


def pull(options: argparse.Namespace) -> Outcome:
    from rag.models import chosen_model, model_named, pull_model, writers_folder

    settings = read_settings()
    model = model_named(options.name)
    began = time.monotonic()
    shown = ShownProgress()
    try:
        pulled = pull_model(model, writers_folder(settings), shown)
    finally:
        shown.finish()
    return Outcome(
        {
            "name": model.name,
            "path": str(pulled.path),
            "size": model.size,
            "sha256": model.sha256,
            "already_here": pulled.already_here,
            "source": pulled.source,
            "failed": [asdict(failure) for failure in pulled.failed],
            "seconds": round(time.monotonic() - began, 1),
            "in_use": _in_use(chosen_model(settings)),
        }
    )


def use(options: argparse.Namespace) -> Outcome:
    from rag.models import use_model

    return Outcome({"in_use": _in_use(use_model(options.model, read_settings()))})


def _in_use(chosen: LocalModelFile | NoModel) -> dict[str, Any] | None:
    from rag.models import NoModel

    if isinstance(chosen, NoModel):
        return None
    return {"name": chosen.name, "path": str(chosen.path), "context": chosen.context}


class ShownProgress:
    """A pull on stderr: on a terminal one line that moves, in a log a line now and then. What failed stays to be read."""

    def __init__(self) -> None:
        self.step, self.failures, self.said = "", 0, 0.0
        self.moves = sys.stderr.isatty()

    def __call__(self, now: Progress) -> None:
        for failure in now.failed[self.failures :]:
            self._say(f"{now.model}: not from {failure.source}: {failure.reason}.", "\n")
        self.failures = len(now.failed)
        if self.moves or now.step != self.step or time.monotonic() - self.said >= LINE_SECONDS:
            self.step, self.said = now.step, time.monotonic()
            self._say(render.pull_progress(now), "" if self.moves else "\n")

    def finish(self) -> None:
        """The moving line is of no more use."""
        self._say("", "")

    def _say(self, words: str, end: str) -> None:
        print(f"\r\033[K{words}" if self.moves else words, end=end, file=sys.stderr, flush=True)
