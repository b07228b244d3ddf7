"""Addresses of before are sealed where they stand, and taking the step back gives them back."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from tests.support.receiver import Receiver
from tests.support.scene import Scene
from webhooks import sealing
from webhooks.models import Endpoint


@pytest.fixture
def migrated(scene: Scene) -> Any:
    """Migrating to and fro; whatever happens, the tables are whole again for the next test."""

    def migrate(to: str) -> None:
        call_command("migrate", "webhooks", to, verbosity=0, interactive=False)

    yield migrate
    migrate("0002")


@pytest.mark.django_db(transaction=True)
def test_an_address_in_plain_is_sealed_and_comes_back(endpoint: Endpoint, receiver: Receiver, migrated: Any):
    migrated("0001")
    with connection.cursor() as cursor:
        cursor.execute("SELECT url, active FROM webhooks_endpoint")
        assert cursor.fetchall() == [(receiver.url, True)]
    migrated("0002")
    again = Endpoint.objects.get()
    assert sealing.address_of(again) == receiver.url
    assert (again.place, again.mark) == (endpoint.place, endpoint.mark)
    with connection.cursor() as cursor:
        cursor.execute("SELECT webhooks_endpoint::text FROM webhooks_endpoint")
        assert "hook?key" not in cursor.fetchone()[0]
