"""What a load balancer is told."""

import pytest
from django.db import connection


@pytest.mark.django_db
def test_a_working_installation_is_ready(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "cache": "ok"}


@pytest.mark.django_db
def test_a_dead_cache_is_named(client, settings, caplog):
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/valkey.sock?db=0"},
    }
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unready", "database": "ok", "cache": "unreachable"}


@pytest.mark.django_db(transaction=True)
def test_a_dead_database_is_named(client, monkeypatch, caplog):
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    answer = client.get("/readyz")
    monkeypatch.undo()
    assert answer.status_code == 503
    assert answer.json() == {"status": "unready", "database": "unreachable", "cache": "ok"}


def test_a_process_that_answers_lives(client):
    assert client.get("/healthz").json() == {"status": "ok"}
