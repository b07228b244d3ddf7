"""Most runs read what changed since the last one, by CMiC's own clock; once a day everything is read."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import call_command
from django.utils import timezone

from erp.models import Connection, ErpAssignment, ErpCostCode, ErpJob
from erp.port import ErpUnavailable
from erp.setup import linking
from erp.sync import mirroring
from erp.sync import syncing as sync
from projects.models import CostCode
from tests.support.simulator import Simulator
from tests.support.story import JOB, PHASES, SUB_JOB, Story, begin, cmic_holds
from workflow.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

HOURS = 6  # between two runs: longer than what the adapter reads again
OLD_LIST = "jcmastercostcodes"


@pytest.fixture
def story(brisk_cmic: Simulator) -> Iterator[Story]:
    """A company that was read whole; a cost code that changed some hours after the rest, and was read too."""
    told = begin(brisk_cmic, status="I")
    later(told)
    phase(told, "99-00-00")
    run(told)
    later(told)
    yield told


def later(story: Story, hours: int = HOURS) -> None:
    """Let hours go by in CMiC; here they go by in `run`."""
    story.simulator.control("POST", "clock", {"advance": hours * 3600})


def here(story: Story) -> datetime:
    """Our time, which goes as CMiC's does."""
    return timezone.now() + timedelta(
        seconds=float(story.simulator.control("GET", "clock")["offset_seconds"])
    )


def run(story: Story, *, whole: bool = False, at: datetime | None = None) -> sync.SyncResult:
    story.connection.refresh_from_db()
    return sync.sync_company(story.connection, now=at or here(story), whole=whole)


def phase(story: Story, code: str, **values: object) -> None:
    """Somebody adds or changes a cost code in CMiC."""
    story.simulator.seed({"phases": [{"company": "001", "code": code, **values}]})


def asked(story: Story, resource: str = OLD_LIST) -> list[str]:
    """What the requests for a list asked in `q`, the last one last."""
    paths = [entry["path"] for entry in story.simulator.journal(resource=resource)]
    return [parse_qs(urlsplit(path).query).get("q", [""])[0] for path in paths]


def test_the_next_run_reads_what_changed_alone(story: Story):
    phase(story, "00100", name="Zeros")
    phase(story, "03-30-00", control="03", name="Concrete")
    result = run(story)
    assert not result.whole
    assert result.read["cost codes"] == 3, "the two, and the last change of the run before"
    assert result.changes["cost codes"] == mirroring.Changes(added=["00100"], changed=["03-30-00"])
    assert CostCode.objects.get(code="00100").name == "Zeros"
    assert CostCode.objects.get(code="03-30-00").name == "Concrete"
    assert " >= '" in asked(story)[-1]


def test_what_changed_is_listed_in_the_event(story: Story):
    codes = [f"{number:05}" for number in range(120)]
    story.simulator.seed({"phases": [{"company": "001", "code": code} for code in codes]})
    run(story)
    event = Event.objects.filter(action="sync").order_by("seq").last()
    assert event is not None
    assert event.data["changes"] == {"cost codes": {"added": {"count": 120, "first": codes[:50]}}}
    assert event.note == "cost codes: 120 added (00000, 00001, 00002, 00003, 00004, ...)"
    run(story)
    event = Event.objects.filter(action="sync").order_by("seq").last()
    assert event is not None and (event.note, event.data["changes"]) == ("nothing changed", {})


def test_a_code_that_is_gone_is_noticed_by_a_whole_read_alone(story: Story):
    held = cmic_holds(status="I")
    held["phases"] = [row for row in held["phases"] if row["code"] != "09-68-00"]
    offset = story.simulator.control("GET", "clock")["offset_seconds"]
    story.simulator.reset(held)
    story.simulator.control("POST", "clock", {"advance": float(offset)})
    assert run(story).changes["cost codes"].gone == []
    assert not ErpCostCode.objects.exclude(gone_at=None).exists()
    result = run(story, whole=True)
    assert result.changes["cost codes"].gone == ["09-68-00", "99-00-00"]
    assert set(ErpCostCode.objects.filter(gone_at=None).values_list("code", flat=True)) == {*PHASES} - {
        "09-68-00"
    }


def test_everything_is_read_once_a_day(story: Story):
    whole = [run(story, at=here(story) + timedelta(hours=hours)).whole for hours in range(0, 49, 4)]
    assert whole.count(True) == 2 and not whole[0]


def test_an_admin_and_the_command_can_have_everything_read(story: Story):
    assert run(story, whole=True).whole
    before = len(asked(story))
    call_command("sync_erp", "001", verbosity=0)
    assert " >= '" in asked(story)[before], "the first look at the list is for what changed"
    before = len(asked(story))
    call_command("sync_erp", "001", "--complete", verbosity=0)
    assert not [question for question in asked(story)[before:] if " >= '" in question]


@pytest.mark.parametrize("hours", [-9, 9], ids=["behind us", "ahead of us"])
def test_cmics_clock_may_be_another_than_ours(brisk_cmic: Simulator, hours: int):
    brisk_cmic.control("POST", "clock", {"advance": hours * 3600})
    told = begin(brisk_cmic, status="I")
    story_now = timezone.now()
    brisk_cmic.seed({"phases": [{"company": "001", "code": "A", "name": "A"}]})
    sync.sync_company(told.connection, now=story_now, whole=True)
    brisk_cmic.control("POST", "clock", {"advance": 60})
    brisk_cmic.seed({"phases": [{"company": "001", "code": "B", "name": "B"}]})
    told.connection.refresh_from_db()
    result = sync.sync_company(told.connection, now=story_now + timedelta(minutes=1))
    assert not result.whole and result.changes["cost codes"].added == ["B"]


def test_a_change_from_the_far_future_is_no_mark(story: Story):
    story.simulator.control("POST", "clock", {"advance": 400 * 24 * 3600})
    phase(story, "2099")
    story.simulator.control("POST", "clock", {"advance": -400 * 24 * 3600})
    run(story)
    later(story)
    phase(story, "later")
    assert run(story).changes["cost codes"].added == ["later"]


def test_a_run_that_broke_off_is_made_up_for_by_the_next(story: Story):
    phase(story, "A")
    story.simulator.fault("503_html", match={"resource": "jcmastercategories"}, times=None)
    with pytest.raises(ErpUnavailable):
        run(story)
    story.simulator.clear_faults()
    story.simulator.fault("503_html", match={"resource": OLD_LIST}, times=None)
    phase(story, "B")
    with pytest.raises(ErpUnavailable):
        run(story)
    story.simulator.clear_faults()
    later(story)
    run(story)
    assert {"A", "B"} <= set(CostCode.objects.values_list("code", flat=True))


def test_a_tenant_without_audit_times_is_read_whole_each_time(brisk_cmic: Simulator):
    brisk_cmic.fault("drop_attribute", match={"resource": OLD_LIST}, attribute="PhsIuUpdateDate", times=None)
    told = begin(brisk_cmic, status="I")
    assert "cost codes" not in told.connection.read_marks and "jobs" in told.connection.read_marks
    brisk_cmic.control("POST", "clock", {"advance": 3600})
    held = cmic_holds(status="I")
    brisk_cmic.reset({**held, "phases": held["phases"][:-1]})
    brisk_cmic.fault("drop_attribute", match={"resource": OLD_LIST}, attribute="PhsIuUpdateDate", times=None)
    result = sync.sync_company(told.connection, now=timezone.now())
    assert not result.whole and result.changes["cost codes"].gone == ["09-68-00"]


def test_assigned_codes_are_read_as_they_change_and_whole_for_a_job_just_linked(story: Story):
    story.simulator.seed(
        {
            "jobs": [{"company": "001", "code": "26-0300", "name": "Bridge"}],
            "job_phases": [
                {"company": "001", "job": JOB, "phase": "01-31-00"},
                {"company": "001", "job": "26-0300", "phase": "09-68-00"},
            ],
        }
    )
    run(story)
    later(story)
    story.simulator.seed(
        {"job_phases": [{"company": "001", "job": SUB_JOB, "phase": "03-30-00", "active": False}]}
    )
    linking.link_project(story.connection, "26-0300", user=story.jonas, now=timezone.now())
    run(story)
    listed = ErpAssignment.objects.filter(cost_type="").values_list("job_code", "cost_code", "active")
    assert set(listed) == {
        (JOB, "01-31-00", True),
        (SUB_JOB, "03-30-00", False),
        ("26-0300", "09-68-00", True),
    }


def test_an_assigned_code_that_is_gone_is_marked_by_a_whole_read_and_comes_back(story: Story):
    story.simulator.seed({"job_phases": [{"company": "001", "job": JOB, "phase": "01-31-00"}]})
    run(story)
    offset = story.simulator.control("GET", "clock")["offset_seconds"]
    story.simulator.reset(cmic_holds(status="I"))
    story.simulator.control("POST", "clock", {"advance": float(offset)})
    run(story)
    assert ErpAssignment.objects.get(cost_type="").gone_at is None
    found = run(story, whole=True).changes["assignments"]
    assert found.gone == [f"{JOB} 01-31-00"]
    assert ErpAssignment.objects.get(cost_type="").gone_at is not None
    story.simulator.seed({"job_phases": [{"company": "001", "job": JOB, "phase": "01-31-00"}]})
    assert run(story, whole=True).changes["assignments"].back == [f"{JOB} 01-31-00"]
    assert ErpAssignment.objects.get(cost_type="").gone_at is None


def test_a_quiet_run_changes_nothing(story: Story):
    kept = [field.name for field in ErpJob._meta.fields if field.name != "costs_read_at"]
    before = list(ErpJob.objects.order_by("pk").values(*kept))
    marks = Connection.objects.get().read_marks
    run(story)
    assert list(ErpJob.objects.order_by("pk").values(*kept)) == before
    assert Connection.objects.get().read_marks == marks
