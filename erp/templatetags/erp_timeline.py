"""What the timeline of a batch needs of its own: exact times a machine reads too, and addresses of its parts."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from erp.timeline.views import Place
from erp.timeline.waits import Wait
from workflow.templatetags.figures import plain_moment, span

register = template.Library()


@register.filter
def stamp(at: datetime) -> SafeString:
    """This function will write a moment to the second with its zone's abbreviation, as a <time>."""
    local = timezone.localtime(at)
    words = plain_moment(local, seconds=True, zone=True)
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="milliseconds"), words)


@register.filter
def lasted(time: timedelta) -> str:
    """This function will write a length of time: in milliseconds while it is short."""
    seconds = time.total_seconds()
    return f"{seconds * 1000:.0f} ms" if seconds < 2 else span(seconds)


@register.filter
def waits(wait: Wait) -> str:
    """This function will say whom a batch waits for, since when, and what is usual."""
    return wait.sentence(timezone.now())


@register.simple_tag
def call_file(place: Place, pk: int) -> str:
    """This function will find the address of a call as a file."""
    return place.call(pk)
