"""An ERP admin who changes a company does not stand in the way of a worker that tells of a posting."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection as database
from django.db import connections, transaction
from django.utils import timezone

from erp.approval import delegations
from erp.models import Notice
from erp.people import access_review
from erp.people import services as people_services
from erp.setup import connecting_actions as setup_actions
from erp.setup import settings_services
from erp.setup.settings_words import COMPANY_FIELDS, CONNECTION_FIELDS
from projects.models import Company, ErpLevel, Membership
from tests.support.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)


def change_a_level(scene: Scene, company: Company) -> None:
    values = {"erp_level": 1, "can_push": False, "direction": "both", "approval_limit": None}
    seen = people_services.seen_of(company, scene.mira)
    by = {"user": scene.jonas, "now": timezone.now()}
    people_services.set_level(company, scene.mira, **by, values=values, seen=seen)


def keep_settings(scene: Scene, company: Company) -> None:
    values = {name: getattr(company, name) for name in COMPANY_FIELDS}
    values |= {name: getattr(scene.connection, name) for name in CONNECTION_FIELDS} | {"digest_hour": 9}
    by = {"user": scene.jonas, "now": timezone.now(), "confirmed": True}
    seen = settings_services.seen_of(company, scene.connection)
    settings_services.keep(company, **by, values=values, adapter={}, seen=seen)


def sign_off(scene: Scene, company: Company) -> None:
    by = {"user": scene.jonas, "now": timezone.now()}
    access_review.review(company, **by, note="Looked at every person.", people=5, warnings=0)


def hand_over(scene: Scene, company: Company) -> None:
    now = timezone.now()
    both = {"giver": scene.jonas.pk, "taker": scene.mira.pk}
    delegations.delegate(company, user=scene.jonas, now=now, **both, until=now.date(), limit=5)


def connect(scene: Scene, company: Company) -> None:
    Membership.objects.create(user=scene.jonas, company=company, erp_level=ErpLevel.ADMIN)
    setup_actions.connect(company, user=scene.jonas, now=timezone.now(), alias="paper", erp_company="003")


@pytest.mark.parametrize("change", [change_a_level, keep_settings, sign_off, hand_over, connect])
def test_a_mail_is_written_while_the_company_is_being_changed(scene: Scene, change):
    company = Company.objects.create(code="003", name="Lonely") if change is connect else scene.company
    with transaction.atomic():
        change(scene, company)
        with ThreadPoolExecutor(1) as workers:
            assert workers.submit(write_a_mail, company.pk, scene.dana.pk).result()


def write_a_mail(company: int, to: int) -> bool:
    """As the worker that saw a posting does; it gives up where it would wait for a lock."""
    try:
        with transaction.atomic():
            database.cursor().execute("SET LOCAL lock_timeout = '2s'")
            Notice.objects.create(company_id=company, to_id=to, kind="posting", key="k", subject="Posted")
        return True
    finally:
        connections.close_all()
