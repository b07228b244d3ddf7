"""Which mails a person gets: their own choice, kind by kind and company by company."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction

from erp.mail import mails
from erp.mail.kinds import KINDS, kinds_for
from erp.mail.models import Notice, NoticeSwitch
from projects.models import Company


def switched_off(user: Any, company: Company) -> set[str]:
    """This function will find the kinds of mail that a person does not want from a company."""
    return set(NoticeSwitch.objects.filter(user=user, company=company).values_list("kind", flat=True))


def choose(company: Company, *, user: Any, now: datetime, wanted: Collection[str]) -> None:
    """This function will keep which of the kinds that can reach a person they want from a company.

    Kinds that must arrive, and those the person cannot get at present, stay as they are.
    """
    offered = {kind.key for kind in kinds_for(user, company) if not kind.must}
    mine = NoticeSwitch.objects.filter(user=user, company=company, kind__in=offered)
    with transaction.atomic():
        mine.filter(kind__in=wanted).delete()
        NoticeSwitch.objects.bulk_create(
            [
                NoticeSwitch(user=user, company=company, kind=kind, off_since=now)
                for kind in sorted(offered - set(wanted))
            ],
            ignore_conflicts=True,
        )


def send_test(company: Company, *, user: Any, now: datetime) -> bool:
    """This function will write a test mail to the person who asks, one a minute at most. Returns whether it did."""
    return bool(
        mails.write(
            company=company,
            to=[user],
            kind="test",
            key=f"test:{company.pk}:{now:%Y%m%dT%H%M}",
            subject="Test mail from Tieback",
            template="test",
            path=mails.SWITCHES,
            button="Choose your mails",
        )
    )


def lately(user: Any, *, most: int = 20) -> list[Notice]:
    """This function will list the newest mails to a person."""
    return list(
        Notice.objects.filter(to=user).select_related("company").order_by("-created_at", "-pk")[:most]
    )


def label(notice: Notice) -> str:
    """This function will say what kind of mail it is."""
    return KINDS[notice.kind].label if notice.kind in KINDS else notice.kind.capitalize()
