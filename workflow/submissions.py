"""The same form sent twice has one effect and gets the same answer."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from workflow.models import Submission

FIELD = "submission"
KEPT = timedelta(days=30)  # far longer than a form stays open in a browser


def new_id() -> str:
    """This function will mint the id a form carries in its hidden `submission` field."""
    return str(uuid.uuid4())


def once(request: Any, act: Callable[[], HttpResponse]) -> HttpResponse:
    """This function will run `act` the first time this form arrives, and repeat its redirect and messages afterwards.

    The submission's row is inserted in the same transaction as the effect: a second copy waits for the first and then
    gets its answer; an effect that was rolled back leaves no trace, so that the person may try again. Answers that are
    no redirect (a form shown again with errors) are not kept.
    """
    key = _key(request)
    if key is None:
        return act()
    with transaction.atomic():
        mine = Submission(id=key, user=request.user)
        Submission.objects.bulk_create([mine], ignore_conflicts=True)
        stored = Submission.objects.select_for_update().filter(id=key, user=request.user).first()
        if stored is None or stored.location:
            return _repeat(request, stored)
        response = act()
        if isinstance(response, HttpResponseRedirect) and not transaction.get_rollback():
            stored.location = response.url
            stored.messages = [[m.level, str(m.message)] for m in messages.get_messages(request)]
            _keep_messages(request)
            stored.save(update_fields=["location", "messages"])
        else:
            stored.delete()
        return response


def forget_old(*, now: datetime) -> int:
    """This function will delete the answers to forms that were sent 30 days ago or earlier. Returns how many."""
    return Submission.objects.filter(at__lte=now - KEPT).delete()[0]


def _keep_messages(request: Any) -> None:
    """Reading messages marks them as shown; these still have to be."""
    storage: Any = messages.get_messages(request)
    storage.used = False


def _key(request: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.POST.get(FIELD, ""))
    except ValueError:
        return None


def _repeat(request: Any, stored: Submission | None) -> HttpResponse:
    if stored is None:  # somebody else's id: never show them this person's answer
        return render(request, "409.html", status=409)
    for level, text in stored.messages:
        messages.add_message(request, level, text)
    return HttpResponseRedirect(stored.location)
