"""Mails that could not be sent: who may have them tried again, and doing so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from erp import bell
from erp.mail import sending as mail_queue
from erp.models import Connection
from erp.rights import may_administer
from workflow import events
from workflow.actions import Action, ensure, register
from workflow.blockers import Found, Kind, blocker


@blocker("every_mail_goes_out", Kind.STATE)
def every_mail_goes_out(connection: Connection, user: Any) -> Found | None:
    """Nothing is tried again while no mail failed."""
    if not mail_queue.standing(connection.company).well:
        return None
    return Found("Every mail went out, or is about to for the first time.")


register(
    Action(
        name="retry_mails",
        model=Connection,
        label="Try the mails again",
        permission=may_administer,
        problems=(every_mail_goes_out,),
        tone="primary",
    ),
)


def retry_mails(connection: Connection, *, user: Any, now: datetime) -> int:
    """This function will let the company's mails that could not be sent be tried again now. Returns how many."""
    with transaction.atomic():
        row = (
            Connection.objects.select_for_update(of=("self",)).select_related("company").get(pk=connection.pk)
        )
        ensure(row, "retry_mails", user)
        count = mail_queue.try_again(row.company, now=now)
        events.record(
            chain=row.company_id,
            at=now,
            actor=user,
            action="retry_mails",
            about=[row],
            sentence=f"Had {count} mail{'' if count == 1 else 's'} tried again",
        )
        bell.ring("send_notices")
    return count
