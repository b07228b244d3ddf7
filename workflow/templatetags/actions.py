"""The one action button: pressable, or grey with everything that stands in its way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from workflow import actions, submissions
from workflow.blockers import Blocker, Kind

register = template.Library()

SHOWN = 5  # offending lines named before "and n more"


@register.simple_tag
def submission() -> SafeString:
    """This function will make the hidden field that lets the same form count once."""
    return format_html('<input type="hidden" name="{}" value="{}">', submissions.FIELD, submissions.new_id())


@register.inclusion_tag("components/action.html", takes_context=True)
def action(
    context: template.Context,
    obj: Any,
    name: str,
    url: str,
    *,
    before: str = "",
    method: str = "post",
    panel: bool = False,
    confirmed: bool = False,
    label: str = "",
    tone: str = "",
) -> dict[str, Any]:
    """This function will show the button of an action on an object.

    `url` is where its form goes, `method` get for an action that begins with a page of its own; an action with a
    question to confirm goes there by get until `confirmed`. `before` completes "3 things to do before ...". With
    `panel`, the full list stands elsewhere on the page (see `todo`), and the ? shows the sentences only.
    """
    declared, found = actions.get(obj, name), blockers_of(obj, name, context["user"])
    asks_first = bool(declared.confirm) and not confirmed
    return {
        "label": label or declared.label_for(obj),
        "tone": tone or declared.tone,
        "method": "get" if asks_first else method,
        "url": url,
        "blockers": found,
        "heading": heading(found, before or f"“{declared.label_for(obj)}”"),
        "panel": panel,
        "id": _id("why", obj, name),
        "target": _id("todo" if panel else "why", obj, name),
        "csrf_token": context.get("csrf_token"),
        "shown": SHOWN,
    }


@register.inclusion_tag("components/todo.html", takes_context=True)
def todo(context: template.Context, obj: Any, name: str, *, before: str) -> dict[str, Any]:
    """This function will show the list of everything that stands in the way of an action; nothing when free."""
    found = blockers_of(obj, name, context["user"])
    return {
        "blockers": found,
        "heading": heading(found, before),
        "id": _id("todo", obj, name),
        "shown": SHOWN,
    }


def blockers_of(obj: Any, name: str, user: Any) -> list[Blocker]:
    """This function will ask for the blockers once for the button, its ? and its list on one page."""
    asked: dict[tuple[str, Any], list[Blocker]] = obj.__dict__.setdefault("_shown_blockers", {})
    key = (name, user.pk)
    if key not in asked:
        asked[key] = actions.blockers(obj, name, user)
    return asked[key]


def heading(found: Sequence[Blocker], before: str) -> str:
    """This function will count what stands in the way: "3 things to do before sending"."""
    if all(b.waiting for b in found):
        return f"Waiting: nothing for you to do before {before}"
    if all(b.kind in (Kind.PERMISSION, Kind.WAITING) for b in found):
        return f"Somebody else has the right for {before}"
    number = sum(not b.waiting for b in found)
    return f"{number} {'thing' if number == 1 else 'things'} to do before {before}"


@register.filter
def only_waiting(found: Sequence[Blocker]) -> bool:
    """This function will tell whether a list of blockers holds nothing but waits."""
    return all(b.waiting for b in found)


@register.filter
def less(number: int, other: int) -> int:
    """This function will subtract."""
    return number - other


def _id(prefix: str, obj: Any, name: str) -> str:
    return f"{prefix}-{name.replace('_', '-')}-{obj._meta.model_name}-{obj.pk}"
