"""Whether an evidence pack holds, from the file alone: the first thing that does not is named.

A pack that was sealed anew by whoever changed it still has to agree with itself: events with their own hashes,
decisions with events, lines with the content hash their document was sent under. What agrees with nothing outside the
file is held against the database by `evidence_against`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from erp.evidence_pack import totals_of
from erp.evidence_seal import MANIFEST, manifest_of, sha256

Pack = Mapping[str, Any]
SECTIONS = {
    *(
        "format",
        "schema",
        "made",
        "company",
        "project",
        "batch",
        "preparers",
        "approvals",
        "decision",
        "items",
    ),
    *("documents", "calls", "readings", "attachments", "events", "chain", "totals"),
}
DECIDED = ("accepted", "exported", "posted", "returned")


class Broken(Exception):
    """Something in a pack does not hold. `where` names the part, `why` says what."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why = where, why


def check(pack: Pack) -> Iterator[tuple[str, str]]:
    """This function will check a pack by itself: (what, in words) for each part that holds; raises Broken."""
    for name, part in CHECKS:
        yield name, part(pack)


def _manifest(pack: Pack) -> str:
    content = {name: value for name, value in pack.items() if name != MANIFEST}
    said, expected = pack.get(MANIFEST), manifest_of(content)
    if not isinstance(said, dict) or not isinstance(said.get("sections"), dict):
        raise Broken("manifest", "the pack has none")
    for name in sorted(SECTIONS - content.keys()):
        raise Broken(name, "this part is missing from the pack")
    for name in sorted(content.keys() | said["sections"].keys()):
        if name not in said["sections"]:
            raise Broken(name, "this part was added: the manifest does not cover it")
        if said["sections"][name] != expected["sections"].get(name):
            raise Broken(name, "this part is not what was packed: its SHA-256 differs from the manifest's")
    if said != expected:
        raise Broken("manifest", "its SHA-256 over all parts is wrong")
    return f"{len(content)} parts, SHA-256 {expected['sha256']}"


# -- events and what they prove -------------------------------------------------------------------------------------


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


def _events(pack: Pack) -> str:
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


def _decision(pack: Pack) -> str:
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
    if batch["state"] == "rejected":
        rejected = _found(pack, "reject", decision["sent_back_by"], "sent back")
        _same("decision", "the reason", decision["reason"], rejected["note"])
        pinned = {str(remark["line"]): remark["text"] for remark in decision["remarks"]}
        _same("decision", "the remarks", pinned, rejected["data"].get("remarks", {}))
    if batch["state"] == "returned":
        _same("decision", "the reason", decision["reason"], _returned(pack)["note"])
    if (batch["state"] in DECIDED) != (decision["accepted_by"] is not None):
        raise Broken("decision", f"the batch is {batch['state']}, which does not agree with who accepted it")
    return f"{decision['words']}, as the events tell"


def _returned(pack: Pack) -> Mapping[str, Any]:
    """The event by which the batch came back: a person's, or Tieback's own where the link was reset."""
    taken = [event for event in pack["events"] if event["action"] in ("return_to_pm", "clear_for_reset")]
    if taken and taken[-1]["action"] == "clear_for_reset":
        return taken[-1]  # who confirmed the reset stands in the events of the budget, not of the batch
    return _found(pack, "return_to_pm", pack["decision"]["sent_back_by"], "returned")


def _tells(pack: Pack, step: Mapping[str, Any]) -> bool:
    """Whether an event tells that a step of the route was taken, by whom and when."""
    return any(
        event["action"] in ("approve", "accept")
        and (event["actor_pk"], event["at"]) == (step["taken_by"]["id"], step["taken_at"])
        for event in pack["events"]
    )


def _same(where: str, what: str, said: Any, told: Any) -> None:
    if said != told:
        raise Broken(where, f"{what} is not what the event tells")


# -- amounts, documents, calls --------------------------------------------------------------------------------------


def _lines(pack: Pack) -> str:
    for item in pack["items"]:
        places = [line["position"] for line in item["lines"]]
        if places != sorted(set(places)):
            raise Broken(f"lines of {item['title']}", "their order was changed")
        for line in item["lines"]:
            if line["target"] is not None:
                right = Decimal(line["target"]) - Decimal(line["base"])
                if right != Decimal(line["delta"]):
                    raise Broken(
                        line_name(line), "its change is not what it shall be less what counts already"
                    )
    if totals_of(pack["items"]) != pack["totals"]:
        raise Broken("totals", "they are not the sums of the lines")
    # Until somebody accepts, what counts already is weighed anew with each reading; the lines follow at accept.
    for name in ("moved", "net") if pack["decision"]["accepted_by"] is not None else ():
        if Decimal(pack["batch"][name]) != Decimal(pack["totals"][name]):
            raise Broken("batch", f"what it says of {name} is not the sum of its lines")
    return f"{pack['totals']['lines']} lines, moved {pack['totals']['moved']}, net {pack['totals']['net']}"


def line_name(line: Mapping[str, Any]) -> str:
    """This function will name a line."""
    return f"line {line['job']} {line['cost_code']} {line['cost_type']}"


def _documents(pack: Pack) -> str:
    items, known = {item["id"]: item for item in pack["items"]}, 0
    for document in pack["documents"]:
        item, hashed = items.get(document["item"]), document["hashed"]
        if item is None:
            raise Broken(f"document {document['number']}", "what it carries is not in the pack")
        if hashed is not None:
            known += 1
            if document["content_hash"] not in set(_content_hashes(item, hashed)):
                raise Broken(
                    f"document {document['number']}",
                    f"the lines of {item['title']} do not give the content hash it was sent under",
                )
        if (document["state"] == "posted") != (document["posted_at"] is not None):
            raise Broken(f"document {document['number']}", "its state and its posting do not agree")
    if pack["decision"]["accepted_by"] is not None and len(pack["documents"]) != len(items):
        raise Broken("documents", "not every part of an accepted batch has its document")
    return f"{len(pack['documents'])}, of which {known} give their content hash from the lines"


def _content_hashes(item: Mapping[str, Any], hashed: Mapping[str, Any]) -> Iterable[str]:
    """As `erp.documents.content_hash` has it, for each job that may have been the main one."""
    rows = [
        [
            *(str(line["id"]), line["erp_job"], line["erp_cost_code"], line["erp_cost_type"]),
            *(line["delta"], str(line["target"])),
        ]
        for line in item["lines"]
    ]
    for job in hashed["jobs"]:
        said = [item["kind"], hashed["company"], job, item["title"], item["date"], rows]
        yield sha256(json.dumps(said, ensure_ascii=False))


def _calls(pack: Pack) -> str:
    documents, before = {document["id"] for document in pack["documents"]}, 0
    masked = 0
    for call in pack["calls"]:
        name = f"call {call['request_id']}"
        if call["id"] <= before or call["document"] not in documents:
            raise Broken(name, "it does not stand where it was journaled")
        before = call["id"]
        for side in ("request", "answer"):
            said = call[side]
            masked += said["masked"]
            if not said["masked"] and sha256(said["text"]) != said["sha256"]:
                raise Broken(name, f"its {side} is not the one whose SHA-256 was kept")
    hidden = f"; secrets were taken out of {masked}" if masked else ""
    return f"{len(pack['calls'])}, requests and answers give their hashes{hidden}"


CHECKS: tuple[tuple[str, Callable[[Pack], str]], ...] = (
    ("manifest", _manifest),
    ("events", _events),
    ("decision", _decision),
    ("lines", _lines),
    ("documents", _documents),
    ("calls", _calls),
)
