"""The connection's page: ERP admins tend it, others read it, other companies never see it."""

import re

from celery import current_app

from erp import tasks
from erp.models import CostTypeLink
from workflow.models import Event


def url(scene, rest: str = "change/") -> str:
    return f"/admin/erp/connection/{scene.connection.pk}/{rest}"


def rung(monkeypatch, django_capture_on_commit_callbacks, act) -> list:
    """What the workers are asked for while somebody acts."""
    heard: list = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **more: heard.append((name, *args)))
    with django_capture_on_commit_callbacks(execute=True):
        act()
    return heard


def test_whoever_sees_one_connection_goes_straight_to_it(scene, desk):
    answer = desk(scene.mira).get("/admin/erp/connection/")
    assert (answer.status_code, answer.url) == (302, url(scene))


def test_the_page_says_how_the_connection_does(scene, desk):
    scene.connection.stopped_at = scene.connection.synced_at
    scene.connection.stopped_because = "CMiC does not accept the password."
    scene.connection.save()
    page = desk(scene.ruth).get(url(scene)).content.decode()
    for words in ("Stopped", "CMiC does not accept the password.", "Last contact", "Subcontract"):
        assert words in page


def test_verify_and_sync_are_left_to_workers(scene, desk, monkeypatch, django_capture_on_commit_callbacks):
    client = desk(scene.jonas)
    asked = rung(
        monkeypatch,
        django_capture_on_commit_callbacks,
        lambda: [client.post(url(scene, f"do/{action}/")) for action in ("verify", "sync")],
    )
    assert asked == [
        ("erp.tasks.verify_connection", scene.connection.pk, scene.jonas.pk),
        ("erp.tasks.make_sync", scene.connection.sync_runs.get().pk),
    ]


def test_the_page_shows_what_the_last_check_found(scene, desk):
    client = desk(scene.ruth)
    assert "What the last check found" not in client.get(url(scene)).content.decode()
    scene.sheet.missing.append("The job cost module is not visible <here>.")
    tasks.verify_connection(scene.connection.pk, scene.jonas.pk)
    page = client.get(url(scene)).content.decode()
    assert "What the last check found: 1 missing, nothing to confirm by hand" in page
    assert '<span class="mark bad">missing</span> The job cost module is not visible &lt;here&gt;.' in page
    scene.sheet.missing.clear()
    tasks.verify_connection(scene.connection.pk, scene.jonas.pk)
    assert "nothing missing" in client.get(url(scene)).content.decode()


def test_the_worker_who_verifies_says_what_is_missing(scene):
    scene.sheet.missing.append("The job cost module is not visible.")
    tasks.verify_connection(scene.connection.pk, scene.jonas.pk)
    scene.connection.refresh_from_db()
    assert scene.connection.verified_at is None
    event = Event.objects.get(action="verify_connection")
    assert (event.actor, event.note) == ("Jonas Lindqvist", "The job cost module is not visible.")


def test_jonas_confirms_the_cost_types_he_was_shown_and_none_that_came_since(scene, desk):
    links = CostTypeLink.objects.filter(erp_cost_type__connection=scene.connection)
    links.filter(cost_type__code="O").update(confirmed_by=None, confirmed_at=None)
    page = desk(scene.jonas).get(url(scene)).content.decode()
    shown = re.findall(r'name="match" value="(\d+)"', page)
    assert shown == [str(links.get(cost_type__code="O").pk)]
    links.filter(cost_type__code="L").update(confirmed_by=None, confirmed_at=None)
    desk(scene.jonas).post(url(scene, "do/confirm_cost_types/"), {"match": shown})
    assert links.get(cost_type__code="O").confirmed_by == scene.jonas
    assert links.get(cost_type__code="L").confirmed_at is None


def test_the_page_shows_the_settings_and_leads_to_the_page_that_changes_them(scene, desk):
    scene.connection.options = {"status_ready": "APPR"}
    scene.connection.assign_missing = False
    scene.connection.save()
    page = re.sub(r"\s+", " ", desk(scene.ruth).get(url(scene)).content.decode())
    assert "<dt>Use the connection</dt><dd>on</dd>" in page
    assert "<dt>Assign cost codes that a job lacks in the ERP</dt><dd>off</dd>" in page
    assert "{ &quot;status_ready&quot;: &quot;APPR&quot; }" in page
    assert f'href="/admin/erp/connection/setup/{scene.company.pk}/settings/"' in page
    given = {"options": "{}"}
    assert desk(scene.jonas).post(url(scene, "do/change_settings/"), given).status_code == 404
    scene.connection.refresh_from_db()
    assert scene.connection.enabled and scene.connection.options == {"status_ready": "APPR"}


def test_an_approver_changes_nothing_of_the_connection(scene, desk):
    client = desk(scene.mira)
    for action in ("verify", "sync", "sync_whole", "confirm_cost_types"):
        answer = client.post(url(scene, f"do/{action}/"))
        assert answer.status_code == 409, action
        assert "Ask Jonas Lindqvist." in answer.content.decode()


def test_another_companys_connection_does_not_exist(scene, desk):
    client = desk(scene.olga)
    assert client.get(url(scene)).status_code == 404
    assert client.post(url(scene, "do/verify/")).status_code == 404


def test_events_are_read_by_company_and_never_changed(scene, desk):
    mine = desk(scene.mira).get("/admin/workflow/event/").content.decode()
    assert "Dana Reyes" in mine
    assert "Olga Novak" not in mine
    theirs = desk(scene.olga).get("/admin/workflow/event/").content.decode()
    assert "Dana Reyes" not in theirs
    first = Event.objects.first()
    for path in ("add/", f"{first.pk}/change/", f"{first.pk}/delete/"):
        assert desk(scene.mira).get(f"/admin/workflow/event/{path}").status_code == 404, path
