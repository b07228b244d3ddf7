"""Costs to date: kept by the sync as the ERP tells them, and shown on the lines they belong to.

The ERP counts by its own codes. Where several of our lines are one budget code there, nobody can say which of them the
money went to: such costs are on none of them, but in the total, and named as not placed. So are costs on codes that
have no line here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from budgets.models import Budget
from erp.backends import backend
from erp.documents import ZERO
from erp.line_codes import ERP_CODES
from erp.models import Connection, ErpJob
from erp.port import ErpKey, JobCosts
from erp.snapshots import erp_connection
from erp.sync.cost_models import ErpCost
from erp.sync.mirroring import Changes, Watch, keep_mark, latest, mark
from workflow.blockers import once_per_object

WORDS = "costs"

# -- the sync ----------------------------------------------------------------------------------------------


def read_costs(
    connection: Connection, *, now: datetime, whole: bool, watched: Watch = iter
) -> tuple[list[str], Changes]:
    """This function will read what was spent on the linked jobs: the jobs that were told, and those that changed.

    One job after the other, each stored in a transaction of its own. Jobs that the ERP leaves out keep what was last
    told, with its time.
    """
    jobs = ErpJob.objects.filter(connection=connection, link__isnull=False).order_by("code")
    known = dict(jobs.values_list("code", "costs_read_at"))
    since = None if whole else mark(connection, WORDS)
    old = [code for code, read_at in known.items() if since and read_at]
    new = [code for code in known if code not in old]
    erp, changes, moments = backend(connection.alias), Changes(), []
    told: list[str] = []
    for codes, changed_since in ((new, None), (old, since)):
        for costs in watched(erp.costs(connection.erp, codes, changed_since=changed_since)) if codes else ():
            sums = _keep(connection, costs, now=now)
            if sums is not None:
                changes.changed.append(costs.job)
                changes.fields[costs.job] = {"costs to date": sums}
            told.append(costs.job)
            moments.append(costs)
    # The jobs read afresh came first: what was posted on the others meanwhile comes after this mark.
    keep_mark(connection, WORDS, latest(moments, before=since, now=now))
    return told, changes


def _keep(connection: Connection, costs: JobCosts, *, now: datetime) -> tuple[str, str] | None:
    """Put what was told in the place of what was known: the sums before and after, None where nothing is new."""
    with transaction.atomic():
        Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)  # one sync stores at a time
        ErpJob.objects.filter(connection=connection, code=costs.job).update(costs_read_at=now)
        if costs.rows is None:
            return None
        mine = ErpCost.objects.filter(connection=connection, job_code=costs.job)
        held = {
            (c, t): (a, day)
            for c, t, a, day in mine.values_list("cost_code", "cost_type", "amount", "posted_to")
        }
        came = {(r.key.cost_code, r.key.cost_type): (r.amount, r.posted_to) for r in costs.rows}
        if held == came:
            return None
        mine.delete()
        ErpCost.objects.bulk_create(
            (
                ErpCost(
                    connection=connection,
                    job_code=costs.job,
                    cost_code=code,
                    cost_type=kind,
                    amount=amount,
                    posted_to=day,
                )
                for (code, kind), (amount, day) in came.items()
            ),
            batch_size=2000,
        )
    before, after = (sum((amount for amount, _ in rows.values()), ZERO) for rows in (held, came))
    return f"{before:,.2f}", f"{after:,.2f}"


def forget_costs(connection: Connection) -> None:
    """This function will drop what another ERP told, when a company is moved."""
    ErpCost.objects.filter(connection=connection).delete()
    ErpJob.objects.filter(connection=connection).update(costs_read_at=None)


# -- on a budget -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unplaced:
    """Costs on a budget code of the ERP that is no line of ours alone; company currency."""

    key: ErpKey
    amount: Decimal
    lines: int  # of ours that are this code there: 0, or several


@dataclass(frozen=True)
class BudgetCosts:
    """What was spent on a budget to date, company currency.

    `on_lines` holds every line whose costs are known, 0.00 included; `read_at` is when the job read longest ago was
    read, None while nothing is known. `total` is all of it: what is on lines and what is not placed.
    """

    on_lines: dict[int, Decimal] = field(default_factory=dict)
    unplaced: tuple[Unplaced, ...] = ()
    read_at: datetime | None = None

    @property
    def total(self) -> Decimal:
        """All that was spent."""
        return sum(self.on_lines.values(), ZERO) + sum((one.amount for one in self.unplaced), ZERO)


@once_per_object
def costs_of(budget: Budget) -> BudgetCosts:
    """This function will find what was spent on each line of a budget, as the last sync was told."""
    connection = erp_connection(budget)
    if connection is None:
        return BudgetCosts()
    jobs = ErpJob.objects.filter(
        connection=connection, link__job__project=budget.project_id, costs_read_at__isnull=False
    )
    read = dict(jobs.values_list("code", "costs_read_at"))
    if not read:
        return BudgetCosts()
    spent = {
        ErpKey(job, code, kind): amount
        for job, code, kind, amount in ErpCost.objects.filter(
            connection=connection, job_code__in=read
        ).values_list("job_code", "cost_code", "cost_type", "amount")
    }
    lines: dict[ErpKey, list[int]] = defaultdict(list)
    for pk, *codes in budget.lines.values_list("pk", *ERP_CODES):
        if all(codes) and codes[0] in read:
            lines[ErpKey(*codes)].append(pk)
    alone = {key: pks[0] for key, pks in lines.items() if len(pks) == 1}
    return BudgetCosts(
        on_lines={pk: spent.get(key, ZERO) for key, pk in alone.items()},
        unplaced=tuple(
            Unplaced(key, amount, len(lines[key]))
            for key, amount in sorted(spent.items())
            if key not in alone and amount
        ),
        read_at=min(moment for moment in read.values() if moment is not None),
    )
