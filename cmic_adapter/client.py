"""The HTTP side: log-in, time-outs, turns, pages, the journal around writes, raising what answers mean.

A write is never sent twice. A read may be tried twice.
"""

from __future__ import annotations

import base64
import functools
import ssl
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import httpx2
from pydantic import ValidationError

from cmic_adapter import adf, meanings
from cmic_adapter.limiter import Limiter, turn
from cmic_adapter.meanings import Answer, Kind, Meaning, Rejected
from cmic_adapter.wire import Resource, Row
from erp.port import ErpMisconfigured, ErpUnavailable, ErpUnconfirmed, Journal

RowT = TypeVar("RowT", bound=Row)

LARGEST_ANSWER = 32 * 1024 * 1024  # bytes after unpacking
KEPT_ANSWER = 4000  # characters of an answer that go into the journal
HIDDEN = "***"  # stands where a server repeats our log-in
QUICK_TRIES = 2  # of a read
QUICK_PAUSE = 0.2  # seconds between them
THROTTLE_PAUSE = 1.0  # seconds nobody starts after 429: the server counts over one second
LOGIN_TRIES = 2  # refused log-ins before this process stops asking: accounts get locked
LOGIN_REST = 600.0  # seconds until it may ask again
WORTH_A_SECOND_TRY = {Kind.NOT_SENT, Kind.SERVER_ERROR, Kind.GARBLED, Kind.THROTTLED, Kind.NO_ANSWER}


@dataclass(frozen=True)
class Timeouts:
    """Seconds to connect, for the whole of a read, for the whole of a write."""

    connect: float
    read: float
    write: float


class Client:
    """Speaks to one CMiC. Keeps the password out of every text it makes."""

    def __init__(
        self,
        *,
        base_url: str,
        username: str,
        password: str,
        timeouts: Timeouts,
        limiter: Limiter,
        concurrency: int,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise ErpMisconfigured("base_url must look like https://host/environment, without a user in it.")
        self.host = parts.netloc
        self._timeouts, self._limiter = timeouts, limiter
        self._token = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._password = password
        self._refused_logins, self._quiet_until = 0, 0.0
        self.server_time = ""  # what the last answer said, as HTTP writes it
        self._http = httpx2.Client(
            base_url=base_url.rstrip("/") + "/",
            auth=httpx2.BasicAuth(username, password),
            headers=adf.HEADERS,
            limits=httpx2.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            verify=_trusted(),
            follow_redirects=False,
            trust_env=False,  # a proxy or a .netrc of the machine must not see the log-in
        )

    def __repr__(self) -> str:
        return f"Client({self.host})"

    def close(self) -> None:
        """This function will close the connections."""
        self._http.close()

    # Reads

    def rows(self, resource: Resource[RowT], where: str = "") -> list[RowT]:
        """This function will return every row that fits, each once, in a stable order.

        Reads again once when the pages moved. Raises ErpUnavailable when they still do, ErpMisconfigured.
        """
        first, total = self._all_pages(resource, where)
        if total is None or len(first) == total:
            return list(first.values())
        second, total = self._all_pages(resource, where)
        if total is None or len(second) == total:
            return list(second.values())
        both = {**first, **second}
        if len(both) == total:
            return list(both.values())
        raise ErpUnavailable(f"The list of {resource.label} kept moving while it was read.")

    def rows_in(
        self,
        resource: Resource[RowT],
        *,
        field: str,
        values: Iterable[str],
        most: int,
        **where: str | Iterable[str],
    ) -> list[RowT]:
        """This function will return the rows with one of many values, at most `most` of them a request."""
        wanted = sorted(set(values))
        chunks = [wanted[i : i + most] for i in range(0, len(wanted), most)]
        return [
            row for chunk in chunks for row in self.rows(resource, resource.where(**where, **{field: chunk}))
        ]

    def description(self, root: str) -> dict[str, adf.Described]:
        """This function will return what the server says of the resources below an application root."""
        described = adf.read_description(self._read(f"{root}/describe", {}))
        if not described:
            raise ErpMisconfigured(f"CMiC does not describe {root}; is the base URL right?")
        return described

    def _all_pages(self, resource: Resource[RowT], where: str) -> tuple[dict[str, RowT], int | None]:
        """All rows by their id, and how many there are (as many as came, where the server does not tell)."""
        found: dict[str, RowT] = {}
        offset, clean = 0, True
        while True:
            page = adf.read_page(
                self._read(resource.path, adf.page_query(resource, where=where, offset=offset))
            )
            if page is None:
                raise ErpUnavailable(f"The answer for {resource.label} is no list.")
            for item in page.items:
                row = self.parse(resource, item)
                clean = clean and row.id not in found
                found[row.id] = row
            offset += len(page.items)
            if not page.has_more or not page.items:
                missing = 0 if clean and not page.has_more else 1
                return found, page.total if page.total is not None else len(found) + missing

    def parse(self, resource: Resource[RowT], item: object) -> RowT:
        """This function will read one row; a missing attribute or another type is ErpMisconfigured."""
        try:
            return resource.model.model_validate(item)
        except ValidationError as error:
            names = ", ".join(sorted({str(e["loc"][0]) for e in error.errors() if e["loc"]}))
            raise ErpMisconfigured(
                f"CMiC's {resource.label} does not answer with {names or 'a row'} as expected; "
                "compare the names with its /describe."
            ) from None

    def ask(self, path: str, query: Mapping[str, str]) -> Answer:
        """This function will read once and return the answer, whatever it is. Raises ErpUnavailable when locked out."""
        self._stop_if_locked_out()
        with turn(self._limiter):
            return self._send("GET", path, query=query, total=self._timeouts.read)

    def _read(self, path: str, query: Mapping[str, str]) -> object:
        for attempt in range(1, QUICK_TRIES + 1):
            started = time.monotonic()
            answer = self.ask(path, query)
            meaning = answer.meaning(writes=False)
            if meaning is Meaning.DONE:
                return answer.body
            slow = time.monotonic() - started > self._timeouts.read / 2
            if meaning is Meaning.MISCONFIGURED or slow or answer.kind not in WORTH_A_SECOND_TRY:
                break
            if attempt < QUICK_TRIES:
                time.sleep(QUICK_PAUSE)
        raise self._failure(answer, meaning, f"reading {path}")

    # Writes

    def write(
        self,
        resource: Resource[RowT],
        *,
        journal: Journal,
        step: str,
        method: str,
        row_id: str = "",
        body: Mapping[str, object] | None = None,
    ) -> RowT | None:
        """This function will send one write, once, with the journal around it, and return the row it answers.

        Raises Rejected for a no, else the three other failures. What the journal raises before the request
        leaves goes through untouched, and nothing is sent.
        """
        path = f"{resource.path}/{row_id}" if row_id else resource.path
        text = adf.dumps(body) if body is not None else ""
        request_id = uuid.uuid4().hex
        with turn(self._limiter):
            journal.before(step=step, request_id=request_id, method=method, target=path, body=text)
            answer = self._send(
                method,
                path,
                text=text,
                request_id=request_id,
                total=self._timeouts.write,
                on_row=bool(row_id),
            )
        row, answer = (None, answer) if method == "DELETE" else self._answered_row(resource, answer)
        meaning = answer.meaning(writes=True)
        kept = self.clean(answer.raw or answer.text)[:KEPT_ANSWER]
        journal.after(request_id=request_id, status=answer.status, answer=kept, outcome=meaning.value)
        if meaning is Meaning.DONE:
            return row
        raise self._failure(answer, meaning, step)

    def _answered_row(self, resource: Resource[RowT], answer: Answer) -> tuple[RowT | None, Answer]:
        """The row of a good answer. An answer without the row is not trusted: it may be of a gateway."""
        if answer.kind is not Kind.OK or answer.status == 204:
            return None, answer
        try:
            return resource.model.model_validate(answer.body), answer
        except ValidationError:
            text = f"{Kind.GARBLED.value} (HTTP {answer.status})"
            return None, Answer(Kind.GARBLED, text, answer.status, raw=answer.raw)

    # Both

    def _send(
        self,
        method: str,
        path: str,
        *,
        total: float,
        query: Mapping[str, str] | None = None,
        text: str = "",
        request_id: str = "",
        on_row: bool = False,
    ) -> Answer:
        headers = {adf.REQUEST_ID: request_id} if request_id else {}
        if text:
            headers["Content-Type"] = adf.ITEM
        request = self._http.build_request(
            method,
            path,
            params=dict(query or {}),
            content=text.encode() if text else None,
            headers=headers,
            timeout=httpx2.Timeout(total, connect=self._timeouts.connect, pool=self._timeouts.connect),
        )
        try:
            answer = self._receive(request, total=total, on_row=on_row)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            answer = meanings.of_failure(error)
        self._remember(answer)
        return answer

    def _receive(self, request: httpx2.Request, *, total: float, on_row: bool) -> Answer:
        give_up = time.monotonic() + total
        response = self._http.send(request, stream=True)
        self.server_time = response.headers.get(adf.DATE, "")
        try:
            parts, size = [], 0
            for part in response.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > LARGEST_ANSWER:
                    return Answer(Kind.GARBLED, "The answer is too large to be meant.", response.status_code)
                if time.monotonic() > give_up:
                    return Answer(Kind.NO_ANSWER, "The answer came too slowly.", response.status_code)
        finally:
            response.close()
        return meanings.of_response(
            status=response.status_code,
            text=b"".join(parts).decode("utf-8", errors="replace").replace(self._token, HIDDEN),
            on_row=on_row,
            retry_after=adf.seconds(response.headers.get(adf.RETRY_AFTER)),
        )

    def _remember(self, answer: Answer) -> None:
        if answer.kind is Kind.THROTTLED:
            self._limiter.pause(answer.retry_after or THROTTLE_PAUSE)
        if answer.status == 401:
            self._refused_logins += 1
            self._quiet_until = time.monotonic() + LOGIN_REST
        elif answer.kind is Kind.OK:
            self._refused_logins = 0

    def _stop_if_locked_out(self) -> None:
        if self._refused_logins >= LOGIN_TRIES and time.monotonic() < self._quiet_until:
            # Not a new finding that would stop what an administrator has verified meanwhile, in another process.
            raise ErpUnavailable(
                "CMiC refused the log-in twice; not asking again for a while, accounts get locked.",
                retry_after=self._quiet_until - time.monotonic(),
            )

    def clean(self, text: str) -> str:
        """This function will take our password out of a text."""
        return text.replace(self._password, HIDDEN) if self._password else text

    def _failure(self, answer: Answer, meaning: Meaning, doing: str) -> Exception:
        text = self.clean(answer.text)
        if meaning is Meaning.REFUSED:
            return Rejected(Answer(answer.kind, text, answer.status))
        said = f"CMiC, {doing}: {text}"
        if meaning is Meaning.UNCONFIRMED:
            return ErpUnconfirmed(said, step=doing)
        if meaning is Meaning.UNAVAILABLE:
            return ErpUnavailable(said, retry_after=answer.retry_after)
        return ErpMisconfigured(said)


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The certificates this machine trusts; reading them takes longer than most calls, so once a process."""
    return httpx2.create_ssl_context(trust_env=False)
