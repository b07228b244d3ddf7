"""Each reading is a row: who asked, how far it is, what it changed; one at a time, and a killed worker's is found."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from erp import services, tasks
from erp.models import (
    Connection,
    ErpAssignment,
    ErpCostCode,
    ErpCostType,
    ErpJob,
    ErpUnit,
    SyncChange,
    SyncRun,
)
from erp.port import ErpUnavailable, JobRow, JobStatus, UnitRow
from erp.setup import linking
from erp.sync import actions as sync_actions
from erp.sync import runs as sync_runs
from erp.sync import syncing as sync
from tests.erp import office as erp_office
from tests.support import scene as acts
from tests.support.scene import MAIN, SUB
from workflow.actions import ActionBlocked
from workflow.models import Event


def now():
    return timezone.now()


def run_of(scene, **more) -> SyncRun:
    scene.connection.refresh_from_db()
    sync.sync_company(scene.connection, now=now(), **more)
    return SyncRun.objects.latest("pk")


def asked(scene, **more) -> SyncRun:
    return sync_actions.ask_to_sync(scene.connection, user=scene.jonas, now=now(), **more)


def told(run: SyncRun) -> list[tuple[str, str, str, dict]]:
    return list(run.rows.order_by("kind", "code").values_list("kind", "change", "code", "fields"))


# -- what changed -------------------------------------------------------------------------------------------


def test_a_run_lists_what_is_new_changed_inactive_gone_and_back(office, scene):
    run_of(scene, whole=True)
    office.cost_code("03-30-00", name="Concrete, poured", active=False)
    office.job(MAIN, status=JobStatus.CLOSED)
    office.units["LS"] = UnitRow("LS", "Lump sum")
    del office.cost_types["5000"]
    office.assigned[(SUB, "03")] = False
    del office.assigned[(SUB, "09")]
    run = run_of(scene, whole=True)
    assert (run.state, run.changed) == ("done", 6)
    assert told(run) == [
        ("assignments", "inactive", f"{SUB} 03", {"active": ["True", "False"]}),
        ("assignments", "gone", f"{SUB} 09", {}),
        (
            "cost_codes",
            "inactive",
            "03-30-00",
            {"name": ["Cast-in-place concrete", "Concrete, poured"], "active": ["True", "False"]},
        ),
        ("cost_types", "gone", "5000", {}),
        ("jobs", "changed", MAIN, {"status": ["started", "closed"]}),
        ("units", "added", "LS", {}),
    ]
    office.cost_code("03-30-00", active=True)
    office.cost_types["5000"] = erp_office._cost_types()["5000"]
    office.assigned[(SUB, "09")] = True
    run = run_of(scene)
    assert {(kind, change, code) for kind, change, code, _ in told(run)} == {
        ("assignments", "back", f"{SUB} 09"),
        ("cost_codes", "back", "03-30-00"),
        ("cost_types", "back", "5000"),
    }


def test_nothing_is_deleted_of_any_kind_and_all_of_it_comes_back_as_it_was(office, scene):
    run_of(scene, whole=True)
    kinds = (ErpJob, ErpCostCode, ErpCostType, ErpUnit, ErpAssignment)
    before = {kind: list(kind.objects.order_by("pk").values_list("pk", flat=True)) for kind in kinds}
    held = vars(office).copy()
    for name in held:
        setattr(office, name, {})
    run_of(scene, whole=True)
    for kind in kinds:
        mine = kind.objects.filter(connection=scene.connection)
        assert mine.exists() and not mine.filter(gone_at=None).exists(), kind
    for name, rows in held.items():
        setattr(office, name, rows)
    run = run_of(scene, whole=True)
    assert {kind: list(kind.objects.order_by("pk").values_list("pk", flat=True)) for kind in kinds} == before
    assert not ErpAssignment.objects.filter(connection=scene.connection).exclude(gone_at=None).exists()
    assert {change for _, change, _, _ in told(run)} == {"back"}


def test_a_line_with_a_code_that_went_inactive_cannot_be_sent_until_it_is_back(office, scene):
    acts.lock(scene)
    office.cost_code("03-30-00", active=False)
    run_of(scene)
    with pytest.raises(ActionBlocked, match="inactive in CMiC"):
        services.send(scene.reload(), user=scene.dana, now=now())
    office.cost_code("03-30-00", active=True)
    run_of(scene)
    services.send(scene.reload(), user=scene.dana, now=now())


def test_a_sub_job_that_is_new_is_named_and_made(office, scene):
    office.jobs["26-0288-02"] = JobRow("26-0288-02", "Tower", MAIN, JobStatus.STARTED)
    run = run_of(scene)
    assert ("jobs", "added", "26-0288-02", {}) in told(run)
    assert run.made == {"sub jobs": 1}


def test_one_kind_alone_is_read_and_the_rest_counts_as_old_as_before(office, scene):
    run_of(scene)
    scene.connection.refresh_from_db()
    before = scene.connection.synced_at
    office.cost_code("03-30-00", name="Concrete")
    office.units["LS"] = UnitRow("LS", "Lump sum")
    run = run_of(scene, only="cost_codes")
    assert [kind for kind, *_ in told(run)] == ["cost_codes"]
    assert list(run.read) == ["cost codes"]
    scene.connection.refresh_from_db()
    assert scene.connection.synced_at == before
    assert Event.objects.filter(action="sync").latest("seq").sentence.endswith("Cost codes")


def test_budgets_alone_asks_for_a_reading_of_every_linked_budget(office, scene):
    run = run_of(scene, only="budgets")
    assert run.read == {"budgets": 1}
    assert scene.budget.readings.get().state == "asked"


# -- asking, and one at a time -------------------------------------------------------------------------------


def test_a_person_asks_and_a_worker_does_it_once(office, scene):
    run = asked(scene, whole=True)
    assert (run.state, run.asked_by, run.whole) == ("asked", scene.jonas, True)
    tasks.make_sync(run.pk)
    tasks.make_sync(run.pk)
    run.refresh_from_db()
    assert (run.state, run.read["cost codes"]) == ("done", 6)
    assert Event.objects.filter(action="sync").count() == 1
    assert Event.objects.get(action="ask_to_sync").actor == "Jonas Lindqvist"


def test_the_database_knows_one_run_at_a_time(scene):
    SyncRun.objects.create(connection=scene.connection, asked_at=now())
    with pytest.raises(IntegrityError), transaction.atomic():
        SyncRun.objects.create(connection=scene.connection, asked_at=now())


def test_the_hourly_ring_leaves_a_connection_alone_that_is_being_read(office, scene):
    asked(scene)
    tasks.sync_reference_data(scene.connection.pk)
    assert SyncRun.objects.get().state == "asked"
    with pytest.raises(sync_runs.AlreadyReading):
        sync.sync_company(scene.connection, now=now())


def test_what_was_asked_for_over_a_connection_that_stopped_meanwhile_says_so(scene):
    run = asked(scene)
    Connection.objects.filter(pk=scene.connection.pk).update(
        stopped_at=now(), stopped_because="Wrong password."
    )
    tasks.make_sync(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "Nothing was read: Wrong password.")


# -- how far it is ------------------------------------------------------------------------------------------


def test_how_far_it_is_can_be_seen_while_it_reads(office, scene, monkeypatch):
    monkeypatch.setattr(sync_runs, "EVERY", 0.0)
    run = asked(scene)
    seen = []

    def watched(rows):
        for number, row in enumerate(rows.items()):
            here = SyncRun.objects.get(pk=run.pk)
            seen.append((number, here.state, here.at, here.at_rows, here.at_known, list(here.read)))
            yield row[1]

    monkeypatch.setattr(
        erp_office.OfficeErp, "cost_codes", lambda self, company, **_: watched(office.cost_codes)
    )
    sync.make_asked(run, now=now())
    assert seen[0] == (0, "running", "cost_codes", 0, 6, ["jobs"])
    assert seen[-1] == (5, "running", "cost_codes", 5, 6, ["jobs"])


def test_a_run_that_broke_off_keeps_what_it_read_and_says_why(office, scene, monkeypatch):
    def down(self, company, **_):
        raise ErpUnavailable("CMiC did not answer within 30 seconds.")

    monkeypatch.setattr(erp_office.OfficeErp, "cost_types", down)
    run = asked(scene)
    with pytest.raises(ErpUnavailable):
        tasks.make_sync(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == ("partly", "CMiC did not answer within 30 seconds.")
    assert list(run.read) == ["jobs", "cost codes"]
    monkeypatch.setattr(erp_office.OfficeErp, "jobs", down)
    with pytest.raises(ErpUnavailable):
        sync.sync_company(scene.connection, now=now())
    assert SyncRun.objects.latest("pk").state == "failed"


def test_a_failure_nobody_foresaw_ends_the_run_with_a_sentence(office, scene, monkeypatch):
    def stumble(self, company):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(erp_office.OfficeErp, "units", stumble)
    with pytest.raises(ZeroDivisionError):
        sync.sync_company(scene.connection, now=now())
    run = SyncRun.objects.get()
    assert run.state == "partly" and "nobody foresaw (ZeroDivisionError)" in run.error
    assert "secret" not in run.error


def test_jonas_cancels_and_it_ends_before_the_next_kind(office, scene, monkeypatch):
    run = asked(scene)

    def cancelling(self, company, **_):
        sync_actions.cancel(run, user=scene.jonas, now=now())
        yield from office.cost_codes.values()

    monkeypatch.setattr(erp_office.OfficeErp, "cost_codes", cancelling)
    before = scene.connection.synced_at
    tasks.make_sync(run.pk)
    run.refresh_from_db()
    assert (run.state, run.cancelled_by, run.error) == ("cancelled", scene.jonas, "")
    assert list(run.read) == ["jobs", "cost codes"]
    scene.connection.refresh_from_db()
    assert scene.connection.synced_at == before


def test_a_run_that_no_worker_began_is_cancelled_at_once(scene):
    run = asked(scene)
    sync_actions.cancel(run, user=scene.jonas, now=now())
    tasks.make_sync(run.pk)
    run.refresh_from_db()
    assert (run.state, run.started_at) == ("cancelled", None)


# -- workers that are gone, rows that are old ----------------------------------------------------------------


def test_a_run_whose_worker_was_killed_is_found_and_the_next_may_begin(office, scene, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(self, company, **_):
        raise Killed

    monkeypatch.setattr(erp_office.OfficeErp, "cost_codes", killed)
    with pytest.raises(Killed):
        sync.sync_company(scene.connection, now=now())
    run = SyncRun.objects.get()
    assert run.state == "running"
    tasks.sweep()
    run.refresh_from_db()
    assert run.state == "running", "its lease is not over"
    SyncRun.objects.update(lease_until=now() - timedelta(seconds=1))
    tasks.sweep()
    run.refresh_from_db()
    assert (run.state, run.error) == ("partly", sync_runs.WORKER_GONE)
    monkeypatch.undo()
    asked(scene)


def test_a_worker_that_was_given_up_writes_nothing_more(office, scene, monkeypatch):
    run = asked(scene)

    def slow(self, company, **_):
        SyncRun.objects.update(lease_until=now() - timedelta(seconds=1))
        sync_runs.sweep(now=now())
        yield from office.cost_types.values()

    office.cost_type("1000", name="Work")
    monkeypatch.setattr(erp_office.OfficeErp, "cost_types", slow)
    monkeypatch.setattr(erp_office.OfficeErp, "units", lambda self, company: pytest.fail("it went on"))
    tasks.make_sync(run.pk)
    assert not ErpCostType.objects.filter(name="Work").exists(), (
        "what the next run finds is not lost for its list"
    )
    run.refresh_from_db()
    assert (run.state, run.error) == ("partly", sync_runs.WORKER_GONE)


def test_a_run_whose_bell_was_not_heard_is_rung_for_again(scene, monkeypatch):
    run, rung = asked(scene), []
    monkeypatch.setattr(sync_runs.bell, "ring", lambda name, *args: rung.append((name, *args)))
    sync_runs.sweep(now=now())
    assert rung == [], "it was asked for a moment ago"
    SyncRun.objects.update(asked_at=now() - timedelta(minutes=1))
    sync_runs.sweep(now=now())
    assert rung == [("make_sync", run.pk)]


@pytest.mark.parametrize(
    ("days", "changed", "kept"),
    [(89, 0, True), (91, 0, False), (91, 1, True), (364, 1, True), (366, 1, False)],
)
def test_quiet_runs_are_kept_for_90_days_and_the_others_for_a_year(scene, days, changed, kept):
    then = now() - timedelta(days=days)
    run = SyncRun.objects.create(
        connection=scene.connection, asked_at=then, state="done", finished_at=then, changed=changed
    )
    SyncChange.objects.create(run=run, kind="units", change="added", code="CY")
    tasks.sync_reference_data()
    assert SyncRun.objects.filter(pk=run.pk).exists() is kept


# -- old data -----------------------------------------------------------------------------------------------


def test_codes_are_read_again_once_for_somebody_who_is_about_to_send_on_old_ones(office, scene):
    assert sync_actions.freshen(scene.connection, now=now()) is None, "they are fresh"
    later = now() + timedelta(hours=5)
    run = sync_actions.freshen(scene.connection, now=later)
    assert run is not None and run.asked_by is None and run.because
    assert sync_actions.freshen(scene.connection, now=later) is None, "one is under way"
    sync_runs.end(run, "failed", now=later, error="CMiC is down.")
    assert sync_actions.freshen(scene.connection, now=later) is None, "one was lately"
    assert sync_actions.freshen(scene.connection, now=later + timedelta(hours=2)) is not None


def test_nobody_reads_over_a_stopped_connection_only_because_its_codes_are_old(scene):
    scene.connection.stopped_at = now()
    assert sync_actions.freshen(scene.connection, now=now() + timedelta(hours=5)) is None


def test_dana_is_warned_that_the_codes_are_old_and_may_send(scene, client):
    acts.lock(scene)
    client.force_login(scene.dana)
    address = f"/projects/{scene.project.pk}/budget/send/"
    fresh = client.get(address, follow=True).content.decode()
    assert "were read" not in fresh
    Connection.objects.update(synced_at=now() - timedelta(hours=5))
    old = client.get(address, follow=True).content.decode()
    assert "Jobs and codes of CMiC were read" in old and "being read again now" in old
    client.get(address, follow=True)
    assert SyncRun.objects.count() == 1
    answer = client.post(address, {"note": ""})
    assert answer.status_code == 302
    assert scene.reload().state == "sent"


def test_a_project_can_be_linked_while_its_company_was_read_before(office, scene):
    office.jobs["26-0300"] = JobRow("26-0300", "Bridge", "", JobStatus.STARTED)
    run_of(scene)
    assert linking.link_project(scene.connection, "26-0300", user=scene.jonas, now=now())
