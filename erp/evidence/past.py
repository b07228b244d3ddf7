"""Where a batch and its documents stood when a pack was made, as the pack's own events tell it.

Events have hashes and stand in the company's chain; what a pack says of states and people beside them has to agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from erp.delivery.left_there import tells_so
from erp.models import BatchState, ConfirmationState, DocumentState

Pack = Mapping[str, Any]
Event = Mapping[str, Any]
MOVES = {
    "send": BatchState.WAITING,
    "accept": BatchState.ACCEPTED,
    "reject": BatchState.REJECTED,
    "retrieve": BatchState.RETRIEVED,
    "mark_exported": BatchState.EXPORTED,
    "reopen": BatchState.ACCEPTED,
    "mark_posted": BatchState.POSTED,
    "mark_returned": BatchState.RETURNED,
}
BACK = ("reject", "retrieve", "return_to_pm", "clear_for_reset")


@dataclass(frozen=True)
class Stood:
    """A state and since when; `event` is what led there, `delivered` when a document came to be in the ERP."""

    state: str
    since: str | None
    event: Event | None
    delivered: str | None = None


def in_order(pack: Pack) -> list[Event]:
    """This function will put a pack's events in the order of the chain."""
    return sorted(pack["events"], key=lambda event: event["seq"])


def last(pack: Pack, *actions: str) -> Event | None:
    """This function will find the last event of any of these actions."""
    return next((event for event in reversed(in_order(pack)) if event["action"] in actions), None)


def first(pack: Pack, action: str) -> Event | None:
    """This function will find the first event of an action."""
    return next((event for event in in_order(pack) if event["action"] == action), None)


def answered(pack: Pack, remark: Mapping[str, Any]) -> Event | None:
    """This function will find the last event that tells of an answer to a remark, which can be changed."""
    told = (event for event in reversed(in_order(pack)) if event["action"] == "answer_remark")
    return next((event for event in told if _is_of(event, remark)), None)


def _is_of(event: Event, remark: Mapping[str, Any]) -> bool:
    """Whether an answer is to this remark; an event of before lacks the line, and is known by its moment."""
    line = event["data"].get("line")
    return bool(event["at"] == remark["answered_at"] if line is None else line == remark["line"])


def batch_stood(pack: Pack) -> Stood:
    """This function will tell the state of the batch; empty where no event tells it."""
    event = last(pack, *MOVES)
    return Stood(str(MOVES[event["action"]].value), event["at"], event) if event else Stood("", None, None)


def document_stood(pack: Pack, document: Mapping[str, Any]) -> Stood:
    """This function will tell the state of a document: queued at accept, then as its events moved it.

    What is confirmed by hand is told by one event of the batch, for all that were delivered then.
    """
    stood = Stood(DocumentState.QUEUED.value, pack["decision"]["accepted_at"], None)
    name = f"erp.document:{document['id']}"
    for event in in_order(pack):
        if event["action"].startswith("document_") and event["to_state"] and name in event["about"]:
            stood = Stood(event["to_state"], event["at"], event, _delivered(stood, event))
        elif event["action"] == "confirm_posted" and stood.state == DocumentState.DELIVERED:
            stood = Stood(DocumentState.POSTED.value, event["at"], event, stood.delivered)
    return stood


def left_there(pack: Pack, document: Mapping[str, Any]) -> bool:
    """This function will tell whether an approver left a document in the ERP, as somebody had changed it there."""
    event = document_stood(pack, document).event
    return event is not None and tells_so(event)


def _delivered(before: Stood, event: Event) -> str | None:
    """Since when a document is in the ERP after an event: what is queued again is not, what is posted must be."""
    if event["to_state"] == DocumentState.QUEUED:
        return None
    posted_unseen = event["to_state"] == DocumentState.POSTED and before.delivered is None
    if event["to_state"] == DocumentState.DELIVERED or posted_unseen:
        return str(event["at"])
    return before.delivered


def word_stood(pack: Pack, document: Mapping[str, Any]) -> str:
    """This function will tell what had become of a person's word that it is posted; empty where none gave one."""
    stood = document_stood(pack, document)
    if stood.event is None or stood.event["action"] != "confirm_posted":
        return ""
    state = ConfirmationState.WATCHED.value
    for event in in_order(pack):
        ours = event["data"].get("document") == document["number"]
        if event["action"].startswith("confirmation_") and ours:
            state = event["action"].removeprefix("confirmation_")
        elif event["action"] == "close_alarm" and state == ConfirmationState.DISPROVED:
            state = ConfirmationState.CLOSED.value
    return state
