"""What the pages of the queue need of their own: links that keep the filters, transfers, exact times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.utils import formats, timezone

from erp.decisions import DecisionItem, DecisionRow
from erp.models import Call
from erp.port import DocumentKind
from workflow.templatetags.figures import span

register = template.Library()

FEW = 4  # legs of a transfer that are still read at a glance


@register.simple_tag
def shelf_link(cl: Any, key: str) -> str:
    """This function will link to a shelf of the queue and keep search, company and sender."""
    return str(cl.get_query_string({"queue": key}, ["p"]))


@dataclass(frozen=True)
class Legs:
    """A transfer as it is read aloud: from these lines to those."""

    sources: list[DecisionRow]
    targets: list[DecisionRow]


@register.simple_tag
def transfer(shown: DecisionItem) -> Legs | None:
    """This function will read a modification of few lines that nets to zero as a transfer; None for anything else."""
    if shown.item.kind != DocumentKind.MODIFICATION or shown.net or len(shown.rows) > FEW:
        return None
    return Legs([r for r in shown.rows if r.change < 0], [r for r in shown.rows if r.change > 0])


@register.filter
def typed_for(remarks: Mapping[int, str] | None, line_id: int) -> str:
    """This function will find the remark that was typed beside a line."""
    return (remarks or {}).get(line_id, "")


@register.filter
def exact(at: datetime) -> str:
    """This function will write a moment to the second, with its zone."""
    local = timezone.localtime(at)
    return f"{formats.date_format(local)}, {local:%H:%M:%S} {local.tzname()}"


@register.filter
def answered_after(call: Call) -> str:
    """This function will say how long an answer took: "after 240 ms"."""
    if call.answered_at is None:
        return ""
    seconds = (call.answered_at - call.sent_at).total_seconds()
    return f"after {seconds * 1000:.0f} ms" if seconds < 2 else f"after {span(seconds)}"
