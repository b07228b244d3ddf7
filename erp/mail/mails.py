"""Writing mails: rows in the transaction they tell about, the same news once, as text and as HTML.

What a person has switched off is not written. A mail that is written is sent by `erp.mail.sending`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse_lazy

from erp.mail.kinds import KINDS
from erp.mail.models import Notice, NoticeSwitch
from projects.models import Company
from workflow.people import name_of

LONGEST_SUBJECT = 200
SWITCHES = reverse_lazy("notices")  # where people choose their mails


def write(
    *,
    company: Company,
    to: Iterable[Any],
    kind: str,
    key: str,
    subject: str,
    template: str,
    path: object,
    button: str,
    **told: Any,
) -> list[Any]:
    """This function will write one mail for each reader and return those who had not got it yet.

    `template` names a pair in templates/mail; `path` and `button` are where the mail leads and what that is called.
    Who switched the kind off in this company, or may not log in any more, is left out.
    """
    readers = [reader for reader in dict.fromkeys(to) if reader.is_active]
    off = NoticeSwitch.objects.filter(user__in=readers, company=company, kind=kind).values_list(
        "user", flat=True
    )
    silent = set() if KINDS[kind].must else set(off)
    told |= {
        "subject": one_line(subject),
        "company": company,
        "link": f"{settings.BASE_URL}{path}",
        "button": button,
        "because": KINDS[kind].because.format(company=company.name),
        "switches": f"{settings.BASE_URL}{SWITCHES}",
    }
    return [r for r in readers if r.pk not in silent and _new(r, kind, f"{key}:{r.pk}", template, told)]


def _new(reader: Any, kind: str, key: str, template: str, told: dict[str, Any]) -> bool:
    if Notice.objects.filter(key=key).exists():
        return False  # it need not be rendered to find out
    context = {**told, "reader": name_of(reader)}
    _, written = Notice.objects.get_or_create(
        key=key,
        defaults={
            "company": told["company"],
            "to": reader,
            "kind": kind,
            "subject": told["subject"],
            "text": re.sub(r"\n{3,}", "\n\n", render_to_string(f"mail/{template}.txt", context)).strip()
            + "\n",
            "html": render_to_string(f"mail/{template}.html", context),
        },
    )
    return written


def one_line(subject: str) -> str:
    """This function will make a subject of words: a name from the ERP may hold a line break, and be long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in subject).split())
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1].rstrip() + "…"
