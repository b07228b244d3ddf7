"""What the pages of the queue need of their own: links that keep the filters, states in words, exact times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from erp.queue import row_words
from workflow.templatetags.figures import plain_moment

register = template.Library()


@register.simple_tag
def shelf_link(cl: Any, key: str) -> str:
    """This function will link to a shelf of the queue and keep search, company and sender."""
    return str(cl.get_query_string({"queue": key}, ["p"]))


@register.simple_tag
def standing(batch: Any) -> SafeString:
    """This function will say where a row of the queue stands, as the queue says it."""
    return format_html('<span class="state {}">{}</span>', *row_words.standing(batch))


@register.filter
def typed_for(remarks: Mapping[int, str] | None, line_id: int) -> str:
    """This function will find the remark that was typed beside a line."""
    return (remarks or {}).get(line_id, "")


@register.filter
def exact(at: datetime) -> str:
    """This function will write a moment to the second, with its zone."""
    local = timezone.localtime(at)
    return plain_moment(local, seconds=True, zone=True)


@register.filter
def turn(at: datetime) -> str:
    """This function will say when the ERP is asked next: a turn that has come is taken by the next poll."""
    return "in a moment" if at <= timezone.now() else exact(at)
