"""The hourly work: each company's own, so that one company's trouble is no other's."""

from typing import Any

import pytest
from celery import current_app

from erp import tasks
from erp.models import Connection
from erp.port import ErpUnavailable
from tests.support.scene import Scene


def test_a_company_whose_erp_is_down_does_not_keep_the_others_from_being_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
):
    read: list[str] = []

    def sync(connection: Connection, **more: Any) -> None:
        if connection == scene.connection:
            raise ErpUnavailable("CMiC is down.")
        read.append(connection.company.code)

    heard: list[tuple[Any, ...]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **more: heard.append((name, *args)))
    monkeypatch.setattr(tasks.sync, "sync_company", sync)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sync_reference_data()
    assert [name for name, _ in heard] == ["erp.tasks.sync_reference_data"] * 2
    with pytest.raises(ErpUnavailable):
        tasks.sync_reference_data(heard[0][1])
    tasks.sync_reference_data(heard[1][1])
    assert read == ["002"]
