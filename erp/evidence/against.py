"""Whether an evidence pack agrees with the database it came from, and that with its chain of events.

Everything that a pack says is compared. What may have gone on since it was made is let pass only where something on
record tells so: an event after the pack's end of the chain, a reading made after it, a later answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from django.conf import settings

from erp.evidence.check import line_name
from erp.evidence.events import Broken, Pack, named
from erp.evidence.events import digest as digest_of
from erp.evidence.pack import gather, one_snapshot
from erp.evidence.past import BACK
from erp.evidence.sides import CLOCKS, Row, Sides, differ, paired
from erp.models import Batch
from erp.snapshots import erp_connection
from erp.timeline.masking import mask
from workflow import events as trail
from workflow.models import Event

TOLD = ("state", "state_since")  # held against the pack's own events, as are those below
MOMENTS = ("exported_at", "posted_at")
WEIGHED = ("moved", "net", "lines_changed")  # anew with each reading while it waits
BASES = ("base", "delta", "before")
CODES = ("erp_job", "erp_cost_code", "erp_cost_type")
SHOWN = ("why", "posted_on", "evidence", "differs")  # by the ERP, of a word given by hand
ADDED = ("left_there",)  # of documents; packs of before lack it, and their events tell it
UNTOLD = ("attempts", "times_asked")  # counted without an event


class NotNamed(Exception):
    """The settings here name no such ERP as the company works with, so a pack cannot be compared."""


def check_against_database(pack: Pack, *, now: datetime) -> Iterator[tuple[str, str]]:
    """This function will hold a pack against the database: (what, in words) for each part.

    Raises Broken; NotNamed before anything is compared.
    """
    rows = Batch.objects.filter(pk=pack["batch"]["id"], budget__project__company=pack["chain"]["id"])
    with one_snapshot():  # people go on working: the chain grows while it is walked
        batch = rows.first()
        if batch is None:
            raise Broken("batch", "this database has no such batch of that company")
        _refuse_unnamed(batch)
        sides = Sides(pack, gather(batch, now=now))
        for name, part in PARTS:
            yield name, part(sides)
    if sides.made_at > now + CLOCKS:
        raise Broken("made", "that is still to come")


def _refuse_unnamed(batch: Batch) -> None:
    """What the ERP is called stands in the settings alone: without them a genuine pack would be called false."""
    company = batch.budget.project.company
    connection = erp_connection(batch.budget)
    if connection is None or connection.alias in settings.ERP_BACKENDS:
        return
    raise NotNamed(
        f"{company.name} works with the ERP “{connection.alias}”, which the settings of this process do not name, so "
        "the pack was not compared with the database: nothing is said against it. Set what the web process has (the "
        f"variables that begin with {connection.alias.upper()}_, see the README), and verify again."
    )


# -- part by part ---------------------------------------------------------------------------------------------------


def _chain(sides: Sides) -> str:
    chain = sides.said["chain"]
    number, touched = trail.verify(chain["id"])
    if touched is not None:
        raise Broken("chain", f"{number} events of the database hold, then entry {touched.seq} does not")
    differ("chain", chain, sides.kept["chain"], "seq", "hash")
    if not chain["seq"]:
        raise Broken("chain", "a batch was sent, so it cannot have been empty")
    end = Event.objects.filter(chain=chain["id"], seq=chain["seq"]).first()
    if end is None or end.hash != chain["hash"]:
        raise Broken("chain", f"entry {chain['seq']} of the database is not the one it ended with")
    if sides.made_at < end.at - CLOCKS:
        raise Broken("made", f"entry {end.seq}, which the pack has, was written later")
    return f"{number} events of the database hold, and the pack's end is one of them"


def _events(sides: Sides) -> str:
    chain = sides.said["chain"]
    kept = {event["seq"]: event for event in sides.kept["events"] if event["seq"] <= chain["seq"]}
    said = {event["seq"]: event for event in sides.said["events"]}
    for seq in sorted(kept.keys() | said.keys()):
        if seq not in said:
            raise Broken(named(kept[seq]), "the database has it, the pack does not: it was left out")
        if seq not in kept:
            raise Broken(named(said[seq]), "the pack has it, the database does not")
        if said[seq] != kept[seq] or digest_of(kept[seq], chain["id"]) != kept[seq]["hash"]:
            raise Broken(named(said[seq]), "the database tells it otherwise")
    return f"{len(said)} are those of the database, and none is left out"


def _names(sides: Sides) -> str:
    """Company and project as they were called: what was renamed since is told by the trail."""
    company, project = dict(sides.kept["company"]), dict(sides.kept["project"])
    since = Event.objects.filter(chain=company["id"], seq__gt=sides.said["chain"]["seq"])
    for row, kind in ((company, "company"), (project, "project")):
        changes = since.filter(about__contains=[f"projects.{kind}:{row['id']}"], action=f"change_{kind}")
        for event in changes.order_by("-seq"):
            row |= {name: told["old"] for name, told in event.data.items() if name in row}
    switched = since.filter(action="switch_erp").exists()
    said = sides.said["company"]
    differ("company", said, company, "erp", *(("erp_company",) if switched else ()))
    if said["erp"] != company["erp"] and not switched:
        told = f"the pack says {said['erp']}, the settings of this process {company['erp']}"
        raise Broken("company", f"what the ERP is called: {told}")
    linked = since.filter(about__contains=[f"projects.project:{project['id']}"], action__contains="link")
    differ("project", sides.said["project"], project, *(("job",) if linked.exists() else ()))
    return f"{sides.said['company']['name']}, {sides.said['project']['name']}"


def _batch(sides: Sides) -> str:
    said, kept = sides.said["batch"], sides.kept["batch"]
    differ(
        "batch",
        said,
        kept,
        *(*TOLD, *MOMENTS),
        *(("opened_by", "opened_at") if sides.since("open") else ()),
        *(WEIGHED if sides.weighed_since else ()),
    )
    rows = paired(sides.said["preparers"], sides.kept["preparers"], lambda row: f"preparer {row['name']}")
    for where, ours, theirs in rows:
        differ(where, ours, theirs)
    return f"{said['number']}, with {len(rows)} who prepared it"


def _decision(sides: Sides) -> str:
    said, kept = sides.said["decision"], sides.kept["decision"]
    accepted = ("accepted_by", "accepted_at", "reading") if sides.since("accept") else ()
    back = ("sent_back_by", "reason_code", "reason") if sides.since(*BACK) else ()
    differ("decision", said, kept, "words", "remarks", *accepted, *back)
    if accepted and any(said[name] is not None for name in accepted):
        raise Broken("decision", "it was accepted after the pack was made")
    remarks = [] if sides.since("reject") else kept["remarks"]
    for where, ours, theirs in paired(
        said["remarks"], remarks, lambda row: f"remark on {row['code']}", "line"
    ):
        # What it said before, if anything, was held against the pack's own events.
        answered_since = any(
            event["action"] == "answer_remark" and event["at"] == theirs["answered_at"]
            for event in sides.later
        )
        answer = ("answer", "answered_by", "answered_at") if answered_since else ()
        coded = (
            ("code",) if ours["code"] == _as_sent(sides.said, ours["line"]) else ()
        )  # it may be coded anew
        differ(where, ours, theirs, *answer, *coded)
    _steps(sides)
    return "as the database has it"


def _as_sent(pack: Pack, line: int) -> str:
    rows = (row for item in pack["items"] for row in item["lines"] if row["line"] == line)
    return next((f"{row['job']} {row['cost_code']} {row['cost_type']}" for row in rows), "")


def _steps(sides: Sides) -> None:
    steps = (sides.said["approvals"], sides.kept["approvals"])
    for where, ours, theirs in paired(*steps, lambda row: f"step {row['name']}", "position"):
        taken_since = ours["taken_by"] is None and any(
            event["at"] == theirs["taken_at"] for event in sides.later
        )
        taken = ("taken_by", "on_behalf_of", "taken_at", "reading") if taken_since else ()
        differ(where, ours, theirs, *taken, *(("needed",) if sides.weighed_since else ()))
        if taken and any(ours[name] is not None for name in taken):
            raise Broken(where, "it was taken after the pack was made")


def _lines(sides: Sides) -> str:
    number, mapped = 0, bool(sides.said["documents"])
    weighed = BASES if sides.weighed_since else ()
    items = paired(sides.said["items"], sides.kept["items"], lambda row: f"lines of {row['title']}")
    for where, ours, theirs in items:
        differ(where, ours, theirs, "lines")
        for line, said, kept in paired(ours["lines"], theirs["lines"], line_name):
            differ(line, said, kept, *weighed, *(() if mapped else CODES))
            if not mapped and any(said[name] for name in CODES):
                raise Broken(line, "it has codes of the ERP, and was not accepted")
            number += 1
    return f"{number} are those of the database"


def _documents(sides: Sides) -> str:
    """One that has moved since stands as the pack's events tell; a posted one never changes."""
    kept = [] if sides.since("accept") else sides.kept["documents"]
    gone_on = 0
    for where, ours, theirs in paired(sides.said["documents"], kept, lambda row: f"document {row['number']}"):
        moved = ours["state"] != "posted" and sides.moved_since(ours)
        theirs = {name: value for name, value in theirs.items() if name in ours or name not in ADDED}
        gone_on += moved
        differ(where, ours, theirs, *_maydiffer(ours, moved=moved))
        if not moved and any(ours[name] > theirs[name] for name in UNTOLD):
            raise Broken(where, "it was not tried or asked about so often")
        if ours["hashed"] is None and theirs["hashed"] is not None:
            raise Broken(where, "what its content hash is over was left out")
        if ours["by_hand"] is not None:
            known = sides.since("confirmation_proved", "confirmation_disproved", "close_alarm")
            open_then = ours["by_hand"]["state"] not in ("proved", "closed")
            more = ("state", *SHOWN, "closed_by", "closed_note") if known and open_then else ()
            differ(f"{where}: confirmed by hand", ours["by_hand"], theirs["by_hand"] or {}, *more)
    since = f"; {gone_on} moved on since, and then stood as the events tell" if gone_on else ""
    return f"{len(sides.said['documents'])} are those of the database{since}"


def _maydiffer(document: Row, *, moved: bool) -> tuple[str, ...]:
    always = (*TOLD, *UNTOLD, "hashed", *(("by_hand",) if document["by_hand"] or moved else ()))
    if not moved:
        return always
    of_its_way = ("route", "erp_number", "findings", "receipt", "delivered_at", *ADDED)
    return (*always, *of_its_way, "posted_at", "posted_on", "posting", "differs", "confirmed_by")


def _calls(sides: Sides) -> str:
    said, last = sides.said["calls"], max((call["id"] for call in sides.said["calls"]), default=0)
    due = [call for call in sides.kept["calls"] if call["id"] <= last or sides.journaled(call)]
    for where, ours, theirs in paired(said, due, lambda row: f"call {row['request_id']}"):
        late = theirs["answered_at"] is not None and not sides.before(theirs["answered_at"])
        answer = (
            ("answered_at", "status", "outcome", "answer") if ours["answered_at"] is None and late else ()
        )
        differ(where, ours, theirs, "target", "request", *(answer or ("answer",)))
        if mask(ours["target"]).text != theirs["target"]:
            raise Broken(where, "target: the database has another")
        for side in ("request", *(() if answer else ("answer",))):
            _side(where, side, ours[side], theirs[side])
    return f"{len(said)} are those of the database"


def _side(where: str, side: str, said: Row, kept: Row) -> None:
    """What is kept is the same; a later version may know more of what has to be masked."""
    if (
        said.keys() != kept.keys()
        or said["sha256"] != kept["sha256"]
        or mask(said["text"]).text != kept["text"]
    ):
        raise Broken(where, f"{side}: the database has another")


def _files(sides: Sides) -> str:
    kept = {row["id"]: row for row in sides.kept["readings"]}
    said = {row["id"]: row for row in sides.said["readings"]}
    for pk in sorted(kept.keys() - said.keys()):
        if sides.before(kept[pk]["asked_at"]):
            raise Broken(f"reading {pk}", "the database has it, the pack does not: it was left out")
    there = [row for pk, row in said.items() if pk in kept]
    for row in there:
        _reading(sides, row, kept[row["id"]])
    # What nobody decided on is deleted after the posting.
    decisive = sides.said["decision"]["reading"]
    if decisive is not None and decisive not in {row["hash"] for row in there}:
        raise Broken("readings", "the one that the decision rests on is not among those of the database")
    if sides.said["attachments"] != sides.kept["attachments"]:
        raise Broken("attachments", "they are not those of the database")
    gone = len(said) - len(there)
    rest = f" ({gone} that nobody decided on are kept no more)" if gone else ""
    attached = len(sides.said["attachments"])
    return f"{len(there)} readings{rest} and {attached} attachments are those of the database"


def _reading(sides: Sides, said: Row, kept: Row) -> None:
    where = f"reading {said['id']}"
    if said["made_at"] is None and not sides.before(kept["made_at"] or kept["asked_at"]):
        differ(where, said, kept, "made_at", "state", "hash")  # it was made since
        return
    if said["hash"] != kept["hash"]:
        raise Broken(where, "the database has another")
    differ(where, said, kept)


PARTS: tuple[tuple[str, Callable[[Sides], str]], ...] = (
    ("chain", _chain),
    ("events", _events),
    ("names", _names),
    ("batch", _batch),
    ("decision", _decision),
    ("lines", _lines),
    ("documents", _documents),
    ("calls", _calls),
    ("files", _files),
)
