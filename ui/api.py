"""The library over HTTP, for other programs on this machine: the same answers as the command prints, in the same shape.

Answers on loopback alone; whoever wants to be reached from elsewhere puts a proxy in front, which asks for `Host: localhost`.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

import anyio
import uvicorn
from fastapi import Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from corpus.errors import Busy, FractionalError, NoSuchWriter, NotFound, UsageError, WriterError
from ui import readings
from ui.readings import LONGEST_CONVERSATION_ID, LONGEST_QUESTION

if TYPE_CHECKING:
    from rag.answer import Chain
    from rag.answers import Answer

log = logging.getLogger(__name__)

HERE = "127.0.0.1"
# A page elsewhere that makes its own name point to this machine is turned away by the name it asks for.
OUR_NAMES = (HERE, "localhost")
TOKEN = "FRACTIONAL_API_TOKEN"
# More than these at once would only wait for each other.
AT_ONCE = 16
COME_BACK_SECONDS = "2"
LARGEST_BODY = 64 * 1024
# Who is still being answered when the server is stopped has this long; then their writers stop.
ENDING_SECONDS = 3
STATUS: dict[type[FractionalError], int] = {
    UsageError: 400,
    NoSuchWriter: 400,
    NotFound: 404,
    Busy: 503,
    WriterError: 503,
}
EVENTS = "text/event-stream"
OF_OURS = "It failed for a reason of ours; the log says which. Ask again."

BEARER = HTTPBearer(auto_error=False, description=f"The token of {TOKEN}, where one is set.")
Asked = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_QUESTION)]


class Question(BaseModel):
    """What is asked, who writes the answer, and the conversation that it goes on with; an unknown one begins."""

    model_config = ConfigDict(extra="forbid")

    question: Asked
    writer: str = Field("auto", max_length=100)
    conversation: str = Field("", max_length=LONGEST_CONVERSATION_ID)


class Refusal(BaseModel):
    """Why there is no answer, and what to do."""

    error: str


def serve_api(open_chain: Callable[[], Chain], port: int, told: TextIO) -> None:
    """Run until stopped; the address is told once it is ours and the library is open."""
    token = os.environ.get(TOKEN, "").strip()
    try:
        listening = socket.create_server((HERE, port))
    except OSError as exc:
        raise FractionalError(f"Port {port} can't be used ({exc.strerror}). Choose another with --port.") from exc
    with listening:
        config = uvicorn.Config(
            api_of(open_chain(), token), log_level="warning", timeout_graceful_shutdown=ENDING_SECONDS
        )
        print(
            f"Fractional answers programs at http://{HERE}:{port}  (stop with Ctrl-C; /openapi.json says what can be asked;"
            f" {'only with the token' if token else f'{TOKEN} would ask for a token'})",
            file=told,
            flush=True,
        )
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])


def api_of(chain: Chain, token: str = "") -> FastAPI:
    """What can be asked of a chain over HTTP. Its models load in the background; questions wait for them."""
    state: dict[str, Any] = {"ready": False}
    threading.Thread(target=_warm, args=(chain, state), name="warming-up", daemon=True).start()
    places = anyio.Semaphore(AT_ONCE)

    def from_here(request: Request) -> None:
        if request.url.hostname not in OUR_NAMES:
            raise HTTPException(400, f"Ask with one of these names as host: {', '.join(OUR_NAMES)}.")

    def may_ask(given: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]) -> None:
        if token and not (given and secrets.compare_digest(given.credentials.encode("latin-1"), token.encode())):
            raise HTTPException(
                401,
                f"Send the header `Authorization: Bearer …` with the token of {TOKEN}.",
                {"WWW-Authenticate": "Bearer"},
            )

    api = FastAPI(
        title="Fractional",
        summary="What practitioners say about fractional AI CTO work, every sentence with its source.",
        version=version("fractional"),
        docs_url=None,  # its pages come from elsewhere on the web
        redoc_url=None,
        max_body_size=LARGEST_BODY,
        dependencies=[Depends(from_here)],
        exception_handlers=SAYING,
        responses={422: {"description": "Never: 400 says what is wrong."}, **_refused(400, 401, 404, 500, 503)},
    )
    asking = [Depends(may_ask)]

    @api.get("/health")
    def health() -> JSONResponse:
        """Whether questions are answered at once: the models are loaded."""
        return JSONResponse(state, 200 if state["ready"] else 503)

    @api.post("/ask", dependencies=asking, responses={200: {"content": {EVENTS: {}}}})
    async def ask(asked: Question, request: Request, accept: Annotated[str, Header()] = "") -> Response:
        """The answer; with `Accept: text/event-stream` as it grows: events named `growing`, then `answer`, or `error`."""
        from rag.answer import answering

        try:
            places.acquire_nowait()
        except anyio.WouldBlock:
            raise Busy(f"{AT_ONCE} questions are being answered. Ask again in {COME_BACK_SECONDS} s.") from None
        stop = threading.Event()
        states = _as_it_grows(answering(chain, asked.question, asked.conversation, asked.writer, stop), stop, places)
        try:
            made = await anext(states)  # what can't be asked is told by the status, before anything is sent
            if EVENTS in accept:
                return _Growing(made, states)
            async for later in states:
                made = later
                if await request.is_disconnected():
                    stop.set()
        except BaseException:
            await _closed(states)
            raise
        return JSONResponse(made.as_json())

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


def _warm(chain: Chain, state: dict[str, Any]) -> None:
    from rag.answer import warm

    try:
        warm(chain)
    except Exception as error:  # the first question meets it again, and says so
        log.exception("The models could not be loaded.")
        state["error"] = str(error) if isinstance(error, FractionalError) else OF_OURS
    else:
        state["ready"] = True


async def _as_it_grows(
    growing: Generator[Answer], stop: threading.Event, places: anyio.Semaphore
) -> AsyncGenerator[Answer]:
    """Each state, made in a thread. When nobody wants more of them, the writer stops and what was checked so far is kept."""
    try:
        while (made := await run_in_threadpool(next, growing, None)) is not None:
            yield made
    finally:
        stop.set()
        with anyio.CancelScope(shield=True):
            await run_in_threadpool(growing.close)
        places.release()


class _Growing(StreamingResponse):
    """Closed by us when whoever asked goes away: left to itself, what is sent lives on, and the writer with it."""

    def __init__(self, made: Answer, states: AsyncGenerator[Answer]) -> None:
        super().__init__(_events(made, states), media_type=EVENTS, headers={"Cache-Control": "no-store"})
        self._states = states

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await _closed(self.body_iterator)
            await _closed(self._states)


async def _closed(states: Any) -> None:
    with anyio.CancelScope(shield=True):
        await states.aclose()


async def _events(shown: Answer, states: AsyncGenerator[Answer]) -> AsyncIterator[str]:
    """Each new state as an event."""
    try:
        yield _event(shown)
        async for made in states:
            if made is not shown:
                yield _event(made)
            shown = made
    except FractionalError as error:
        yield _named("error", {"error": str(error)})
    except Exception:
        log.exception("A question failed.")
        yield _named("error", {"error": OF_OURS})


def _event(made: Answer) -> str:
    return _named("growing" if made.writing else "answer", made.as_json())


def _named(name: str, data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _refused(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Refusal} for status in statuses}


def _say_ours(_: Request, error: Exception) -> JSONResponse:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    headers = {"Retry-After": COME_BACK_SECONDS} if isinstance(error, Busy) else {}
    return JSONResponse({"error": str(error)}, status, headers)


def _say_wrong(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    told = "; ".join(_wrong(one) for one in error.errors())
    return JSONResponse({"error": f"{told}. /openapi.json says what can be asked."}, 400)


def _wrong(one: Any) -> str:
    if one["type"] == "json_invalid":
        return f"The body is no JSON: {one['ctx']['error']}"
    return f"{'.'.join(str(part) for part in one['loc'][1:]) or 'The body'}: {one['msg']}"


def _say_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": str(error.detail)}, error.status_code, headers=error.headers)


def _say_failed(_: Request, error: Exception) -> JSONResponse:
    log.error("A question failed.", exc_info=error)
    return JSONResponse({"error": OF_OURS}, 500)


SAYING: dict[int | type[Exception], Callable[[Request, Any], Any]] = {
    FractionalError: _say_ours,
    RequestValidationError: _say_wrong,
    HTTPException: _say_http,
    Exception: _say_failed,
}
