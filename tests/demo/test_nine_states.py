"""The demo as somebody meets it a minute after its start: nine jobs, each in the state it is known for."""

import time
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from budgets.models import Budget, BudgetLine
from budgets.states import state_of
from demo import people, seeding, stories
from erp.backends import forget_backends
from erp.models import Batch, Call, Connection, Document, Remark
from projects import permissions
from projects.models import Company
from tests.support.simulator import TOKEN, Simulator
from workflow import events
from workflow.actions import blockers, get

pytestmark = pytest.mark.django_db(transaction=True)

STATES = {
    "Harborline Center": "todo",
    "Eastgate Clinic": "waiting",
    "Dock 9 Warehouse": "waiting",
    "Riverside School": "exporting",
    "Union Labs": "attention",
    "Parkade C": "in_erp",
    "Hotel Meridian": "differs",
    "City Annex": "posted",
    "Quay Street": "draft",
}
# What live workers could disturb is looked at for this long after the first slow line was written.
WATCH_SECONDS = 12
SLOW = 3  # seconds a line of Riverside takes here; 60 of them outlast the test


@pytest.fixture
def stage(cmic: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """The simulator whose control interface the demo may use, and a shorter slow answer."""
    monkeypatch.setenv("CMIC_SIM_TOKEN", TOKEN)
    monkeypatch.setattr(stories, "SLOW_SECONDS", SLOW)
    yield cmic
    forget_backends()


def seed() -> str:
    said = StringIO()
    call_command("seed_demo", stdout=said, stderr=said, no_color=True)
    return said.getvalue()


def states() -> dict[str, str]:
    budgets = Budget.objects.select_related("project").filter(project__company__code="001")
    return {budget.project.name: state_of(budget).code for budget in budgets}


def budget_of(name: str) -> Budget:
    return Budget.objects.select_related("project__company").get(project__name=name)


def person(name: str) -> Any:
    return get_user_model().objects.get(username=name)


def test_nine_jobs_are_in_nine_states_and_stay_there_with_workers_alive(
    stage: Simulator, celery_worker_process: Callable[..., Any]
) -> None:
    seed()
    assert states() == STATES
    _each_story_is_true(stage)
    worker = celery_worker_process(concurrency=2, beat=True, CMIC_WRITE_TIMEOUT="75", CMIC_READ_TIMEOUT="30")
    written = Call.objects.filter(
        document__batch__budget=budget_of("Riverside School"), step__startswith="line"
    )
    _wait_for(lambda: written.count() >= 2)
    end = time.monotonic() + WATCH_SECONDS
    while time.monotonic() < end:
        assert states() == STATES
        time.sleep(1)
    assert written.filter(outcome="done").count() >= 3
    _dana_sees_them()
    assert Connection.objects.exclude(stopped_at=None).count() == 0
    assert all(events.verify(company.pk)[1] is None for company in Company.objects.all())
    assert "already there" in seed()
    worker.kill()  # else the end of the test would wait for Riverside


def _wait_for(true: Callable[[], bool], *, patience: float = 30) -> None:
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


def _dana_sees_them() -> None:
    client = Client()
    assert client.login(username="dana", password=people.PASSWORD)
    page = client.get(reverse("projects:mine")).content.decode()
    for name in STATES:
        assert name in page
        assert state_of(budget_of(name)).words in page


def _each_story_is_true(stage: Simulator) -> None:
    center = budget_of("Harborline Center")
    total = center.lines.aggregate(total=Sum("amount"))["total"]
    assert (center.lines.exclude(job__parent=None).count(), total) == (31, Decimal("52267200.00"))
    assert sorted(line.code for line in center.lines.filter(cost_code=None)) == ["03-3000", "03-3000"]
    assert [b.code for b in blockers(center, "send", person("dana"))] == ["cost_code_unknown"]
    assert "did you mean 03-30-00?" in blockers(center, "send", person("dana"))[0].sentence

    clinic = Batch.objects.get(budget=budget_of("Eastgate Clinic"), state="waiting")
    remarks = Remark.objects.filter(batch=clinic.answers)
    assert (
        clinic.round,
        clinic.budget.lines.count(),
        remarks.count(),
        remarks.exclude(answer="").count(),
    ) == (
        2,
        96,
        4,
        2,
    )
    assert clinic.moved < person("mira").memberships.get().approval_limit

    dock = Batch.objects.get(budget=budget_of("Dock 9 Warehouse"), state="waiting")
    assert (dock.moved, dock.net) == (Decimal("310000.00"), Decimal(0))
    assert "you_prepared_it" in {b.code for b in blockers(dock, "accept", person("tom"))}
    assert "over_your_limit" in {b.code for b in blockers(dock, "accept", person("mira"))}

    labs = Document.objects.get(batch__budget=budget_of("Union Labs"))
    refs = [int(ref) for finding in labs.findings for ref in finding["refs"]]
    lines = BudgetLine.objects.filter(pk__in=labs.item.lines.filter(pk__in=refs).values("line"))
    assert sorted(f"{line} {line.job}" for line in lines) == ["26-24-00 E 26-0355", "28-46-00 S 26-0355"]
    assert labs.item.lines.count() == 214

    assert budget_of("City Annex").batches.filter(state="posted").count() == 3
    pending = {job["code"]: job["status"] for job in stage.book()["jobs"]}
    assert pending["26-0288"] == pending["26-0288-01"] == "P"
    assert not permissions.visible_projects(person("olga")).filter(company__code="001").exists()
    assert get(dock, "accept").name == "accept"


def test_a_demo_that_was_cut_off_says_to_start_afresh(
    stage: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*given: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(seeding, "_tell", cut)
    with pytest.raises(KeyboardInterrupt):
        seed()
    with pytest.raises(CommandError, match="make reset"):
        seed()
    assert stage.control("GET", "switches")["throttle"] is True


def test_a_real_cmic_or_none_is_never_written_to(stage: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMIC_SIM_TOKEN", "another")
    with pytest.raises(CommandError, match="CMIC_SIM_TOKEN"):
        seed()
    assert not Company.objects.exists()
    assert stage.book().get("companies", []) == []


def test_data_of_ones_own_is_never_mixed_with_the_demo(stage: Simulator) -> None:
    Company.objects.create(code="777", name="Real Builders")
    with pytest.raises(CommandError, match="your own data"):
        seed()
    assert stage.journal() == []


def test_the_logins_name_six_people_and_what_to_try_first() -> None:
    said = StringIO()
    call_command("seed_demo", "--logins", stdout=said)
    text = said.getvalue()
    assert all(name in text for name in ("dana", "tom", "mira", "jonas", "ruth", "olga", "tieback-demo"))
    assert "Try first" in text and "Harborline Center" in text
