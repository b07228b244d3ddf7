"""What the reconciliation pages of a project show: words, chips, rows and what to do about each cause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone

from budgets import links
from budgets.models import Budget
from erp.compare import pages as compare_pages
from erp.documents import ZERO
from erp.models import OPEN, Confirmation, DriftDecision, DriftKind
from erp.port import ErpKey
from erp.posting.confirmation_models import OPEN_WORDS
from erp.reconciliation import drift_blockers
from erp.reconciliation.balance import Balance, Row
from erp.reconciliation.balance_facts import TO_DECIDE, Cause
from erp.reconciliation.balance_reads import balance_of, decided_sums
from erp.reconciliation.cause_words import CAUSES, words_of
from erp.reconciliation.comparing import sighted
from erp.reconciliation.drift_reads import last_decisions, to_send
from erp.snapshots import erp_connection
from erp.words import erp_name
from projects import permissions

OLD = timedelta(hours=2)  # posted budgets are read every hour
MOST_ROWS = 500  # on one page; the file holds all
DIFFERENCES, ALL, DECIDE, OWN = "", "all", "decide", "own"


@dataclass(frozen=True)
class ShownPart:
    """So much of a row's difference, in words, and what to do about it."""

    cause: str
    words: str
    why: str
    tone: str
    amount: Decimal
    link: str = ""
    label: str = ""


@dataclass(frozen=True)
class ShownRow:
    """One budget code as it is shown; `old` and `new` where somebody changed it in the ERP, `since` when seen."""

    row: Row
    parts: list[ShownPart]
    since: datetime | None
    decision: DriftDecision | None
    value: str  # names the row in a form
    decided: Decimal = ZERO  # what of the posted counts so because it was taken or kept, not by a document

    @property
    def old(self) -> Decimal:
        """What the ERP should hold by what was posted."""
        return self.row.in_erp - self.row.moved

    @property
    def decidable(self) -> bool:
        """Whether somebody may say which value holds, also once more."""
        return bool(self.row.moved and self.row.lines)


@dataclass(frozen=True)
class Chip:
    """One choice of rows."""

    words: str
    count: int
    query: str
    chosen: bool


def context(budget: Budget, *, user: Any, show: str, desk: bool) -> dict[str, Any]:
    """This function will gather what a project's reconciliation shows; `desk` leads to the approvers' pages."""
    erp = erp_name(erp_connection(budget))
    sees = permissions.visible_projects(user).filter(pk=budget.project_id).exists()
    reading, balance = balance_of(budget)
    rows = list(shown_rows(budget, balance, desk=desk, sees=sees))
    chosen = [shown for shown in rows if _chosen(shown.row, show)]
    known = compare_pages.reading_of(budget)
    age = timezone.now() - reading.made_at if reading and reading.made_at else None
    return {
        **known,
        "balance": balance,
        "rows": chosen[:MOST_ROWS],
        "left_out": max(len(chosen) - MOST_ROWS, 0),
        "chips": list(_chips(balance, show, erp)),
        "steps": [(words_of(cause, erp).short, sum_) for cause, sum_ in balance.causes.items()],
        "sees": sees,
        "reading_old": age is not None and age > OLD,
        "to_send": to_send(budget),
        "decisions": list(
            DriftDecision.objects.filter(budget=budget).select_related(
                "by", "on_behalf_of", "taken", "correction"
            )[:50]
        ),
        "show": show,
        "for_desk": desk,
        "waits": [shown for shown in rows if shown.row.to_decide],
    }


def shown_rows(budget: Budget, balance: Balance, *, desk: bool, sees: bool = True) -> Iterator[ShownRow]:
    """This function will tell each budget code's causes and what to do about them.

    Without `sees` nothing leads to the budget's own pages.
    """
    since, decided, moved = sighted(budget), last_decisions(budget), decided_sums(budget)
    places = _Places(budget, desk=desk, sees=sees)
    for row in balance.rows:
        seen = since.get(row.key) if isinstance(row.key, ErpKey) and row.to_decide else None
        yield ShownRow(
            row,
            [places.part(part.cause, part.amount) for part in row.parts],
            seen.seen_at if seen else None,
            decided.get(row.key),
            _value(row),
            moved.get(row.key, ZERO),
        )


def _value(row: Row) -> str:
    if not isinstance(row.key, ErpKey):
        return ""
    return "|".join((row.key.job, row.key.cost_code, row.key.cost_type, f"{row.in_erp:.2f}"))


def _chosen(row: Row, show: str) -> bool:
    if show == ALL:
        return True
    if show == DECIDE:
        return row.to_decide
    if show in CAUSES.keys() - {Cause.ONLY_THERE}:
        return any(part.cause == show for part in row.parts)
    return row.own_affair if show == OWN else bool(row.parts) and not row.own_affair


def _chips(balance: Balance, show: str, erp: str) -> Iterator[Chip]:
    def chip(words: str, count: int, value: str) -> Chip:
        return Chip(words, count, f"?show={value}" if value else "?", show == value)

    yield chip("Differences", len(balance.differing), DIFFERENCES)
    if balance.to_decide:
        yield chip("To decide", len(balance.to_decide), DECIDE)
    for cause, sum_ in balance.causes.items():
        if cause is not Cause.ONLY_THERE:
            words = words_of(cause, erp).short
            yield chip(words[:1].upper() + words[1:], sum_.count, cause)
    if balance.own_affairs:
        yield chip(f"Only in {erp}", len(balance.own_affairs), OWN)
    yield chip("All codes", len(balance.rows), ALL)


AT_THE_BATCH = {
    Cause.WAITING: "Decide on the batch",
    Cause.NOT_POSTED: "Check or confirm the posting",
    Cause.REFUSED: "See what was refused",
}


class _Places:
    """Where a cause is dealt with: the one place, for the budget at hand."""

    def __init__(self, budget: Budget, *, desk: bool, sees: bool) -> None:
        self._budget, self._desk, self._sees = budget, desk, sees
        self._erp = erp_name(erp_connection(budget))
        batch = budget.batches.filter(state__in=OPEN).first()
        self._batch = batch
        self._in_desk = reverse("admin:erp_batch_change", args=[batch.pk]) if batch and desk else ""

    def part(self, cause: Cause, amount: Decimal) -> ShownPart:
        """One cause of a row in words, with the way to its place."""
        told = words_of(cause, self._erp)
        link, label = self._place(cause)
        return ShownPart(cause.value, told.short, told.long, told.tone, amount, link, label)

    def _place(self, cause: Cause) -> tuple[str, str]:
        project = self._budget.project_id
        if cause in TO_DECIDE or cause is Cause.ACCEPTED:
            return ("#decide", "Decide") if self._desk else ("", "")
        if cause in (Cause.NOT_SENT, Cause.NEVER_SENT, Cause.KEPT):
            return self._ours(reverse("budgets:preview", args=[project]), "See what would be sent")
        if cause is Cause.UNMAPPED:
            return self._ours(links.page(self._budget, "actions"), "See what to do before sending")
        if cause is Cause.BY_HAND:
            return self._word()
        if cause is Cause.ONLY_THERE or self._batch is None:
            return "", ""
        address = self._in_desk or reverse("budgets:batch", args=[project, self._batch.number])
        fallback = f"Batch {self._batch.number}"
        return address, AT_THE_BATCH.get(cause, fallback) if self._desk else fallback

    def _word(self) -> tuple[str, str]:
        """The batch that somebody confirmed by hand."""
        words = Confirmation.objects.filter(document__batch__budget=self._budget, state__in=OPEN_WORDS)
        word = words.select_related("document__batch").order_by("-pk").first()
        if word is None:
            return "", ""
        batch = word.document.batch
        ours = reverse("budgets:batch", args=[self._budget.project_id, batch.number])
        link = reverse("admin:erp_batch_change", args=[batch.pk]) if self._desk else ours
        return link, f"Batch {batch.number}"

    def _ours(self, link: str, label: str) -> tuple[str, str]:
        """A place on the budget's own pages, for those who see them."""
        return (link, label) if self._sees else ("", "")


KINDS = (
    (
        DriftKind.TAKE,
        "Take {erp}’s amount",
        "Our budget follows by a modification that counts as posted. Nothing of it is sent.",
    ),
    (
        DriftKind.KEEP,
        "Keep ours and send",
        "Our budget stays. The difference goes with the next send, and another approver accepts it.",
    ),
    (
        DriftKind.ACCEPT,
        "Accept the difference, with a note",
        "Neither side changes. It stays silent until {erp}’s amount changes again.",
    ),
)


def kinds(budget: Budget, user: Any) -> list[tuple[str, str, str, str]]:
    """This function will tell the three decisions, what follows from each, and why this person may not take one."""
    erp, told = erp_name(erp_connection(budget)), []
    for kind, words, after in KINDS:
        stop, limit = drift_blockers.words_for(budget, user, kind)
        after = " ".join(filter(None, (after.format(erp=erp), limit)))
        told.append((kind.value, words.format(erp=erp), after, stop))
    return told


HEADER = ("Job", "Cost code", "Cost type", "Code here", "Description", "Ours", "Posted", "On its way")


def file_header(erp: str) -> tuple[str, ...]:
    """This function will name the columns of the file."""
    return (*HEADER, f"Original in {erp}", f"Current in {erp}", "Difference", "Causes", "Decided")


def file_rows(shown: list[ShownRow], balance: Balance) -> Iterator[tuple[str | Decimal | None, ...]]:
    """This function will write every budget code as a row of a file, and the totals last."""
    for one in shown:
        row = one.row
        key = (
            (row.key.job, row.key.cost_code, row.key.cost_type) if isinstance(row.key, ErpKey) else ("",) * 3
        )
        yield (
            *key,
            "; ".join(line.code for line in row.lines),
            row.description,
            row.ours,
            row.posted_here,
            row.on_its_way,
            row.held.original if row.held else None,
            row.held.current if row.held else None,
            row.difference,
            "; ".join(f"{part.words} {part.amount:.2f}" for part in one.parts),
            one.decision.get_kind_display() if one.decision else "",
        )
    total: tuple[str | Decimal | None, ...] = ("Total", "", "", "", "", balance.ours, None, None, None)
    yield (*total, balance.in_erp, balance.difference, "", "")
