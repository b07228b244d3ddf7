"""Jobs and codes are read from CMiC to the character; what is gone is marked, and nothing is made twice."""

from typing import Any

import pytest
from django.utils import timezone

from budgets.states import state_of
from erp import services
from erp.decision import deciding
from erp.models import (
    CostCodeLink,
    CostTypeLink,
    ErpAssignment,
    ErpCostCode,
    ErpCostType,
    ErpJob,
    ErpReading,
    ErpUnit,
    JobLink,
    ReadingState,
)
from erp.port import ErpMisconfigured, ErpUnavailable
from erp.setup import linking
from erp.sync import syncing as sync
from projects.models import CostCode, CostType, Job, Project, Unit
from tests.support.delivery import assert_books_agree, fill
from tests.support.simulator import Simulator
from tests.support.story import CATEGORIES, JOB, PHASES, SUB_JOB, Story, begin, cmic_holds
from workflow.actions import ActionBlocked

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 1200  # cost codes: more than two pages


def read(story: Story, *, whole: bool = False) -> sync.SyncResult:
    return sync.sync_company(story.connection, now=timezone.now(), whole=whole)


def phases(*codes: str) -> list[dict[str, Any]]:
    return [{"company": "001", "code": code, "name": f"Phase {code}"} for code in codes]


def test_codes_are_kept_to_the_character(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    odd = ["0100", "100", "00100", "a-1", "A-1", "1.0", "1.00"]
    brisk_cmic.seed({"phases": phases(*odd)})
    read(story)
    assert set(ErpCostCode.objects.values_list("code", flat=True)) == {*PHASES, *odd}
    assert set(CostCode.objects.values_list("code", flat=True)) == {*PHASES, *odd}
    for link in CostCodeLink.objects.select_related("cost_code", "erp_cost_code"):
        assert link.cost_code.code == link.erp_cost_code.code


def test_many_codes_are_each_there_once_although_pages_move_while_they_are_read(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    codes = [f"{number:05}" for number in range(MANY)]
    brisk_cmic.seed({"phases": phases(*codes)})
    brisk_cmic.fault("page_drift", match={"resource": "jcmastercostcodes"}, times=1, shift=3)
    result = read(story)
    assert result.read["cost codes"] == MANY + len(PHASES)
    assert result.made["cost codes"] == MANY
    assert set(codes) <= set(CostCode.objects.values_list("code", flat=True))
    print(f"{MANY} cost codes")


def test_reading_twice_makes_nothing_new(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    fill(story)
    kinds = (
        *(CostCode, CostType, Unit, Job, ErpJob, ErpCostCode, ErpCostType, ErpUnit),
        *(ErpAssignment, JobLink, CostCodeLink, CostTypeLink),
    )

    def rows() -> dict[str, list[Any]]:
        fields = ("pk", "code", "name", "gone_at", "confirmed_at")
        return {
            kind.__name__: list(
                kind._default_manager.order_by("pk").values(
                    *(f.name for f in kind._meta.fields if f.name in fields and kind is not ErpAssignment)
                )
            )
            for kind in kinds
        }

    before = rows()
    for _ in range(2):
        assert not any(read(story).made.values())
    assert rows() == before


def test_what_cmic_does_not_have_any_more_is_marked_and_comes_back_when_it_does(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    held = cmic_holds(status="I")
    less = {**held, "phases": [row for row in held["phases"] if row["code"] != "09-68-00"]}
    less |= {"categories": held["categories"][:-1], "units": held["units"][:1], "jobs": held["jobs"][:1]}
    brisk_cmic.reset(less)
    read(story, whole=True)
    for kind, gone in ((ErpCostCode, "09-68-00"), (ErpCostType, "5000"), (ErpUnit, "LS"), (ErpJob, SUB_JOB)):
        assert list(kind.objects.exclude(gone_at=None).values_list("code", flat=True)) == [gone]
    assert CostCode.objects.filter(code="09-68-00").exists()
    story.add_line("09-68-00", "S", "1.00")
    story.lock()
    assert "1 thing" in state_of(story.reload()).words
    with pytest.raises(ActionBlocked, match="not"):
        services.send(story.budget, user=story.dana, now=timezone.now())
    brisk_cmic.reset(held)
    read(story)
    assert not ErpCostCode.objects.exclude(gone_at=None).exists()
    assert state_of(story.reload()).code == "ready"


@pytest.mark.parametrize("fault", ["has_more_with_nothing", "503_html", "bad_json"])
def test_nothing_is_called_gone_after_a_list_that_did_not_come_whole(brisk_cmic: Simulator, fault: str):
    story = begin(brisk_cmic, status="I")
    synced = story.connection.synced_at
    brisk_cmic.fault(fault, match={"resource": "jcmastercostcodes"}, times=None)
    with pytest.raises(ErpUnavailable):
        read(story)
    assert not ErpCostCode.objects.exclude(gone_at=None).exists()
    story.connection.refresh_from_db()
    assert (story.connection.synced_at, story.connection.stopped_at) == (synced, None)


def test_a_log_in_that_is_refused_while_reading_stops_the_connection(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    brisk_cmic.fault("401", times=None)
    with pytest.raises(ErpMisconfigured):
        read(story)
    story.connection.refresh_from_db()
    assert story.connection.stopped_at
    assert not ErpJob.objects.exclude(gone_at=None).exists()


def test_new_sub_jobs_appear_in_their_project_and_other_jobs_do_not(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    jobs = [
        {"company": "001", "code": "26-0288-02", "name": "Quay wall", "control": JOB, "status": "I"},
        {"company": "001", "code": "26-0300", "name": "Bridge", "status": "I"},
    ]
    brisk_cmic.seed({"jobs": jobs})
    assert read(story).made["sub jobs"] == 1
    assert set(story.project.jobs.values_list("code", flat=True)) == {JOB, SUB_JOB, "26-0288-02"}
    line = story.add_line("01-31-00", "L", "5.00", job="26-0288-02")
    assert line.job.erp_link.erp_job.code == "26-0288-02"
    with pytest.raises(linking.CannotLink, match="sub job of"):
        linking.link_project(story.connection, "26-0288-02", user=story.jonas, now=timezone.now())
    linking.link_project(story.connection, "26-0300", user=story.jonas, now=timezone.now())
    with pytest.raises(linking.CannotLink, match="already"):
        linking.link_project(story.connection, "26-0300", user=story.jonas, now=timezone.now())


def test_a_new_sub_job_whose_code_is_a_job_of_another_project_here_is_passed_over(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    company, code = story.connection.company, "26-0288-02"
    other = Project.objects.create(company=company, name="Somewhere else")
    Job.objects.create(company=company, project=other, code=code, name="Typed by hand")
    brisk_cmic.seed(
        {"jobs": [{"company": "001", "code": code, "name": "Quay wall", "control": JOB, "status": "I"}]}
    )
    assert read(story).made["sub jobs"] == 0
    assert set(story.project.jobs.values_list("code", flat=True)) == {JOB, SUB_JOB}


def test_cost_types_are_matched_by_name_and_wait_for_an_admins_confirmation(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    assert CostTypeLink.objects.count() == len(CATEGORIES)
    CostTypeLink.objects.all().delete()
    assert read(story).made["cost type matches"] == len(CATEGORIES)
    assert not CostTypeLink.objects.exclude(confirmed_at=None).exists()
    story.reload()
    fill(story)
    with pytest.raises(ActionBlocked, match="cost type"):
        services.send(story.budget, user=story.dana, now=timezone.now())
    assert linking.confirm_cost_types(story.connection, user=story.jonas, now=timezone.now()) == 5
    assert linking.confirm_cost_types(story.connection, user=story.jonas, now=timezone.now()) == 0
    services.send(story.reload(), user=story.dana, now=timezone.now())


def test_a_new_name_in_cmic_is_ours_too_and_its_status_is_known(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="P")
    brisk_cmic.seed({"phases": [{"company": "001", "code": "03-30-00", "control": "03", "name": "Concrete"}]})
    brisk_cmic.accountant("start_job", company="001", job=JOB)
    read(story)
    assert CostCode.objects.get(code="03-30-00").name == "Concrete"
    assert set(ErpJob.objects.values_list("status", flat=True)) == {"started"}


# -- readings ---------------------------------------------------------------------------------------------


def test_a_reading_that_failed_says_why_and_the_next_one_serves(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    fill(story)
    brisk_cmic.fault("503_html", times=None)
    batch = services.send(story.budget, user=story.dana, now=timezone.now())
    with pytest.raises(IndexError):
        story.read()
    failed = ErpReading.objects.get()
    assert failed.state == ReadingState.FAILED and "CMiC" in failed.error
    with pytest.raises(ActionBlocked, match="could not be read"):
        deciding.accept(batch, user=story.mira, now=timezone.now(), reading_hash="")
    brisk_cmic.clear_faults()
    deciding.read_again(batch, user=story.mira, now=timezone.now())
    story.read()
    story.accept(batch)
    story.work()
    assert_books_agree(story)


def test_a_superseded_reading_is_refused_and_an_equal_one_serves(brisk_cmic: Simulator):
    place = {"job": JOB, "phase": "01-31-00", "category": "1000"}
    story = begin(brisk_cmic, status="I", budget=[{**place, "original": "5.00"}])
    fill(story)
    batch = story.send()
    first = ErpReading.objects.get()
    deciding.read_again(batch, user=story.mira, now=timezone.now())
    assert story.read().hash == first.hash
    brisk_cmic.accountant("set_budget", company="001", **place, original="6.00")
    deciding.read_again(batch, user=story.mira, now=timezone.now())
    assert story.read().hash != first.hash
    with pytest.raises(ActionBlocked, match="changed since you read it"):
        deciding.accept(batch, user=story.mira, now=timezone.now(), reading_hash=first.hash)
    story.accept(batch)
    assert batch.items.get().lines.get(cost_type="L").before is not None
    story.work()
    assert_books_agree(story)
