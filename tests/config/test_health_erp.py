"""What a monitor is told of the way into the ERP: each limit from both sides, no names, no question to the ERP."""

import json
import uuid
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from config import env
from erp.health import heartbeat
from erp.models import Circuit, Connection, Document, Heartbeat, Notice
from tests.support import scene as acts

AGED = ("worker", "beat", "silent", "sync", "waiting", "unconfirmed", "mail")
LIMITS = {**dict.fromkeys(AGED, (100.0, 1000.0)), "refused": (100.0, None)}
# far from the limits: the clock runs on between what is set and what is asked
SIDES = [(50, "ok", 200), (150, "degraded", 200), (900, "degraded", 200), (1100, "failing", 503)]


@pytest.fixture
def healthy(scene, settings):
    settings.ERP_HEALTH = LIMITS
    heartbeat.beat(heartbeat.SWEEP)
    heartbeat.beat(heartbeat.WORKER)
    return scene


def ago(seconds):
    return timezone.now() - timedelta(seconds=seconds)


def ask(client):
    answer = client.get("/healthz/erp")
    return answer.status_code, answer.json()


def accepted(scene) -> Document:
    batch = acts.send(scene)
    acts.accept(scene, batch)
    return Document.objects.get()


def test_all_is_well(healthy, client):
    status, said = ask(client)
    assert (status, said["status"]) == (200, "ok")
    assert {check["status"] for check in said["checks"].values()} == {"ok"}


@pytest.mark.parametrize(("seconds", "state", "status"), SIDES)
@pytest.mark.parametrize("part", ["worker", "beat"])
def test_workers_and_beat(healthy, client, part, seconds, state, status):
    name = heartbeat.WORKER if part == "worker" else heartbeat.SWEEP
    Heartbeat.objects.filter(name=name).update(at=ago(seconds))
    answer, said = ask(client)
    assert (answer, said["status"], said["checks"][part]["status"]) == (status, state, state)
    assert abs(said["checks"][part]["seconds"] - seconds) < 50


def test_an_installation_whose_workers_were_never_heard_of_fails(healthy, client):
    Heartbeat.objects.all().delete()
    assert ask(client)[0] == 503


@pytest.mark.parametrize(("seconds", "state", "status"), SIDES)
def test_jobs_and_codes_that_are_old(healthy, client, seconds, state, status):
    Connection.objects.filter(pk=healthy.connection.pk).update(synced_at=ago(seconds))
    answer, said = ask(client)
    assert (answer, said["checks"]["sync"]["status"]) == (status, state)


def test_jobs_and_codes_that_were_never_read(healthy, client):
    Connection.objects.filter(pk=healthy.connection.pk).update(synced_at=None)
    assert ask(client)[1]["status"] == "degraded"


@pytest.mark.parametrize(("seconds", "state", "status"), SIDES)
def test_an_erp_that_is_silent(healthy, client, seconds, state, status):
    Circuit.objects.create(
        connection=healthy.connection,
        failures=5,
        silent_since=ago(seconds),
        opened_at=ago(1),
        ask_at=timezone.now(),
    )
    answer, said = ask(client)
    assert (answer, said["checks"]["silent"]["status"]) == (status, state)


def test_a_stopped_connection_fails_and_one_that_is_switched_off_does_not(healthy, client):
    Connection.objects.filter(pk=healthy.connection.pk).update(stopped_at=timezone.now())
    status, said = ask(client)
    assert (status, said["checks"]["stopped"]) == (503, {"status": "failing", "count": 1})
    Connection.objects.filter(pk=healthy.connection.pk).update(enabled=False)
    assert ask(client)[0] == 200


def test_a_connection_that_was_never_verified_is_to_be_looked_at(healthy, client):
    Connection.objects.filter(pk=healthy.connection.pk).update(verified_at=None)
    assert ask(client)[1]["checks"]["verified"] == {"status": "degraded", "count": 1}


@pytest.mark.parametrize(("seconds", "state", "status"), SIDES)
def test_documents_that_could_go_and_that_no_worker_took(healthy, client, seconds, state, status):
    accepted(healthy)
    Document.objects.update(not_before=ago(seconds))
    answer, said = ask(client)
    assert (answer, said["checks"]["waiting"]["status"]) == (status, state)


def test_a_document_whose_time_has_not_come_is_not_overdue(healthy, client):
    accepted(healthy)
    Document.objects.update(not_before=timezone.now() + timedelta(hours=1), state_since=ago(5000))
    assert ask(client)[1]["checks"]["waiting"]["count"] == 0


@pytest.mark.parametrize(("seconds", "state", "status"), SIDES)
def test_documents_of_which_nobody_knows_whether_they_arrived(healthy, client, seconds, state, status):
    acts.take(accepted(healthy))
    Document.objects.update(
        state="unconfirmed", claim=None, lease_until=None, state_since=ago(seconds), not_before=None
    )
    answer, said = ask(client)
    assert (answer, said["checks"]["unconfirmed"]["status"]) == (status, state)


@pytest.mark.parametrize(("seconds", "state"), [(50, "ok"), (150, "degraded"), (90_000, "degraded")])
def test_a_refusal_waits_for_a_person_and_never_fails(healthy, client, seconds, state):
    acts.refuse(accepted(healthy).batch)
    Document.objects.update(state_since=ago(seconds))
    status, said = ask(client)
    assert (status, said["checks"]["refused"]["status"]) == (200, state)


@pytest.mark.parametrize(("seconds", "state", "status"), SIDES)
def test_mails_that_were_not_sent(healthy, client, seconds, state, status):
    Notice.objects.all().delete()
    Notice.objects.create(
        company=healthy.company,
        to=healthy.dana,
        kind="x",
        key=str(uuid.uuid4()),
        subject="s",
        created_at=ago(seconds),
    )
    answer, said = ask(client)
    assert (answer, said["checks"]["mail"]["status"]) == (status, state)


def test_a_monitor_learns_no_name_and_costs_few_queries(healthy, client, django_assert_max_num_queries):
    acts.refuse(accepted(healthy).batch)
    with django_assert_max_num_queries(12):
        answer = client.get("/healthz/erp")
    text = json.dumps(answer.json())
    for secret in ("Northgate", "001", "Quay", "26-0288", "Dana", "paper"):
        assert secret not in text
    assert answer.headers["Cache-Control"].startswith("max-age=0")


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_gone_is_failing(client, monkeypatch, caplog):
    database.close()
    monkeypatch.setitem(database.settings_dict, "HOST", "/nowhere")
    answer = client.get("/healthz/erp")
    monkeypatch.undo()
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "failing",
        "checks": {"database": {"status": "failing"}, "cache": {"status": "ok"}},
    }


# -- limits from the environment ------------------------------------------------------------------------------


def test_limits_are_two_rising_numbers_or_one(monkeypatch):
    monkeypatch.setenv("TIEBACK_HEALTH_MAIL", "60, 120.5")
    monkeypatch.setenv("TIEBACK_HEALTH_REFUSED", "7")
    found = env.erp_health(sync_seconds=3600)
    assert (found["mail"], found["refused"]) == ((60.0, 120.5), (7.0, None))
    assert found["sync"] == (10800.0, 93600.0)
    assert env.erp_health(sync_seconds=86400)["sync"] == (259200.0, 2246400.0), "a rare sync is no old one"


@pytest.mark.parametrize("odd", ["", "x", "0", "-1,5", "5,5", "9,3", "1,2,3", "1,inf", "nan,2", "nan"])
def test_odd_limits_are_refused_with_the_name_of_the_variable(monkeypatch, odd):
    monkeypatch.setenv("TIEBACK_HEALTH_MAIL", odd)
    with pytest.raises(env.ImproperlyConfigured, match="TIEBACK_HEALTH_MAIL must be two rising numbers"):
        env.erp_health(sync_seconds=3600)
