"""The change history: who changed what, when, from which value to which."""

import io
import zipfile
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.test import Client
from django.utils import timezone
from python_calamine import CalamineWorkbook

from budgets import services
from budgets.history.reading import OUTSIDE, changes_of_line
from budgets.models import BudgetLine
from tests.support.scene import MAIN, add_line, lock, modify, reject, send
from workflow.models import Event

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def edit(scene, line, **values):
    line.refresh_from_db()
    return services.edit_line(line, user=scene.dana, now=timezone.now(), version=line.version, values=values)


def said(changes):
    return [(change.field, change.old, change.new) for change in changes]


def test_a_line_tells_its_own_story_the_newest_first(scene):
    line = scene.lines[CONCRETE]
    edit(scene, line, amount=Decimal("41000.00"), description="Ready-mix")
    lock(scene)
    modify(scene, "Buyout", (CONCRETE, "-500.00"), (CARPET, "500.00"))
    changes = changes_of_line(BudgetLine.objects.get(pk=line.pk))
    assert said(changes) == [
        ("Amount of the modification", "", "(500.00)"),
        ("Description", "", "Ready-mix"),
        ("Original amount", "40,000.00", "41,000.00"),
        ("Original amount", "", "40,000.00"),
    ]
    assert {change.who for change in changes} == {"Dana Reyes"}
    assert changes[0].what == "26-0288 03-30-00 M in Modification 1"
    assert changes[-1].deeds == "added"


def test_flags_that_tieback_sets_and_codes_it_adopts_are_no_change(scene):
    line = scene.lines[CONCRETE]
    before = said(changes_of_line(line))
    reject(scene, send(scene))
    assert said(changes_of_line(line)) == before


def test_writing_a_modification_again_tells_only_the_amounts_that_became_others(scene):
    lock(scene)
    written = modify(scene, "Buyout", (CONCRETE, "-500.00"), (CARPET, "500.00"), effective=False)
    services.save_modification(
        scene.budget,
        user=scene.dana,
        now=timezone.now(),
        title="Buyout",
        date=written.date,
        lines=[(scene.lines[CONCRETE], Decimal("-500.00")), (scene.lines[CARPET], Decimal("700.00"))],
        modification=written,
        version=written.version,
    )
    assert said(changes_of_line(scene.lines[CONCRETE]))[0] == ("Amount of the modification", "", "(500.00)")
    assert said(changes_of_line(scene.lines[CARPET]))[:2] == [
        ("Amount of the modification", "500.00", "700.00"),
        ("Amount of the modification", "", "500.00"),
    ]


def test_what_was_changed_past_the_services_is_told_as_such(scene):
    line = scene.lines[CONCRETE]
    BudgetLine.objects.filter(pk=line.pk).update(amount=Decimal("1.00"))
    assert [(c.old, c.new) for c in changes_of_line(line) if c.who == OUTSIDE] == [("40,000.00", "1.00")]


def test_a_line_of_another_budget_is_not_in_it(scene):
    other = add_line(scene.other_budget, scene.olga, "26-0900", "09-68-00", "S", "5.00")
    assert [change.who for change in changes_of_line(other)] == ["Olga Novak"]


def test_as_a_file_its_times_are_the_companys_and_say_so(scene):
    lock(scene)
    client = Client()
    client.force_login(scene.dana)
    address = f"/projects/{scene.project.pk}/budget/history/?file="
    last = Event.objects.filter(action="lock").get().at.astimezone(ZoneInfo("America/Chicago"))
    wall = last.replace(tzinfo=None, microsecond=0)
    book = client.get(f"{address}xlsx").content
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert wall in [row[0] for row in rows], "a time that sorts"
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        form = parts.read("xl/styles.xml").decode()
    assert f"mmm d, yyyy, hh:mm:ss &quot;{last.tzname()}&quot;" in form
    assert last.isoformat(sep=" ", timespec="seconds") in client.get(f"{address}csv").content.decode()
