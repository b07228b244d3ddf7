"""Dana takes over the budget that the ERP holds: what would change is seen first, it ties, and nothing is guessed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from budgets import services as budget_services
from budgets.errors import Conflict
from budgets.models import BudgetLine
from erp import selectors
from erp.models import CostCodeLink, ErpCostCode, ErpReading, ReadingState
from erp.takeover import services as budget_import
from erp.takeover.plan import Mode, Plan, plan, usable_reading
from tests.support import scene as acts
from tests.support.scene import MAIN, SUB, TOTAL, Scene
from tests.support.simulator import Simulator
from tests.support.story import JOB, SUB_JOB, Story, begin
from workflow.models import Event

LABOR, MATERIAL, SUBCONTRACT, OTHER = "1000", "2000", "4000", "5000"


def look(scene: Scene) -> Plan:
    """The ERP is read, and Dana sees what would change."""
    acts.read(scene)
    budget = scene.reload()
    return plan(budget, budget.readings.filter(state=ReadingState.MADE)[0])


def take(scene: Scene, seen: str, mode: Mode = Mode.ADD) -> None:
    budget_import.import_from_erp(
        scene.budget, user=scene.dana, now=timezone.now(), mode=mode.value, seen=seen
    )
    scene.reload()


@pytest.fixture
def held(scene: Scene) -> Scene:
    """The ERP holds one amount as here, one other, one that is missing here, and one of 0.00."""
    scene.sheet.hold(MAIN, "01-31-00", LABOR, "20000.00")
    scene.sheet.hold(MAIN, "03-30-00", MATERIAL, "41000.10")
    scene.sheet.hold(SUB, "01-31-00", OTHER, "777.77")
    scene.sheet.hold(SUB, "09-68-00", LABOR, "0.00")
    return scene


def amounts(scene: Scene) -> dict[tuple[str, str, str], Decimal]:
    return {(line.job.code, line.code, line.type): line.amount for line in scene.budget.lines.all()}


def test_the_preview_tells_new_changed_unchanged_and_only_here_and_ties(held: Scene):
    found = look(held)
    assert [str(t.held.key.cost_code) for t in found.new] == ["01-31-00"]
    assert [(str(t.line), t.difference) for t in found.changed] == [("03-30-00 M", Decimal("1000.10"))]
    assert [str(t.line) for t in found.unchanged] == ["01-31-00 L"]
    assert (len(found.only_here), found.zeros, found.left) == (4, 1, [])
    total = found.total
    assert (total.here, total.in_erp) == (TOTAL, Decimal("61777.87"))
    assert total.after_add == TOTAL + Decimal("777.77")
    assert total.after_overwrite == TOTAL + Decimal("777.77") + Decimal("1000.10")
    assert BudgetLine.objects.filter(budget=held.budget).count() == 6, "looking changes nothing"


def test_mine_stay_and_what_is_missing_is_added(held: Scene):
    found = look(held)
    take(held, found.seen)
    assert amounts(held)[SUB, "01-31-00", "O"] == Decimal("777.77")
    assert amounts(held)[MAIN, "03-30-00", "M"] == Decimal("40000.00")
    assert held.budget.lines.aggregate(sum=Sum("amount"))["sum"] == found.total.after_add
    event = Event.objects.filter(action="import_from_erp").get()
    assert event.sentence == "Took over the budget of CMiC: 1 lines new, 0 changed"


def test_overwriting_takes_the_erps_amounts_and_deletes_nothing(held: Scene):
    line = held.lines[MAIN, "03-30-00", "M"]
    values = {"quantity": Decimal("4"), "unit_cost": Decimal("10000"), "automatic": True}
    budget_services.edit_line(line, user=held.dana, now=timezone.now(), version=line.version, values=values)
    found = look(held)
    take(held, found.seen, Mode.OVERWRITE)
    line.refresh_from_db()
    assert (line.amount, line.automatic, line.quantity) == (Decimal("41000.10"), False, Decimal("4"))
    assert held.budget.lines.count() == 7
    assert held.budget.lines.aggregate(sum=Sum("amount"))["sum"] == found.total.after_overwrite
    assert look(held).new == look(held).changed == []


def test_codes_that_are_none_of_ours_or_several_are_listed_with_what_to_do(held: Scene):
    held.sheet.hold(MAIN, "77-00-00", LABOR, "5.00")
    held.sheet.hold(MAIN, "03-30-00", "9999", "6.00")
    held.sheet.hold("99-9999", "03-30-00", LABOR, "7.00")
    CostCodeLink.objects.filter(cost_code__code="09-68-00", erp_cost_code__connection=held.connection).update(
        erp_cost_code=ErpCostCode.objects.get(code="03-30-00", connection=held.connection)
    )
    held.sheet.hold(MAIN, "03-30-00", SUBCONTRACT, "8.00")  # our carpet S, and only that: taken
    held.sheet.hold(SUB, "03-30-00", SUBCONTRACT, "9.00")  # concrete or carpet: nobody knows
    found = look(held)
    why = {str(one.held.original): one.why for one in found.left}
    assert set(why) == {"5.00", "6.00", "7.00", "9.00"}
    assert "No cost code here leads to 77-00-00" in why["5.00"]
    assert "No cost type here leads to 9999" in why["6.00"]
    assert "Job 99-9999 is no job of this project" in why["7.00"]
    assert "03-30-00 and 09-68-00 are one code in CMiC" in why["9.00"]
    take(held, found.seen)
    assert held.budget.lines.aggregate(sum=Sum("amount"))["sum"] == found.total.after_add


def test_two_lines_on_one_erp_code_are_left_alone_and_still_tie(held: Scene):
    acts.add_line(held.budget, held.dana, MAIN, "09-68-00", "M", "1.00")
    CostCodeLink.objects.filter(cost_code__code="09-68-00", erp_cost_code__connection=held.connection).update(
        erp_cost_code=ErpCostCode.objects.get(code="03-30-00", connection=held.connection)
    )
    found = look(held)
    [left] = found.left
    assert left.here == Decimal("40001.00") and "nobody can say which" in left.why
    assert found.total.here == held.budget.lines.aggregate(sum=Sum("amount"))["sum"]


@pytest.mark.parametrize("what", ["budget", "reading", "mapping"])
def test_what_changed_since_the_preview_refuses_all_of_it(held: Scene, what: str):
    seen = look(held).seen
    if what == "budget":
        acts.add_line(held.budget, held.dana, MAIN, "01-31-00", "E", "1.00")
    elif what == "reading":
        held.sheet.hold(MAIN, "03-30-00", MATERIAL, "41000.11")
        acts.read(held)
    else:
        type(held.connection).objects.filter(pk=held.connection.pk).update(mapping_version=9)
    before = amounts(held)
    with pytest.raises(Conflict, match="has changed since you looked"):
        take(held, seen, Mode.OVERWRITE)
    assert amounts(held) == before


def test_an_old_reading_is_read_again_first(held: Scene):
    acts.read(held, at=timezone.now() - timedelta(hours=2))
    assert usable_reading(held.reload(), now=timezone.now()) is None
    with pytest.raises(Conflict, match="was not read within the last hour"):
        take(held, "x")


# -- the page, the API, the command -------------------------------------------------------------------------


@pytest.fixture
def dana(held: Scene) -> Client:
    client = Client()
    client.force_login(held.dana)
    return client


def test_dana_reads_looks_and_imports_on_the_page(held: Scene, dana: Client):
    address = reverse("budgets:import_from_erp", args=[held.project.pk])
    assert "Not read yet" in dana.get(address).content.decode()
    assert dana.post(reverse("budgets:import_from_erp_read", args=[held.project.pk])).status_code == 302
    page = dana.get(address).content.decode()
    assert "Being read" in page and reverse("budgets:import_from_erp_asked", args=[held.project.pk]) in page
    asked = dana.get(reverse("budgets:import_from_erp_asked", args=[held.project.pk]))
    assert asked.status_code == 204
    acts.read(held)
    answer = dana.get(address)
    assert "1 code of 0.00 in CMiC passed over" in answer.content.decode()
    form = {"mode": "overwrite", "seen": answer.context["plan"].seen}
    done = dana.post(address, form, follow=True)
    assert "1 line added, 1 changed." in done.content.decode()
    again = dana.post(address, form)
    assert again.status_code == 409 and "has changed since you looked" in again.content.decode()


def test_a_reading_that_failed_says_why(held: Scene, dana: Client):
    ErpReading.objects.create(
        budget=held.budget, asked_at=timezone.now(), state=ReadingState.FAILED, error="CMiC is away."
    )
    page = dana.get(reverse("budgets:import_from_erp", args=[held.project.pk])).content.decode()
    assert "Could not be read" in page and "CMiC is away." in page


def test_a_program_sees_the_plan_first_and_imports_it(held: Scene, dana: Client):
    address = f"/api/v1/budgets/{held.project.pk}/import-from-erp/"
    assert dana.get(address).json() == {"being_read": False, "failed": "", "plan": None}
    assert dana.post(f"{address}reading/").json()["being_read"] is True
    acts.read(held)
    told = dana.get(address).json()["plan"]
    assert told["total"]["after_overwrite"] == "94278.62"
    assert told["changed"][0]["difference"] == "1000.10"
    sent = {"mode": "overwrite", "seen": told["seen"]}
    assert (
        dana.post(address, sent, content_type="application/json").json()["totals"]["original"] == "94278.62"
    )
    late = dana.post(address, sent, content_type="application/json")
    assert late.status_code == 409 and "conflict" in late.json()


def test_the_command_shows_first_and_takes_over(held: Scene, capsys: pytest.CaptureFixture[str]):
    call_command("import_from_erp", MAIN, user="dana", overwrite=True, dry_run=True)
    assert "92,500.75 here and 61,777.87 in the ERP become 94,278.62" in capsys.readouterr().out
    assert held.reload().lines.count() == 6
    call_command("import_from_erp", MAIN, user="dana", overwrite=True)
    assert held.reload().lines.aggregate(sum=Sum("amount"))["sum"] == Decimal("94278.62")
    with pytest.raises(CommandError, match="Nothing was taken over. You may not edit"):
        call_command("import_from_erp", MAIN, user="ruth")


# -- what was taken over is not doubled ----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", ["I", "P"])
def test_a_budget_that_was_taken_over_changes_nothing_in_cmic_when_it_is_sent(
    brisk_cmic: Simulator, status: str
):
    row = {"phase": "03-30-00", "category": "4000"}
    story: Story = begin(
        brisk_cmic,
        status=status,
        budget=[
            {"job": JOB, **row, "original": "1000.10"},
            {"job": SUB_JOB, **row, "original": "-250.00"},
            {"job": JOB, "phase": "09-68-00", "category": "1000", "original": "0.00"},
        ],
    )
    before = story.in_cmic()
    budget_import.ask_reading(story.budget, user=story.dana, now=timezone.now())
    reading = story.read()
    found = plan(type(story.budget).objects.get(pk=story.budget.pk), reading)
    budget_import.import_from_erp(
        story.budget, user=story.dana, now=timezone.now(), mode="add", seen=found.seen
    )
    story.lock()
    budget = type(story.budget).objects.get(pk=story.budget.pk)
    preview = selectors.preview(budget, user=story.dana, today=timezone.localdate())
    if status == "I":
        assert {row.delta for item in preview.items for row in item.lines} == {Decimal("0.00")}
    story.accept(story.send())
    story.work()
    assert story.in_cmic() == before
    assert not [call for call in brisk_cmic.journal() if call["method"] in ("POST", "PATCH", "DELETE")]
