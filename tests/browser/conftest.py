"""The stage of the whole story: CMiC, a worker with its beat, and three people at their windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from tests.browser.accounting import Accountant, Approver
from tests.browser.people import ProjectManager, until
from tests.support.simulator import Simulator
from tests.support.story import Story, begin

PROJECT = "Quay Street"
QUICK_HASHES = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@dataclass
class Stage:
    """The story's data and its people, each in a window of their own."""

    story: Story
    dana: ProjectManager
    mira: Approver
    accountant: Accountant
    mailbox: Path

    def mail(self, subject: str, *, to: str) -> str:
        """Wait until a mail of that subject has left for the address, and return its text."""
        found: list[str] = []

        def arrived() -> bool:
            found[:] = [
                text for text, name, reader in _mails(self.mailbox) if name == subject and reader == to
            ]
            return bool(found)

        until(arrived, f"no mail {subject!r} to {to}")
        return found[-1]


def _mails(folder: Path) -> list[tuple[str, str, str]]:
    """Every mail the workers have sent: (text, subject, receiver)."""
    mails = []
    for log in sorted(folder.glob("*.log")):
        for raw in log.read_bytes().split(b"-" * 79)[:-1]:
            mail = message_from_bytes(raw.lstrip(), policy=policy.default)
            text = mail.get_body(("plain",))
            mails.append((text.get_content() if text else "", mail["Subject"], mail["To"]))
    return mails


@pytest.fixture
def opens(
    cmic: Simulator,
    open_page: Callable[..., Page],
    celery_worker_process: Callable[..., Any],
    live_server: LiveServer,
    settings: LazySettings,
    tmp_path: Path,
) -> Iterator[Callable[..., Stage]]:
    """A function that puts everything in place: `opens(status="I", budget=[...], **window)`.

    `status` is the job's in CMiC, `budget` what CMiC holds for it already, `window` Playwright's options for each
    person's window. Dana and Mira are logged in.
    """
    settings.PASSWORD_HASHERS = QUICK_HASHES
    settings.BASE_URL = live_server.url
    workers = []

    def open_stage(*, status: str, budget: list[dict[str, Any]] | None = None, **window: Any) -> Stage:
        story = begin(cmic, status=status, budget=budget)
        workers.append(celery_worker_process(beat=True, BASE_URL=live_server.url))
        stage = Stage(
            story,
            dana=ProjectManager(open_page(**window), "dana"),
            mira=Approver(open_page(**window), "mira"),
            accountant=Accountant(open_page(base_url=cmic.origin, **window), "accountant"),
            mailbox=tmp_path / "mail",
        )
        stage.dana.logs_in()
        stage.mira.logs_in()
        return stage

    yield open_stage
    for worker in workers:
        worker.kill()  # the story is told; its warm shutdown would take seconds
