"""Reads and writes: turns, pages, the journal around writes, raising what answers mean.

A write is never sent twice. A read may be tried twice.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from cmic_adapter import adf
from cmic_adapter.calls import Caller
from cmic_adapter.limiter import turn
from cmic_adapter.meanings import Answer, Kind, Meaning, Rejected
from cmic_adapter.wire import Resource, Row
from erp.port import ErpMisconfigured, ErpUnavailable, ErpUnconfirmed, Journal

RowT = TypeVar("RowT", bound=Row)
PartT = TypeVar("PartT")

KEPT_ANSWER = 4000  # characters of an answer that go into the journal
QUICK_TRIES = 2  # of a read
QUICK_PAUSE = 0.2  # seconds between them
LONGEST_LIST = 1_000_000  # rows
LEASE_SHARE = 0.9  # of a claim may pass between two writes
WORTH_A_SECOND_TRY = {Kind.NOT_SENT, Kind.SERVER_ERROR, Kind.GARBLED, Kind.THROTTLED, Kind.NO_ANSWER}


class Client:
    """Speaks to one CMiC."""

    def __init__(self, caller: Caller) -> None:
        self._caller, self._timeouts, self._limiter = caller, caller.timeouts, caller.limiter
        self.host = caller.host

    def __repr__(self) -> str:
        return f"Client({self.host})"

    def close(self) -> None:
        """This function will close the connections."""
        self._caller.close()

    @property
    def server_time(self) -> str:
        """What the last answer said, as HTTP writes it."""
        return self._caller.server_time

    def clean(self, text: str) -> str:
        """This function will take our password out of a text."""
        return self._caller.clean(text)

    def anonymous(self, text: str) -> str:
        """This function will take our user and our password out of a text."""
        return self._caller.anonymous(text)

    @contextmanager
    def claimed(self, lease: float) -> Iterator[None]:
        """This function will let no read go on for so long that a claim of `lease` seconds, which each journaled write
        extends, would run out: the block ends with ErpUnavailable instead, and the next try goes on from there."""
        with self._caller.deadline.of_claim(LEASE_SHARE * lease):
            yield

    # Reads

    def rows(self, resource: Resource[RowT], where: str = "") -> list[RowT]:
        """This function will return every row that fits, each once, in a stable order.

        Reads again once when the pages moved. Raises ErpUnavailable when they still do, ErpMisconfigured.
        """
        return self.parts(resource, where, part=lambda row: row)

    def parts(self, resource: Resource[RowT], where: str, *, part: Callable[[RowT], PartT]) -> list[PartT]:
        """This function will do as `rows` and keep of each row a part alone, where a list is long."""
        first, total = self._all_pages(resource, where, part)
        if total is None or len(first) == total:
            return list(first.values())
        second, total = self._all_pages(resource, where, part)
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
        described = adf.read_description(self._read(adf.describe_path(root), {}))
        if not described:
            raise ErpMisconfigured(f"CMiC does not describe {root}; is the base URL right?")
        return described

    def _all_pages(
        self, resource: Resource[RowT], where: str, part: Callable[[RowT], PartT]
    ) -> tuple[dict[str, PartT], int | None]:
        """A part of all rows by their id, and how many there are (as many as came, where the server does not tell)."""
        found: dict[str, PartT] = {}
        offset, clean = 0, True
        while True:
            page = adf.read_page(
                self._read(resource.path, adf.page_query(resource, where=where, offset=offset))
            )
            if page is None:
                raise ErpUnavailable(f"The answer for {resource.label} is no list.")
            known = len(found)
            for item in page.items:
                row = self.parse(resource, item)
                clean = clean and row.id not in found
                found[row.id] = part(row)
            offset += len(page.items)
            if offset > LONGEST_LIST:
                raise ErpUnavailable(f"The list of {resource.label} is longer than any can be.")
            if not page.has_more or len(found) == known:
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
        """This function will read once and return the answer, whatever it is. Raises ErpUnavailable when locked out, or
        when the claim that this is read for would run out."""
        self._caller.stop_if_locked_out()
        if self._caller.deadline.is_up:
            raise ErpUnavailable("CMiC answers too slowly; the next try goes on from what is there.")
        with turn(self._limiter):
            return self._caller.send("GET", path, query=query, total=self._timeouts.read)

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
        ours: Callable[[RowT], bool] = lambda row: True,
    ) -> RowT | None:
        """This function will send one write, once, with the journal around it, and return the row it answers.

        An answer with a row that is not `ours` is no answer. Raises Rejected for a no, else the three other failures.
        What the journal raises before the request leaves goes through untouched, and nothing is sent.
        """
        path = f"{resource.path}/{quote(row_id, safe='')}" if row_id else resource.path
        text = adf.dumps(body) if body is not None else ""
        request_id = uuid.uuid4().hex
        with turn(self._limiter):
            journal.before(step=step, request_id=request_id, method=method, target=path, body=text)
            self._caller.deadline.renew()
            answer = self._caller.send(
                method,
                path,
                text=text,
                request_id=request_id,
                total=self._timeouts.write,
                on_row=bool(row_id),
            )
        row = None
        if answer.kind is Kind.OK and (method == "POST" or (method == "PATCH" and answer.status != 204)):
            row = self._answered_row(resource, answer, row_id=row_id)
            if row is None or not ours(row):
                said = f"{Kind.GARBLED.value} (HTTP {answer.status})"
                answer = Answer(Kind.GARBLED, said, answer.status, raw=answer.raw)
        meaning = answer.meaning(writes=True)
        kept = self.clean(answer.raw or answer.text)[:KEPT_ANSWER]
        journal.after(request_id=request_id, status=answer.status, answer=kept, outcome=meaning.value)
        if meaning is Meaning.DONE:
            return row
        raise self._failure(answer, meaning, step)

    def _answered_row(self, resource: Resource[RowT], answer: Answer, *, row_id: str) -> RowT | None:
        """The row of a good answer. An answer without the row is not trusted: it may be of a gateway."""
        try:
            row = resource.model.model_validate(answer.body)
        except ValidationError:
            return None
        return row if row_id in ("", row.id) else None

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
