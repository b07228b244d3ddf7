"""What an ERP admin does to people's rights: invite, levels, roles on projects, locking a login. All on record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q

from budgets.errors import Conflict, InvalidInput
from erp import bell
from erp.locking import lock_company
from erp.mail.people_notices import tell_of_own_rights, write_invitation
from erp.people.blockers import speak_of
from projects.models import Company, ErpLevel, Membership, ProjectRole
from projects.trail import stored, tell
from workflow import events
from workflow.actions import ensure
from workflow.people import name_of

GRANTS = ("can_edit_lines", "can_add_lines", "can_delete_lines", "can_lock", "can_send")
LEVEL_FIELDS = ("erp_level", "can_push", "direction", "approval_limit")


def people_of(company: Company) -> Any:
    """This function will find everybody who has, or had, a level in a company or on one of its projects."""
    ids = Membership.objects.filter(company=company).values("user")
    roles = ProjectRole.objects.filter(project__company=company).values("user")
    users = get_user_model().objects.filter(Q(pk__in=ids) | Q(pk__in=roles))
    return users.order_by("-is_active", "first_name", "last_name", "username")


def seen_of(company: Company, person: Any) -> str:
    """This function will name all rights a person has in a company; another name is a change."""
    members = Membership.objects.filter(user=person, company=company).values_list(*LEVEL_FIELDS)
    roles = ProjectRole.objects.filter(user=person, project__company=company).order_by("project")
    said = [list(members), list(roles.values_list("project", "level", *GRANTS))]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


@contextmanager
def _on(company: Company, person: Any, *, user: Any, seen: str | None) -> Iterator[Company]:
    """Lock the company, so that rights change one after the other, and refuse a form that shows what is no more."""
    with transaction.atomic():
        row = lock_company(company)
        ensure(speak_of(row, person), "change_people", user)
        if seen is not None and seen != seen_of(row, person):
            raise Conflict(
                "Somebody changed these rights since you opened the page. Nothing of yours was kept; "
                "look at what stands there now.",
                current=person,
            )
        yield row


def set_level(
    company: Company, person: Any, *, user: Any, now: datetime, values: Mapping[str, Any], seen: str
) -> Membership:
    """This function will keep a person's level, flag, direction and limit in a company. Raises Conflict."""
    with _on(company, person, user=user, seen=seen) as row:
        member, _ = Membership.objects.get_or_create(user=person, company=row)
        before = stored([member])
        held = {name: getattr(member, name) for name in LEVEL_FIELDS}
        if member.erp_level == ErpLevel.ADMIN and values["erp_level"] != ErpLevel.ADMIN:
            ensure(row, "take_admin_right", user)
        for name in LEVEL_FIELDS:
            setattr(member, name, values[name])
        member.full_clean()
        member.save()
        _desk(person)
        told = tell(before, stored([member]), actor=user, at=now)
        bell.ring("name_who_decides", row.pk)
        if told and person.pk == user.pk and _more(held, values):
            tell_of_own_rights(row, user, now=now)
    return member


def _more(held: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether a person may do more with the new values than with the old."""
    if values["can_push"] and not held["can_push"] or values["erp_level"] > held["erp_level"]:
        return True
    if not values["can_push"]:
        return False
    if held["direction"] != "both" and values["direction"] != held["direction"]:
        return True
    old, new = held["approval_limit"], values["approval_limit"]
    return old is not None and (new is None or new > old)


def _desk(person: Any) -> None:
    """Whoever has a level in ERP Integrations gets to its pages, which are the admin's."""
    wanted = person.is_superuser or person.memberships.filter(erp_level__gt=ErpLevel.NONE).exists()
    if person.is_staff != wanted:
        get_user_model().objects.filter(pk=person.pk).update(is_staff=wanted)
        person.is_staff = wanted


def set_roles(
    company: Company,
    person: Any,
    *,
    user: Any,
    now: datetime,
    roles: Mapping[int, Mapping[str, Any]],
    seen: str,
) -> int:
    """This function will keep a person's roles, by project id. Returns how many changed. Raises Conflict."""
    with _on(company, person, user=user, seen=seen) as row:
        projects = list(row.projects.filter(pk__in=list(roles)).order_by("pk"))
        held = ProjectRole.objects.filter(user=person, project__in=projects)
        kept = {role.project_id: role for role in held.select_for_update().order_by("pk")}
        before, after = stored(kept.values()), []
        for project in projects:
            values = roles[project.pk]
            role = kept.get(project.pk) or ProjectRole(user=person, project=project, level=0)
            if role.pk is None and not values["level"]:
                continue
            for name in ("level", *GRANTS):
                setattr(role, name, values[name])
            role.save()
            after.append(role)
        return tell(before, stored(after), actor=user, at=now)


def take_everything(company: Company, person: Any, *, user: Any, now: datetime, seen: str) -> None:
    """This function will take all rights in a company away from a person; the rows stay, at level none."""
    nothing = {"erp_level": ErpLevel.NONE, "can_push": False, "direction": "both", "approval_limit": None}
    with transaction.atomic():
        none = {"level": 0, **dict.fromkeys(GRANTS, False)}
        held = ProjectRole.objects.filter(user=person, project__company=company).values_list(
            "project", flat=True
        )
        set_roles(company, person, user=user, now=now, roles=dict.fromkeys(held, none), seen=seen)
        set_level(company, person, user=user, now=now, values=nothing, seen=seen_of(company, person))


def lock_login(company: Company, person: Any, *, user: Any, now: datetime, locked: bool) -> None:
    """This function will lock a person's login, or open it again."""
    with _on(company, person, user=user, seen=None) as row:
        ensure(row, "lock_login", user)
        if get_user_model().objects.filter(pk=person.pk, is_active=locked).update(is_active=not locked):
            bell.ring("name_who_decides", row.pk)
            events.record(
                chain=row.pk,
                at=now,
                actor=user,
                action="lock_login" if locked else "open_login",
                about=[person],
                sentence=f"{'Locked' if locked else 'Opened'} the login of {name_of(person)}",
                data={"is_active": {"old": locked, "new": not locked}},
            )


def invite(company: Company, *, user: Any, now: datetime, given: Mapping[str, str]) -> Any:
    """This function will bring a person into a company, without any right yet. Raises InvalidInput.

    `given` names a login or a mail address, and for somebody new also first and last name: they get a mail with a link.
    """
    with _on(company, None, user=user, seen=None) as row:
        person = _known(given["login"]) or _new(given)
        _, joined = Membership.objects.get_or_create(user=person, company=row)
        if not joined:
            raise InvalidInput({"login": f"{name_of(person)} is among the company’s people already."})
        events.record(
            chain=row.pk,
            at=now,
            actor=user,
            action="invite_person",
            about=[person],
            sentence=f"Brought {name_of(person)} in, without any right yet",
        )
        if person.last_login is None and person.email:
            write_invitation(person, row, now=now)
    return person


def send_link_again(company: Company, person: Any, *, user: Any, now: datetime) -> None:
    """This function will mail a person who never logged in another link to set a password. Raises InvalidInput."""
    with _on(company, person, user=user, seen=None) as row:
        if person.last_login is not None or not person.email or not person.is_active:
            raise InvalidInput({"link": "A link is for somebody who never logged in and has a mail address."})
        write_invitation(person, row, now=now)


def _known(login: str) -> Any:
    if not login:
        return None
    found = list(get_user_model().objects.filter(Q(username=login) | Q(email__iexact=login))[:2])
    if len(found) > 1:
        raise InvalidInput({"login": "Several people have this mail address. Write the user name."})
    return found[0] if found else None


def _new(given: Mapping[str, str]) -> Any:
    errors = {name: "Write it for somebody new." for name in ("first_name", "last_name") if not given[name]}
    try:
        validate_email(given["login"])
    except ValidationError:
        errors["login"] = "Nobody has this user name. For somebody new write the mail address."
    if errors:
        raise InvalidInput(errors)
    mail = given["login"].lower()
    person = get_user_model()(
        username=mail, email=mail, first_name=given["first_name"], last_name=given["last_name"]
    )
    person.set_unusable_password()
    try:
        person.full_clean()
    except ValidationError as problem:
        raise InvalidInput({name: " ".join(said) for name, said in problem.message_dict.items()}) from None
    person.save()
    return person
