"""What `balance.py` lays out, read for many budgets at once in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, Sum

from budgets.models import Budget, BudgetLine, ModificationLine, ModificationState
from erp.documents import ZERO
from erp.line_codes import ERP_CODES
from erp.models import (
    BatchLine,
    Confirmation,
    Connection,
    Document,
    DocumentState,
    DriftDecision,
    DriftKind,
    ErpReading,
    ReadingState,
)
from erp.port import ErpKey
from erp.posting.confirmation_models import OPEN_WORDS
from erp.reconciliation.balance import Balance, lay_out
from erp.reconciliation.balance_facts import Facts, Held, Key, OurLine
from erp.reconciliation.sent import Sent, sent_of
from erp.reset.link_epochs import jobs_now, past_ones, past_rows

COLUMNS = (
    *("pk", "budget_id", "amount", "job__code", "cost_code__code", "cost_code_text"),
    *("cost_type__code", "cost_type_text", "description", *ERP_CODES),
)


def balances(budgets: Sequence[Budget]) -> dict[int, tuple[ErpReading | None, Balance]]:
    """This function will lay out many budgets beside their newest readings, by budget id."""
    ids = [budget.pk for budget in budgets]
    readings, lines = newest_readings(budgets), _lines(ids)
    mapped = {pk: key for rows in lines.values() for pk, key, *_ in rows}
    sent, (moved, accepted) = sent_of(ids, mapped), _decided(ids)
    otherwise, changes, corrections = _posted_otherwise(ids), _changes(ids), _corrections(ids)
    words = _by_hand(ids, mapped)
    found = {}
    for budget in ids:
        was = sent[budget]
        decided, held = moved[budget], held_by(readings.get(budget))
        facts = Facts(
            lines=[
                OurLine(
                    pk, was.homes.get(pk) or key, code, words, amount + changes.get(pk, ZERO),
                    corrections.get(pk, ZERO),
                )
                for pk, key, code, words, amount in lines[budget]
            ],
            held=held,
            posted=was.posted(decided, held, _keys(lines[budget], was)),
            bases=was.bases,
            taken=decided,
            on_its_way=was.way,
            posted_otherwise={key: sum_ for key, sum_ in otherwise[budget].items() if key not in decided},
            by_hand=words[budget],
            accepted=accepted[budget],
            sent=was.seen,
        )  # fmt: skip
        found[budget] = (readings.get(budget), lay_out(facts))
    return found


def balance_of(budget: Budget) -> tuple[ErpReading | None, Balance]:
    """This function will lay out one budget beside its newest reading."""
    return balances([budget])[budget.pk]


def account_of(budget: Budget, reading: ErpReading) -> Facts:
    """This function will gather what a reading holds, and what should stand there by what was posted and decided.

    Where originals are measured against the ERP's own, those are the reading's.
    """
    ids, held = [budget.pk], held_by(reading)
    posted = BatchLine.objects.filter(item__document__state=DocumentState.POSTED)
    was, (moved, accepted) = sent_of(ids, {}, posted)[budget.pk], _decided(ids)
    decided = moved[budget.pk]
    return Facts(
        held=held,
        posted=was.posted(decided, held, _ours(budget, was)),
        taken=decided,
        by_hand=_by_hand(ids, {})[budget.pk],
        accepted=accepted[budget.pk],
    )


def _ours(budget: Budget, was: Sent) -> list[Key]:
    """The codes of a budget's lines, read only where they are asked for."""
    return _keys(_lines([budget.pk])[budget.pk], was) if was.measures else []


def _keys(lines: Iterable[tuple[int, Key, str, str, Decimal]], was: Sent) -> list[Key]:
    return [was.homes.get(pk) or key for pk, key, *_ in lines]


def decided_sums(budget: Budget) -> dict[Key, Decimal]:
    """This function will sum what counts as posted because it was taken or kept, by the ERP's codes."""
    return _decided([budget.pk])[0][budget.pk]


def accepted_differences(budget: Budget) -> dict[Key, Decimal]:
    """This function will find the differences that an approver left as they are, by budget code."""
    return _decided([budget.pk])[1][budget.pk]


def newest_readings(budgets: Iterable[Budget]) -> dict[int, ErpReading]:
    """This function will find the newest reading of each budget's present ERP, by budget id."""
    companies = {budget.pk: budget.project.company_id for budget in budgets}
    moved = dict(
        Connection.objects.filter(company__in=set(companies.values())).values_list("company_id", "moved_at")
    )
    rows = ErpReading.objects.filter(budget__in=companies, state=ReadingState.MADE)
    newest = rows.order_by("budget_id", "-pk").distinct("budget_id")
    cut = {budget: epoch.since for budget, epoch in past_ones(list(companies)).items()}
    return {
        row.budget_id: row
        for row in newest
        if _after(row, cut.get(row.budget_id))
        and (
            not (at := moved.get(companies[row.budget_id])) or (row.made_at is not None and row.made_at > at)
        )
    }


def _after(reading: ErpReading, cut: datetime | None) -> bool:
    """Whether a reading is of the link of now."""
    return cut is None or (reading.made_at is not None and reading.made_at > cut)


def held_by(reading: ErpReading | None) -> dict[ErpKey, Held]:
    """This function will take what the ERP holds on each budget code out of a reading."""
    rows = reading.rows if reading else []
    return {ErpKey(row[0], row[1], row[2]): Held(row[3], Decimal(row[4]), Decimal(row[5])) for row in rows}


def _lines(ids: Collection[int]) -> dict[int, list[tuple[int, Key, str, str, Decimal]]]:
    """Each line's id, key as mapped now (its id where it is not), code, description and original, by budget."""
    found: dict[int, list[tuple[int, Key, str, str, Decimal]]] = {budget: [] for budget in ids}
    rows = BudgetLine.objects.filter(budget__in=ids).order_by("pk").values_list(*COLUMNS)
    for pk, budget, amount, job, code, code_text, kind, kind_text, words, *theirs in rows:
        key: Key = pk if None in theirs else ErpKey(*theirs)
        written = f"{job} {code or code_text} {kind or kind_text}".strip()
        found[budget].append((pk, key, written, words, amount))
    return found


def _changes(ids: Collection[int]) -> dict[int, Decimal]:
    """What the effective modifications make of each line, by line."""
    rows = ModificationLine.objects.filter(
        modification__budget__in=ids, modification__state=ModificationState.EFFECTIVE
    )
    return dict(rows.order_by().values_list("line").annotate(sum=Sum("amount")))


def _corrections(ids: Collection[int]) -> dict[int, Decimal]:
    """What keeps ours and was not sent yet, by line."""
    kept = DriftDecision.objects.filter(budget__in=ids, kind=DriftKind.KEEP).values("correction")
    rows = ModificationLine.objects.filter(
        modification__in=kept,
        modification__state=ModificationState.EFFECTIVE,
        modification__in_batch=False,
        modification__was_posted=False,
    )
    return dict(rows.order_by().values_list("line").annotate(sum=Sum("amount")))


Sums = dict[int, dict[Key, Decimal]]


def _decided(ids: Collection[int]) -> tuple[Sums, Sums]:
    """By budget and code: how far decisions moved what counts as posted; and the differences left as they are.

    A difference is left as it is by the newest word on it; whatever was taken or kept since ends that.
    """
    moved: Sums = {budget: defaultdict(lambda: ZERO) for budget in ids}
    accepted: Sums = {budget: {} for budget in ids}
    jobs = {budget: jobs_now(budget) for budget in past_ones(ids)}
    for one in DriftDecision.objects.filter(budget__in=ids).order_by("pk"):
        if one.budget_id in jobs and one.erp_job not in jobs[one.budget_id]:
            continue  # decided of a job that the project is linked to no more
        if one.kind == DriftKind.ACCEPT:
            accepted[one.budget_id][one.key] = one.difference
        else:
            moved[one.budget_id][one.key] += one.difference
            accepted[one.budget_id].pop(one.key, None)
    return moved, accepted


def _by_hand(ids: Collection[int], mapped: Mapping[int, Key]) -> Sums:
    """What was confirmed by hand and not seen posted, by budget and code, but for what was seen posted otherwise."""
    found: Sums = {budget: defaultdict(lambda: ZERO) for budget in ids}
    words = Confirmation.objects.filter(state__in=OPEN_WORDS, differs=[]).values("document")
    rows = BatchLine.objects.filter(item__batch__budget__in=ids, item__document__in=words)
    epochs = past_ones(ids)
    if epochs:
        rows = rows.exclude(past_rows(epochs, batch="item__batch", document="item__document"))
    columns = ("item__batch__budget_id", "line_id", "delta", "erp_job", "erp_cost_code", "erp_cost_type")
    for budget, line, delta, *theirs in rows.values_list(*columns):
        key: Key = ErpKey(*theirs) if theirs[1] else mapped.get(line, line)
        found[budget][key] += delta
    return found


def _posted_otherwise(ids: Collection[int]) -> Sums:
    """What accountants posted more than was sent, by budget and code; also where somebody had confirmed it by hand."""
    found: Sums = {budget: defaultdict(lambda: ZERO) for budget in ids}
    documents = Document.objects.filter(batch__budget__in=ids, state=DocumentState.POSTED)
    epochs = past_ones(ids)
    if epochs:
        documents = documents.exclude(past_rows(epochs, batch="batch", document="pk"))
    for source in ("differs", "by_hand__differs"):
        rows = documents.exclude(Q(**{source: []})).exclude(Q(**{f"{source}__isnull": True}))
        for budget, differs in rows.values_list("batch__budget_id", source):
            for one in differs:
                key = ErpKey(one["job"], one["cost_code"], one["cost_type"])
                found[budget][key] += Decimal(one["found"]) - Decimal(one["sent"])
    return found
