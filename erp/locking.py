"""The outline every service follows: budget, batch, documents locked in this order, and one event at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pghistory
from django.db import IntegrityError, transaction

from budgets.models import Budget
from budgets.services import lock_row
from erp import holds
from erp.models import Batch, Document
from projects.models import Company
from workflow import events
from workflow.actions import ensure
from workflow.blockers import forget_facts


@contextmanager
def on_budget(budget: Budget, *, user: Any, now: datetime) -> Iterator[tuple[Budget, dict[str, Any]]]:
    """This function will open a transaction on the locked budget and yield it with the event to fill in.

    Afterwards it refreshes what the budget shows and records the event.
    """
    with transaction.atomic(), pghistory.context(user=user.pk if user else None):
        locked = lock_row(budget)
        event: dict[str, Any] = {"about": [locked, locked.project]}
        yield locked, event
        holds.refresh(locked, now=now)
        events.record(chain=locked.project.company_id, at=now, actor=user, **event)


@contextmanager
def told_by_rules(about: Any, action: str, user: Any) -> Iterator[None]:
    """This function will have the rules tell what the database refuses: somebody was faster since `ensure`.

    A right that was lent is taken back without a lock on what it is used for; the database looks once more as it is
    used. What no rule explains is raised as it was.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        forget_facts(about)
        budget = about if isinstance(about, Budget) else about.budget
        budget.project.company.__dict__.pop("_members", None)
        forget_facts(budget)
        ensure(about, action, user)
        raise


def lock_company(company: Company) -> Company:
    """This function will lock a company, so that its settings, rights and rules change one after the other.

    Without its key: a worker that tells of a posting holds the chain of events and inserts mails that name the company.
    """
    return Company.objects.select_for_update(no_key=True).get(pk=company.pk)


def lock_batch(batch: Batch, budget: Budget) -> Batch:
    """This function will lock a batch whose budget is locked already."""
    locked = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    locked.budget = budget
    return locked


def lock_documents(batch: Batch, *states: str) -> list[Document]:
    """This function will lock the documents of a locked batch that are in one of the states."""
    return list(
        batch.documents.select_for_update(of=("self",))
        .select_related("item")
        .filter(state__in=states)
        .order_by("pk")
    )
