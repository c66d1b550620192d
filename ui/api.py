"""The library over HTTP, for other programs on this machine: the same answers as the command prints, in the same shape.

Answers on loopback alone; whoever wants to be reached from elsewhere puts a proxy in front.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from importlib.metadata import version
from itertools import chain as joined
from typing import TYPE_CHECKING, Annotated, Any, Literal

import uvicorn
from fastapi import Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.exceptions import HTTPException

from corpus.errors import Busy, FractionalError, NotFound, UsageError, WriterError
from ui import readings
from ui.readings import LONGEST_CONVERSATION_ID, LONGEST_QUESTION
from ui.serve import refuse_a_taken_port

if TYPE_CHECKING:
    from rag.answer import Chain

log = logging.getLogger(__name__)

# A page elsewhere that makes its own name point to this machine is turned away by the name it asks for.
OUR_NAMES = ["localhost", "127.0.0.1", "[::1]"]
TOKEN = "FRACTIONAL_API_TOKEN"
# More than these at once would only wait for each other; whoever is turned away is told to come back.
AT_ONCE = 32
STATUS: dict[type[FractionalError], int] = {UsageError: 400, NotFound: 404, Busy: 503, WriterError: 503}
EVENTS = "text/event-stream"
# Only who is written to is noticed to have gone, so that there is never silence for longer.
QUIET_SECONDS = 1.0

Asked = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_QUESTION)]


class Question(BaseModel):
    """What is asked, who writes the answer, and the conversation that it goes on with; an unknown one begins."""

    model_config = ConfigDict(extra="forbid")

    question: Asked
    writer: str = Field("auto", max_length=100)
    conversation: str = Field("", max_length=LONGEST_CONVERSATION_ID)


def serve_api(chain: Chain, port: int) -> None:
    """Run until stopped."""
    refuse_a_taken_port(port)
    token = os.environ.get(TOKEN, "")
    print(
        f"Fractional answers programs at http://localhost:{port}  (stop with Ctrl-C; what can be asked: /openapi.json;"
        f" {'the token is asked for' if token else f'{TOKEN} would ask for a token'})",
        flush=True,
    )
    uvicorn.run(api_of(chain, token), host="127.0.0.1", port=port, log_level="warning", limit_concurrency=AT_ONCE)


def api_of(chain: Chain, token: str = "") -> FastAPI:
    """What can be asked of a chain over HTTP. Its models load in the background; questions wait for them."""
    from rag.answer import warm

    ready = threading.Event()

    def get_ready() -> None:
        warm(chain)
        ready.set()

    threading.Thread(target=get_ready, name="warming-up", daemon=True).start()

    def may_ask(authorization: Annotated[str, Header()] = "") -> None:
        if token and not secrets.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, f"Send the header `Authorization: Bearer …` with the token of {TOKEN}.")

    api = FastAPI(
        title="Fractional",
        summary="What practitioners say about fractional AI CTO work, every sentence with its source.",
        version=version("fractional"),
        docs_url=None,  # its pages come from elsewhere on the web
        redoc_url=None,
    )
    api.add_middleware(TrustedHostMiddleware, allowed_hosts=OUR_NAMES)
    for error, say in SAYING.items():
        api.add_exception_handler(error, say)
    asking = [Depends(may_ask)]

    @api.get("/health")
    def health() -> JSONResponse:
        """Whether questions are answered at once, and from which snapshot."""
        with chain.lock:
            snapshot = chain.index.record.newest_number()
        return JSONResponse({"ready": ready.is_set(), "snapshot": snapshot}, 200 if ready.is_set() else 503)

    @api.post("/ask", dependencies=asking)
    def ask(asked: Question, accept: Annotated[str, Header()] = "") -> Response:
        """The answer; with `Accept: text/event-stream` as it grows, each event whole and checked, the last one named `answer`."""
        from rag.answer import answering

        growing = answering(chain, asked.question, asked.conversation, asked.writer)
        if EVENTS not in accept:
            *_, made = growing
            return JSONResponse(made.as_json())
        first = next(growing)  # what can't be asked is told by the status, before anything is sent
        return StreamingResponse(_events(first, growing), media_type=EVENTS, headers={"Cache-Control": "no-store"})

    @api.get("/search", dependencies=asking)
    def search(question: Annotated[Asked, Query()], top: Annotated[int, Query(ge=1, le=100)] = 10) -> dict[str, Any]:
        """The passages nearest to a question, without an answer."""
        return readings.passages(chain, question, top)

    @api.get("/documents", dependencies=asking)
    def documents(kind: Literal["", "article", "glossary", "position"] = "") -> dict[str, Any]:
        """What is published."""
        return readings.documents(chain, kind)

    @api.get("/documents/{id}", dependencies=asking)
    def document(id: str) -> dict[str, Any]:
        """One document whole: `quote` of a citation is `text[start:end]`, counted in code points."""
        return readings.document(chain, id)

    return api


def _events(first: Any, growing: Generator[Any]) -> Iterator[str]:
    """Each answer as an event; closed, and the writer stopped with it, when whoever asked goes away."""
    with closing(growing):
        before, said = None, time.monotonic()
        try:
            for made in joined((first,), growing):
                if made is not before:
                    yield _event("growing" if made.writing else "answer", made.as_json())
                elif time.monotonic() - said > QUIET_SECONDS:
                    yield ":\n\n"
                else:
                    continue
                before, said = made, time.monotonic()
        except FractionalError as error:
            yield _event("error", {"error": str(error)})


def _event(name: str, data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _say_ours(_: Request, error: Exception) -> JSONResponse:
    kind = next((kind for kind in type(error).__mro__ if kind in STATUS), None)
    return JSONResponse({"error": str(error)}, STATUS[kind] if kind else 500)


def _say_wrong(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    told = "; ".join(
        f"{'.'.join(str(part) for part in one['loc'][1:]) or 'body'}: {one['msg']}" for one in error.errors()
    )
    return JSONResponse({"error": f"{told}. /openapi.json tells what can be asked."}, 400)


def _say_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": str(error.detail)}, error.status_code, headers=error.headers)


def _say_failed(_: Request, error: Exception) -> JSONResponse:
    log.error("A question failed.", exc_info=error)
    return JSONResponse({"error": "It failed for a reason of ours; the log says which. Ask again."}, 500)


SAYING: dict[type[Exception], Callable[[Request, Exception], JSONResponse]] = {
    FractionalError: _say_ours,
    RequestValidationError: _say_wrong,
    HTTPException: _say_http,
    Exception: _say_failed,
}
