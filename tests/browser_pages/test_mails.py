"""Mails as people open them: on a phone, by day and by night, nothing is wider than the screen or unreadable."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from erp.mail import people_notices, posting_notices
from erp.mail import sending as mail_queue
from erp.mail import switches as notice_switches
from erp.models import Batch, Confirmation, Notice
from erp.posting import confirmations
from tests.browser_pages.test_accessibility import faults
from tests.support import drift
from tests.support import scene as acts
from tests.support.browser import scrolls_sideways
from tests.support.receiver import Receiver
from tests.support.scene import MAIN, Scene
from tests.webhooks.conftest import values
from webhooks import delivery, services

pytestmark = pytest.mark.django_db(transaction=True)
CONCRETE = {"job": MAIN, "cost_code": "03-30-00", "cost_type": "2000"}


def kept(scene: Scene) -> str:
    """Jonas decided that ours holds, against an amount that is wide."""
    drift.posted(scene)
    drift.edit(scene, "13000.00")
    seen = drift.edit(scene, "112345678.75", drift.ErpKey(MAIN, "03-30-00", "2000"))
    drift.settle(scene, "keep", seen, by=scene.jonas)
    return "To send again: Quay Street, 2 differences from CMiC"


def disproved(scene: Scene) -> str:
    """Mira confirmed by hand what was posted with another amount."""
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    acts.ask(batch)
    confirmations.confirm_posted(
        Batch.objects.get(), user=scene.mira, now=timezone.now(), note="Seen on paper."
    )
    word = Confirmation.objects.get()
    word.differs = [{**CONCRETE, "sent": "112345678.90", "found": "112345679.01"}]
    word.why = "It was posted with other amounts on 1 line."
    posting_notices.tell_of_a_disproved_word(word.document, word)
    return "Confirmed by hand, and not so: Quay Street, batch 1"


def asked_for(scene: Scene) -> str:
    """Mira wants to see whether mails reach her."""
    notice_switches.send_test(scene.company, user=scene.mira, now=timezone.now())
    return "Test mail from Tieback"


def webhook_off(scene: Scene, receiver: Receiver) -> str:
    """A webhook's address can no longer be read."""
    typed = values(receiver, description="Slack, channel #budgets-of-the-north-side-and-the-harbour")
    added = services.create(scene.company, user=scene.jonas, now=timezone.now(), values=typed)
    delivery.switch_off(added, because=delivery.ADDRESS_LOST, now=timezone.now())
    return f"Webhook switched off: {typed.description}"


def invitation(scene: Scene) -> str:
    """Dana is invited."""
    people_notices.write_invitation(scene.dana, scene.company, now=timezone.now())
    return "Your login for Northgate Builders in Tieback"


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("happens", [kept, disproved, asked_for, webhook_off, invitation])
def test_a_mail_fits_a_phone_and_can_be_read_in_its_colours(
    scene: Scene,
    receiver: Receiver,
    open_page: Callable[..., Page],
    happens: Callable[..., str],
    colours: str,
) -> None:
    subject = happens(scene, receiver) if happens is webhook_off else happens(scene)
    message = mail_queue.message_of(Notice.objects.filter(subject=subject).order_by("pk")[0])
    (html,) = message.alternatives
    page = open_page(color_scheme=colours, viewport={"width": 340, "height": 800})
    page.set_content(str(html.content))
    assert page.locator("h1").text_content() == subject
    assert not scrolls_sideways(page)
    assert faults(page) == []
    assert page.locator("a.go").get_attribute("href") in str(message.body), "the text leads there too"
