"""What stops an ERP admin from setting a company up: the last admin, a login used elsewhere, books that count."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from erp.models import Batch, Connection, ErpJob
from erp.people import services as people_services
from erp.people.blockers import speak_of
from erp.setup.models import TestSend
from projects.models import Company, Membership
from tests.support import paper
from tests.support import scene as acts
from tests.support.scene import Scene
from tests.workflow.cases import gone, met, met_among, removes, shows, stays
from workflow import actions
from workflow.actions import ActionBlocked
from workflow.templatetags.figures import plain_moment_in

NOTHING = {"erp_level": 0, "can_push": False, "direction": "both", "approval_limit": None}


def refused(scene: Scene, what: Any) -> list[Any]:
    with pytest.raises(ActionBlocked) as told:
        what()
    return told.value.blockers


def take(scene: Scene, who: Any) -> None:
    seen = people_services.seen_of(scene.company, who)
    people_services.set_level(
        scene.company, who, user=scene.jonas, now=timezone.now(), values=NOTHING, seen=seen
    )


def lock(scene: Scene, who: Any) -> None:
    people_services.lock_login(scene.company, who, user=scene.jonas, now=timezone.now(), locked=True)


@shows("last_erp_admin")
@removes("last_erp_admin")
def test_the_last_erp_admins_right_stays_until_somebody_else_has_it(scene):
    found = met_among(
        refused(scene, lambda: take(scene, scene.jonas)),
        scene.company,
        "take_admin_right",
        scene.jonas,
        "last_erp_admin",
    )
    assert found.sentence == (
        "Jonas Lindqvist is the last ERP admin of Northgate Builders. Make somebody else ERP admin first."
    )
    assert Membership.objects.get(user=scene.jonas).erp_level == 2
    Membership.objects.filter(user=scene.ruth).update(erp_level=2)
    gone(scene.company, "take_admin_right", scene.jonas, "last_erp_admin")
    take(scene, scene.jonas)
    assert Membership.objects.get(user=scene.jonas).erp_level == 0


@shows("works_elsewhere")
@removes("works_elsewhere")
def test_a_login_that_another_company_needs_is_not_locked_by_this_one(scene):
    member = Membership.objects.create(user=scene.mira, company=scene.other_company, erp_level=1)
    found = met_among(
        refused(scene, lambda: lock(scene, scene.mira)),
        scene.company,
        "lock_login",
        scene.jonas,
        "works_elsewhere",
    )
    assert "Southbank" not in found.sentence, "which other company it is stays unsaid"
    scene.mira.refresh_from_db()
    assert scene.mira.is_active
    member.delete()
    gone(scene.company, "lock_login", scene.jonas, "works_elsewhere")
    lock(scene, scene.mira)
    scene.mira.refresh_from_db()
    assert not scene.mira.is_active


@shows("your_own_login")
@removes("your_own_login")
def test_nobody_locks_themselves_out(scene):
    met_among(
        refused(scene, lambda: lock(scene, scene.jonas)),
        scene.company,
        "lock_login",
        scene.jonas,
        "your_own_login",
    )
    gone(scene.company, "lock_login", scene.jonas, "your_own_login")
    speak_of(scene.company, scene.mira)
    assert "your_own_login" not in [
        b.code for b in actions.blockers(scene.company, "lock_login", scene.jonas)
    ]


@shows("currency_in_use")
@removes("currency_in_use")
def test_the_currency_stays_once_a_batch_was_sent(scene):
    gone(scene.other_company, "change_currency", scene.olga, "currency_in_use")
    acts.send(scene)
    found = met(scene.company, "change_currency", scene.jonas, "currency_in_use")
    sent = plain_moment_in(Batch.objects.get().sent_at, "America/Chicago")
    assert (
        found.sentence
        == f"The currency stays USD: the first batch was sent on {sent}, and its amounts are in it."
    )
    stays(scene.company, "change_currency", scene.jonas, "currency_in_use")
    assert Batch.objects.count() == 1


@shows("connected_already", "no_erp_configured")
@removes("connected_already", "no_erp_configured")
def test_a_company_is_connected_once_to_an_erp_that_is_configured(scene, settings):
    met(scene.company, "connect_erp", scene.jonas, "connected_already")
    settings.ERP_BACKENDS = {}
    met(scene.company, "connect_erp", scene.jonas, "no_erp_configured")
    settings.ERP_BACKENDS = paper.BACKENDS
    gone(scene.company, "connect_erp", scene.jonas, "no_erp_configured")
    stays(scene.company, "connect_erp", scene.jonas, "connected_already")
    lonely = Company.objects.create(code="003", name="New Works")
    Membership.objects.create(user=scene.jonas, company=lonely, erp_level=2)
    gone(lonely, "connect_erp", scene.jonas, "connected_already")


@shows("not_a_test_erp", "no_job_for_a_test", "test_under_way")
@removes("not_a_test_erp", "no_job_for_a_test", "test_under_way")
def test_a_test_goes_to_a_test_erp_with_a_started_job_one_at_a_time(scene, settings):
    connection = scene.connection
    found = met(connection, "test_send", scene.jonas, "not_a_test_erp")
    assert "nothing made up is written to it" in found.sentence
    settings.ERP_BACKENDS = {"paper": {**paper.BACKENDS["paper"], "TEST": True}}
    gone(connection, "test_send", scene.jonas, "not_a_test_erp")
    ErpJob.objects.filter(connection=connection).update(status="pending")
    met(connection, "test_send", scene.jonas, "no_job_for_a_test")
    ErpJob.objects.filter(connection=connection).update(status="started")
    gone(connection, "test_send", scene.jonas, "no_job_for_a_test")
    test = TestSend.objects.create(
        connection=connection, asked_by=scene.jonas, asked_at=timezone.now(), number="TB-00000001"
    )
    met(connection, "test_send", scene.jonas, "test_under_way")
    TestSend.objects.filter(pk=test.pk).update(state="done", ended_at=timezone.now())
    gone(connection, "test_send", scene.jonas, "test_under_way")
    assert Connection.objects.count() == 2
