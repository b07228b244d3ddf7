"""What an ERP admin does with a company's error dictionary: write an entry, and take one out of use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from budgets.errors import InvalidInput
from erp.models import Connection, ErrorExplanation
from erp.port import Advice, Fixer, Place
from erp.refusals.advice import NAMED, BadPattern, compiled
from erp.rights import may_administer
from workflow import events
from workflow.actions import Action, ensure, register

MOST_PATTERNS, LONGEST_PATTERN = 20, 400
MOST_STEPS, LONGEST_STEP = 8, 200
LONGEST_MEANING, LONGEST_CODE = 300, 60
ALWAYS = frozenset({"job", "cost_code", "cost_type", "number", "erp"})  # filled from the document itself

register(
    Action(
        name="explain_error",
        model=Connection,
        label="Save explanation",
        permission=may_administer,
        tone="primary",
    ),
    Action(
        name="drop_explanation",
        model=Connection,
        label="Stop using it",
        permission=may_administer,
        tone="danger",
    ),
)


def read_entry(values: Mapping[str, Any]) -> Advice:
    """This function will read what a person typed as an entry; raises InvalidInput with a sentence a field.

    `texts` (the patterns) and `steps` have one line each; `code` may be left empty, then the meaning gives it.
    """
    errors: dict[str, str] = {}
    meaning = " ".join(str(values.get("meaning", "")).split())
    code = str(values.get("code", "")).strip() or slugify(meaning)[:40].strip("-").replace("-", "_")
    patterns, steps = _lines(values, "texts"), _lines(values, "steps")
    if not code or len(code) > LONGEST_CODE or slugify(code) != code:
        errors["code"] = "Write a short name of small letters, digits, - and _."
    if not meaning or len(meaning) > LONGEST_MEANING:
        errors["meaning"] = f"Say in one sentence of at most {LONGEST_MEANING} characters what it means."
    if len(steps) > MOST_STEPS or any(len(step) > LONGEST_STEP for step in steps):
        errors["steps"] = (
            f"Write at most {MOST_STEPS} steps of at most {LONGEST_STEP} characters, one a line."
        )
    if values.get("who") not in set(Fixer):
        errors["who"] = "Choose who puts it right."
    if values.get("place") not in set(Place):
        errors["place"] = "Choose where people go."
    said = _patterns_wrong(patterns) or _places_wrong(patterns, [meaning, *steps])
    if said:
        errors["texts"] = said
    if errors:
        raise InvalidInput(errors)
    return Advice(code, tuple(patterns), meaning, Fixer(values["who"]), tuple(steps), Place(values["place"]))


def _lines(values: Mapping[str, Any], name: str) -> list[str]:
    return [said for line in str(values.get(name, "")).splitlines() if (said := " ".join(line.split()))]


def _patterns_wrong(patterns: list[str]) -> str:
    if not patterns:
        return "Write the words of the text that this explains, one text a line."
    if len(patterns) > MOST_PATTERNS or any(len(one) > LONGEST_PATTERN for one in patterns):
        return f"At most {MOST_PATTERNS} texts of at most {LONGEST_PATTERN} characters each."
    try:
        for one in patterns:
            compiled(one)
    except BadPattern as problem:
        return str(problem)
    return ""


def _places_wrong(patterns: list[str], sentences: list[str]) -> str:
    """A sentence may repeat what every pattern names, and what Tieback knows of any document."""
    named = frozenset.intersection(*(compiled(one).names for one in patterns)) | ALWAYS
    wanted = {name for sentence in sentences for name in NAMED.findall(sentence)}
    unknown = ", ".join(f"{{{name}}}" for name in sorted(wanted - named))
    return f"Not every text names {unknown}, so no sentence can repeat it." if unknown else ""


def explain_error(
    connection: Connection, *, user: Any, now: datetime, values: Mapping[str, Any]
) -> ErrorExplanation:
    """This function will keep a new version of an entry; it explains from now on, also what was refused before."""
    with transaction.atomic():
        row = _locked(connection)
        ensure(row, "explain_error", user)
        advice = read_entry(values)
        return _keep(row, advice, user=user, now=now, in_use=True)


def drop_explanation(connection: Connection, *, user: Any, now: datetime, code: str) -> ErrorExplanation:
    """This function will take a company's entry out of use, so that the ERP's own entry, if any, counts again."""
    with transaction.atomic():
        row = _locked(connection)
        ensure(row, "drop_explanation", user)
        last = row.explanations.filter(code=code).order_by("-version").first()
        if last is None or not last.in_use:
            raise InvalidInput({"code": "There is no such explanation in use any more."})
        advice = Advice(
            code, tuple(last.matches), last.meaning, Fixer(last.who), tuple(last.steps), Place(last.place)
        )
        return _keep(row, advice, user=user, now=now, in_use=False)


def _locked(connection: Connection) -> Connection:
    rows = Connection.objects.select_for_update(of=("self",)).select_related("company")
    return rows.get(pk=connection.pk)


def _keep(
    connection: Connection, advice: Advice, *, user: Any, now: datetime, in_use: bool
) -> ErrorExplanation:
    last = connection.explanations.filter(code=advice.code).order_by("-version").first()
    kept = ErrorExplanation.objects.create(
        connection=connection,
        code=advice.code,
        version=last.version + 1 if last else 1,
        in_use=in_use,
        matches=list(advice.matches),
        meaning=advice.meaning,
        who=advice.who.value,
        steps=list(advice.steps),
        place=advice.place.value,
        written_by=user,
        written_at=now,
    )
    events.record(
        chain=connection.company_id,
        at=now,
        actor=user,
        action="explain_error" if in_use else "drop_explanation",
        about=[connection],
        sentence=f"{'Explained' if in_use else 'Stopped explaining'} an error of the ERP: {advice.code}",
        note=advice.meaning,
        data={"version": kept.version, "matches": kept.matches, "who": kept.who, "steps": kept.steps},
    )
    return kept
