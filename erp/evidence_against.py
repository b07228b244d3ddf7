"""Whether an evidence pack agrees with the database it came from, and that with its chain of events.

What may go on after a pack was made (a state, a posting, a name) is compared only where it has not gone on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from erp.evidence_check import Broken, line_name, named
from erp.evidence_check import digest as digest_of
from erp.evidence_pack import gather, one_snapshot
from erp.models import Batch
from workflow import events as trail
from workflow.models import Event

Pack = Mapping[str, Any]
LINE = ("line", "position", "job", "cost_code", "cost_type", "quantity", "unit", "target")
DOCUMENT = ("item", "number", "content_hash", "mapping_version")
OUTCOME = ("state", "findings", "receipt", "delivered_at", "posted_at", "posted_on", "posting", "differs")
CALL = ("document", "step", "attempt", "method", "target", "request_id", "sent_at", "request")
ANSWER = ("answered_at", "status", "outcome", "answer")
BATCH = ("number", "round", "answers", "sent_at", "note", "four_eyes")


def check_against_database(pack: Pack, *, now: datetime) -> Iterator[tuple[str, str]]:
    """This function will hold a pack against the database: (what, in words) for each part; raises Broken."""
    rows = Batch.objects.filter(pk=pack["batch"]["id"], budget__project__company=pack["chain"]["id"])
    with one_snapshot():  # people go on working: the chain grows while it is walked
        batch = rows.first()
        if batch is None:
            raise Broken("batch", "this database has no such batch of that company")
        fresh = gather(batch, now=now)
        for name, part in PARTS:
            yield name, part(pack, fresh)


def _chain(pack: Pack, fresh: Pack) -> str:
    number, touched = trail.verify(pack["chain"]["id"])
    if touched is not None:
        raise Broken("chain", f"{number} events of the database hold, then entry {touched.seq} does not")
    if pack["chain"]["seq"]:
        end = Event.objects.filter(chain=pack["chain"]["id"], seq=pack["chain"]["seq"]).first()
        if end is None or end.hash != pack["chain"]["hash"]:
            raise Broken(
                "chain", f"entry {pack['chain']['seq']} of the database is not the one it ended with"
            )
    return f"{number} events of the database hold, and the pack's end is one of them"


def _events(pack: Pack, fresh: Pack) -> str:
    kept = {event["seq"]: event for event in fresh["events"] if event["seq"] <= pack["chain"]["seq"]}
    said = {event["seq"]: event for event in pack["events"]}
    for seq in sorted(kept.keys() | said.keys()):
        if seq not in said:
            raise Broken(named(kept[seq]), "the database has it, the pack does not: it was left out")
        if seq not in kept:
            raise Broken(named(said[seq]), "the pack has it, the database does not")
        if said[seq] != kept[seq] or digest_of(kept[seq], pack["chain"]["id"]) != kept[seq]["hash"]:
            raise Broken(named(said[seq]), "the database tells it otherwise")
    return f"{len(said)} are those of the database, and none is left out"


def _differ(where: str, said: Mapping[str, Any], kept: Mapping[str, Any], fields: Iterable[str]) -> None:
    for field in fields:
        if said[field] != kept[field]:
            told = f"the pack says {_brief(said[field])}, the database {_brief(kept[field])}"
            raise Broken(where, f"{field.replace('_', ' ')}: {told}")


def _brief(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _by_id(rows: Iterable[Mapping[str, Any]], key: str = "id") -> dict[Any, Mapping[str, Any]]:
    return {row[key]: row for row in rows}


def _paired(
    what: str, said: Pack, kept: Pack, name: Callable[[Mapping[str, Any]], str], key: str = "id"
) -> list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """The rows of both by their id; one that only one side has is named."""
    ours, theirs = _by_id(said[what], key), _by_id(kept[what], key)
    for missing in sorted(theirs.keys() - ours.keys()):
        raise Broken(name(theirs[missing]), "the database has it, the pack does not: it was left out")
    for extra in sorted(ours.keys() - theirs.keys()):
        raise Broken(name(ours[extra]), "the pack has it, the database does not")
    return [(name(ours[pk]), ours[pk], theirs[pk]) for pk in ours]


def _batch(pack: Pack, fresh: Pack) -> str:
    said, kept = pack["batch"], fresh["batch"]
    _differ("batch", said, kept, BATCH)
    _who("batch: sent by", said["sent_by"], kept["sent_by"])
    if said["state"] != "waiting":
        _differ("batch", said, kept, ("moved", "net"))
    if said["state_since"] == kept["state_since"]:
        _differ("batch", said, kept, ("state", "exported_at", "posted_at"))
    rows = _paired("preparers", pack, fresh, lambda row: f"preparer {row['name']}")
    for where, ours, theirs in rows:
        _differ(where, ours, theirs, ("what",))
    return f"{said['number']}, with {len(rows)} who prepared it"


def _who(where: str, said: Mapping[str, Any] | None, kept: Mapping[str, Any] | None) -> None:
    if (said or {}).get("id") != (kept or {}).get("id"):
        told = f"the pack says {(said or {}).get('name')}, the database {(kept or {}).get('name')}"
        raise Broken(where, told)


def _decision(pack: Pack, fresh: Pack) -> str:
    said, kept = pack["decision"], fresh["decision"]
    if said["accepted_by"] is not None:
        _who("decision: accepted by", said["accepted_by"], kept["accepted_by"])
        _differ("decision", said, kept, ("accepted_at", "reading"))
    if said["sent_back_by"] is not None:
        _who("decision: sent back by", said["sent_back_by"], kept["sent_back_by"])
        _differ("decision", said, kept, ("reason_code", "reason"))
    remarks = _by_id(kept["remarks"], "line")
    for remark in said["remarks"]:
        if remark["line"] not in remarks or remark["text"] != remarks[remark["line"]]["text"]:
            raise Broken(f"remark on {remark['code']}", "the database has another")
    for step in pack["approvals"]:
        same = next((one for one in fresh["approvals"] if one["position"] == step["position"]), None)
        if same is None:
            raise Broken(f"step {step['name']}", "the pack has it, the database does not")
        if step["taken_by"] is not None:
            _who(f"step {step['name']}: taken by", step["taken_by"], same["taken_by"])
            _differ(f"step {step['name']}", step, same, ("taken_at", "reading"))
    return "as the database has it"


def _lines(pack: Pack, fresh: Pack) -> str:
    decided = pack["batch"]["state"] != "waiting"
    fields = (*LINE, *(("description", "base", "delta", "before") if decided else ()))
    fields += ("erp_job", "erp_cost_code", "erp_cost_type") if pack["documents"] else ()
    number = 0
    for where, ours, theirs in _paired("items", pack, fresh, lambda row: f"lines of {row['title']}"):
        _differ(where, ours, theirs, ("position", "kind", "modification", "title", "date"))
        for line, said, kept in _paired("lines", ours, theirs, line_name):
            _differ(line, said, kept, fields)
            number += 1
    return f"{number} are those of the database"


def _documents(pack: Pack, fresh: Pack) -> str:
    if not pack["documents"]:
        return "none yet"
    for where, said, kept in _paired("documents", pack, fresh, lambda row: f"document {row['number']}"):
        _differ(where, said, kept, DOCUMENT)
        if said["state"] == "posted" or said["state_since"] == kept["state_since"]:
            _differ(where, said, kept, OUTCOME)
    return f"{len(pack['documents'])} are those of the database"


def _calls(pack: Pack, fresh: Pack) -> str:
    last = max((call["id"] for call in pack["calls"]), default=0)
    until = {"calls": [call for call in fresh["calls"] if call["id"] <= last]}
    for where, said, kept in _paired("calls", pack, until, lambda row: f"call {row['request_id']}"):
        _differ(where, said, kept, CALL)
        if said["answered_at"] is not None:
            _differ(where, said, kept, ANSWER)
    return f"{len(pack['calls'])} are those of the database"


def _files(pack: Pack, fresh: Pack) -> str:
    kept = {row["id"]: row for row in fresh["readings"]}
    # What nobody decided on is deleted after the posting; what somebody did decide on is held by `_decision`.
    there = [reading for reading in pack["readings"] if reading["id"] in kept]
    for reading in there:
        if reading["made_at"] is not None and kept[reading["id"]]["hash"] != reading["hash"]:
            raise Broken(f"reading {reading['id']}", "the database has another")
    if pack["attachments"] != fresh["attachments"]:
        raise Broken("attachments", "they are not those of the database")
    gone = len(pack["readings"]) - len(there)
    rest = f" ({gone} that nobody decided on are kept no more)" if gone else ""
    return f"{len(there)} readings{rest} and {len(pack['attachments'])} attachments are those of the database"


PARTS: tuple[tuple[str, Callable[[Pack, Pack], str]], ...] = (
    ("chain", _chain),
    ("events", _events),
    ("batch", _batch),
    ("decision", _decision),
    ("lines", _lines),
    ("documents", _documents),
    ("calls", _calls),
    ("files", _files),
)
