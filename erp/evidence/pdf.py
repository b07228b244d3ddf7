"""An evidence pack printed to be read, with the pack itself attached: what is checked is the attachment.

Printed from the sealed JSON alone, the same bytes each time, so that `verify_evidence` can print it anew and compare.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import reportlab

from erp.evidence.paper import Paper
from erp.evidence.seal import ATTACHMENT, MANIFEST, canonical, written
from erp.timeline.masking import readable
from workflow.templatetags.figures import plain_day, plain_moment

Pack = Mapping[str, Any]
LETTER_CURRENCIES = {"USD", "CAD", "MXN"}  # whose people have Letter paper; everybody else has A4
LAYOUT = (
    2  # of the pages: counted up with each change of what is printed, so that older prints are known as such
)
MOST_LISTED = 1000  # calls in the printed table; the JSON holds all, and nobody reads 10,000 on paper
MOST_CALLS = 200  # printed with request and answer; of more, only the table
MOST_TEXT = 1500  # characters of a request or an answer that are printed
CREATOR = re.compile(rb"/Creator \(([^()\\]{1,100})\)")
AMOUNTS = frozenset({2, 3, 4})


def printer() -> str:
    """This function will name what prints: prints of the same are the same, to the byte."""
    return f"Tieback {LAYOUT}, reportlab {reportlab.__version__}, zlib {zlib.ZLIB_RUNTIME_VERSION}"


def printed_by(file: bytes) -> str:
    """This function will tell what printed a PDF; empty where it does not say."""
    found = CREATOR.search(file)
    return found[1].decode("latin-1") if found else ""


def pdf(pack: Pack) -> bytes:
    """This function will print a sealed pack, with its JSON attached."""
    content = {name: value for name, value in pack.items() if name != MANIFEST}
    file, sha = written(content)
    out = io.BytesIO()
    batch, project, company = pack["batch"], pack["project"], pack["company"]
    name = f"{project['name']} {project['job']}, batch {batch['number']}"
    paper = Paper(
        out,
        size="LETTER" if company["currency"] in LETTER_CURRENCIES else "A4",
        title="Evidence pack",
        by=printer(),
        head=(f"Evidence pack: {name} ({company['name']})", f"SHA-256 {sha}"),
    )
    paper.title(f"Evidence pack: {name}")
    for part in (_summary, _people, _decision, _lines, _documents, _attachments, _events, _calls):
        part(paper, pack)
    _about(paper, pack, sha)
    paper.attach(ATTACHMENT, file, zlib.compress(file, 6))
    paper.end()
    return out.getvalue()


def _when(pack: Pack, moment: str | None) -> str:
    if not moment:
        return ""
    local = datetime.fromisoformat(moment).astimezone(ZoneInfo(pack["company"]["time_zone"]))
    return plain_moment(local, seconds=True, zone=True)


def _day(on: str | None) -> str:
    return plain_day(date.fromisoformat(on)) if on else ""


def _money(amount: str | None) -> str:
    return "" if amount is None else f"{Decimal(amount):,.2f}"


def _who(person: Mapping[str, Any] | None) -> str:
    return person["name"] if person else ""


def _summary(paper: Paper, pack: Pack) -> None:
    batch, company, decision = pack["batch"], pack["company"], pack["decision"]
    paper.text(decision["words"], size=11)
    paper.pairs(
        [
            ("Company", f"{company['code']} {company['name']}"),
            ("Project", f"{pack['project']['name']}, job {pack['project']['job']}"),
            ("ERP", f"{company['erp']}, company {company['erp_company']}" if company["erp_company"] else ""),
            ("Batch", f"{batch['number']}, round {batch['round']}"),
            ("Answers", f"batch {batch['answers']}" if batch["answers"] else ""),
            ("Sent", f"{_who(batch['sent_by'])}, {_when(pack, batch['sent_at'])}"),
            ("Sender's note", batch["note"]),
            (
                "Moved",
                f"{_money(batch['moved'])} {company['currency']} (up or down, the larger of both)",
            ),
            ("Net", f"{_money(batch['net'])} {company['currency']} (the change of the total)"),
            ("Lines", f"{pack['totals']['lines']}, of which {batch['lines_changed']} change"),
            ("Posted", _when(pack, batch["posted_at"])),
            (
                "Pack made",
                f"{_when(pack, pack['made']['at'])} for {_who(pack['made']['for']) or 'nobody named'}",
            ),
        ]
    )


def _people(paper: Paper, pack: Pack) -> None:
    paper.heading("Who prepared it")
    paper.pairs([(row["name"], row["what"]) for row in pack["preparers"]])
    rule = "may not accept it" if pack["batch"]["four_eyes"] else "may accept it (four eyes were off)"
    paper.text(f"Whoever prepared a batch {rule}: the company's setting when it was sent.")


def _decision(paper: Paper, pack: Pack) -> None:
    decision = pack["decision"]
    paper.heading("Decision")
    paper.pairs(
        [
            ("So far", decision["words"]),
            (
                "Opened",
                f"{_who(pack['batch']['opened_by'])} {_when(pack, pack['batch']['opened_at'])}".strip(),
            ),
            ("Accepted", f"{_who(decision['accepted_by'])} {_when(pack, decision['accepted_at'])}".strip()),
            ("On the reading", decision["reading"] or ""),
            ("Sent back by", _who(decision["sent_back_by"])),
            ("Reason", f"{decision['reason_code']} {decision['reason']}".strip()),
        ]
    )
    for step in pack["approvals"]:
        for_whom = f", for {_who(step['on_behalf_of'])}" if step["on_behalf_of"] else ""
        taken = f"{_who(step['taken_by'])}{for_whom}, {_when(pack, step['taken_at'])}"
        paper.pairs([(f"Step: {step['name']}", taken if step["taken_by"] else "not taken")])
    for remark in pack["decision"]["remarks"]:
        answer = (
            f"\nAnswered by {_who(remark['answered_by'])}: {remark['answer']}" if remark["answer"] else ""
        )
        paper.pairs([(remark["code"], f"{remark['text']}{answer}")])


def _lines(paper: Paper, pack: Pack) -> None:
    head = ("Line", "Description", "Shall be", "Counted already", "Change", "In the ERP's codes")
    widths = (0.2, 0.2, 0.13, 0.12, 0.13, 0.22)
    for item, sums in zip(pack["items"], pack["totals"]["items"], strict=True):
        paper.heading(f"{item['title']}, dated {_day(item['date'])}")
        paper.table(head, _line_rows(item), widths=widths, right=AMOUNTS)
        paper.text(
            f"Moved {_money(sums['moved'])}, net {_money(sums['net'])} over {len(item['lines'])} lines."
        )
    paper.text(
        f"All: moved {_money(pack['totals']['moved'])}, net {_money(pack['totals']['net'])}.", size=9.5
    )


def _line_rows(item: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for line in item["lines"]:
        yield (
            f"{line['job']} {line['cost_code']} {line['cost_type']}",
            line["description"],
            _money(line["target"]),
            _money(line["base"]),
            _money(line["delta"]),
            f"{line['erp_job']} {line['erp_cost_code']} {line['erp_cost_type']}".strip(),
        )


def _documents(paper: Paper, pack: Pack) -> None:
    paper.heading("Documents in the ERP and the proof of their posting")
    if not pack["documents"]:
        paper.text("None: nothing was accepted.")
    titles = {item["id"]: item["title"] for item in pack["items"]}
    for one in pack["documents"]:
        word = one["by_hand"]
        paper.pairs(
            [
                (
                    one["number"],
                    f"{titles[one['item']]}: {_state(pack, one)} since {_when(pack, one['state_since'])}",
                ),
                ("The ERP's number", one["erp_number"]),
                ("Content hash", one["content_hash"]),
                ("Delivered", _when(pack, one["delivered_at"])),
                ("Receipt", _plain(one["receipt"])),
                ("Posted", _when(pack, one["posted_at"])),
                ("Posting date", _day(one["posted_on"])),
                ("Proof", _plain(one["posting"])),
                ("Posted otherwise", _plain(one["differs"])),
                ("Refused because", _plain(one["findings"])),
                (
                    "Confirmed by hand",
                    f"{_word_of(word)}: {word['note']} ({word['state']})" if word else "",
                ),
            ]
        )


def _state(pack: Pack, one: Mapping[str, Any]) -> str:
    if one.get("left_there"):
        return f"{one['state']} here and left in {pack['company']['erp']}, as changed there,"
    return str(one["state"])


def _word_of(word: dict[str, Any]) -> str:
    for_whom = word.get("on_behalf_of")
    return _who(word["confirmed_by"]) + (f", for {_who(for_whom)}" if for_whom else "")


def _plain(value: Any) -> str:
    return canonical(value).decode() if value else ""


def _attachments(paper: Paper, pack: Pack) -> None:
    if pack["attachments"]:
        paper.heading("Files that went along")
        rows = [(row["name"], f"{row['size']:,}", row["sha256"]) for row in pack["attachments"]]
        paper.table(("Name", "Bytes", "SHA-256"), rows, widths=(0.3, 0.1, 0.6), right=frozenset({1}))
    if pack["readings"]:
        paper.heading("What was read of the ERP")
        readings = [(_when(pack, row["made_at"]) or row["state"], row["hash"]) for row in pack["readings"]]
        paper.table(("Read", "SHA-256"), readings, widths=(0.3, 0.7))


def _events(paper: Paper, pack: Pack) -> None:
    paper.heading("What happened")
    rows = (
        (
            str(event["seq"]),
            _when(pack, event["at"]),
            event["actor"],
            event["sentence"] + (f"\n“{event['note']}”" if event["note"] else ""),
            event["hash"],
        )
        for event in pack["events"]
    )
    paper.table(("No.", "When", "Who", "What", "SHA-256"), rows, widths=(0.06, 0.16, 0.14, 0.32, 0.32))
    chain = pack["chain"]
    paper.text(f"The company's chain stood at entry {chain['seq']}, {chain['hash']}.")


def _calls(paper: Paper, pack: Pack) -> None:
    paper.heading("Calls to the ERP")
    if not pack["calls"]:
        paper.text("None: nothing was written.")
        return
    numbers = {one["id"]: one["number"] for one in pack["documents"]}
    rows = (
        (
            numbers[call["document"]],
            f"{call['method']} {call['step']}",
            call["request_id"],
            _when(pack, call["sent_at"]),
            f"{call['status'] or ''} {call['outcome'] or 'no answer yet'}".strip(),
        )
        for call in pack["calls"][:MOST_LISTED]
    )
    head = ("Document", "What", "Request id", "Sent", "Outcome")
    paper.table(head, rows, widths=(0.16, 0.2, 0.32, 0.18, 0.14))
    if len(pack["calls"]) > MOST_LISTED:
        more = len(pack["calls"]) - MOST_LISTED
        paper.text(f"And {more:,} calls more, which the attached JSON holds under the same seal.")
    if len(pack["calls"]) > MOST_CALLS:
        paper.text(f"Requests and answers of the first {MOST_CALLS} follow; the attached JSON holds all.")
    for call in pack["calls"][:MOST_CALLS]:
        paper.text(f"{call['method']} {call['target']}", font="VeraBd")
        paper.text(f"{numbers[call['document']]}, request id {call['request_id']}", size=7.5)
        for label, side in (("Request", call["request"]), ("Answer", call["answer"])):
            paper.text(
                f"{label}, SHA-256 {side['sha256']}{' (secrets taken out)' if side['masked'] else ''}",
                size=7.5,
            )
            paper.text(_short(side["text"]), size=7, indent=12)


def _short(text: str) -> str:
    shown = readable(text) or "(empty)"
    left = len(shown) - MOST_TEXT
    return shown if left <= 0 else f"{shown[:MOST_TEXT]}\n... {left:,} characters more in the attached JSON"


def _about(paper: Paper, pack: Pack, sha: str) -> None:
    paper.heading("How to check this")
    paper.text(
        f"Attached to this PDF is {ATTACHMENT}, which holds everything printed here and more. Its manifest has the "
        f"SHA-256 {sha}. `python manage.py verify_evidence FILE` checks it, with --against-database also against the "
        "company's books in Tieback; docs/evidence.md says how to do it without Tieback."
    )
    paper.text(
        "Letters that the printed font lacks stand by their number, such as [U+4E2D]; the JSON holds them."
    )
    paper.text(f"Printed by {printer()}.", size=7.5)
