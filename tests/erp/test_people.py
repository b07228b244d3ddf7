"""People and levels: an ERP admin keeps them in the browser, on record, and loses nobody's change."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client
from django.utils import timezone

from budgets.errors import InvalidInput
from erp.mail import sending as mail_queue
from erp.models import Notice
from erp.people import services as people_services
from projects.models import Membership, ProjectRole
from tests.support.scene import Scene
from workflow import events
from workflow.models import Event

NOTHING = {"erp_level": 0, "can_push": False, "direction": "both", "approval_limit": None}


def window(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def at(scene: Scene, user: Any = None) -> str:
    tail = f"{user.pk}/" if user else ""
    return f"/admin/erp/connection/setup/{scene.company.pk}/people/{tail}"


def seen(scene: Scene, user: Any) -> str:
    return people_services.seen_of(scene.company, user)


def level(scene: Scene, user: Any, **changed: Any) -> dict[str, Any]:
    form = {
        "do": "level",
        "erp_level": 1,
        "can_push": "on",
        "direction": "both",
        "approval_limit": "100000.00",
    }
    form |= {"seen": seen(scene, user), **changed}
    return {name: value for name, value in form.items() if value is not None}


def newest(action: str) -> Event:
    return Event.objects.filter(action=action).latest("pk")


def test_jonas_narrows_miras_right_and_it_is_on_record(scene: Scene) -> None:
    answer = window(scene.jonas).post(at(scene, scene.mira), level(scene, scene.mira, direction="back"))
    assert answer.status_code == 302
    event = newest("change_membership")
    assert event.actor == "Jonas Lindqvist"
    assert event.data == {"direction": {"old": "both", "new": "back"}}
    assert event.sentence == "Changed membership mira in 001: direction: to the ERP and back → back only"
    assert events.verify(scene.company.pk)[1] is None


def test_a_form_that_shows_what_is_no_more_changes_nothing(scene: Scene) -> None:
    form = level(scene, scene.mira, approval_limit="5.00")
    Membership.objects.filter(user=scene.mira).update(approval_limit=Decimal("250000.00"))
    answer = window(scene.jonas).post(at(scene, scene.mira), form)
    assert answer.status_code == 409
    assert "Somebody changed these rights" in answer.content.decode()
    assert Membership.objects.get(user=scene.mira).approval_limit == Decimal("250000.00")


@pytest.mark.parametrize("limit", ["-1", "1.005", "a lot", "NaN", "1e30"])
def test_a_limit_that_is_no_amount_is_refused(scene: Scene, limit: str) -> None:
    answer = window(scene.jonas).post(at(scene, scene.mira), level(scene, scene.mira, approval_limit=limit))
    assert answer.status_code == 422
    assert Membership.objects.get(user=scene.mira).approval_limit == Decimal("100000.00")


def test_whoever_gives_themselves_more_is_told_on_to_the_other_admins(scene: Scene) -> None:
    Membership.objects.filter(user=scene.jonas).update(can_push=False)
    Membership.objects.filter(user=scene.ruth).update(erp_level=2)
    form = level(scene, scene.jonas, erp_level=2, approval_limit="")
    assert window(scene.jonas).post(at(scene, scene.jonas), form).status_code == 302
    told = Notice.objects.get(kind="alarm")
    assert told.to == scene.ruth
    assert "Jonas Lindqvist gave themselves more rights in Northgate Builders" in told.text
    form = level(scene, scene.jonas, erp_level=2, can_push=None)
    assert window(scene.jonas).post(at(scene, scene.jonas), form).status_code == 302
    assert Notice.objects.filter(kind="alarm").count() == 1, "less is no news"


def test_a_level_opens_the_desk_and_the_last_one_taken_closes_it(scene: Scene) -> None:
    by = {"user": scene.jonas, "now": timezone.now()}
    values = {**NOTHING, "erp_level": 1}
    people_services.set_level(scene.company, scene.dana, **by, values=values, seen=seen(scene, scene.dana))
    scene.dana.refresh_from_db()
    assert scene.dana.is_staff
    people_services.set_level(scene.company, scene.dana, **by, values=NOTHING, seen=seen(scene, scene.dana))
    scene.dana.refresh_from_db()
    assert not scene.dana.is_staff


def test_roles_of_several_projects_are_given_at_once(scene: Scene) -> None:
    second = scene.company.projects.create(name="Pier 9")
    form = {"do": "ticked", "tick": [scene.project.pk, second.pk], "level-all": 1, "can_send-all": "on"}
    client = window(scene.jonas)
    assert client.post(at(scene, scene.mira), {**form, "seen": seen(scene, scene.mira)}).status_code == 302
    roles = ProjectRole.objects.filter(user=scene.mira)
    assert {(r.project, r.level, r.can_send) for r in roles} == {(scene.project, 1, True), (second, 1, True)}
    assert Event.objects.filter(action="add_projectrole", actor="Jonas Lindqvist").count() == 2
    row = {"do": "roles", "project": [second.pk], f"level-{second.pk}": 3, "seen": seen(scene, scene.mira)}
    assert client.post(at(scene, scene.mira), row).status_code == 302
    assert newest("change_projectrole").data == {
        "level": {"old": 1, "new": 3},
        "can_send": {"old": True, "new": False},
    }


def test_a_project_of_another_company_is_passed_over(scene: Scene) -> None:
    form = {"do": "ticked", "tick": [scene.other_project.pk], "level-all": 3, "seen": seen(scene, scene.mira)}
    assert window(scene.jonas).post(at(scene, scene.mira), form).status_code == 302
    assert not ProjectRole.objects.filter(user=scene.mira, project=scene.other_project).exists()


def test_somebody_new_gets_a_link_sets_a_password_and_logs_in(scene: Scene) -> None:
    given = {"login": "Nina@Example.com", "first_name": "Nina", "last_name": "Falk"}
    answer = window(scene.jonas).post(at(scene), given)
    nina = get_user_model().objects.get(username="nina@example.com")
    assert answer.headers["Location"] == at(scene, nina)
    assert not nina.has_usable_password()
    assert mail_queue.send_waiting(now=timezone.now()) == 1
    assert mail_queue.send_waiting(now=timezone.now()) == 0
    link = next(line for line in mail.outbox[-1].body.splitlines() if "/set-password/" in line)
    address = "/set-password/" + link.partition("/set-password/")[2]
    (html,) = mail.outbox[-1].alternatives
    assert f'href="{link}"' in html.content, "the same link as HTML"
    assert not any(link in row for row in Notice.objects.values_list("text", "html", "error")[0]), (
        "kept nowhere"
    )
    client = Client()
    page = client.get(address, follow=True)
    new = {"new_password1": "a long new password", "new_password2": "a long new password"}
    assert client.post(page.request["PATH_INFO"], new).status_code == 302
    assert Client().login(username="nina@example.com", password="a long new password")
    assert "used already" in Client().get(address, follow=True).content.decode()


def test_without_a_name_nobody_is_known_by_having_no_address(scene: Scene) -> None:
    get_user_model().objects.filter(pk__in=[scene.mira.pk, scene.ruth.pk]).update(email="")
    answer = window(scene.jonas).post(at(scene), {"login": ""})
    assert answer.status_code == 422
    assert "Several people" not in answer.context["errors"]["login"]


def test_nobody_is_brought_in_twice_or_without_a_name(scene: Scene) -> None:
    for given, field in (({"login": "mira"}, "login"), ({"login": "new@example.com"}, "first_name")):
        answer = window(scene.jonas).post(at(scene), given)
        assert answer.status_code == 422
        assert field in answer.context["errors"]
    with pytest.raises(InvalidInput):
        people_services.send_link_again(
            scene.company, _logged_in(scene.mira), user=scene.jonas, now=timezone.now()
        )


def _logged_in(user: Any) -> Any:
    user.last_login = timezone.now()
    return user


def test_of_another_companys_person_neither_mail_nor_log_ins_are_shown_and_nobody_locks_the_login(
    scene: Scene,
) -> None:
    get_user_model().objects.filter(pk=scene.olga.pk).update(
        email="olga@southbank.example", last_login=timezone.now()
    )
    Membership.objects.filter(user=scene.olga).update(erp_level=0)
    ProjectRole.objects.filter(user=scene.olga).delete()
    client = window(scene.jonas)
    assert client.post(at(scene), {"login": "olga"}).status_code == 302
    page = client.get(at(scene, scene.olga)).content.decode()
    assert "olga@southbank.example" not in page
    assert "Last login" not in page
    assert client.post(at(scene, scene.olga), {"do": "lock"}).status_code == 409
    assert get_user_model().objects.get(pk=scene.olga.pk).is_active


def test_the_pages_are_for_the_companys_erp_admins_alone(scene: Scene) -> None:
    assert window(scene.jonas).get(at(scene)).status_code == 200
    assert window(scene.jonas).get(at(scene, scene.mira)).status_code == 200
    assert window(scene.jonas).get(at(scene, scene.olga)).status_code == 404
    assert window(scene.olga).get(at(scene)).status_code == 404
    answer = window(scene.mira).get(at(scene))
    assert answer.status_code == 403
    assert "You are no ERP admin of Northgate Builders. Ask Jonas Lindqvist." in answer.content.decode()
    assert window(scene.olga).post(at(scene, scene.mira), level(scene, scene.mira)).status_code == 404
