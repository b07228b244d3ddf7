"""A test send goes through the real adapter into the simulator and leaves nothing there, whatever breaks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from erp.backends import forget_backends
from erp.models import Batch, Document
from erp.setup import trial_actions, trials
from erp.setup.models import TestSend
from tests.support.simulator import Simulator
from tests.support.story import JOB, Story, begin
from workflow import events
from workflow.actions import ActionBlocked
from workflow.templatetags.figures import plain_moment_in

pytestmark = pytest.mark.django_db(transaction=True)

BUDGET = [
    {"job": JOB, "phase": "03-30-00", "category": kind, "original": amount}
    for kind, amount in (("1000", "10.00"), ("4000", "20.00"))
]


@pytest.fixture
def story(cmic: Simulator, settings: LazySettings) -> Story:
    """A started job with two budget codes, in an ERP that is declared as a test."""
    settings.ERP_BACKENDS = {"cmic": {**settings.ERP_BACKENDS["cmic"], "TEST": True}}
    forget_backends()
    return begin(cmic, status="I", budget=BUDGET)


def ask(story: Story) -> TestSend:
    return trial_actions.ask_for_test(story.connection, user=story.jonas, now=timezone.now(), job=JOB)


def work(test: TestSend) -> TestSend:
    trials.run(test.pk, now=timezone.now())
    test.refresh_from_db()
    return test


def later(test: TestSend) -> TestSend:
    """The next worker, once the first one's claim has run out."""
    TestSend.objects.filter(pk=test.pk).update(next_at=timezone.now() - timedelta(seconds=1))
    assert trials.sweep(now=timezone.now()) == 1
    return work(test)


def left(story: Story, test: TestSend) -> list[Any]:
    return [row for row in story.simulator.book()["pcis"] if row["code"] == test.number]


def test_it_goes_through_every_step_and_is_taken_out_again(story: Story) -> None:
    before = story.simulator.book()["budget"]
    test = work(ask(story))
    assert (test.state, test.trouble) == ("done", "")
    assert {call["outcome"] for call in test.calls} == {"done"}
    assert {call["method"] for call in test.calls} >= {"POST", "PATCH", "DELETE"}
    assert left(story, test) == []
    assert story.simulator.book()["budget"] == before
    assert not Batch.objects.exists() and not Document.objects.exists()
    assert events.verify(story.connection.company_id)[1] is None
    client = Client()
    client.force_login(story.jonas)
    page = client.get(f"/admin/erp/connection/setup/{story.connection.company_id}/test/").content.decode()
    assert f"{len(test.calls)} calls, taken out again" in page
    step = client.get(f"/admin/erp/connection/setup/{story.connection.company_id}/").content.decode()
    zone = story.connection.company.time_zone
    assert f"Test send went through on {plain_moment_in(test.asked_at, zone)}: " in step


@pytest.mark.parametrize(
    ("fault", "match"),
    [
        ("refuse", {"resource": "cmdetail", "method": "POST"}),
        ("reset_after_commit", {"resource": "cmmast", "method": "POST"}),
        ("reset_after_commit", {"resource": "cmdetail", "method": "POST"}),
    ],
)
def test_what_breaks_in_the_middle_is_taken_out(story: Story, fault: str, match: dict[str, Any]) -> None:
    story.simulator.fault(fault, match=match, **({"message": "Not today."} if fault == "refuse" else {}))
    test = work(ask(story))
    if test.state == "writing":  # not known whether it arrived: looked at again once it must show
        test = later(test)
    assert test.state == "failed", test.trouble
    assert test.trouble
    assert left(story, test) == []


def test_what_a_killed_worker_left_is_taken_out_by_the_next(story: Story, monkeypatch: Any) -> None:
    class Killed(BaseException):
        pass

    def die(*args: Any) -> None:
        raise Killed

    test = ask(story)
    with monkeypatch.context() as patch:
        patch.setattr(trials, "_take_out", die)
        with pytest.raises(Killed):
            trials.run(test.pk, now=timezone.now())
    assert left(story, test), "it stands in the ERP"
    trials.run(test.pk, now=timezone.now())
    assert left(story, test), "while the claim lasts nobody else touches it"
    later(test)
    assert left(story, test) == []


def test_a_stumble_that_nobody_foresaw_ends_the_test_and_the_next_can_be_asked_for(
    story: Story, monkeypatch: Any
) -> None:
    def stumble(*args: Any) -> None:
        raise KeyError("the adapter")

    test = ask(story)
    with monkeypatch.context() as patch:
        patch.setattr(trials, "_write", stumble)
        work(test)
    assert (test.state, test.calls) == ("failed", []), "nothing was written"
    assert "KeyError" in test.trouble
    test = ask(story)
    with monkeypatch.context() as patch:
        patch.setattr(trials, "document_of", stumble)
        work(test)
        assert test.state == "writing", "it is tried again"
        for _ in range(trials.MOST_TRIES - 1):
            later(test)
    assert test.state == "left"
    assert work(ask(story)).state == "done"


def test_an_erp_that_left_the_settings_ends_the_test(story: Story, settings: LazySettings) -> None:
    test = ask(story)
    settings.ERP_BACKENDS = {}
    forget_backends()
    assert work(test).state == "failed"


def test_a_real_erp_gets_nothing(story: Story, settings: LazySettings) -> None:
    settings.ERP_BACKENDS = {"cmic": {**settings.ERP_BACKENDS["cmic"], "TEST": False}}
    with pytest.raises(ActionBlocked) as told:
        ask(story)
    assert [b.code for b in told.value.blockers] == ["not_a_test_erp"]
    assert not TestSend.objects.exists()


def test_a_job_with_too_few_codes_says_so_before_anything_is_written(cmic: Simulator, settings: Any) -> None:
    settings.ERP_BACKENDS = {"cmic": {**settings.ERP_BACKENDS["cmic"], "TEST": True}}
    forget_backends()
    story = begin(cmic, status="I")
    test = work(ask(story))
    assert (test.state, test.calls) == ("failed", [])
    assert "fewer than two budget codes" in test.trouble
