"""Who may do what: the report an accountant prints, its warnings, the past, and the sign-off."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.utils import timezone
from knox.models import get_token_model

from erp.approval import delegations
from erp.approval.settings_actions import RuleValues, save_rule
from erp.delivery import aftercare
from erp.models import Batch
from erp.people import access_past, access_report
from erp.people import services as people_services
from projects.models import Company, Membership, ProjectRole
from tests.support import scene as acts
from tests.support.scene import Scene
from workflow import events
from workflow.actions import blockers
from workflow.blockers import Kind
from workflow.models import Event
from workflow.templatetags.figures import plain_moment_in

ACCEPT = "Accept (take the last step), confirm a posting"
RETRY = "Retry (any amount)"
ACTIONS = {
    ACCEPT: ("accept", "confirm_posted"),
    RETRY: ("retry",),
    "Say whether a lost document arrived, close an alarm (any amount)": (
        *("say_arrived", "say_not_arrived", "close_alarm"),
    ),
    "Reject, return or decline to return; take out or leave in the ERP what was changed there": (
        *("reject", "return_to_pm", "decline_return", "take_out_anyway", "leave_in_erp"),
    ),
    "Accept a difference as it is, with a note; read a batch again, check now": (
        *("settle_drift", "read_again", "check_now"),
    ),
}
PEOPLE = ("Dana Reyes", "Tom Baptiste", "Mira Osei", "Jonas Lindqvist", "Ruth Adler")


def window(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def at(scene: Scene, rest: str = "") -> str:
    return f"/admin/erp/connection/setup/{scene.company.pk}/access/{rest}"


def found(scene: Scene, **more: Any) -> access_report.Report:
    company = Company.objects.get(pk=scene.company.pk)
    return access_report.report(company, now=timezone.now(), **more)


def person(scene: Scene, name: str, **more: Any) -> access_report.Person:
    return next(p for p in found(scene, **more).people if p.name == name)


def test_each_person_stands_with_all_rights(scene: Scene) -> None:
    mira, dana = person(scene, "Mira Osei"), person(scene, "Dana Reyes")
    assert (mira.level_words, mira.direction_words, mira.limit) == (
        "standard",
        "to the ERP and back",
        Decimal("100000.00"),
    )
    assert [(role.project, role.words) for role in dana.roles] == [("Quay Street", "admin")]
    rights = dict(found(scene).rights)
    assert "Mira Osei (up to 100,000.00)" in rights[ACCEPT]
    assert "Dana Reyes (1 project)" in rights["Send, re-send, retrieve, answer remarks, ask for a return"]
    assert not any("Olga" in name for names in rights.values() for name in names)


def test_what_it_says_of_each_right_is_what_stops_people(scene: Scene) -> None:
    """Directions and limits of all kinds; a batch of 92,510.75 is small enough for a limit of 100,000 alone."""
    for user, given in (
        (scene.jonas, {"approval_limit": Decimal("5.00")}),
        (scene.tom, {"direction": "back"}),
        (scene.ruth, {"can_push": True, "direction": "out", "approval_limit": Decimal("5.00")}),
    ):
        Membership.objects.filter(user=user).update(**given)
    rights, batch = dict(found(scene).rights), acts.send(scene)
    assert {words for words in rights if words in ACTIONS} == ACTIONS.keys()
    for words, names in ACTIONS.items():
        told = [row.partition(" (") for row in rights[words]]
        may = {name for name, _, limit in told if not limit.startswith("up to 5.00")}
        for name in names:
            assert may == {one for one in PEOPLE if _lets(scene, batch, name, one)}, name
    assert [name for name in rights[RETRY] if "up to" in name] == [], "no limit holds for it"


def _lets(scene: Scene, batch: Batch, action: str, who: str) -> bool:
    """Whether no rule about the person stands in their way; states of the batch do not matter."""
    user = getattr(scene, who.split()[0].lower())
    fresh = Batch.objects.get(pk=batch.pk)
    about = fresh.budget if action == "settle_drift" else fresh
    return not [one for one in blockers(about, action, user) if one.kind == Kind.PERMISSION]


def test_a_refused_batch_above_a_limit_is_retried_as_the_report_says(scene: Scene) -> None:
    batch = acts.accept(scene, acts.send(scene))
    acts.refuse(batch)
    Membership.objects.filter(user=scene.mira).update(approval_limit=Decimal("5.00"))
    rights = dict(found(scene).rights)
    assert "Mira Osei" in rights[RETRY] and "Mira Osei (up to 5.00)" in rights[ACCEPT]
    aftercare.retry(Batch.objects.get(pk=batch.pk), user=scene.mira, now=timezone.now())
    assert batch.documents.get().state == "queued"


def test_what_an_auditor_would_ask_about_is_said(scene: Scene) -> None:
    Membership.objects.filter(user=scene.jonas).update(approval_limit=Decimal("250000.00"))
    Membership.objects.filter(user=scene.tom).update(approval_limit=Decimal("5.00"))
    said = found(scene).warnings
    assert "Nobody may accept a batch that moves more than 250,000.00 USD." in said
    Company.objects.filter(pk=scene.company.pk).update(four_eyes=False)
    assert "Four eyes are off, and Tom Baptiste may both send and accept." in found(scene).warnings
    scene.mira.is_active = False
    scene.mira.save()
    _, token = get_token_model().objects.create(scene.ruth)
    get_token_model().objects.update(created=timezone.now() - timedelta(days=400))
    said = found(scene).warnings
    assert token and "Mira Osei’s login is locked, but rights are left." in said
    assert "Ruth Adler has an API token that is older than a year." in said
    Membership.objects.filter(company=scene.company).update(direction="out")
    assert "Nobody may reject or return a batch." in found(scene).warnings


def test_the_rights_of_last_week_are_worked_out_from_the_trail(scene: Scene) -> None:
    start = timezone.now()
    with time_machine.travel(start + timedelta(days=5), tick=True):
        by = {"user": scene.jonas, "now": timezone.now()}
        values = {"erp_level": 1, "can_push": False, "direction": "both", "approval_limit": None}
        seen = people_services.seen_of(scene.company, scene.mira)
        people_services.set_level(scene.company, scene.mira, **by, values=values, seen=seen)
        roles = {scene.project.pk: {"level": 2, **dict.fromkeys(people_services.GRANTS, False)}}
        seen = people_services.seen_of(scene.company, scene.mira)
        people_services.set_roles(scene.company, scene.mira, **by, roles=roles, seen=seen)
        people_services.lock_login(scene.company, scene.mira, **by, locked=True)
    then = person(scene, "Mira Osei", moment=start + timedelta(days=1))
    assert (then.can_push, then.limit, then.roles, then.active) == (True, Decimal("100000.00"), [], True)
    now = person(scene, "Mira Osei")
    assert (now.can_push, len(now.roles), now.active) == (False, 1, False)
    role = ProjectRole.objects.get(user=scene.mira)
    standing = access_past.at(scene.company, start + timedelta(days=1))
    assert role.pk not in standing.roles


def test_the_past_shows_who_was_deleted_before_rights_had_a_direction(scene: Scene) -> None:
    now, gone = timezone.now(), Membership.objects.get(user=scene.mira)
    then = {"id": gone.pk, "user": gone.user_id, "company": gone.company_id, "erp_level": 1, "can_push": True}
    with transaction.atomic():
        events.record(
            chain=scene.company.pk,
            at=now - timedelta(days=3),
            actor=None,
            action="delete_membership",
            about=[gone],
            data={name: {"old": value, "new": None} for name, value in then.items()},
        )
    gone.delete()
    day = (now - timedelta(days=5)).date()
    assert "Mira Osei" in window(scene.jonas).get(at(scene) + f"?at={day}").content.decode()
    mira = person(scene, "Mira Osei", moment=now - timedelta(days=5))
    assert (mira.can_push, mira.direction_words, mira.limit) == (True, "to the ERP and back", None)


def test_who_acts_for_whom_and_the_approval_rules_stand_in_it_as_they_are_and_as_they_were(
    scene: Scene,
) -> None:
    start, by = timezone.now() - timedelta(minutes=5), {"user": scene.jonas}
    lent = delegations.delegate(
        scene.company,
        **by,
        now=start,
        giver=scene.jonas.pk,
        taker=scene.mira.pk,
        until=(start + timedelta(days=9)).date(),
        limit=Decimal("250000.00"),
    )
    values = RuleValues("Controller", "total", Decimal("5000.00"), 1, False, [scene.tom.pk])
    save_rule(scene.company, values, **by, now=start + timedelta(minutes=1))
    page = window(scene.ruth).get(at(scene)).content.decode()
    assert (
        "Controller: a modification that changes the grand total that moves at least 5,000.00, by Tom Baptiste"
        in page
    )
    for words in ("250,000.00", "Lets Mira Osei act for Jonas", "Added the approval step Controller"):
        assert words in page, words
    file = window(scene.ruth).get(at(scene, "file.csv")).content.decode()
    ends = plain_moment_in(lent.ends_at, "America/Chicago")
    assert f"Jonas Lindqvist, up to 250000.00 until {ends}" in file.replace("250,000.00", "250000.00")
    assert [one.taker for one in found(scene).lent] == ["Mira Osei"]
    assert found(scene, moment=start - timedelta(days=1)).lent == []
    assert found(scene, moment=start).rules == []
    delegations.revoke(lent, **by, now=start + timedelta(minutes=2))
    assert found(scene).lent == []
    assert [one.lender for one in found(scene, moment=start + timedelta(minutes=1)).lent] == [
        "Jonas Lindqvist"
    ]


@pytest.mark.parametrize("who", ["jonas", "mira", "ruth"])
def test_everybody_of_the_desk_reads_it_and_takes_it_away(scene: Scene, who: str) -> None:
    client = window(getattr(scene, who))
    assert client.get(at(scene)).status_code == 200
    file = client.get(at(scene, "file.csv"))
    assert "Mira Osei,mira,open,standard,to the ERP and back,100000.00" in file.content.decode()
    assert client.get(at(scene, "file.xlsx")).status_code == 200
    assert client.get(at(scene, "file.exe")).status_code == 404
    assert client.get(at(scene) + "?at=2001-02-03").status_code == 200
    assert client.get(at(scene) + "?at=2001-02-33").status_code == 200


def test_other_companies_do_not_exist(scene: Scene) -> None:
    assert window(scene.olga).get(at(scene)).status_code == 404
    assert window(scene.olga).get(at(scene, "file.csv")).status_code == 404


def test_the_controller_signs_off_and_nobody_else(scene: Scene) -> None:
    note = "Looked at every person with Ruth."
    assert window(scene.ruth).post(at(scene), {"note": note}).status_code == 409
    assert window(scene.jonas).post(at(scene), {"note": "ok"}).status_code == 422
    assert window(scene.jonas).post(at(scene), {"note": note}).status_code == 302
    event = Event.objects.get(action="review_access")
    assert (event.actor, event.note) == ("Jonas Lindqvist", note)
    page = window(scene.ruth).get(at(scene)).content.decode()
    assert "Reviewed by Jonas Lindqvist" in page and note in page
    assert events.verify(scene.company.pk)[1] is None
