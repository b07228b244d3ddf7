"""Whether an evidence pack holds, from the file alone: the first thing that does not is named.

A pack that was sealed anew by whoever changed it still has to agree with itself: events with their own hashes,
decisions with events, lines with the content hash their document was sent under. What agrees with nothing outside the
file is held against the database by `against`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from erp.evidence.events import Broken, Pack, check_decision, check_events, check_moved
from erp.evidence.pack import totals_of
from erp.evidence.seal import MANIFEST, manifest_of, sha256

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
AMOUNT = re.compile(r"-?\d{1,18}(\.\d{1,4})?", re.ASCII)


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
    for name in sorted(content.keys() - SECTIONS):
        raise Broken(name, "this part was added: no pack has one of this name")
    return f"{len(content)} parts, SHA-256 {expected['sha256']}"


# -- amounts, documents, calls --------------------------------------------------------------------------------------


def _lines(pack: Pack) -> str:
    for item in pack["items"]:
        places = [line["position"] for line in item["lines"]]
        if places != sorted(set(places)):
            raise Broken(f"lines of {item['title']}", "their order was changed")
        for line in item["lines"]:
            for name in ("target", "base", "delta", "before", "quantity"):
                _exact(line_name(line), name, line[name])
            if line["target"] is not None:
                right = Decimal(line["target"]) - Decimal(line["base"])
                if right != Decimal(line["delta"]):
                    raise Broken(
                        line_name(line), "its change is not what it shall be less what counts already"
                    )
    for name in ("moved", "net"):
        _exact("batch", name, pack["batch"][name])
    if totals_of(pack["items"]) != pack["totals"]:
        raise Broken("totals", "they are not the sums of the lines")
    for name in ("moved", "net"):
        if Decimal(pack["batch"][name]) != Decimal(pack["totals"][name]):
            raise Broken("batch", f"what it says of {name} is not the sum of its lines")
    changed = sum(bool(Decimal(line["delta"])) for item in pack["items"] for line in item["lines"])
    if pack["batch"]["lines_changed"] != changed:
        raise Broken("batch", "the number of lines that change is not that of its lines")
    return f"{pack['totals']['lines']} lines, moved {pack['totals']['moved']}, net {pack['totals']['net']}"


def _exact(where: str, what: str, amount: Any) -> None:
    """Amounts are written out: to add up or print 1e1000000 would take for ever."""
    if amount is not None and not AMOUNT.fullmatch(amount):
        raise Broken(where, f"{what} is no amount")


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
        check_moved(pack, document)
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
    ("events", check_events),
    ("decision", check_decision),
    ("lines", _lines),
    ("documents", _documents),
    ("calls", _calls),
)
