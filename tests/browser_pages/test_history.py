"""The History tab: who changed what, when, from which value to which."""

from datetime import timedelta
from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from budgets import services
from budgets.forecasts import services as forecast_services
from budgets.models import BudgetLine
from tests.browser_pages.conftest import words
from tests.support.scene import MAIN, SUB, add_line, lock, modify, reject, send

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def edit(desk, line, *, by=None, at=None, **values):
    line.refresh_from_db()
    return services.edit_line(
        line, user=by or desk.scene.dana, now=at or timezone.now(), version=line.version, values=values
    )


def told(page):
    """What the page tells: (who, sentence, what, field, old, new) of every change."""
    return [
        (entry.who, entry.sentence, change.what, change.field, change.old, change.new)
        for entry in page.context["found"].entries
        for change in entry.changes
    ]


def test_dana_sees_who_changed_what_from_which_value_to_which_beside_what_happened(desk):
    edit(desk, desk.concrete, by=desk.scene.tom, amount=Decimal("41000.00"))
    lock(desk.scene)
    modify(desk.scene, "Buyout", (CONCRETE, "-500.00"), (CARPET, "500.00"))
    reject(desk.scene, send(desk.scene))
    page = desk.get("history")
    rows = told(page)
    assert (
        "Tom Baptiste",
        "Changed 03-30-00 M",
        "26-0288 03-30-00 M",
        "Original amount",
        "40,000.00",
        "41,000.00",
    ) in rows
    assert (
        *("Dana Reyes", "Wrote draft modification: Buyout", "26-0288 03-30-00 M in Modification 1"),
        *("Amount of the modification", "", "(500.00)"),
    ) in rows
    sentences = [entry.sentence for entry in page.context["found"].entries]
    assert sentences[:2] == ["Sent batch 1 back: Amounts to correct", "Sent batch 1 to accounting"]
    text = words(page)
    assert desk.url("batch", 1) in text and desk.url("line_edit", desk.concrete.pk) in text
    assert "“Concrete is too high.”" in text


def test_everything_can_be_filtered_by(desk):
    scene = desk.scene
    edit(desk, desk.concrete, by=scene.tom, amount=Decimal("41000.00"), description="Ready-mix")
    lock(scene)
    modify(scene, "Buyout", (CONCRETE, "-500.00"), (CARPET, "500.00"))

    def found(**wanted):
        return [row[2:4] for row in told(desk.get("history", **wanted))]

    concrete = "26-0288 03-30-00 M"
    assert found(person=scene.tom.pk) == [(concrete, "Description"), (concrete, "Original amount")]
    assert found(field="description") == [(concrete, "Description")]
    assert found(kind="changed", field="amount") == [(concrete, "Original amount")]
    assert found(line=desk.concrete.pk, kind="modifications") == [
        (f"{concrete} in Modification 1", "Amount of the modification")
    ]
    assert {what for what, _ in found(q="09-68", kind="added")} == {
        "26-0288 09-68-00 S",
        "26-0288-01 09-68-00 O",
    }
    assert found(q="modification 1", field="title") == [("Modification 1", "Title")]
    assert found(kind="standing") == []
    assert words(desk.get("history", kind="standing")).count("Locked the budget") == 1
    assert "Nothing was changed that fits" in words(desk.get("history", q="no such code"))
    assert "Nothing was changed that fits" in words(desk.get("history", person="tieback"))


def test_a_forecast_set_by_hand_is_told_with_its_note_and_sums_up_to_nothing(desk):
    forecast_services.set_forecast(
        desk.concrete,
        user=desk.scene.dana,
        now=timezone.now(),
        version=0,
        amount=Decimal("1200.00"),
        note="Pump hire",
    )
    page = desk.get("history", kind="forecasts")
    assert [row[2:] for row in told(page)] == [
        ("26-0288 03-30-00 M", "Forecast by hand", "", "1,200.00"),
        ("26-0288 03-30-00 M", "Note of the forecast", "", "Pump hire"),
    ]
    assert page.context["found"].originals is None
    assert told(desk.get("history", kind="changed", line=desk.concrete.pk)) == []


def test_days_are_days_of_the_company(desk):
    """In Chicago it was still the 2nd."""
    at = timezone.datetime.fromisoformat("2026-03-03T04:30:00+00:00")
    edit(desk, desk.concrete, at=at, amount=Decimal("1.00"))
    assert len(told(desk.get("history", since="2026-03-02", until="2026-03-02"))) == 1
    assert told(desk.get("history", since="2026-03-03", until="2026-03-03")) == []
    assert "Mar" in words(desk.get("history", until="2026-03-02"))


def test_a_deleted_line_is_still_found_and_leads_nowhere(desk):
    line = add_line(desk.scene.budget, desk.scene.dana, SUB, "01-31-00", "E", "12.00")
    services.delete_line(BudgetLine.objects.get(pk=line.pk), user=desk.scene.dana, now=timezone.now())
    page = desk.get("history", line=line.pk)
    assert [row[3:] for row in told(page)] == [
        ("Original amount", "12.00", ""),
        ("Original amount", "", "12.00"),
    ]
    assert desk.url("line_edit", line.pk) not in words(page)
    assert words(page).count("26-0288-01 01-31-00 E") == 2


def test_a_large_event_is_one_entry_that_opens_to_its_rows(desk):
    lock(desk.scene)
    changes = [((MAIN, "01-31-00", "L"), "-6.00"), *((key, "1.00") for key in list(desk.scene.lines)[1:])]
    changes[0] = (changes[0][0], "-5.00")
    modify(desk.scene, "Spread", *changes)
    page = desk.get("history", kind="modifications")
    written = next(entry for entry in page.context["found"].entries if "draft" in entry.sentence)
    assert (len(written.changes), written.count, written.modifications) == (6, 8, Decimal("0.00"))
    assert "Show all 8 changes of this event" in words(page)
    opened = desk.get("history", entry=written.key)
    assert len(opened.context["opened"]) == 8


def test_long_histories_come_in_pages(desk, monkeypatch):
    monkeypatch.setattr("budgets.history.entries.A_PAGE", 4)
    first, second = desk.get("history"), desk.get("history", page="2")
    assert [len(page.context["found"].entries) for page in (first, second)] == [4, 2]
    assert "Page 1 of 2" in words(first)
    assert not {e.key for e in first.context["found"].entries} & {
        e.key for e in second.context["found"].entries
    }


def test_the_file_holds_what_is_filtered(desk):
    edit(desk, desk.concrete, amount=Decimal("41000.00"), description="=1+1")
    answer = desk.get("history", line=desk.concrete.pk, file="csv")
    rows = answer.content.decode("utf-8-sig").splitlines()
    assert rows[0] == "When,Who,Event,Line or modification,Done,Detail,Field,Old,New,Difference,Note"
    assert ",Dana Reyes,Changed 03-30-00 M,26-0288 03-30-00 M,changed,,Description,,'=1+1,," in rows[1]
    assert rows[2].endswith(",Original amount,40000.00,41000.00,1000.00,")
    assert len(rows) == 4
    assert desk.get("history", file="xlsx").content[:2] == b"PK"
    edit(desk, desk.concrete, amount=Decimal("-1234.50"))
    negative = desk.get("history", line=desk.concrete.pk, file="csv").content.decode("utf-8-sig").splitlines()
    assert ",Original amount,41000.00,-1234.50,-42234.50," in negative[1]  # a number, and no guarded text


def test_who_may_not_see_it_is_told_whom_to_ask(desk):
    desk.log_in(desk.scene.ruth)
    page = desk.get("history")
    assert page.status_code == 409
    assert "You may not see the change history of this budget. Ask Dana Reyes or Tom Baptiste." in words(page)
    assert desk.get("history", file="csv").status_code == 409


def test_a_stranger_finds_nothing(desk):
    assert desk.log_in(desk.scene.olga).get("history").status_code == 404


def test_a_page_takes_the_same_queries_however_long_the_history_is(desk):
    desk.get("history")
    with CaptureQueriesContext(
        connection,
    ) as short:
        desk.get("history")
    for amount in range(1, 20):
        edit(desk, desk.concrete, at=timezone.now() + timedelta(seconds=amount), amount=Decimal(amount))
    with CaptureQueriesContext(connection) as long:
        desk.get("history")
    assert len(long) == len(short)
