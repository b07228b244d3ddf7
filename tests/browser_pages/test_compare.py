"""The pages that lay two states of a budget beside each other."""

from decimal import Decimal

import pytest
from django.utils import timezone

from budgets import services
from erp.models import ErpReading, ReadingState
from tests.browser_pages.conftest import words
from tests.support.scene import MAIN, accept, add_line, deliver, modify, post, read, reject, send

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


@pytest.fixture
def sent_twice(desk):
    """Sent back with a remark, corrected by 2,000.00, and sent again."""
    scene = desk.scene
    reject(scene, send(scene), remarks={desk.concrete.pk: "Too high"})
    services.unlock(scene.reload(), user=scene.dana, now=timezone.now())
    line = desk.concrete
    line.refresh_from_db()
    services.edit_line(
        line,
        user=scene.dana,
        now=timezone.now(),
        version=line.version,
        values={"amount": Decimal("38000.00")},
    )
    send(scene)
    return desk


def test_dana_follows_what_changed_since_the_rejection_from_the_batch_to_the_line(sent_twice):
    batch = words(sent_twice.get("batch", 2))
    assert "what changed since batch 1 was sent back" in batch
    page = sent_twice.get("compare", a="1", b="2")
    text = words(page)
    assert "Batch 1 compared with batch 2" in text
    assert "Ties to the cent" in text
    assert "2 lines the same" in text and "2 divisions in which nothing differs, 3 lines" in text
    assert f"/budget/lines/{sent_twice.concrete.pk}/" in text
    assert page.context["found"].difference == Decimal("-2000.00")
    assert "what was rejected, retrieved or returned does not" in text


def test_without_an_address_the_last_two_sends_are_compared(sent_twice):
    found = sent_twice.get("compare").context["found"]
    assert (found.a.key, found.b.key) == ("1", "2")


def test_chips_count_the_kinds_of_lines_and_choose_them(sent_twice):
    page = sent_twice.get("compare", a="1", b="2", show="same")
    counts = {chip.words: chip.count for chip in page.context["chips"]}
    assert counts == {
        "Differences": 1,
        "Changed": 1,
        "Only in batch 1": 0,
        "Only in batch 2": 0,
        "The same": 5,
        "All lines": 6,
    }
    assert [row.shown.code.cost_type for group in page.context["groups"] for row in group.rows] == [
        *("L", "L", "M", "S", "O")
    ]


def test_two_states_that_are_the_same_say_so(sent_twice):
    assert "Nothing differs" in words(sent_twice.get("compare", a="2", b="now"))
    assert "This is the same twice" in words(sent_twice.get("compare", a="2", b="2"))


def test_a_batch_that_does_not_exist_is_not_found(sent_twice):
    assert sent_twice.get("compare", a="9", b="now").status_code == 404


def test_a_stranger_finds_nothing(sent_twice):
    sent_twice.log_in(sent_twice.scene.olga)
    for name in ("compare", "compare_reading"):
        assert sent_twice.get(name).status_code == 404
    assert sent_twice.send("read_erp").status_code == 404


def test_where_lines_are_many_divisions_are_closed_until_one_is_opened(sent_twice, monkeypatch):
    monkeypatch.setattr("erp.compare.pages.MOST_ROWS", 3)
    page = sent_twice.get("compare", a="1", b="2", show="all")
    assert [len(group.rows) for group in page.context["groups"]] == [0, 0, 0]
    opened = sent_twice.get("compare", a="1", b="2", show="all", division="03")
    assert [len(group.rows) for group in opened.context["groups"]] == [0, 3, 0]
    whole = sent_twice.get("compare", a="1", b="2", show="all", everything="yes")
    assert sum(len(group.rows) for group in whole.context["groups"]) == 6


def test_the_file_holds_every_line_and_the_total_and_no_formula(sent_twice):
    scene = sent_twice.scene
    services.unlock(_free(scene), user=scene.dana, now=timezone.now())
    line = add_line(scene.budget, scene.dana, MAIN, "01-31-00", "O", "7.00")
    services.edit_line(
        line,
        user=scene.dana,
        now=timezone.now(),
        version=0,
        values={"description": '=HYPERLINK("http://x")'},
    )
    answer = sent_twice.get("compare", a="1", b="now", file="csv")
    rows = answer.content.decode("utf-8-sig").splitlines()
    assert (
        rows[0]
        == "Division,Job,Cost code,Cost type,Description,Batch 1,The budget now,Difference,Result,Note"
    )
    assert rows[1].startswith("01,26-0288,01-31-00,L,,20000.00,20000.00,0.00,the same")
    assert """"'=HYPERLINK(""http://x"")",,7.00,7.00,only in the budget now""" in rows[2]
    assert rows[-1] == "Total,,,,,92500.75,90507.75,-1993.00,,"
    assert "batch-1-and-the-budget-now.csv" in answer["Content-Disposition"]
    workbook = sent_twice.get("compare", a="1", b="now", file="xlsx")
    assert workbook.content[:2] == b"PK"


def _free(scene):
    """The budget, back in Dana's hands."""
    from erp import services as erp_services

    erp_services.retrieve(scene.reload(), user=scene.dana, now=timezone.now())
    return scene.reload()


# -- beside the ERP ------------------------------------------------------------------------------------------


def test_the_erp_is_read_again_by_a_task_and_the_page_says_when_it_is_done(sent_twice):
    scene = sent_twice.scene
    scene.sheet.hold(MAIN, "03-30-00", "2000", "38100.00")
    page = sent_twice.get("compare", a="2", b="erp")
    assert "was read" in words(page)
    seen = page.context["reading"].pk
    answer = sent_twice.client.post(sent_twice.url("read_erp") + "?a=2&b=erp", {"submission": ""})
    assert answer.url == sent_twice.url("compare") + "?a=2&b=erp"
    waiting = words(sent_twice.get("compare", a="2", b="erp"))
    assert "is being read" in waiting and f"seen={seen}" in waiting
    assert "is being read" in words(sent_twice.get("compare_reading", a="2", b="erp", seen=seen))
    read(scene)
    done = words(sent_twice.get("compare_reading", a="2", b="erp", seen=seen))
    assert "was read again" in done and "?a=2&amp;b=erp" in done
    text = words(sent_twice.get("compare", a="2", b="erp"))
    assert "Ties to the cent" in text and "in CMiC <span" in text


def test_an_erp_that_was_never_read_is_said_to_be(desk):
    send(desk.scene, read_it=False)
    assert "was not read for this project yet" in words(desk.get("compare", a="1", b="erp"))


def test_a_reading_that_failed_is_told_with_its_reason(sent_twice):
    now = timezone.now()
    ErpReading.objects.create(
        budget=sent_twice.scene.budget, asked_at=now, state=ReadingState.FAILED, error="no answer."
    )
    assert "could not be read: no answer." in words(sent_twice.get("compare", a="2", b="erp"))


# -- remarks -------------------------------------------------------------------------------------------------


def test_a_modification_on_its_line_answers_a_remark(desk):
    scene = desk.scene
    batch = send(scene)
    accept(scene, batch)
    deliver(batch)
    post(batch)
    modify(scene, "First", (CONCRETE, "-500.00"), (CARPET, "500.00"))
    reject(scene, send(scene), remarks={desk.concrete.pk: "Why so much?"})
    head = words(desk.get("page"))
    assert "1 remark of the rejection not answered" in head
    assert "1 remark to answer" in head
    modify(scene, "More", (CONCRETE, "-100.00"), (CARPET, "100.00"))
    page = words(desk.get("batch", 2))
    assert "Changed since</strong> from" in page and "39,500.00" in page and "39,400.00" in page
    head = words(desk.get("page"))
    assert "not answered" not in head
    assert "The remark is settled" in head
