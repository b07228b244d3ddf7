"""An event as a receiver gets it: small, stable, without anything that is not on the pages of whoever follows it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse

from erp.models import Batch, BatchState
from projects.models import Company
from webhooks.kinds import ALL, TEST
from webhooks.models import Endpoint, Format
from workflow.models import Event
from workflow.templatetags.figures import plain_money

NOTHING = 0  # no row has this id
LONGEST = 1000  # characters of a person's words
LABELS = {kind.type: kind.label for kind in ALL} | {TEST: "Test event"}


def of_event(event: Event, kind: str, company: Company) -> dict[str, Any]:
    """This function will tell an event: type, timestamp, and data about company, batch, person and words."""
    data: dict[str, Any] = {
        "company": {"code": company.code, "name": company.name},
        "actor": event.actor,
        "summary": event.sentence,
        "note": event.note[:LONGEST],
        "event": {"number": event.seq, "hash": event.hash},
    }
    batch = _batch(event, company)
    if batch is not None:
        data["project"] = {"id": batch.budget.project_id, "name": str(batch.budget.project)}
        data["batch"] = {
            "id": batch.pk,
            "number": batch.number,
            "round": batch.round,
            "state": _state(event, kind, batch),
            "moved": str(batch.moved),
            "net": str(batch.net),
            "currency": company.currency,
            "url": settings.BASE_URL + reverse("budgets:batch", args=[batch.budget.project_id, batch.number]),
        }
    else:
        data |= _project(event, company)
    return {"type": kind, "timestamp": event.at.isoformat(), "data": data}


def _state(event: Event, kind: str, batch: Batch) -> str:
    """What the event made of the batch. Sending names the budget's state, "sent": its batch waits."""
    if kind == "batch.sent":
        return BatchState.WAITING
    return event.to_state if kind.startswith("batch.") and event.to_state else batch.state


def _about(event: Event, label: str) -> int:
    found = [entry.partition(":")[2] for entry in event.about if entry.startswith(f"{label}:")]
    return int(found[0]) if found and found[0].isdigit() else NOTHING


def _batch(event: Event, company: Company) -> Batch | None:
    rows = Batch.objects.select_related("budget__project").filter(budget__project__company=company)
    return rows.filter(pk=_about(event, "erp.batch")).first()


def _project(event: Event, company: Company) -> dict[str, Any]:
    project = company.projects.filter(pk=_about(event, "projects.project")).first()
    return {"project": {"id": project.pk, "name": project.name}} if project else {}


def of_test(endpoint: Endpoint, timestamp: str, who: str) -> dict[str, Any]:
    """This function will make the event that somebody sends to see whether it arrives."""
    company = endpoint.company
    return {
        "type": TEST,
        "timestamp": timestamp,
        "data": {
            "company": {"code": company.code, "name": company.name},
            "actor": who,
            "summary": "A test from Tieback. Nothing happened.",
            "note": "",
        },
    }


def body(payload: dict[str, Any], format: str) -> str:
    """This function will write an event in the words of the receiver."""
    made = {Format.SLACK: _slack, Format.TEAMS: _teams}.get(Format(format), dict)(payload)
    return json.dumps(made, ensure_ascii=False, separators=(",", ":"))


def _lines(payload: dict[str, Any]) -> tuple[str, list[str], str]:
    """Title, lines below it, and a link or nothing."""
    data = payload["data"]
    batch, project = data.get("batch"), data.get("project")
    title = LABELS.get(payload["type"], payload["type"])
    if project:
        title += f": {project['name']}" + (f", batch {batch['number']}" if batch else "")
    lines = [f"{data['actor']}: {data['summary']}"]
    if data["note"]:
        lines.append(data["note"])
    if batch:
        lines.append(f"{_money(batch['moved'])} {batch['currency']} moved, round {batch['round']}")
    return title, lines, batch["url"] if batch else ""


def _money(text: str) -> str:
    return plain_money(Decimal(text))


def _slack(payload: dict[str, Any]) -> dict[str, Any]:
    """Slack reads &, < and > as its own; nothing a person wrote may become a link or a mention."""
    title, lines, link = _lines(payload)
    text = "\n".join([f"*{_slacked(title)}*", *map(_slacked, lines)])
    return {"text": f"{text}\n<{link}|Open in Tieback>" if link else text}


def _slacked(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _teams(payload: dict[str, Any]) -> dict[str, Any]:
    """An adaptive card; text runs, unlike text blocks, take no markdown."""
    title, lines, link = _lines(payload)
    blocks = [_run(title, weight="Bolder", size="Medium"), *map(_run, lines)]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    }
    if link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open in Tieback", "url": link}]
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }


def _run(text: str, **look: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}]}
