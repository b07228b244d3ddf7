"""What a superuser changes of companies and levels stands in the company's trail with old and new values."""

from typing import Any

import pytest
from django.test import Client

from projects.models import Company, Membership, ProjectRole
from tests.support.scene import Scene, person
from workflow import events
from workflow.models import Event


@pytest.fixture
def root(scene: Scene) -> Client:
    """A superuser's window."""
    client = Client()
    client.force_login(person("root", "Root Admin", is_staff=True, is_superuser=True))
    return client


def newest(scene: Scene, action: str) -> Event:
    found = Event.objects.filter(chain=scene.company.pk, action=action, actor="Root Admin").get()
    assert events.verify(scene.company.pk)[1] is None
    return found


def form_of(company: Company, rows: list[dict[str, Any]], **changed: Any) -> dict[str, Any]:
    kept = [row for row in rows if "id" in row]
    form = {
        **{name: getattr(company, name) for name in ("code", "name", "currency", "time_zone", "digest_hour")},
        **({"four_eyes": "on"} if company.four_eyes else {}),
        "memberships-TOTAL_FORMS": len(rows),
        "memberships-INITIAL_FORMS": len(kept),
        **changed,
    }
    for place, row in enumerate([*kept, *(row for row in rows if "id" not in row)]):
        form |= {f"memberships-{place}-{name}": value for name, value in row.items()}
    return {name: value for name, value in form.items() if value is not None}


def row_of(member: Membership, **changed: Any) -> dict[str, Any]:
    limit = {} if member.approval_limit is None else {"approval_limit": str(member.approval_limit)}
    push = {"can_push": "on"} if member.can_push else {}
    return {
        **{
            "id": member.pk,
            "user": member.user_id,
            "erp_level": member.erp_level,
            "direction": member.direction,
        },
        **{"company": member.company_id, **limit, **push, **changed},
    }


def test_switching_four_eyes_off_is_in_the_trail(scene: Scene, root: Client):
    rows = [row_of(member) for member in scene.company.memberships.all()]
    answer = root.post(
        f"/admin/projects/company/{scene.company.pk}/change/", form_of(scene.company, rows, four_eyes=None)
    )
    assert answer.status_code == 302, answer.context["errors"]
    scene.company.refresh_from_db()
    assert not scene.company.four_eyes
    assert newest(scene, "change_company").data == {"four_eyes": {"old": True, "new": False}}
    assert not Event.objects.filter(action__endswith="membership").exists()


def test_members_changed_added_and_deleted_on_the_companys_page_are_in_the_trail(scene: Scene, root: Client):
    mira, ruth = (Membership.objects.get(user=who) for who in (scene.mira, scene.ruth))
    others = [row_of(m) for m in scene.company.memberships.exclude(pk__in=[mira.pk, ruth.pk])]
    rows = [
        *others,
        row_of(mira, approval_limit="250000.00"),
        row_of(ruth, DELETE="on"),
        {"user": scene.dana.pk, "company": scene.company.pk, "erp_level": 1, "direction": "both"},
    ]
    answer = root.post(f"/admin/projects/company/{scene.company.pk}/change/", form_of(scene.company, rows))
    assert answer.status_code == 302, answer.context["errors"]
    changed = newest(scene, "change_membership")
    assert changed.data == {"approval_limit": {"old": "100000.00", "new": "250000.00"}}
    assert changed.about == [f"projects.membership:{mira.pk}"]
    assert newest(scene, "delete_membership").about == [f"projects.membership:{ruth.pk}"]
    assert newest(scene, "add_membership").data["user"] == {"old": None, "new": scene.dana.pk}


def test_a_role_given_and_roles_deleted_from_the_list_are_in_the_trail(scene: Scene, root: Client):
    given = {"user": scene.mira.pk, "project": scene.project.pk, "level": 2, "can_send": "on"}
    assert root.post("/admin/projects/projectrole/add/", given).status_code == 302
    role = ProjectRole.objects.get(user=scene.mira)
    assert newest(scene, "add_projectrole").data["can_send"] == {"old": None, "new": True}
    ticked = {"action": "delete_selected", "_selected_action": [role.pk], "post": "yes"}
    assert root.post("/admin/projects/projectrole/", ticked).status_code == 302
    deleted = newest(scene, "delete_projectrole")
    assert (deleted.about, deleted.data["level"]) == (
        [f"projects.projectrole:{role.pk}"],
        {"old": 2, "new": None},
    )


def test_an_erp_admin_decides_how_modifications_balance_and_nothing_else(scene: Scene) -> None:
    jonas = Client()
    jonas.force_login(scene.jonas)
    address = f"/admin/projects/company/{scene.company.pk}/change/"
    page = jonas.get(address).content.decode()
    assert 'name="allow_total_change"' in page
    assert 'name="four_eyes"' not in page and "memberships-0" not in page
    posted = {"allow_total_change": "on", "name": "Mine", "memberships-TOTAL_FORMS": "0"}
    assert jonas.post(address, posted).status_code == 302
    scene.company.refresh_from_db()
    assert (scene.company.allow_total_change, scene.company.name) == (True, "Northgate Builders")
    event = Event.objects.get(action="change_company")
    assert (event.actor, event.data) == (
        "Jonas Lindqvist",
        {"allow_total_change": {"old": False, "new": True}},
    )
    assert jonas.get(f"/admin/projects/company/{scene.other_company.pk}/change/").status_code == 302
    assert jonas.post(f"/admin/projects/company/{scene.company.pk}/delete/").status_code == 403
    mira = Client()
    mira.force_login(scene.mira)
    assert mira.get(address).status_code == 403
