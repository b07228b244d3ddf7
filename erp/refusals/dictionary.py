"""The error dictionary of one company: its ERP's entries, and its own over them."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from erp.backends import backend
from erp.models import Connection, ErrorExplanation
from erp.port import Advice, Fixer, Place
from erp.refusals.advice import Dictionary
from erp.refusals.own_advice import OWN_ADVICE


def dictionary_of(connection: Connection) -> Dictionary:
    """This function will gather the entries that explain an ERP's refusals to one company."""
    return Dictionary(
        own=[advice_of(row) for row in newest(connection) if row.in_use], built_in=built_in(connection)
    )


def built_in(connection: Connection) -> Sequence[Advice]:
    """This function will return what Tieback and the adapter know; Tieback alone where the ERP is not configured."""
    if connection.alias not in settings.ERP_BACKENDS:
        return OWN_ADVICE
    return (*OWN_ADVICE, *backend(connection.alias).dictionary())


def newest(connection: Connection) -> list[ErrorExplanation]:
    """This function will return the newest version of each of a company's own entries, used or not."""
    rows = ErrorExplanation.objects.filter(connection=connection).order_by("code", "-version")
    return list(rows.select_related("written_by").distinct("code"))


def advice_of(row: ErrorExplanation) -> Advice:
    """This function will read a stored entry as the port's."""
    return Advice(
        code=row.code,
        matches=tuple(row.matches),
        meaning=row.meaning,
        who=Fixer(row.who),
        steps=tuple(row.steps),
        place=Place(row.place),
    )
