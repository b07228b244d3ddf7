"""Whether the events of a pack hold, and what it says of people, states and moments is what they tell."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from erp.evidence.pack import WORDS
from erp.evidence.past import (
    BACK,
    Pack,
    answered,
    batch_stood,
    document_stood,
    first,
    last,
    left_there,
    word_stood,
)
from erp.models import BatchState

DECIDED = ("accepted", "exported", "posted", "returned")


class Broken(Exception):
    """Something in a pack does not hold. `where` names the part, `why` says what."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why = where, why


def digest(event: Mapping[str, Any], chain: int) -> str:
    """This function will hash an event as it was hashed when it was recorded (see `workflow.events.digest`)."""
    said = [
        *(
            chain,
            event["seq"],
            event["at"],
            event["actor"],
            event["actor_pk"],
            event["action"],
            event["about"],
        ),
        *(event["from_state"], event["to_state"], event["sentence"], event["note"], event["data"]),
        event["prev_hash"],
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def named(event: Mapping[str, Any]) -> str:
    """This function will name an event in a sentence."""
    return f"event {event['seq']} ({event['actor']}: {event['sentence'] or event['action']})"


def check_events(pack: Pack) -> str:
    """This function will check the events by themselves: hashes, order, and the end of the chain."""
    chain, before = pack["chain"], None
    for event in pack["events"]:
        if before is not None and (event["at"], event["seq"]) < (before["at"], before["seq"]):
            raise Broken(named(event), "it stands before one that happened earlier: the order was changed")
        if digest(event, chain["id"]) != event["hash"]:
            raise Broken(named(event), "it does not give its own hash: it was changed")
        before = event
    by_seq = {event["seq"]: event for event in pack["events"]}
    if len(by_seq) != len(pack["events"]):
        raise Broken("events", "one place of the chain is taken twice")
    for seq, event in by_seq.items():
        if seq - 1 in by_seq and event["prev_hash"] != by_seq[seq - 1]["hash"]:
            raise Broken(named(event), "it does not follow the one before it in the chain")
        if seq > chain["seq"] or (seq == chain["seq"] and event["hash"] != chain["hash"]):
            raise Broken("chain", f"its end does not agree with {named(event)}")
    return f"{len(by_seq)} give their own hashes; the chain stood at {chain['seq']}"


def _found(pack: Pack, action: str, person: Mapping[str, Any] | None, what: str) -> Mapping[str, Any]:
    """The last event of an action, by the person who is said to have acted."""
    acted = [event for event in pack["events"] if event["action"] == action]
    if not acted:
        raise Broken("decision" if action != "send" else "batch", f"no event tells that it was {what}")
    if person is None or acted[-1]["actor_pk"] != person["id"]:
        raise Broken("decision" if action != "send" else "batch", f"{named(acted[-1])} was by somebody else")
    return acted[-1]


def check_decision(pack: Pack) -> str:
    """This function will hold sender, steps, decision and state of the batch against the events."""
    batch, decision = pack["batch"], pack["decision"]
    sent = _found(pack, "send", batch["sent_by"], "sent")
    _same("batch", "the sender's note", batch["note"], sent["note"])
    _same("batch", "when it was sent", batch["sent_at"], sent["at"])
    if decision["accepted_by"] is not None:
        accepted = _found(pack, "accept", decision["accepted_by"], "accepted")
        _same("decision", "when it was accepted", decision["accepted_at"], accepted["at"])
        _same("decision", "the reading it rests on", decision["reading"], accepted["data"].get("reading"))
        _same("batch", "the amount moved", batch["moved"], accepted["data"].get("moved", batch["moved"]))
    for step in pack["approvals"]:
        if step["taken_by"] is not None and not _tells(pack, step):
            raise Broken(
                "approvals", f"no event tells that {step['taken_by']['name']} took the step {step['name']}"
            )
    for event in pack["events"]:
        if event["action"] == "approve" and event["at"] not in {
            step["taken_at"] for step in pack["approvals"]
        }:
            raise Broken("approvals", f"the step that {named(event)} tells of is not among them")
    _sent_back(pack)
    if (batch["state"] in DECIDED) != (decision["accepted_by"] is not None):
        raise Broken("decision", f"the batch is {batch['state']}, which does not agree with who accepted it")
    _stands(pack)
    return f"{decision['words']}, as the events tell"


def _sent_back(pack: Pack) -> None:
    """Whoever pulled or sent it back, and why, is who did so last."""
    decision, back = pack["decision"], last(pack, *BACK)
    _same("decision", "the reason", decision["reason"], back["note"] if back else "")
    if (back is None) != (decision["sent_back_by"] is None):
        raise Broken("decision", "who sent it back is not what the events tell")
    if back is not None and back["action"] != "clear_for_reset":  # that one Tieback does, for a person
        _found(pack, back["action"], decision["sent_back_by"], "sent back")
    rejected = back is not None and back["action"] == "reject"
    if bool(decision["reason_code"]) != rejected:
        raise Broken("decision", "the reason's code does not agree with what the events tell")
    pinned = {str(remark["line"]): remark["text"] for remark in decision["remarks"]}
    _same("decision", "the remarks", pinned, back["data"].get("remarks", {}) if back and rejected else {})
    for remark in decision["remarks"]:
        event = answered(pack, remark)
        told = (event["note"], event["actor_pk"], event["at"]) if event else ("", None, None)
        said = remark["answer"], _id(remark["answered_by"]), remark["answered_at"]
        _same("decision", f"the answer to the remark on {remark['code']}", said, told)


def _stands(pack: Pack) -> None:
    """State and moments of the batch, and the words for it, are what the events tell."""
    batch, stood = pack["batch"], batch_stood(pack)
    _same("batch", "its state", [batch["state"], batch["state_since"]], [stood.state, stood.since])
    _same("decision", "in words, it", pack["decision"]["words"], WORDS[BatchState(stood.state)])
    for field, event in (
        ("exported_at", last(pack, "mark_exported")),  # anew where a document had to go again
        ("posted_at", last(pack, "mark_posted")),
        ("opened_at", opened := first(pack, "open")),  # each approver's own is told; the first counts
    ):
        _same("batch", field.replace("_", " "), batch[field], event["at"] if event else None)
    _same("batch", "who opened it", _id(batch["opened_by"]), opened["actor_pk"] if opened else None)


def _tells(pack: Pack, step: Mapping[str, Any]) -> bool:
    """Whether an event tells that a step of the route was taken, by whom and when."""
    return any(
        event["action"] in ("approve", "accept")
        and (event["actor_pk"], event["at"]) == (step["taken_by"]["id"], step["taken_at"])
        for event in pack["events"]
    )


def _id(person: Mapping[str, Any] | None) -> Any:
    return person["id"] if person is not None else None


def _same(where: str, what: str, said: Any, told: Any) -> None:
    if said != told:
        raise Broken(where, f"{what} is not what the event tells")


def check_moved(pack: Pack, document: Mapping[str, Any]) -> None:
    """This function will hold state, moments and a word given by hand of a document against the events."""
    where, stood = f"document {document['number']}", document_stood(pack, document)
    said = document["state"], document["state_since"]
    if (document["state"] == "posted") != (document["posted_at"] is not None):
        raise Broken(where, "its state and its posting do not agree")
    settled = stood.event is None and said == ("posted", stood.since)  # it changed nothing in the ERP
    if said != (stood.state, stood.since) and not settled:
        raise Broken(where, f"it is {document['state']}, which is not what the events tell")
    delivered = stood.since if settled else stood.delivered
    _same(where, "when it was delivered", document["delivered_at"], delivered)
    if bool(document["receipt"]) != (delivered is not None):
        raise Broken(where, "its receipt and its delivery do not agree")
    if document["posted_at"] is not None:
        _same(where, "when it was posted", document["posted_at"], stood.since)
    if "left_there" in document:  # packs of before say nothing of it beside the events
        _same(where, "that it was left in the ERP", document["left_there"], left_there(pack, document))
    word = document["by_hand"]
    _same(where, "the word given by hand", word["state"] if word else "", word_stood(pack, document))
    if word is not None:
        _same(where, "when it was confirmed by hand", word["confirmed_at"], stood.since)
