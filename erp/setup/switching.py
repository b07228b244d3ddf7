"""Moving a company to another ERP of the settings: what must be settled before, and what is forgotten by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from budgets.errors import InvalidInput
from budgets.models import Budget
from budgets.services import lock_row
from erp import holds
from erp.backends import backend
from erp.models import (
    Batch,
    BatchState,
    Circuit,
    Connection,
    CostTypeLink,
    Document,
    DocumentState,
    ErpReading,
    ReadingState,
)
from erp.rights import may_administer
from erp.sync import readings
from erp.sync.costs import forget_costs
from erp.words import erp_name
from workflow import events
from workflow.actions import Action, ensure, register
from workflow.blockers import Found, Kind, blocker
from workflow.people import name_of

UNDER_WAY = (BatchState.ACCEPTED, BatchState.EXPORTED)
NAMED = 3  # batches named before "and n more"


@dataclass(frozen=True)
class Choice:
    """An ERP of the settings that a company could be moved to."""

    alias: str
    name: str


def choices(connection: Connection) -> list[Choice]:
    """This function will list the configured ERPs apart from the present one, by name."""
    others = [alias for alias in settings.ERP_BACKENDS if alias != connection.alias]
    return sorted((Choice(alias, backend(alias).name) for alias in others), key=lambda choice: choice.name)


@blocker("no_other_erp", Kind.STATE)
def no_other_erp(connection: Connection, user: Any) -> Found | None:
    """The settings name no second ERP."""
    if choices(connection):
        return None
    return Found(
        "No other ERP is configured. Whoever runs Tieback can add one, for example accounting by files with "
        "FILE_ERP_FOLDER."
    )


@blocker("erp_has_documents", Kind.STATE)
def erp_has_documents(connection: Connection, user: Any) -> Found | None:
    """A document that is under way was or will be written in the present ERP, and is looked for there."""
    rows = Batch.objects.filter(budget__project__company=connection.company_id, state__in=UNDER_WAY)
    batches = list(rows.select_related("budget__project").order_by("sent_at", "pk"))
    if not batches:
        return None
    named = ", ".join(f"batch {batch.number} of {batch.budget.project}" for batch in batches[:NAMED])
    more = f" and {len(batches) - NAMED} more" if len(batches) > NAMED else ""
    return Found(
        f"Under way in {erp_name(connection)}: {named}{more}. Wait until they are posted, confirm them by hand, "
        "or return them to the PM.",
        since=batches[0].sent_at,
    )


register(
    Action(
        name="switch_erp",
        model=Connection,
        label="Move to this ERP",
        permission=may_administer,
        problems=(no_other_erp, erp_has_documents),
        tone="danger",
    )
)


def switch_erp(
    connection: Connection, *, user: Any, now: datetime, alias: str, erp_company: str
) -> Connection:
    """This function will move a company to another ERP of the settings, under its company code there.

    The connection stays stopped until it was verified, and everything read before counts no more: jobs, codes and what
    the ERP holds are read anew, matches of cost types are made and confirmed anew. Codes that both ERPs have keep their
    links. Documents confirmed by hand are no longer asked about: the ERP that could tell is not asked any more.
    Raises InvalidInput.
    """
    with transaction.atomic():
        rows = Connection.objects.select_for_update(of=("self",)).select_related("company")
        row = rows.get(pk=connection.pk)
        ensure(row, "switch_erp", user)
        _refuse_unfit(row, alias, erp_company)
        before, old = row.alias, erp_name(row)
        matches = _drop_matches(row)
        row.alias, row.erp_company, row.options = alias, erp_company, {}
        row.verified_at = row.synced_at = row.read_whole_at = row.last_contact_at = None
        row.read_marks, row.read_jobs = {}, []
        forget_costs(row)
        row.stopped_at = row.moved_at = now
        row.stopped_because = (
            f"{name_of(user)} moved the company here from {old}: verify it, then read everything."
        )
        row.save()
        _fail_readings(row, old)
        Circuit.objects.filter(
            connection=row
        ).delete()  # how the ERP before answered says nothing of this one
        given = _stop_watching(row, old)
        events.record(
            chain=row.company_id,
            at=now,
            actor=user,
            action="switch_erp",
            about=[row],
            sentence=f"Moved the company from {old} to {erp_name(row)}",
            data={
                "alias": {"old": before, "new": alias},
                "erp_company": erp_company,
                "matches": matches,
                "unwatched": given,
            },
        )
    for budget in Budget.objects.filter(project__company=row.company_id).exclude(hold=""):
        with transaction.atomic():  # what people read there names the ERP
            locked = lock_row(budget)
            if Batch.objects.filter(budget=locked, state=BatchState.WAITING).exists():
                readings.ask(locked, now=now)
            holds.refresh(locked, now=now)
    return row


def _refuse_unfit(row: Connection, alias: str, erp_company: str) -> None:
    if alias not in [choice.alias for choice in choices(row)]:
        raise InvalidInput({"alias": "Choose one of the other ERPs."})
    longest = Connection._meta.get_field("erp_company").max_length or 0
    if not 0 < len(erp_company) <= longest:
        raise InvalidInput({"erp_company": f"Write the company's code there, at most {longest} characters."})
    taken = Connection.objects.filter(alias=alias, erp_company=erp_company).exclude(pk=row.pk).first()
    if taken is not None:
        raise InvalidInput({"erp_company": f"{taken.company} is connected to {erp_company} there already."})


def _drop_matches(row: Connection) -> dict[str, str]:
    """Forget which cost type is which there: the same letter may mean something else. Returns what was matched."""
    links = CostTypeLink.objects.filter(erp_cost_type__connection=row)
    told = dict(links.values_list("cost_type__code", "erp_cost_type__code"))
    links.delete()
    return told


def _fail_readings(row: Connection, old: str) -> None:
    """A reading that is being made right now is one of the ERP before."""
    asked = ErpReading.objects.filter(budget__project__company=row.company_id, state=ReadingState.ASKED)
    asked.update(state=ReadingState.FAILED, error=f"the company was moved away from {old} meanwhile.")


def _stop_watching(row: Connection, old: str) -> int:
    """The new ERP never saw what was confirmed by hand: asked, it would call each word disproved. Returns how many."""
    watched = Document.objects.filter(
        batch__budget__project__company=row.company_id, state=DocumentState.POSTED, poll_at__isnull=False
    )
    return watched.update(poll_at=None, unanswered=f"The company was moved away from {old}; nobody asks it.")
