"""What the pages of the queue need of their own: links that keep the filters, exact times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils import formats, timezone

from erp.models import Call
from workflow.templatetags.figures import span

register = template.Library()


@register.simple_tag
def shelf_link(cl: Any, key: str) -> str:
    """This function will link to a shelf of the queue and keep search, company and sender."""
    return str(cl.get_query_string({"queue": key}, ["p"]))


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
