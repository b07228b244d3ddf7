"""The pages of syncs and of health: what people see of a run while it reads and after, and what to do when it hurts."""

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from erp import tasks
from erp.health import heartbeat
from erp.models import Connection, SyncChange, SyncRun
from erp.sync import actions as sync_actions
from erp.sync import syncing as sync
from tests.support import scene as acts

RECONCILIATION = "/admin/erp/driftdecision/"


def url(scene, rest: str) -> str:
    return f"/admin/erp/connection/{scene.connection.pk}/{rest}"


def made(scene, **more) -> SyncRun:
    run = sync_actions.ask_to_sync(scene.connection, user=scene.jonas, now=timezone.now(), **more)
    sync.make_asked(run, now=timezone.now())
    scene.connection.refresh_from_db()
    return SyncRun.objects.get(pk=run.pk)


def read(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_jonas_asks_watches_and_sees_what_changed(office, scene, desk):
    client = desk(scene.jonas)
    answer = client.post(url(scene, "do/sync_whole/"), {"only": ""})
    run = SyncRun.objects.get()
    assert (answer.status_code, answer.url) == (302, url(scene, f"syncs/{run.pk}/"))
    waiting = read(client, answer.url)
    assert "Asked for" in waiting and "hx-get" in waiting and "Cancel this run" in waiting
    assert "cannot" not in read(client, url(scene, "syncs/"))
    office.cost_code("03-30-00", name="Concrete", active=False)
    tasks.make_sync(run.pk)
    page = read(client, answer.url)
    assert "hx-get" not in page
    for words in (
        "cost codes: 6",
        "Made inactive there",
        "name: Cast-in-place concrete → Concrete",
        "Concerns 3 lines in 1 budget",
        f'<a href="/projects/{scene.project.pk}/budget/?q=03-30-00">Quay Street</a> (3)',
    ):
        assert words in page, words
    listed = read(client, url(scene, "syncs/"))
    assert "Jonas Lindqvist" in listed and "Everything, all of it" in listed


def test_a_run_that_changed_no_code_says_where_budget_amounts_are_compared(office, scene, desk):
    said = (
        "No jobs or codes changed in CMiC since the run before.",
        f'Whether budget amounts were changed there is compared project by project under <a href="{RECONCILIATION}">',
    )
    client = desk(scene.jonas)
    first = made(scene)
    office.cost_code("03-30-00", name="Concrete")
    changed = made(scene)
    assert first.changed and changed.changed
    for run in (first, changed):
        page = read(client, url(scene, f"syncs/{run.pk}/"))
        assert not [words for words in said if words in page]
    quiet = made(scene)
    page = read(client, url(scene, f"syncs/{quiet.pk}/"))
    assert [words for words in said if words in page] == list(said)
    assert "Reconciliation" in read(client, RECONCILIATION)
    waiting = sync_actions.ask_to_sync(scene.connection, user=scene.jonas, now=timezone.now())
    assert "No jobs or codes changed" not in read(client, url(scene, f"syncs/{waiting.pk}/"))


def test_what_a_run_tells_of_budgets_is_how_many_are_being_read(office, scene, desk):
    run = made(scene, only="budgets")
    assert "<dt>Read</dt><dd>budgets: 1</dd>" in read(desk(scene.jonas), url(scene, f"syncs/{run.pk}/"))
    told: list[str] = []
    sync.sync_company(scene.connection, now=timezone.now(), only="budgets", progress=told.append)
    assert told == ["budgets: 1 is being read and compared"]


def test_a_second_press_says_who_was_first_and_where_to_watch(scene, desk):
    desk(scene.jonas).post(url(scene, "do/sync/"), {"only": "units"})
    answer = desk(scene.jonas).post(url(scene, "do/sync/"), {})
    assert answer.status_code == 409
    assert "asked for by Jonas Lindqvist" in answer.content.decode()
    assert SyncRun.objects.get().only == "units"
    assert desk(scene.jonas).post(url(scene, "do/sync/"), {"only": "rubbish"}).status_code == 404


def test_long_lists_are_paged_filtered_searched_and_downloaded(scene, desk):
    run = SyncRun.objects.create(
        connection=scene.connection,
        asked_at=timezone.now(),
        state="done",
        finished_at=timezone.now(),
        changed=121,
        changes={"cost_codes": {"added": 120}, "units": {"gone": 1}},
    )
    SyncChange.objects.bulk_create(
        SyncChange(run=run, kind="cost_codes", change="added", code=f"{number:05}") for number in range(120)
    )
    SyncChange.objects.create(run=run, kind="units", change="gone", code="=CY", fields={"name": ["a", "b"]})
    client = desk(scene.ruth)
    page = read(client, url(scene, f"syncs/{run.pk}/"))
    assert "Page 1 of 3, 121 changes" in page and "00050" not in page
    assert "00050" in read(client, url(scene, f"syncs/{run.pk}/?p=2"))
    page = read(client, url(scene, f"syncs/{run.pk}/?kind=units"))
    assert "=CY" in page and "00001" not in page
    assert "00119" in read(client, url(scene, f"syncs/{run.pk}/?q=119"))
    assert "No change here matches" in read(client, url(scene, f"syncs/{run.pk}/?change=back"))
    answer = client.get(url(scene, f"syncs/{run.pk}/changes.csv?kind=units"))
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[1:] == [["Units", "'=CY", "No longer there", "name", "a", "b"]]
    assert len(client.get(url(scene, f"syncs/{run.pk}/changes.csv")).content.splitlines()) == 122


def test_another_company_sees_no_run_and_no_health(office, scene, desk):
    run = made(scene)
    client = desk(scene.olga)
    for rest in ("syncs/", f"syncs/{run.pk}/", f"syncs/{run.pk}/changes.csv", "health/"):
        assert client.get(url(scene, rest)).status_code == 404, rest
    assert client.post(url(scene, f"syncs/{run.pk}/cancel/")).status_code == 404
    theirs = Connection.objects.exclude(pk=scene.connection.pk).get()
    assert client.get(f"/admin/erp/connection/{theirs.pk}/syncs/{run.pk}/").status_code == 404


def test_cancelling_by_the_page(scene, desk):
    run = sync_actions.ask_to_sync(scene.connection, user=scene.jonas, now=timezone.now())
    answer = desk(scene.jonas).post(url(scene, f"syncs/{run.pk}/cancel/"), follow=True)
    assert "Cancelled by Jonas Lindqvist" in answer.content.decode()
    answer = desk(scene.jonas).post(url(scene, f"syncs/{run.pk}/cancel/"))
    assert answer.status_code == 409 and "This run is over." in answer.content.decode()


# -- health -------------------------------------------------------------------------------------------------


@pytest.fixture
def alive(scene):
    heartbeat.beat(heartbeat.SWEEP)
    heartbeat.beat(heartbeat.WORKER)
    return scene


def test_a_healthy_company_reads_all_is_well(alive, office, desk):
    made(alive)
    page = read(desk(alive.ruth), url(alive, "health/"))
    for words in ("All is well", "CMiC answers.", "Every mail was sent.", "Nothing in the last 7 days."):
        assert words in page, words
    assert "Something" not in page


def test_what_hurts_is_said_with_what_to_do(alive, desk):
    batch = acts.send(alive)
    acts.accept(alive, batch)
    acts.refuse(batch)
    batch.documents.update(state_since=timezone.now() - timedelta(days=2))
    SyncRun.objects.create(
        connection=alive.connection,
        asked_at=timezone.now(),
        state="failed",
        finished_at=timezone.now(),
        error="CMiC did not answer.",
    )
    Connection.objects.filter(pk=alive.connection.pk).update(synced_at=timezone.now() - timedelta(hours=4))
    page = read(desk(alive.jonas), url(alive, "health/"))
    for words in (
        "Something to look at",
        "1 document, the oldest for 2 days.",
        "put the cause right and retry, or return it",
        "Jobs and codes were read 4 h ago.",
        "CMiC did not answer.",
        "Cost code 03-30-00 is inactive on this job.",
    ):
        assert words in page, words


def test_a_stopped_connection_is_failing_and_says_why(alive, desk):
    Connection.objects.filter(pk=alive.connection.pk).update(
        stopped_at=timezone.now(), stopped_because="Wrong <password>."
    )
    page = read(desk(alive.mira), url(alive, "health/"))
    for words in ("Something is failing", "Wrong &lt;password&gt;.", "none while it is not in use"):
        assert words in page, words
