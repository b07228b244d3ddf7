"""What a batch is read against: the ERP now, the batch sent last, the rejection it answers. Sums tie in each."""

from decimal import Decimal

import pytest
from django.utils import timezone

from erp import services
from erp.models import Batch, BatchLine, Remark
from erp.port import Finding, JobStatus
from tests.support import paper
from tests.support import scene as acts
from tests.support.scene import MAIN

READY_MIX = (MAIN, "03-30-00", "M")
LABOR = (MAIN, "03-30-00", "L")


def url(batch, **query) -> str:
    return f"/admin/erp/batch/{batch.pk}/change/" + (
        "?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else ""
    )


def read(client, batch, **query):
    answer = client.get(url(batch, **query))
    assert answer.status_code == 200
    return answer.context


def words(answer) -> str:
    return " ".join(answer.content.decode().split())


def counts(context) -> dict[str, int]:
    return {one.key: one.count for one in context["switch"].choices}


@pytest.fixture
def second_round(scene):
    """Mira rejected the first batch with a remark on ready-mix; Dana moved 500.00 from it to labor and sent again."""
    acts.reject(scene, acts.send(scene), remarks={scene.lines[READY_MIX].pk: "Is that ready-mix?"})
    acts.modify(scene, "Less", (READY_MIX, "-500.00"), (LABOR, "500.00"))
    return acts.send(scene)


def test_a_first_batch_is_read_against_the_erp_alone(scene, desk):
    context = read(desk(scene.mira), acts.send(scene))
    assert counts(context) == {"erp": 5 + 0}
    assert context["beside"] is None


def test_a_batch_that_answers_a_rejection_opens_on_what_changed_since(scene, desk, second_round):
    context = read(desk(scene.mira), second_round)
    assert context["beside"].key == "rejection"
    shown = [(str(line.row.shown.code), line.remark is not None) for line in context["beside"].lines]
    assert shown == [("26-0288 03-30-00 M", True), ("26-0288 03-30-00 L", False)]
    assert counts(context)["rejection"] == counts(context)["last"] == 2 + 1  # lines, and the transfer


@pytest.mark.parametrize("against", ["rejection", "last"])
def test_the_sums_beside_an_earlier_batch_tie(scene, desk, second_round, against):
    beside = read(desk(scene.mira), second_round, against=against)["beside"]
    assert beside.found.ties
    lines = sum((line.row.difference for line in beside.lines), Decimal(0))
    assert lines + beside.unchanged.difference == beside.found.difference == Decimal(0)
    held = sum((line.row.amount_b for line in beside.lines), Decimal(0)) + beside.unchanged.b
    assert held == beside.found.b.total == acts.TOTAL


def test_against_the_erp_the_sums_of_every_document_tie(scene, desk, second_round):
    context = read(desk(scene.mira), second_round, against="erp")
    assert context["beside"] is None
    for item in context["shown_items"]:
        everything = (*item.rows, *item.folded)
        assert sum(row.sent for row in everything) == item.of.sent
        assert item.of.in_erp + item.of.net == item.of.after


def test_a_batch_pulled_back_in_between_still_answers_the_rejection(scene, desk, second_round):
    services.retrieve(scene.reload(), user=scene.dana, now=timezone.now())
    third = acts.send(scene)
    context = read(desk(scene.mira), third)
    assert (context["beside"].key, context["beside"].before.number) == ("rejection", 1)
    assert read(desk(scene.mira), third, against="last")["beside"].before.number == 2


def test_an_answer_in_words_is_read_beside_a_line_that_stayed(scene, desk):
    acts.reject(scene, acts.send(scene), remarks={scene.lines[READY_MIX].pk: "Why?"})
    services.answer_remark(Remark.objects.get(), user=scene.dana, now=timezone.now(), answer="Prices rose.")
    answer = desk(scene.mira).get(url(acts.send(scene)))
    assert [line.changed for line in answer.context["beside"].lines] == [False]
    assert "Dana Reyes answers:</strong> Prices rose." in words(answer)
    assert "Nothing was changed since." in words(answer)


def test_only_changed_lines_are_shown_until_all_are_asked_for(scene, desk):
    scene.sheet.hold(*READY_MIX[:2], "2000", "40000.00")
    client, batch = desk(scene.mira), acts.send(scene)
    (item,) = read(client, batch)["shown_items"]
    assert READY_MIX not in [(row.row.job, row.row.cost_code, row.row.cost_type) for row in item.rows]
    (item,) = read(client, batch, show="all")["shown_items"]
    assert len(item.rows) == 6


def test_lines_are_found_by_code_and_description_while_the_total_stays_whole(scene, desk):
    client, batch = desk(scene.mira), acts.send(scene)
    answer = client.get(url(batch, find="03-30"))
    (item,) = answer.context["shown_items"]
    assert {row.row.cost_code for row in item.rows} == {"03-30-00"}
    assert "Total of all 6 lines" in words(answer)
    assert "92,500.75" in words(answer)
    assert "No line matches “elephant”." in words(client.get(url(batch, find="elephant")))


def test_nonsense_in_the_address_is_passed_over(scene, desk):
    batch = acts.send(scene)
    query = {"against": "x", "show": "y", "item": "-1", "start": "9e9", "find": "%27%5C", "list": "%26%3D"}
    assert desk(scene.mira).get(url(batch, **query)).status_code == 200
    assert desk(scene.mira).get(url(batch, item=batch.items.get().pk, start=10**9)).status_code == 200


def test_a_long_document_is_read_in_windows(scene, desk, monkeypatch):
    from erp.decision import lines as decision_lines

    monkeypatch.setattr(decision_lines, "WINDOW", 2)
    client, batch = desk(scene.mira), acts.send(scene)
    item = batch.items.get().pk
    answer = client.get(url(batch, show="all"))
    assert len(answer.context["shown_items"][0].rows) == 2
    assert "Lines 1 to 2 of 6" in words(answer)
    (last,) = read(client, batch, show="all", item=item, start=4)["shown_items"]
    assert (last.window.first, last.window.last, last.window.after) == (5, 6, "")
    assert (
        sum(
            len(read(client, batch, show="all", item=item, start=at)["shown_items"][0].rows)
            for at in (0, 2, 4)
        )
        == 6
    )


def test_a_page_that_is_full_names_the_other_documents_with_a_link(scene, desk, monkeypatch):
    from erp.decision import lines as decision_lines

    acts.lock(scene)
    acts.modify(scene, "Own crew", (LABOR, "500.00"), (READY_MIX, "-500.00"))
    monkeypatch.setattr(decision_lines, "MOST_LINES", 5)
    first, second = read(desk(scene.mira), acts.send(scene))["shown_items"]
    assert len(first.rows) == 5
    assert not second.rows
    opened = desk(scene.mira).get(second.closed)
    assert len(opened.context["shown_items"][1].rows) == 2


def test_which_entries_the_erp_gets_is_told_beforehand(scene, desk):
    acts.lock(scene)
    acts.modify(scene, "Own crew", (LABOR, "500.00"), (READY_MIX, "-500.00"))
    batch = acts.send(scene)
    original, transfer = read(desk(scene.mira), batch)["entries"]
    assert (original.kind, original.codes, original.moved) == ("paper for a started job", 5, acts.TOTAL)
    assert (transfer.codes, transfer.moved, transfer.net) == (2, Decimal("500.00"), Decimal(0))
    assert transfer.then == "Waits in CMiC until an accountant posts it."
    acts.accept(scene, batch)
    numbers = [entry.number for entry in read(desk(scene.mira), batch)["entries"]]
    assert numbers == [document.number for document in batch.documents.order_by("item__position")]


def test_modifications_of_a_pending_job_are_told_to_wait(scene, desk):
    scene.sheet.status = JobStatus.PENDING
    acts.lock(scene)
    acts.modify(scene, "Own crew", (LABOR, "500.00"), (READY_MIX, "-500.00"))
    original, transfer = read(desk(scene.mira), acts.send(scene))["entries"]
    assert original.then == "Entered directly; it counts when the job is started in CMiC."
    assert transfer.then.startswith("Waits until the job is started in CMiC")


def test_a_document_that_nets_to_zero_makes_no_entry(scene, desk):
    for key, amount in (((MAIN, "03-30-00", "1000"), "15000.00"), ((MAIN, "03-30-00", "2000"), "40000.00")):
        scene.sheet.hold(*key, amount)
    scene.sheet.hold(MAIN, "01-31-00", "1000", "20000.00")
    scene.sheet.hold(MAIN, "09-68-00", "4000", "12500.50")
    scene.sheet.hold("26-0288-01", "03-30-00", "2000", "5000.25")
    answer = desk(scene.mira).get(url(acts.send(scene)))
    (entry,) = answer.context["entries"]
    assert (entry.codes, entry.settled) == (0, "nets to zero, no entry")
    assert "Nets to zero in CMiC: no entry" in words(answer)


def test_an_uneven_modification_is_drawn_with_its_net_change(scene, desk):
    scene.company.allow_total_change = True
    scene.company.save()
    acts.lock(scene)
    acts.modify(scene, "More", (LABOR, "700.00"), (READY_MIX, "-500.00"))
    answer = desk(scene.mira).get(url(acts.send(scene)))
    drawn = answer.context["shown_items"][1].transfer
    assert [leg.change for leg in drawn.sources.legs] == [Decimal("-500.00")]
    assert [leg.change for leg in drawn.targets.legs] == [Decimal("700.00")]
    assert 'net change of the total <span class="number">200.00</span>' in words(answer)


def test_everything_the_erp_would_refuse_is_listed_with_its_lines(scene, desk, monkeypatch):
    batch = acts.send(scene)
    rows = list(BatchLine.objects.filter(item__batch=batch).order_by("position"))

    def problems(self, document):
        return [Finding(f"bad_{n}", f"Fault {n}.", (line.ref,)) for n, line in enumerate(document.lines)]

    monkeypatch.setattr(paper.PaperErp, "problems", problems)
    answer = desk(scene.mira).get(url(batch))
    assert [told.message for told in answer.context["findings"]] == [f"Fault {n}." for n in range(6)]
    assert [told.lines[0].row.pk for told in answer.context["findings"]] == [row.pk for row in rows]
    assert f'href="#row-{rows[0].pk}"' in words(answer)


def test_who_prepared_what_and_who_may_accept_instead_is_told_beforehand(scene, desk):
    acts.lock(scene)
    batch = acts.send(scene, by=scene.tom)
    answer = desk(scene.tom).get(url(batch))
    assert ("Tom Baptiste", "sent it") in answer.context["eyes"].prepared
    assert answer.context["eyes"].others == "Jonas Lindqvist or Mira Osei"
    assert "not you: you sent it" in words(answer)
    assert "not you" not in words(desk(scene.mira).get(url(batch)))
    row = next(iter(desk(scene.tom).get("/admin/erp/batch/").context["cl"].result_list))
    assert row.pk == batch.pk
    assert "you prepared it: ask Jonas Lindqvist or Mira Osei" in words(
        desk(scene.tom).get("/admin/erp/batch/")
    )


def test_a_remark_on_a_line_that_is_not_shown_stays_in_the_form(scene, desk):
    batch = acts.send(scene)
    hidden = scene.lines[MAIN, "09-68-00", "S"]
    given = {"reason_code": "amounts", "reason": " ", f"remark-{hidden.pk}": "Which carpet?"}
    monkey = desk(scene.mira).post(f"/admin/erp/batch/{batch.pk}/do/reject/?find=03-30", given)
    assert monkey.status_code == 422
    assert f'name="remark-{hidden.pk}" rows="2" maxlength="1000">Which carpet?' in words(monkey)


def test_after_new_amounts_the_page_says_what_moved_and_accepts_on_that_basis(scene, desk):
    batch, client = acts.send(scene), desk(scene.mira)
    seen = client.get(url(batch)).context["decision"].reading.hash
    scene.sheet.hold(MAIN, "03-30-00", "1000", "777.00")
    acts.read(scene)
    answer = client.post(f"/admin/erp/batch/{batch.pk}/do/accept/", {"reading_hash": seen})
    assert answer.status_code == 409
    (moved,) = answer.context["moved_since"]
    assert (moved.then, moved.now, moved.difference) == (None, Decimal("777.00"), Decimal("777.00"))
    assert "Accept on this basis" in words(answer)
    assert len(client.get(url(batch, seen=seen)).context["moved_since"]) == 1
    basis = answer.context["decision"].reading.hash
    assert client.post(f"/admin/erp/batch/{batch.pk}/do/accept/", {"reading_hash": basis}).status_code == 302
    assert Batch.objects.get().state == "accepted"
