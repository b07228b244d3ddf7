"""How mails look: mail programs read no style sheets of ours, so each element carries its own."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString, mark_safe

from erp.mail import sending as mail_queue
from erp.models import Connection

register = template.Library()

# name -> (classes that the dark colours in mail/base.html take hold of, inline style)
LOOKS = {
    "p": ("", "margin:0 0 16px"),
    "soft": ("soft", "margin:0 0 16px;color:#55625f;font-size:14px"),
    "h2": ("", "margin:24px 0 8px;font-size:16px;line-height:1.3"),
    "quote": ("soft line", "margin:0 0 16px;padding:0 0 0 12px;border-left:3px solid #d5dcda;color:#55625f"),
    "list": ("", "margin:0 0 16px;padding:0 0 0 20px"),
    "item": ("", "margin:0 0 8px"),
    "card": ("line", "margin:0 0 12px;padding:12px 14px;border:1px solid #d5dcda;border-radius:6px"),
    "inner": ("", "margin:0 0 4px"),
    "small": ("soft", "margin:0;color:#55625f;font-size:14px"),
    "table": ("", "border-collapse:collapse;margin:0 0 16px;font-size:14px;width:100%"),
    "th": (
        "line soft",
        "padding:6px 8px 6px 0;border-bottom:1px solid #d5dcda;color:#55625f;text-align:left",
    ),
    "thn": (
        "line soft",
        "padding:6px 0 6px 8px;border-bottom:1px solid #d5dcda;color:#55625f;text-align:right",
    ),
    "td": ("line", "padding:6px 8px 6px 0;border-bottom:1px solid #d5dcda;vertical-align:top"),
    "tdn": (
        "line",
        "padding:6px 0 6px 8px;border-bottom:1px solid #d5dcda;text-align:right;vertical-align:top;white-space:nowrap",
    ),
    "over": ("", "padding:0 0 4px;text-align:left;font-weight:600"),  # what a table is about, above it
    "code": ("", "font-family:ui-monospace,Consolas,monospace"),
    "link": ("link", "color:#0b5f57"),
}


@register.simple_tag
def look(name: str) -> SafeString:
    """This function will write the class and style attributes of an element by the name of its look."""
    classes, style = LOOKS[name]
    attribute = f' class="{classes}"' if classes else ""
    return mark_safe(f'style="{style}"{attribute}')  # noqa: S308


@register.simple_tag
def mail_standing(connection: Connection) -> mail_queue.Standing:
    """This function will say how the mails of a connection's company do."""
    return mail_queue.standing(connection.company)
