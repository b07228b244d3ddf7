"""What the address of the budget page asks for: how lines are grouped, which are shown, which groups are open.

Everything a person does to the grid ends in its address, so that reload, the back button and a link show the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.http import QueryDict

from workflow.numbers import number

DIVISION, TYPE, JOB = "division", "type", "job"
GROUPINGS = {DIVISION: "By division", TYPE: "By cost type", JOB: "By sub job"}
CHANGED, WARNINGS, REMARKS, DIFFERS = "changed", "warnings", "remarks", "differs"
CHIPS = {
    CHANGED: "Changed since last send",
    WARNINGS: "With warnings",
    REMARKS: "With remarks",
    DIFFERS: "Differs from {erp}",
}
ALL, NONE = "all", "none"
SEPARATOR = "|"  # between the job and the division in a group's key


def key_of(job: str, code: str) -> str:
    """This function will name a group in addresses: `job|code`, without the job where the grid has no such level."""
    return f"{job}{SEPARATOR}{code}"


@dataclass(frozen=True)
class Look:
    """`expand` says what groups are while the address does not name them: all open, none, or empty for as it suits."""

    by: str = DIVISION
    words: str = ""
    chips: frozenset[str] = frozenset()
    expand: str = ""
    opened: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    start: int = 0  # the first row shown of a group too large to be shown whole
    line: int | None = None
    cell: str = ""
    kept: tuple[tuple[str, str], ...] = field(default=())  # what others put into the address

    @property
    def filters(self) -> bool:
        """Whether some lines may be left out."""
        return bool(self.words or self.chips)

    @property
    def by_job(self) -> bool:
        """Whether jobs are the outer level."""
        return self.by == JOB

    def query(self, **other: object) -> str:
        """The query of the address of this look, with some of it changed; empty for the plain page."""
        return urlencode(self._pairs(**other))

    def _pairs(self, **other: object) -> list[tuple[str, str]]:
        by = other.get("by", self.by)
        pairs = [*self.kept, ("by", by if by != DIVISION else ""), ("q", other.get("words", self.words))]
        pairs += [("show", chip) for chip in _ordered(other.get("chips", self.chips))]
        pairs += [("expand", other.get("expand", self.expand))]
        pairs += [("open", key) for key in sorted(_ordered(other.get("opened", self.opened)))]
        pairs += [("closed", key) for key in sorted(_ordered(other.get("closed", self.closed)))]
        start = other.get("start", self.start)
        return [(name, str(value)) for name, value in [*pairs, ("start", start or "")] if value]

    def toggled(self, chip: str) -> str:
        """The query with one filter switched on or off; groups open as it suits what is found."""
        return self.query(chips=self.chips ^ {chip}, **AFRESH)

    def grouped(self, by: str) -> str:
        """The query of the same lines under other headings."""
        return self.query(by=by, **AFRESH)

    @property
    def kept_by_search(self) -> list[tuple[str, str]]:
        """What a form that searches sends along, by name."""
        return replace(self, words="")._pairs(**AFRESH)

    @property
    def everything(self) -> str:
        """The query without search and filters."""
        return self.query(words="", chips=(), **AFRESH)

    @property
    def back(self) -> str:
        """The query of the page that a print was made from, with groups open as it suits."""
        return self.query(**AFRESH)

    def opening(self, key: str, *, start: int = 0) -> str:
        """The query with one group open."""
        return self.query(opened=self.opened | {key}, closed=self.closed - {key}, start=start)

    def closing(self, key: str) -> str:
        """The query with one group closed."""
        return self.query(opened=self.opened - {key}, closed=self.closed | {key}, start=0)


AFRESH: dict[str, object] = {"expand": "", "opened": (), "closed": (), "start": 0}
OURS = {"by", "q", "show", "expand", "open", "closed", "start", "line", "cell"}
FOR_FRAGMENTS = {"division", "type", "job", "fresh", "gone"}
LONGEST = 200  # characters of a search


def _ordered(chips: object) -> list[str]:
    return sorted(chips) if isinstance(chips, Iterable) else []


def of(query: QueryDict) -> Look:
    """This function will read an address; what it does not understand it leaves out."""
    by, expand, start, line = (query.get(name, "") for name in ("by", "expand", "start", "line"))
    return Look(
        by=by if by in GROUPINGS else DIVISION,
        words=" ".join(query.get("q", "").split())[:LONGEST],
        chips=frozenset(query.getlist("show")) & frozenset(CHIPS),
        expand=expand if expand in (ALL, NONE) else "",
        opened=frozenset(query.getlist("open")),
        closed=frozenset(query.getlist("closed")),
        start=number(start) or 0,
        line=number(line),
        cell=query.get("cell", ""),
        kept=tuple(
            (name, value)
            for name, values in query.lists()
            if name not in OURS | FOR_FRAGMENTS
            for value in values
        ),
    )
