"""What an auditor takes away of a batch: it is whole, and whatever is changed in it is named."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from pypdf import PdfReader

from erp.delivery.outcomes import tell
from erp.evidence import seal
from erp.evidence.check import SECTIONS
from erp.evidence.pack import gather
from erp.evidence.paper import printable, wrapped
from erp.evidence.pdf import pdf, printer
from erp.models import Batch
from erp.reset import cutting, resetting
from tests.erp.test_approval_steps import rule
from tests.erp.test_timeline import CANARY, called, told
from tests.support import scene as acts
from tests.support.scene import MAIN, Scene
from workflow import events
from workflow.models import Event
from workflow.templatetags.figures import plain_moment

Pack = dict[str, Any]
LABOR, MATERIAL = (MAIN, "03-30-00", "L"), (MAIN, "03-30-00", "M")


@pytest.fixture
def posted(scene: Scene) -> Batch:
    """Original and a modification, sent by Dana, accepted by Mira, written and posted."""
    acts.lock(scene)
    acts.modify(scene, "Shift", (LABOR, "10.00"), (MATERIAL, "-10.00"))
    batch = acts.accept(scene, acts.send(scene, note="Please before Friday"))
    for document in batch.documents.order_by("pk"):
        called(document, 2)
    deliver(batch)
    post(batch)
    return Batch.objects.get(pk=batch.pk)


@pytest.fixture
def rejected(scene: Scene) -> Batch:
    """Sent back by Mira with a reason and a remark."""
    batch = acts.send(scene)
    line = scene.lines[MATERIAL]
    return acts.reject(scene, batch, remarks={line.pk: "Too high"})


def deliver(batch: Batch) -> None:
    """Workers put the documents into the ERP, and tell of it."""
    acts.deliver(batch)
    _told(batch, "Delivered", "sending")


def post(batch: Batch) -> None:
    """An accountant posts them, and the poll tells of it."""
    acts.post(batch)
    _told(batch, "Seen in the ERP:", "delivered")


def _told(batch: Batch, sentence: str, before: str) -> None:
    for document in batch.documents.select_related("item", "batch__budget__project"):
        with transaction.atomic():
            tell(document, document.state_since, sentence, before)


def pack_of(batch: Batch, by: Any = None) -> Pack:
    return json.loads(seal.written(gather(batch, now=timezone.now(), by=by))[0])


def sealed_anew(pack: Pack) -> Pack:
    """Whoever changes a pack may write a manifest that fits."""
    content = {name: value for name, value in pack.items() if name != "manifest"}
    return {**content, "manifest": seal.manifest_of(content)}


def verify(pack: Pack | bytes, tmp_path: Path, *options: str) -> str:
    """Run the command; its words, and the error's after them."""
    file = tmp_path / "pack"
    file.write_bytes(pack if isinstance(pack, bytes) else json.dumps(pack, indent=2).encode())
    out = io.StringIO()
    try:
        call_command("verify_evidence", str(file), *options, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}exit {error.returncode}: {error}"
    return out.getvalue() + "exit 0"


# -- what is in it ----------------------------------------------------------------------------------------------


def test_a_pack_tells_who_prepared_decided_wrote_and_posted(scene, posted):
    pack = pack_of(posted, by=scene.ruth)
    assert [row["name"] for row in pack["preparers"]] == ["Dana Reyes"]
    assert pack["decision"]["accepted_by"]["name"] == "Mira Osei"
    assert pack["decision"]["words"] == "Accepted and posted in the ERP"
    assert pack["made"]["for"]["name"] == "Ruth Adler"
    assert [item["title"] for item in pack["items"]] == ["Original budget", "Modification 1: Shift"]
    line = next(
        row
        for row in pack["items"][0]["lines"]
        if (row["job"], row["cost_code"], row["cost_type"]) == MATERIAL
    )
    assert (line["target"], line["base"], line["delta"], line["erp_cost_type"]) == (
        *("40000.00", "0.00", "40000.00"),
        "2000",
    )
    assert [one["state"] for one in pack["documents"]] == ["posted", "posted"]
    assert pack["documents"][0]["posting"] == {"seen": "on paper"}
    assert len(pack["calls"]) == 4
    assert pack["totals"]["moved"] == "92510.75"
    assert {"send", "accept", "mark_posted"} <= {event["action"] for event in pack["events"]}
    assert pack.keys() == SECTIONS | {"manifest"}


def test_a_batch_that_waits_says_that_it_is_not_decided(scene, tmp_path):
    batch = acts.send(scene)
    pack = pack_of(batch)
    assert pack["decision"]["words"] == "Not decided yet"
    assert verify(pack, tmp_path, "--against-database").endswith("exit 0")


def test_a_batch_weighed_against_what_the_erp_holds_holds_in_every_state(scene, tmp_path):
    scene.sheet.hold(MAIN, "03-30-00", "2000", "14000.00")
    batch = acts.send(scene)
    for step in (lambda: None, lambda: acts.accept(scene, batch), lambda: deliver(batch)):
        step()
        said = verify(pack_of(Batch.objects.get(pk=batch.pk)), tmp_path, "--against-database")
        assert said.endswith("exit 0"), said
    assert Batch.objects.get(pk=batch.pk).moved == Decimal("78500.75")


def test_the_steps_of_a_route_are_in_it_and_told_by_events(scene, tmp_path):
    rule(scene, "Approver", scene.mira)
    rule(scene, "Controller", scene.jonas)
    batch = acts.send(scene)
    acts.accept(scene, batch, by=scene.mira)
    assert told(batch).wait.whom == "Jonas Lindqvist"
    half = pack_of(batch)
    assert half["decision"]["words"] == "Not decided yet"
    acts.accept(scene, batch, by=scene.jonas)
    pack = pack_of(batch)
    assert [(step["name"], step["taken_by"]["name"]) for step in pack["approvals"]] == [
        ("Approver", "Mira Osei"),
        ("Controller", "Jonas Lindqvist"),
    ]
    for one in (half, pack):
        said = verify(one, tmp_path, "--against-database")
        assert said.endswith("exit 0"), said
    pack["approvals"][0]["taken_by"] = pack["approvals"][1]["taken_by"]
    assert "no event tells that Jonas Lindqvist took the step Approver" in verify(sealed_anew(pack), tmp_path)


def test_secrets_are_not_in_it_but_the_hash_of_what_is_kept_is(scene, posted, tmp_path):
    body = f'{{"password": "{CANARY}", "Amount": 1.10}}'
    called(posted.documents.first(), body=body)
    data, _ = seal.written(gather(posted, now=timezone.now()))
    assert CANARY.encode() not in data
    call = json.loads(data)["calls"][-1]["request"]
    assert (call["masked"], call["sha256"]) == (True, seal.sha256(body))
    assert "1.10" in call["text"]
    assert verify(data, tmp_path, "--against-database").endswith("exit 0")


def test_taking_a_pack_away_writes_nothing(scene, posted):
    before = pack_of(posted)["chain"]
    client = Client()
    client.force_login(scene.ruth)
    for kind in ("json", "pdf"):
        answer = client.get(f"/admin/erp/batch/{posted.pk}/evidence.{kind}")
        assert answer.status_code == 200
        assert f"evidence-Quay-Street-batch-1.{kind}" in answer["Content-Disposition"]
    assert pack_of(posted)["chain"] == before


def test_the_page_to_decide_on_leads_to_the_pack_too(scene):
    batch = acts.send(scene)
    client = Client()
    client.force_login(scene.mira)
    address = f"/admin/erp/batch/{batch.pk}/evidence.pdf"
    assert address in client.get(f"/admin/erp/batch/{batch.pk}/change/").content.decode()
    assert client.get(address).content.startswith(b"%PDF-")


def test_dana_and_mira_and_the_api_hand_it_out_and_strangers_find_nothing(scene, posted):
    addresses = {
        f"/projects/{scene.project.pk}/budget/batches/1/evidence.json": scene.dana,
        f"/admin/erp/batch/{posted.pk}/evidence.json": scene.mira,
        f"/api/v1/batches/{posted.pk}/evidence/": scene.dana,
    }
    for address, person in addresses.items():
        client, stranger = Client(), Client()
        client.force_login(person)
        stranger.force_login(scene.olga)
        assert json.loads(client.get(address).content)["batch"]["id"] == posted.pk
        assert stranger.get(address).status_code == 404
        assert client.get(address.replace(".json", ".exe") + "x").status_code == 404


# -- it holds ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("against", [(), ("--against-database",)])
def test_a_whole_pack_holds_alone_and_against_the_database(scene, posted, rejected_too, tmp_path, against):
    for batch in (posted, rejected_too):
        said = verify(pack_of(batch), tmp_path, *against)
        assert said.endswith("exit 0"), said
        assert "The pack holds." in said


@pytest.fixture
def rejected_too(scene: Scene, posted: Batch) -> Batch:
    acts.modify(scene, "Again", (LABOR, "1.00"), (MATERIAL, "-1.00"))
    return acts.reject(scene, acts.send(scene), remarks={scene.lines[MATERIAL].pk: "Why?"})


def test_a_pack_still_holds_when_the_batch_has_gone_on_since(scene, tmp_path):
    batch = acts.send(scene)
    packs = [pack_of(batch)]
    acts.accept(scene, batch)
    packs.append(pack_of(batch))
    deliver(batch)
    packs.append(pack_of(batch))
    post(batch)
    for pack in packs:
        said = verify(pack, tmp_path, "--against-database")
        assert said.endswith("exit 0"), said


def test_a_pack_from_before_the_posting_holds_when_readings_nobody_decided_on_are_gone(scene, tmp_path):
    batch = acts.send(scene)
    undecided = acts.read(scene)
    scene.sheet.hold(MAIN, "03-30-00", "1000", "0.00")
    acts.read(scene)
    deliver(acts.accept(scene, batch))
    pack = pack_of(Batch.objects.get(pk=batch.pk))
    post(batch)
    acts.read(scene)
    assert not scene.budget.readings.filter(pk=undecided.pk).exists()
    said = verify(pack, tmp_path, "--against-database")
    assert "(2 that nobody decided on are kept no more)" in said and said.endswith("exit 0"), said
    for reading in pack["readings"]:
        reading["hash"] = "0" * 64
    said = verify(sealed_anew(pack), tmp_path, "--against-database")
    assert "Reading" in said and "the database has another" in said


def test_a_pack_of_a_batch_that_came_back_by_a_reset_of_the_link_holds(scene, tmp_path):
    batch = acts.accept(scene, acts.send(scene))
    reset = resetting.ask_reset(
        scene.budget, user=scene.jonas, now=timezone.now(), reason="It was linked to the wrong job."
    )
    given = {"typed": MAIN, "note": "Looked at all of it."}
    reset = resetting.confirm_reset(reset, user=scene.jonas, now=timezone.now(), **given)
    cutting.go_on(reset, now=timezone.now())
    row = Batch.objects.get(pk=batch.pk)
    assert (row.state, row.sent_back_by) == ("returned", scene.jonas)
    pack = pack_of(row)
    assert verify(pack, tmp_path, "--against-database").endswith("exit 0")
    pack["decision"]["reason"] = "All is fine."
    assert "the reason is not what the event tells" in verify(sealed_anew(pack), tmp_path)


@pytest.mark.django_db(transaction=True)
def test_a_pack_holds_while_other_people_go_on_working(scene, posted, tmp_path, monkeypatch):
    pack, digest = pack_of(posted), events.digest

    def somebody_acts() -> None:
        with transaction.atomic():
            events.record(
                chain=scene.company.pk, at=timezone.now(), actor=scene.dana, action="look", about=[]
            )
        connection.close()

    def meanwhile(event: Event) -> str:
        if event.seq == 1 and event.pk:
            monkeypatch.setattr(events, "digest", digest)
            with ThreadPoolExecutor(1) as others:
                others.submit(somebody_acts).result()
        return digest(event)

    monkeypatch.setattr(events, "digest", meanwhile)
    said = verify(pack, tmp_path, "--against-database")
    assert Event.objects.filter(action="look").exists() and said.endswith("exit 0"), said


def test_the_lines_of_the_file_give_the_manifest_with_nothing_of_ours(posted):
    data, sha = seal.written(gather(posted, now=timezone.now()))
    manifest = json.loads(data)["manifest"]
    lines = data.decode().splitlines()[1:-1]
    for line in lines[:-1]:
        name, _, value = line.removesuffix(",").partition(":")
        assert hashlib.sha256(value.encode()).hexdigest() == manifest["sections"][json.loads(name)]
    said = json.dumps(manifest["sections"], sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(said.encode()).hexdigest() == sha == manifest["sha256"]


# -- it does not ------------------------------------------------------------------------------------------------


def test_every_part_is_covered_by_the_manifest(posted, tmp_path):
    whole = pack_of(posted)
    for name in sorted(SECTIONS - {"format", "schema"}):
        value = whole[name]
        changed = [*value, "more"] if isinstance(value, list) else {**value, "more": 1}
        said = verify({**whole, name: changed}, tmp_path)
        assert (
            f"exit 1: This pack does not hold. {name.capitalize()}: this part is not what was packed" in said
        )
        left_out = {key: value for key, value in whole.items() if key != name}
        assert f"{name.capitalize()}: this part is missing" in verify(left_out, tmp_path)


def test_a_part_that_was_added_is_named(posted, tmp_path):
    assert "Extra: this part was added" in verify({**pack_of(posted), "extra": 1}, tmp_path)


def _amount(pack: Pack) -> None:
    pack["items"][0]["lines"][2]["delta"] = "40001.00"


def _amount_with_its_sums(pack: Pack) -> None:
    line = pack["items"][0]["lines"][2]
    line["target"], line["delta"] = "40001.00", "40001.00"
    more = str(Decimal(pack["totals"]["moved"]) + 1), str(Decimal(pack["totals"]["net"]) + 1)
    pack["totals"]["moved"], pack["totals"]["net"] = more
    pack["totals"]["items"][0] = {
        name: str(Decimal(value) + 1) for name, value in pack["totals"]["items"][0].items()
    }
    pack["batch"]["net"] = more[1]


def _event(pack: Pack) -> None:
    pack["events"][0]["note"] = "Nothing to see"


def _order(pack: Pack) -> None:
    pack["events"].reverse()


def _order_of_lines(pack: Pack) -> None:
    pack["items"][0]["lines"].reverse()


def _answer(pack: Pack) -> None:
    pack["calls"][1]["answer"]["text"] = "all is well"


def _approver(pack: Pack) -> None:
    pack["decision"]["accepted_by"] = {"id": 1, "name": "Somebody Else"}


def _no_acceptance(pack: Pack) -> None:
    pack["events"] = [event for event in pack["events"] if event["action"] != "accept"]


def _total(pack: Pack) -> None:
    pack["totals"]["net"] = "1.00"


def _document(pack: Pack) -> None:
    pack["documents"][0]["content_hash"] = "0" * 64


TAMPERED: list[tuple[Callable[[Pack], None], str, str]] = [
    (_amount, "Items", "Line 26-0288 03-30-00 M: its change is not"),
    (_amount_with_its_sums, "Batch", "do not give the content hash"),
    (_event, "Events", "it does not give its own hash"),
    (_order, "Events", "the order was changed"),
    (_order_of_lines, "Items", "Lines of Original budget: their order was changed"),
    (_answer, "Calls", "its answer is not the one whose SHA-256 was kept"),
    (_approver, "Decision", "Decision: event"),
    (_no_acceptance, "Events", "no event tells that it was accepted"),
    (_total, "Totals", "Totals: they are not the sums of the lines"),
    (_document, "Documents", "do not give the content hash"),
]


@pytest.mark.parametrize(("change", "part", "why"), TAMPERED, ids=[row[0].__name__ for row in TAMPERED])
def test_what_is_changed_is_named_also_when_it_is_sealed_anew(posted, tmp_path, change, part, why):
    pack = pack_of(posted)
    if change is _amount_with_its_sums:  # the amount moved stands in the event of acceptance too
        pack["batch"]["moved"] = pack["totals"]["moved"]
    change(pack)
    assert f"exit 1: This pack does not hold. {part}: this part is not what was packed" in verify(
        pack, tmp_path
    )
    said = verify(sealed_anew(pack), tmp_path)
    assert "exit 1: This pack does not hold." in said
    if change is _amount_with_its_sums:
        assert "what it says of moved is not the sum" in said
        pack["batch"]["moved"] = pack["totals"]["moved"]
        said = verify(sealed_anew(pack), tmp_path)
        assert "the amount moved is not what the event tells" in said
        return
    assert why in said


def test_a_reason_that_was_changed_is_named(rejected, tmp_path):
    pack = pack_of(rejected)
    pack["decision"]["reason"] = "All is fine."
    assert "Decision: this part is not what was packed" in verify(pack, tmp_path)
    assert "Decision: the reason is not what the event tells" in verify(sealed_anew(pack), tmp_path)
    pack = pack_of(rejected)
    pack["decision"]["remarks"][0]["text"] = "Fine"
    assert "the remarks is not what the event tells" in verify(sealed_anew(pack), tmp_path)


def test_an_event_that_was_left_out_and_sealed_anew_is_missed_by_the_database(posted, tmp_path):
    document = posted.documents.select_related("item", "batch__budget__project").first()
    with transaction.atomic():
        tell(document, timezone.now(), "News of", "")
    pack = pack_of(posted)
    gone = pack["events"].pop(-1)
    said = verify(sealed_anew(pack), tmp_path, "--against-database")
    assert (
        f"Event {gone['seq']} (Tieback: {gone['sentence']}): the database has it, the pack does not" in said
    )


def test_a_call_that_was_left_out_is_missed_by_the_database(posted, tmp_path):
    pack = pack_of(posted)
    gone = pack["calls"].pop(1)
    said = verify(sealed_anew(pack), tmp_path, "--against-database")
    assert f"Call {gone['request_id']}: the database has it, the pack does not" in said


def test_what_agrees_with_itself_is_held_against_the_database(posted, tmp_path):
    pack = pack_of(posted)
    pack["documents"][0]["posting"] = {"seen": "by nobody"}
    assert verify(sealed_anew(pack), tmp_path).endswith("exit 0"), "nothing in the file tells otherwise"
    said = verify(sealed_anew(pack), tmp_path, "--against-database")
    number = pack["documents"][0]["number"]
    assert f"Document {number}: posting: the pack says {{'seen': 'by nobody'}}" in said


def _behind_the_triggers(sql: str) -> None:
    """Whoever owns the tables switches the triggers off, changes rows that nobody may change, and on again."""
    table = re.match(r"(?:UPDATE|DELETE FROM) (\w+)", sql)[1]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no trigger may be pending
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql)
        assert cursor.rowcount > 0
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        (
            "UPDATE erp_batchline SET target = 41000, delta = 41000 WHERE target = 40000",
            "Line 26-0288 03-30-00 M",
        ),
        ("UPDATE erp_batch SET note = 'never'", "Batch: note"),
        ("UPDATE workflow_event SET note = 'never' WHERE action = 'send'", "Chain: "),
        ("UPDATE erp_call SET answer = 'never'", "Call request-0: answer"),
        ("UPDATE erp_document SET posted_on = '2001-01-01'", "posted on"),
        ("UPDATE erp_batchpreparer SET what = 'nothing'", "Preparer Dana Reyes: what"),
        ("DELETE FROM erp_call WHERE request_id = 'request-1'", "Call request-1: the pack has it"),
    ],
)
def test_a_row_changed_behind_the_triggers_is_named(posted, tmp_path, sql, named):
    pack = pack_of(posted)
    _behind_the_triggers(sql)
    said = verify(pack, tmp_path, "--against-database")
    assert "exit 1: This pack does not hold." in said
    assert named in said


def test_a_pack_of_another_database_is_told_so(scene, posted, tmp_path):
    pack = pack_of(posted)
    pack["batch"]["id"] = 10**9
    assert "this database has no such batch" in verify(sealed_anew(pack), tmp_path, "--against-database")


def test_where_the_settings_name_no_such_erp_nothing_is_said_against_a_pack(posted, tmp_path, settings):
    pack = pack_of(posted)
    settings.ERP_BACKENDS = {}
    said = verify(pack, tmp_path, "--against-database")
    assert (
        "exit 2: Northgate Builders works with the ERP “paper”, which the settings of this process do" in said
    )
    assert "variables that begin with PAPER_" in said
    assert "does not hold" not in said
    assert verify(pack, tmp_path).endswith("exit 0"), "the file alone needs none"


def test_an_erp_that_is_called_otherwise_is_a_word_of_the_settings(posted, tmp_path):
    pack = pack_of(posted)
    pack["company"]["erp"] = "Accounting"
    said = verify(sealed_anew(pack), tmp_path, "--against-database")
    assert "what the ERP is called: the pack says Accounting, the settings of this process CMiC" in said


def test_a_database_that_cannot_be_asked_is_told_in_a_sentence(posted, tmp_path, monkeypatch):
    def refuse(*args: Any, **more: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM not_of_tieback")

    pack = pack_of(posted)
    monkeypatch.setattr("erp.evidence.against.gather", refuse)
    with transaction.atomic():
        said = verify(pack, tmp_path, "--against-database")
        transaction.set_rollback(True)
    assert "exit 2: The database that DATABASE_URL names cannot be asked (relation " in said


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"format": "tieback-evidence", "schema": 2}',
        b'{"format": "tieback-evidence", "format": "tieback-evidence", "schema": 1}',
        b'{"format": "tieback-evidence", "schema": NaN}',
        b"%PDF-1.4 nothing attached",
        b"%PDF-1.4\n1 0 obj << /Length 5 /Type /EmbeddedFile >>\nstream\nabcdeendstream",
        b"[" * 100_000,
    ],
)
def test_what_is_no_pack_is_told_so(tmp_path, data):
    assert "exit 2: " in verify(data, tmp_path)


def test_a_pack_of_nonsense_does_not_hold_and_never_falls_over(posted, tmp_path):
    whole = pack_of(posted)
    for name in sorted(SECTIONS - {"format", "schema"}):
        for nonsense in (None, 5, "x", [], {}, [None]):
            pack = whole | {name: nonsense}
            assert "exit" in verify(sealed_anew(pack), tmp_path), (name, nonsense)


# -- as a PDF ---------------------------------------------------------------------------------------------------


def printed(batch: Batch) -> tuple[bytes, Pack]:
    pack = pack_of(batch)
    return pdf(pack), pack


def words_of(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def test_the_pdf_holds_the_json_and_is_verified_like_it(posted, tmp_path):
    data, pack = printed(posted)
    said = verify(data, tmp_path, "--against-database")
    assert said.endswith("exit 0"), said
    assert "pages: the print of the attached evidence" in said
    (attached,) = PdfReader(io.BytesIO(data)).attachments["evidence.json"]
    assert json.loads(attached) == pack


def test_the_pdf_is_read_by_people(posted):
    data, pack = printed(posted)
    text = words_of(data)
    for words in (
        *("Evidence pack: Quay Street 26-0288, batch 1", "Dana Reyes", "Mira Osei", "40,000.00"),
        *(pack["manifest"]["sha256"], pack["documents"][0]["number"], "Modification 1: Shift", "request-0"),
    ):
        assert words in text, words
    sent = posted.sent_at.astimezone(ZoneInfo("America/Chicago"))
    assert f"Dana Reyes, {plain_moment(sent, seconds=True, zone=True)}" in text
    assert f"dated {date_format(posted.items.order_by('position')[0].date)}" in text
    pages = len(PdfReader(io.BytesIO(data)).pages)
    assert f"Page {pages} of" in text
    assert PdfReader(io.BytesIO(data)).pages[0].mediabox.width == 612, (
        "people who pay in dollars have Letter paper"
    )


def test_of_very_many_calls_the_print_lists_the_first_and_says_how_many_more_there_are(posted, monkeypatch):
    monkeypatch.setattr("erp.evidence.pdf.MOST_LISTED", 3)
    content = gather(posted, now=timezone.now(), by=None)
    printed = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf(content))).pages)
    left = len(content["calls"]) - 3
    assert left > 0
    assert f"And {left} calls more" in printed


def test_an_attachment_that_was_changed_and_pages_that_were_are_named(posted, tmp_path):
    data, pack = printed(posted)
    forged = copy.deepcopy(pack)
    forged["decision"]["words"] = "Sent back"
    other = pdf(sealed_anew(forged))
    assert "Decision: " in verify(pdf({**forged}), tmp_path) or "pages" in verify(pdf({**forged}), tmp_path)
    assert "exit 1: This pack does not hold. Pages: " in verify(data + b"\n% more", tmp_path)
    start = data.index(b"/EmbeddedFile")
    begin = data.index(b"stream\n", start) + 7
    damaged = data[: begin + 20] + bytes([data[begin + 20] ^ 1]) + data[begin + 21 :]
    assert "exit 2: The evidence attached to the PDF is damaged." in verify(damaged, tmp_path)
    assert verify(other, tmp_path, "--against-database").count("holds") > 0


def test_pages_that_nobody_compared_do_not_hold_and_may_be_printed_anew(posted, tmp_path):
    data, pack = printed(posted)
    other = data.replace(
        f"({printer()})".encode(), f"({printer().replace('reportlab', 'reportlot')})".encode()
    )
    assert other != data
    said = verify(other, tmp_path, "--print", str(tmp_path / "anew.pdf"))
    assert "exit 3: The JSON attached to the PDF holds; its pages were not compared" in said
    assert "The pack holds." not in said
    assert (tmp_path / "anew.pdf").read_bytes() == data


def test_the_print_is_the_same_each_time(posted):
    data, pack = printed(posted)
    assert pdf(pack) == data


def test_letters_that_the_font_lacks_are_written_by_their_number(scene, tmp_path):
    assert printable("Zoë Łuk Ştefan") == "Zoë Łuk Ştefan"
    assert printable("中") == "[U+4E2D]"
    scene.dana.first_name = "中野"
    scene.dana.save()
    scene.reload()
    data, _ = printed(acts.send(scene))
    assert "[U+4E2D][U+91CE] Reyes" in words_of(data)
    assert verify(data, tmp_path).endswith("exit 0")


def test_long_texts_are_wrapped_between_words_and_within_those_too_long():
    lines = wrapped("one two " * 40 + "x" * 300, width=200, size=8)
    assert len(lines) > 5
    assert "".join(line.replace(" ", "") for line in lines) == "onetwo" * 40 + "x" * 300
    assert wrapped("", width=200, size=8) == [""]


def test_a_long_table_repeats_its_head_and_a_long_cell_goes_on(posted):
    pack = pack_of(posted)
    line = pack["items"][0]["lines"][0]
    pack["items"][0]["lines"] = [line | {"description": f"Line {place}"} for place in range(300)]
    pack["batch"]["note"] = "a long note " * 3000
    reader = PdfReader(io.BytesIO(pdf(pack)))
    texts = [page.extract_text() for page in reader.pages]
    assert sum("Counted" in text for text in texts) >= 4
    assert "Line 299" in "".join(texts)
    assert len(texts) > 8
