"""A company's approval rules and when accepting asks for the password again: who may set them, and setting them.

Rules concern what is sent from now on: a batch carries the steps it was sent with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from budgets.errors import Conflict, InvalidInput
from erp.approval import reauthentication, routes
from erp.locking import lock_company
from erp.mail.people_notices import tell_of_fewer_passwords
from erp.models import ApprovalRule, RuleKind
from erp.rights import may_administer
from projects import permissions
from projects.models import Company, Direction
from workflow import events
from workflow.actions import Action, ensure, register
from workflow.blockers import forget_facts

MOST_STEPS = 8  # people that all rules together may ask for
MOST_PEOPLE = 3  # that one rule may need
LONGEST_NAME = 40


register(
    Action(
        name="set_approval_rules",
        model=Company,
        label="Save",
        permission=may_administer,
        tone="primary",
    ),
)


@dataclass(frozen=True)
class RuleValues:
    """A rule as somebody writes it; `people` only where it is not for anybody."""

    name: str
    kind: str = RuleKind.ANY
    moved_from: Decimal | None = None
    needed: int = 1
    anybody: bool = True
    people: list[int] = field(default_factory=list)


def digest(company: Company) -> str:
    """This function will name a company's rules as they are; another name is a change."""
    said = [said_of(rule) for rule in routes.rules_of(company)]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def said_of(rule: ApprovalRule) -> dict[str, Any]:
    """This function will say a rule for the trail."""
    return {
        "id": rule.pk,
        "position": rule.position,
        "name": rule.name,
        "kind": rule.kind,
        "moved_from": None if rule.moved_from is None else str(rule.moved_from),
        "needed": rule.needed,
        "who": "anybody" if rule.anybody else sorted(person.get_username() for person in rule.people.all()),
    }


@contextmanager
def _changing(
    company: Company, *, user: Any, now: datetime, seen: str | None
) -> Iterator[tuple[Company, list[str]]]:
    """Lock a company, refuse who has not seen the rules as they are, and write one event of old and new.

    Yields the locked company and a list for the sentence of the event.
    """
    with transaction.atomic():
        locked = lock_company(company)
        ensure(locked, "set_approval_rules", user)
        if seen is not None and seen != digest(locked):
            raise Conflict(
                "Somebody changed the rules since you opened this page. Look at them, then do it again.",
                current=locked,
            )
        old, sentence = [said_of(rule) for rule in routes.rules_of(locked)], list[str]()
        yield locked, sentence
        forget_facts(locked)
        new = [said_of(rule) for rule in routes.rules_of(locked)]
        events.record(
            chain=locked.pk,
            at=now,
            actor=user,
            action="set_approval_rules",
            about=[locked],
            sentence=sentence[0],
            data={"old": old, "new": new},
        )


def save_rule(
    company: Company,
    values: RuleValues,
    *,
    user: Any,
    now: datetime,
    rule_id: int | None = None,
    seen: str | None = None,
) -> ApprovalRule:
    """This function will add a step behind the others, or change one (`rule_id`)."""
    with _changing(company, user=user, now=now, seen=seen) as (locked, sentence):
        rules = routes.rules_of(locked)
        rule = next((one for one in rules if one.pk == rule_id), None)
        if rule_id is not None and rule is None:
            raise Conflict("Somebody has removed this step.", current=None)
        _check(locked, values, others=[one for one in rules if one.pk != rule_id])
        if rule is None:
            rule = ApprovalRule(company=locked, position=max((one.position for one in rules), default=0) + 1)
        before = rule.name
        rule.name, rule.kind, rule.moved_from = values.name.strip(), values.kind, values.moved_from
        rule.needed, rule.anybody = values.needed, values.anybody
        rule.save()
        rule.people.set([] if values.anybody else values.people)
        sentence.append(
            f"Added the approval step {rule.name}"
            if rule_id is None
            else f"Changed the approval step {before}"
        )
    return rule


def _check(company: Company, values: RuleValues, *, others: list[ApprovalRule]) -> None:
    errors = {}
    if not values.name.strip() or len(values.name.strip()) > LONGEST_NAME:
        errors["name"] = f"Name the step, for example Controller; at most {LONGEST_NAME} characters."
    elif values.name.strip().casefold() in {one.name.casefold() for one in others}:
        errors["name"] = "Another step has this name."
    if values.kind not in RuleKind.values:
        errors["kind"] = "Choose for which batches."
    if values.moved_from is not None and values.moved_from <= 0:
        errors["moved_from"] = "Write an amount above zero, or leave it empty."
    if not 1 <= values.needed <= MOST_PEOPLE:
        errors["needed"] = f"From 1 to {MOST_PEOPLE} people."
    elif values.needed + sum(one.needed for one in others) > MOST_STEPS:
        errors["needed"] = f"All steps together ask for at most {MOST_STEPS} people."
    if values.anybody and values.people:
        errors["people"] = (
            "People are ticked, and so is “Anybody who may push to accounting”. Choose “One of these”, or untick them."
        )
    elif not values.anybody:
        able = set(permissions.who_may_decide(company, Direction.OUT).values_list("pk", flat=True))
        if len(set(values.people)) < values.needed:
            errors["people"] = "Tick at least as many people as the step needs."
        elif set(values.people) - able:
            errors["people"] = "Everybody named must have the right to push to accounting in this company."
    if errors:
        raise InvalidInput(errors)


def move_rule(
    company: Company, *, user: Any, now: datetime, rule_id: int, up: bool, seen: str | None = None
) -> None:
    """This function will let a step change places with the one before it, or behind it."""
    with _changing(company, user=user, now=now, seen=seen) as (locked, sentence):
        rules = routes.rules_of(locked)
        at = _place(rules, rule_id)
        other = at - 1 if up else at + 1
        if not 0 <= other < len(rules):
            raise InvalidInput({"rule": "It is the first already." if up else "It is the last already."})
        one, two = rules[at], rules[other]
        one.position, two.position = two.position, one.position
        one.save(update_fields=["position"])  # the constraint of places looks at the end of the transaction
        two.save(update_fields=["position"])
        sentence.append(f"Moved the approval step {one.name} {'before' if up else 'behind'} {two.name}")


def remove_rule(company: Company, *, user: Any, now: datetime, rule_id: int, seen: str | None = None) -> None:
    """This function will take a step out of the rules; batches under way keep it."""
    with _changing(company, user=user, now=now, seen=seen) as (locked, sentence):
        rules = routes.rules_of(locked)
        rule = rules[_place(rules, rule_id)]
        sentence.append(f"Removed the approval step {rule.name}")
        rule.delete()


def _place(rules: list[ApprovalRule], rule_id: int) -> int:
    found = [place for place, rule in enumerate(rules) if rule.pk == rule_id]
    if not found:
        raise Conflict("Somebody has removed this step.", current=None)
    return found[0]


def set_reauthentication(
    company: Company, *, user: Any, now: datetime, above: Decimal | None, password: str = ""
) -> Company:
    """This function will keep above which amount accepting asks for the password again (None: never).

    To ask less often takes the password itself, looked at before anything is locked, and is told to the other ERP
    admins: else an unlocked screen could switch off what it is there for.
    """
    proven = _asks_less(company.reauthenticate_above, above) and _proven(company, user, password)
    with transaction.atomic():
        locked = lock_company(company)
        ensure(locked, "set_approval_rules", user)
        if above is not None and above < 0:
            raise InvalidInput({"above": "Write an amount of zero or more, or leave it empty."})
        old = locked.reauthenticate_above
        if old == above:
            return locked
        if _asks_less(old, above) and not proven:
            raise InvalidInput({"password": "Type your password: this asks for it less often than before."})
        locked.reauthenticate_above = above
        locked.save(update_fields=["reauthenticate_above"])
        words = "never" if above is None else f"for batches that move more than {above:,.2f}"
        events.record(
            chain=locked.pk,
            at=now,
            actor=user,
            action="set_reauthentication",
            about=[locked],
            sentence=f"Accepting asks for the password again: {words}",
            data={"old": old, "new": above},
        )
        if proven:
            tell_of_fewer_passwords(locked, user, now=now, words=words)
    return locked


def _asks_less(old: Decimal | None, new: Decimal | None) -> bool:
    """Whether accepting will take the password for fewer batches."""
    return old is not None and (new is None or new > old)


def _proven(company: Company, user: Any, password: str) -> bool:
    """Whether the person typed their password. Raises ActionBlocked and InvalidInput."""
    ensure(company, "set_approval_rules", user)  # who may not set it learns nothing of passwords
    return bool(password) and reauthentication.prove(user, password)
