"""What was spent in CMiC stands on the lines it belongs to; what belongs to no line alone is named, never guessed."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from budgets import facts
from erp.models import Connection, CostCodeLink, ErpCost, ErpCostCode, ErpJob
from erp.port import ErpKey
from erp.setup import switching
from erp.sync import costs
from erp.sync import syncing as sync
from tests.support.simulator import Simulator
from tests.support.story import JOB, PHASES, SUB_JOB, Story, begin
from workflow.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

LABOR, MATERIAL = "1000", "4000"


@pytest.fixture
def story(brisk_cmic: Simulator) -> Iterator[Story]:
    """A started job whose codes were read; Dana keys in a line for concrete and one for carpets."""
    told = begin(brisk_cmic, status="I")
    told.concrete = told.add_line("03-30-00", "M", "1000.00")  # type: ignore[attr-defined]
    told.carpet = told.add_line("09-68-00", "L", "500.00", job=SUB_JOB)  # type: ignore[attr-defined]
    return told


def spend(story: Story, amount: str, *, code: str = "03-30-00", kind: str = MATERIAL, job: str = JOB):
    """An invoice is posted in CMiC."""
    cost = {"company": "001", "job": job, "phase": code, "category": kind, "date": "2026-11-20"}
    story.simulator.seed({"costs": [{**cost, "amount": amount}]})


def run(story: Story, *, whole: bool = False) -> sync.SyncResult:
    story.connection.refresh_from_db()
    return sync.sync_company(story.connection, now=timezone.now(), whole=whole)


def known(story: Story) -> costs.BudgetCosts:
    return costs.costs_of(type(story.budget).objects.get(pk=story.budget.pk))


def test_nothing_is_known_before_the_erp_told():
    assert costs.BudgetCosts().total == 0 and costs.BudgetCosts().read_at is None


def test_three_dimes_and_a_credit_are_on_their_line_and_a_line_without_costs_has_none(story: Story):
    for amount in ("0.10", "0.10", "0.10", "-0.05"):
        spend(story, amount)
    run(story)
    found = known(story)
    assert found.on_lines == {story.concrete.pk: Decimal("0.25"), story.carpet.pk: Decimal("0.00")}
    assert found.unplaced == () and found.total == Decimal("0.25")
    assert ErpCost.objects.get().posted_to == date(2026, 11, 20)


def test_costs_where_dana_has_no_line_are_in_the_total_and_named(story: Story):
    spend(story, "40.00", code="01-31-00")
    run(story)
    found = known(story)
    assert found.unplaced == (costs.Unplaced(ErpKey(JOB, "01-31-00", MATERIAL), Decimal("40.00"), 0),)
    assert found.total == 40 and set(found.on_lines.values()) == {0}


def test_two_lines_that_are_one_code_in_cmic_share_costs_that_nobody_splits(story: Story):
    other = story.add_line("01-31-00", "M", "10.00")
    spend(story, "99.00")
    run(story)
    CostCodeLink.objects.filter(cost_code__code="01-31-00").update(
        erp_cost_code=ErpCostCode.objects.get(code="03-30-00")
    )
    found = known(story)
    assert story.concrete.pk not in found.on_lines and other.pk not in found.on_lines
    assert found.unplaced == (costs.Unplaced(ErpKey(JOB, "03-30-00", MATERIAL), Decimal("99.00"), 2),)


def test_the_grid_is_told_what_each_line_cost_and_what_lies_beside(story: Story):
    spend(story, "10.00")
    spend(story, "40.00", code="01-31-00")
    run(story)
    budget = type(story.budget).objects.get(pk=story.budget.pk)
    lines, beside = facts.of_lines(budget), facts.costs(budget)
    assert (lines[story.concrete.pk].cost, lines[story.carpet.pk].cost) == (Decimal("10.00"), 0)
    assert (beside.elsewhere, beside.places) == (Decimal("40.00"), (f"{JOB} 01-31-00 {MATERIAL}",))


def test_the_next_run_follows_the_costs_and_says_so_in_one_line(story: Story):
    spend(story, "10.00")
    spend(story, "5.00", code="09-68-00", kind=LABOR, job=SUB_JOB)
    run(story)
    spend(story, "2.50")
    result = run(story)
    assert result.changes["costs of jobs"].changed == [JOB]
    note = Event.objects.filter(action="sync").order_by("seq").last().note
    assert note == f"costs of jobs: 1 changed ({JOB})"
    assert known(story).total == Decimal("17.50")
    assert run(story).changes["costs of jobs"].changed == []


def test_a_posting_that_was_taken_out_is_seen_by_the_daily_whole_read(story: Story):
    spend(story, "10.00")
    run(story)
    book = story.simulator.book()
    story.simulator.reset({**book, "costs": []})
    run(story, whole=True)
    assert known(story).total == 0 and known(story).on_lines[story.concrete.pk] == 0


def test_costs_that_cannot_be_read_stop_neither_the_sync_nor_the_connection(story: Story):
    spend(story, "10.00")
    run(story)
    was = known(story).read_at
    story.simulator.fault("403", match={"resource": "jcdetailposted"}, times=None)
    spend(story, "5.00")
    result = run(story, whole=True)
    assert result.read["jobs with costs"] == 0
    assert Connection.objects.get().stopped_at is None
    assert known(story).total == 10 and known(story).read_at == was, "what was last told, with its time"


def test_a_job_linked_later_is_read_whole_with_the_next_run(story: Story):
    spend(story, "10.00")
    run(story)
    ErpJob.objects.filter(code=JOB).update(costs_read_at=None)
    ErpCost.objects.all().delete()
    story.simulator.advance(seconds=86_400)
    run(story)
    assert known(story).total == 10


def test_a_company_moved_to_another_erp_starts_without_costs(story: Story, settings):
    spend(story, "10.00")
    run(story)
    settings.ERP_BACKENDS = {
        **settings.ERP_BACKENDS,
        "other": {"BACKEND": "tests.erp.test_erp_is_named.Ledger"},
    }
    switching.switch_erp(
        Connection.objects.get(), user=story.jonas, now=timezone.now(), alias="other", erp_company="001"
    )
    assert known(story) == costs.BudgetCosts()


def test_costs_take_the_same_few_queries_for_every_budget(story: Story, django_assert_num_queries):
    for code in PHASES[1::2]:
        spend(story, "1.00", code=code)
    run(story)
    fresh = type(story.budget).objects.select_related("project__company").get(pk=story.budget.pk)
    with django_assert_num_queries(4):
        costs.costs_of(fresh)
