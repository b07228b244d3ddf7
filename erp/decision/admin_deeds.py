"""What each button of a batch's page does: the service, what it takes from the form, what is said afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from erp.approval import route_words, routes, stepping
from erp.decision import deciding
from erp.delivery import aftercare, verdicts
from erp.models import Batch, BatchState
from erp.posting import confirmations
from workflow.numbers import number


@dataclass(frozen=True)
class Deed:
    """What one button does with the form's values, and what is said afterwards; `asks` opens a page first."""

    service: Callable[..., Any]
    done: str | Callable[[Any], str]  # what is said, or how to say it of what the service answered
    takes: Callable[[HttpRequest], dict[str, Any]] = lambda request: {}
    asks: str = ""
    hint: str = ""


def _accepted(request: HttpRequest) -> dict[str, Any]:
    return {
        "reading_hash": request.POST.get("reading_hash", ""),
        "password": request.POST.get("password", ""),
    }


def _rejected(request: HttpRequest) -> dict[str, Any]:
    return {
        "reason_code": request.POST.get("reason_code", ""),
        "reason": request.POST.get("reason", ""),
        "remarks": remarks(request),
    }


def remarks(request: HttpRequest) -> dict[int, str]:
    """This function will read the remarks typed beside lines; those on one line of several documents are joined."""
    typed: dict[int, str] = {}
    for name in request.POST:
        line = number(name.removeprefix("remark-")) if name.startswith("remark-") else None
        if line is not None:
            said = [text.strip() for text in request.POST.getlist(name) if text.strip()]
            typed[line] = "\n".join(said)
    return typed


def _noted(request: HttpRequest) -> dict[str, Any]:
    return {"note": request.POST.get("note", "")}


def _judged(request: HttpRequest) -> dict[str, Any]:
    return {**_noted(request), "document": number(request.POST.get("document", "")) or 0}


def _named(request: HttpRequest) -> dict[str, Any]:
    return {"person_id": number(request.POST.get("person", "")) or 0}


def went_on(batch: Batch) -> str:
    """This function will say what became of a batch whose step was just taken."""
    if batch.state != BatchState.WAITING:
        return "Accepted. Tieback writes it into the ERP now."
    step = routes.due(batch)
    who = route_words.said(routes.due_ways(batch)) or "nobody yet"
    return (
        f"Approved. It waits for {step.name if step else 'the next step'} now: {who}, who was told by mail."
    )


def _confirmed(request: HttpRequest) -> dict[str, Any]:
    return {**_noted(request), "despite_erp": "despite_erp" in request.POST}


DEEDS = {
    "accept": Deed(deciding.accept, went_on, _accepted),
    "name_for_step": Deed(stepping.name_for_step, "Named. They were told by mail if it is due.", _named),
    "reject": Deed(deciding.reject, "Sent back. {sender} reads your reason and remarks.", _rejected),
    "read_again": Deed(deciding.read_again, "The ERP is being read. This takes a few seconds."),
    "retry": Deed(aftercare.retry, "Queued again. What is in the ERP already is not sent twice."),
    "check_now": Deed(
        confirmations.check_now, "The ERP is being asked for postings. This takes a few seconds."
    ),
    "return_to_pm": Deed(
        aftercare.return_to_pm,
        "On its way back: what is not posted is taken out of the ERP, then {sender} has the budget again.",
        _noted,
        asks="Why does it go back?",
        hint="The project manager reads it.",
    ),
    "decline_return": Deed(
        aftercare.decline_return,
        "Declined. Whoever asked is told by mail.",
        _noted,
        asks="Why not?",
        hint="Whoever asked reads it.",
    ),
    "say_arrived": Deed(
        verdicts.say_arrived,
        "Kept: it is there. It waits to be posted now.",
        _judged,
        asks="How do you know that it is there, whole?",
        hint="For example who looked, where, and what it says there.",
    ),
    "say_not_arrived": Deed(
        verdicts.say_not_arrived,
        "Kept: it is not there. It is sent again.",
        _judged,
        asks="How do you know that nothing of it is there?",
        hint="For example who looked, and where.",
    ),
    "take_out_anyway": Deed(
        verdicts.take_out_anyway,
        "It is being taken out, with what was changed in it.",
        _judged,
        asks="Who agreed?",
        hint="Whoever changed it there should know.",
    ),
    "leave_in_erp": Deed(
        verdicts.leave_in_erp,
        "Left there, as it was changed. Here it counts as if it had not been sent.",
        _judged,
        asks="Who keeps it there, and why?",
        hint="Posted there beside the next send of this budget it would count twice: say who sees to that.",
    ),
    "confirm_posted": Deed(
        confirmations.confirm_posted,
        "Confirmed by hand. Tieback keeps watching the ERP.",
        _confirmed,
        asks="How do you know that it is posted?",
        hint="For example the number of the posting batch.",
    ),
    "close_alarm": Deed(
        confirmations.close_alarm,
        "The alarm is closed. What you found out stands in the history.",
        _noted,
        asks="What did you find out, and what was done?",
        hint="For example: removed by mistake, entered again under the same amounts.",
    ),
}
