"""Where a code is mapped: the way to its very row, for people who may map it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from erp.mapping.models import MappingKind
from erp.sync.mirror_models import Connection
from projects import permissions
from workflow.blockers import Found


def anchor(code: str) -> str:
    """This function will make the id of a code's row, the same for every way there."""
    return "code-" + code.encode().hex()


def led(
    found: Found,
    connection: Connection | None,
    code: str,
    *,
    user: Any,
    kind: str = MappingKind.COST_CODE,
    typed: bool = False,
) -> Found:
    """This function will add the way to the row of a code to what a rule found, for ERP admins of the company.

    `typed` says that the code is text on lines and none of ours yet.
    """
    if connection is None or not permissions.may_administer(user, connection.company):
        return found
    query = urlencode({"kind": kind, "show": "typed" if typed else "all", "q": code})
    address = f"{reverse('admin:erp_mapping', args=[connection.pk])}?{query}#{anchor(code)}"
    return replace(found, link=address, link_label=f"Map {code}")
