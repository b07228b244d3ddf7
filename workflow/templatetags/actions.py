"""The one action button: pressable, or grey with everything that stands in its way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from workflow import actions, submissions
from workflow.blockers import Blocker, Kind
from workflow.people import name_of

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
    panel: str = "",
    confirmed: bool = False,
    label: str = "",
    query_name: str = "",
    query_value: object = "",
) -> dict[str, Any]:
    """This function will show an action on an object as a form with one button.

    `url` is where the form goes, `method` get for an action that begins with a page of its own; `query_*` is one
    value the form takes along, for example the version that is seen. An action with a question to confirm goes
    there by get until `confirmed`. The rest: see `action_button`.
    """
    asks_first = bool(actions.get(obj, name).confirm) and not confirmed
    button = action_button(context, obj, name, before=before, panel=panel, label=label)
    if confirmed and button["tone"] == "neutral":
        button["tone"] = "primary"
    return {
        **button,
        "method": "get" if asks_first else method,
        "url": url,
        "query_name": query_name,
        "query_value": query_value,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("components/action_button.html", takes_context=True)
def action_button(
    context: template.Context, obj: Any, name: str, *, before: str = "", panel: str = "", label: str = ""
) -> dict[str, Any]:
    """This function will show an action's button inside a form, with a ? and the reasons where it is blocked.

    `before` completes "3 things to do before ...". With a `panel` the full list stands elsewhere on the page
    (see `todo`; "always" where it also stands for mere waiting), and the ? shows the sentences only.
    """
    declared, found = actions.get(obj, name), blockers_of(obj, name, context["user"])
    words = label or declared.label_for(obj)
    in_panel = panel == "always" or bool(panel and not only_waiting(found))
    return {
        "label": words,
        "tone": declared.tone,
        "blockers": found,
        "heading": heading(found, before or f"“{words}”"),
        "brief": in_panel,
        "id": _id("why", obj, name),
        "target": _id("todo" if in_panel else "why", obj, name),
        "user": context["user"],
        "shown": SHOWN,
    }


@register.inclusion_tag("components/todo.html", takes_context=True)
def todo(
    context: template.Context, obj: Any, name: str, *, before: str, always: bool = False
) -> dict[str, Any]:
    """This function will show the list of everything that stands in the way of an action.

    Mere waiting is told by the state and the ? unless `always`; nothing is shown when the action is free.
    """
    found = blockers_of(obj, name, context["user"])
    if only_waiting(found) and not always:
        found = []
    return {
        "blockers": found,
        "heading": heading(found, before),
        "id": _id("todo", obj, name),
        "shown": SHOWN,
        "user": context["user"],
    }


def blockers_of(obj: Any, name: str, user: Any) -> list[Blocker]:
    """This function will ask for the blockers once for the button, its ? and its list on one page."""
    asked: dict[tuple[str, Any], list[Blocker]] = obj.__dict__.setdefault("_shown_blockers", {})
    key = (name, user.pk)
    if key not in asked:
        asked[key] = actions.blockers(obj, name, user)
    return asked[key]


@register.simple_tag(takes_context=True)
def waits_on(context: template.Context, obj: Any, name: str) -> str:
    """This function will say yes where something still stands in the way of an action, for a page to look again."""
    return "yes" if blockers_of(obj, name, context["user"]) else "no"


def heading(found: Sequence[Blocker], before: str) -> str:
    """This function will count what stands in the way: "3 things to do before sending", or say whose move it is."""
    if all(b.waiting for b in found):
        return f"Waiting before {before}; nothing is wrong"
    if all(b.kind in (Kind.PERMISSION, Kind.WAITING) for b in found):
        return f"{before[:1].upper()}{before[1:]} is for others to do"  # by their right, their limit or their eyes
    number = sum(not b.waiting for b in found)
    return f"{number} {'thing' if number == 1 else 'things'} to do before {before}"


@register.filter
def only_waiting(found: Sequence[Blocker]) -> bool:
    """This function will tell whether a list of blockers holds nothing but waits."""
    return all(b.waiting for b in found)


@register.filter
def with_you(who: str, user: Any) -> str:
    """This function will call the reader "you" where people are named."""
    name = name_of(user) if user else ""
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "you", who) if name else who


@register.filter
def less(number: int, other: int) -> int:
    """This function will subtract."""
    return number - other


def _id(prefix: str, obj: Any, name: str) -> str:
    return f"{prefix}-{name.replace('_', '-')}-{obj._meta.model_name}-{obj.pk}"
