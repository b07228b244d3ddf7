"""Setting a company up in the browser: the checklist, connecting, linking jobs, settings with a second question."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from erp.models import Connection, JobLink
from erp.port import JobStatus, Setting, SettingKind
from erp.setup import connecting_actions as setup_actions
from erp.setup.models import SeenCompany
from erp.setup.steps import steps
from projects.models import Company, CostType, Membership, Project
from tests.erp.office import sync
from tests.support.paper import PaperErp
from tests.support.scene import MAIN, Scene
from workflow.models import Event

CHOSEN = (
    Setting("kind", "Kind", "Which kind.", SettingKind.CODE, default=""),
    Setting("flags.first", "First flag", "Sent along.", SettingKind.CHOICE, "N", (("Y", "yes"), ("N", "no"))),
)


def window(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def at(scene: Scene, rest: str = "") -> str:
    return f"/admin/erp/connection/setup/{scene.company.pk}/{rest}"


def state(scene: Scene) -> dict[str, str]:
    company = Company.objects.get(pk=scene.company.pk)
    connection = Connection.objects.filter(company=company).first()
    return {step.key: step.state for step in steps(company, connection)}


def form(client: Client, scene: Scene, **changed: Any) -> dict[str, Any]:
    """The settings as the page shows them, with what is changed; None takes a tick out."""
    page = client.get(at(scene, "settings/"))
    typed: dict[str, Any] = {"seen": page.context["seen"]}
    for row in page.context["settings"]:
        if row["value"] is not False:
            typed[row["told"].name] = "on" if row["value"] is True else row["value"]
    for _, fields in page.context["groups"]:
        typed |= {field["name"]: field["value"] for field in fields}
    typed |= changed
    return {name: value for name, value in typed.items() if value is not None}


def test_the_checklist_says_how_far_each_step_is(scene: Scene) -> None:
    assert state(scene)["connect"] == "done"
    assert state(scene)["jobs"] == "done"
    Connection.objects.filter(pk=scene.connection.pk).update(
        stopped_at=timezone.now(), stopped_because="Wrong password."
    )
    assert state(scene)["check"] == "problem"
    Membership.objects.filter(company=scene.company).update(can_push=False)
    assert state(scene)["people"] == "problem"
    page = window(scene.jonas).get(at(scene)).content.decode()
    assert "Stopped: Wrong password." in page
    assert "Nobody could accept a batch." in page


@pytest.mark.parametrize("rest", ["", "jobs/", "settings/", "test/", "people/"])
def test_the_pages_open_for_the_erp_admin_and_exist_for_no_other_company(scene: Scene, rest: str) -> None:
    assert window(scene.jonas).get(at(scene, rest)).status_code == 200
    assert window(scene.mira).get(at(scene, rest)).status_code == 403
    assert window(scene.olga).get(at(scene, rest)).status_code == 404
    assert window(scene.dana).get(at(scene, rest)).status_code == 302, "she is not of the desk"


def test_a_new_company_is_connected_to_one_that_the_erp_shows(scene: Scene) -> None:
    lonely = Company.objects.create(code="003", name="New Works")
    Membership.objects.create(user=scene.jonas, company=lonely, erp_level=2)
    client, there = window(scene.jonas), f"/admin/erp/connection/setup/{lonely.pk}/"
    SeenCompany.objects.create(alias="paper", code="77", name="New Works Inc", read_at=timezone.now())
    assert "New Works Inc" in client.get(there).content.decode()
    assert client.post(there, {"alias": "paper", "erp_company": "001"}).status_code == 422, "taken"
    assert client.post(there, {"alias": "nowhere", "erp_company": "77"}).status_code == 422
    assert client.post(there, {"alias": "paper", "erp_company": "77"}).status_code == 302
    made = Connection.objects.get(company=lonely)
    assert (made.alias, made.erp_company) == ("paper", "77")
    assert CostType.objects.filter(company=lonely).count() == 5
    assert Event.objects.get(action="connect_erp").chain == lonely.pk


def test_a_project_without_a_job_is_suggested_by_its_code_and_linked(office: Any, scene: Scene) -> None:
    JobLink.objects.all().delete()
    office.jobs["26-0300"] = office.jobs[MAIN].__class__("26-0300", "Pier 9", "", JobStatus.STARTED)
    sync(scene)
    client = window(scene.jonas)
    rows = {row["job"].code: row for row in client.get(at(scene, "jobs/")).context["rows"]}
    assert (rows[MAIN]["chosen"], rows[MAIN]["sure"]) == (scene.project.pk, True)
    chosen = {"job": [MAIN, "26-0300"], f"project-{MAIN}": scene.project.pk, "project-26-0300": "new"}
    assert client.post(at(scene, "jobs/"), chosen).status_code == 302
    assert JobLink.objects.get(erp_job__code=MAIN).job.project == scene.project
    assert JobLink.objects.filter(job__project=scene.project).count() == 2, "the sub job follows"
    assert Project.objects.get(name="Pier 9").company == scene.company
    assert client.post(at(scene, "jobs/"), chosen).status_code == 422, "linked already"
    other = {"job": ["26-0300"], "project-26-0300": scene.other_project.pk}
    assert client.post(at(scene, "jobs/"), other).status_code == 422


def test_a_risky_setting_is_asked_about_and_then_on_record(scene: Scene) -> None:
    client = window(scene.jonas)
    typed = form(client, scene, four_eyes=None)
    asked = client.post(at(scene, "settings/"), typed)
    assert asked.status_code == 200
    assert "Nothing was kept yet" in asked.content.decode()
    scene.company.refresh_from_db()
    assert scene.company.four_eyes
    assert client.post(at(scene, "settings/"), {**typed, "confirmed": "yes"}).status_code == 302
    scene.company.refresh_from_db()
    assert not scene.company.four_eyes
    event = Event.objects.get(action="change_company")
    assert (event.actor, event.data) == ("Jonas Lindqvist", {"four_eyes": {"old": True, "new": False}})


def test_a_setting_of_the_connection_is_asked_about_and_on_record_with_old_and_new(scene: Scene) -> None:
    client = window(scene.jonas)
    typed = form(client, scene, enabled=None, assign_missing=None)
    assert "Nothing was kept yet" in client.post(at(scene, "settings/"), typed).content.decode()
    assert Connection.objects.get(pk=scene.connection.pk).enabled
    assert client.post(at(scene, "settings/"), {**typed, "confirmed": "yes"}).status_code == 302
    scene.connection.refresh_from_db()
    assert not scene.connection.enabled
    event = Event.objects.get(action="change_connection")
    off = {"old": True, "new": False}
    assert (event.actor, event.data) == ("Jonas Lindqvist", {"enabled": off, "assign_missing": off})


def test_settings_that_moved_meanwhile_are_shown_anew(scene: Scene) -> None:
    client = window(scene.jonas)
    typed = form(client, scene, digest_hour=9)
    Company.objects.filter(pk=scene.company.pk).update(time_zone="Europe/Berlin")
    assert client.post(at(scene, "settings/"), typed).status_code == 409
    typed = form(client, scene, digest_hour=9)
    assert client.post(at(scene, "settings/"), typed).status_code == 302
    scene.company.refresh_from_db()
    assert (scene.company.digest_hour, scene.company.time_zone) == (9, "Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "value"),
    [("time_zone", "Mars/Base"), ("digest_hour", "25"), ("currency", "usd"), ("currency", "USDX")],
)
def test_odd_values_are_refused_with_a_sentence(scene: Scene, name: str, value: str) -> None:
    client = window(scene.jonas)
    answer = client.post(at(scene, "settings/"), form(client, scene, **{name: value}))
    assert answer.status_code == 422
    assert name in answer.context["errors"]


def test_the_adapter_declares_its_settings_and_unknown_keys_are_kept_until_taken_out(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PaperErp, "settings", lambda self: CHOSEN)
    Connection.objects.filter(pk=scene.connection.pk).update(
        options={"older": 1}, setting_choices={"kind": [["OC", "Owner change"]]}
    )
    client = window(scene.jonas)
    page = client.get(at(scene, "settings/")).content.decode()
    assert "OC Owner change" in page and 'Take out <span class="code">older</span>' in page
    typed = form(client, scene, **{"option.kind": "OC", "option.flags.first": "Y"})
    assert client.post(at(scene, "settings/"), {**typed, "confirmed": "yes"}).status_code == 302
    scene.connection.refresh_from_db()
    assert scene.connection.options == {"older": 1, "kind": "OC", "flags": {"first": "Y"}}
    typed = form(client, scene, **{"option.flags.first": "N"})
    assert client.post(at(scene, "settings/"), {**typed, "confirmed": "yes"}).status_code == 302
    scene.connection.refresh_from_db()
    assert scene.connection.options == {"older": 1, "kind": "OC"}
    typed = form(client, scene, drop=["older", "kind"])
    assert "taken out" in client.post(at(scene, "settings/"), typed).content.decode()
    assert client.post(at(scene, "settings/"), {**typed, "confirmed": "yes"}).status_code == 302
    scene.connection.refresh_from_db()
    assert scene.connection.options == {"kind": "OC"}, "what the adapter declares is changed in its own field"
    monkeypatch.setattr(PaperErp, "setting_faults", lambda self, company: ["There is no kind XX."])
    refused = client.post(at(scene, "settings/"), form(client, scene, **{"option.kind": "XX"}))
    assert refused.status_code == 422
    assert "There is no kind XX." in refused.content.decode()


def test_the_companies_of_an_erp_are_read_by_a_worker(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [type("Row", (), {"code": "77", "name": "New Works Inc", "currency": "USD"})]
    monkeypatch.setattr(PaperErp, "companies", lambda self: iter(rows))
    assert setup_actions.read_companies("paper", now=timezone.now()) == 1
    assert SeenCompany.objects.get().name == "New Works Inc"
