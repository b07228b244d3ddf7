"""What can be seen of a tenant as a whole: whether it lets us in, its names, what we may read."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from cmic_adapter import adf, assumed, names, wire
from cmic_adapter.meanings import Kind
from cmic_adapter.sight import CONNECTION, NAMES, RESOURCES, RIGHTS, SILENT, Sight
from cmic_adapter.wire import Resource
from erp.port import CheckState, ErpMisconfigured, ErpUnavailable

STRANGER = {Kind.NOT_TRUSTED, Kind.HTML_PAGE, Kind.REDIRECT}
CLOCKS_AGREE = 120.0  # seconds


def look_at_connection(sight: Sight) -> None:
    """This function will see whether CMiC answers and lets us in. Raises ErpUnavailable, ErpMisconfigured."""
    started = time.monotonic()
    answer = sight.client.ask(wire.COMPANIES.path, adf.probe_query(wire.COMPANIES, names=False))
    seconds = time.monotonic() - started
    text = sight.client.clean(answer.text)
    if answer.kind in SILENT:
        raise ErpUnavailable(text, retry_after=answer.retry_after)
    if answer.kind in STRANGER or answer.status == 401:
        raise ErpMisconfigured(f"CMiC does not let us in: {text}")
    sight.say(CONNECTION, CheckState.OK, f"{sight.client.host} answered in {seconds:.2f} s and let us in.")
    _clock(sight, sight.client.server_time, datetime.now(UTC))


def _clock(sight: Sight, told: str, now: datetime) -> None:
    try:
        ahead = (parsedate_to_datetime(told).astimezone(UTC) - now).total_seconds()
    except ValueError:
        sight.say(CONNECTION, CheckState.UNKNOWN, "It does not tell its time.")
        return
    if abs(ahead) <= CLOCKS_AGREE:
        sight.say(CONNECTION, CheckState.OK, "Its clock and ours agree.")
        return
    away = f"{abs(ahead) / 60:.0f} minutes {'ahead of' if ahead > 0 else 'behind'}"
    said = f"Its clock is {away} ours: have the wrong one set right, dates of posting come from it."
    sight.say(CONNECTION, CheckState.UNKNOWN, said)


def look_at_names(sight: Sight) -> None:
    """This function will compare every name we need with what CMiC describes."""
    undescribed = set()
    for root in sorted({resource.root for resource in RESOURCES}):
        try:
            sight.described |= sight.client.description(root)
        except ErpMisconfigured as problem:
            undescribed.add(root)
            sight.say(NAMES, CheckState.MISSING, str(problem))
    for resource in RESOURCES:
        if resource.root in undescribed:
            sight.faulty.add(resource.label)
            continue
        faults = names.faults(resource, sight.described)
        for fault in faults:
            area = RIGHTS if fault.is_right else NAMES
            sight.missing(area, resource, fault.sentence, fault.candidates)
        _say_of_names(sight, resource, whole=not faults)


def _say_of_names(sight: Sight, resource: Resource[Any], *, whole: bool) -> None:
    needed = names.needed(resource)
    guessed = [name for name in needed if name in assumed.NAMES.get(resource.label, ())]
    if whole:
        also = f", also those that were assumed: {', '.join(guessed)}" if guessed else ""
        sight.say(NAMES, CheckState.OK, f"{resource.label}: all {len(needed)} names are there{also}.")
    elif resource.label in sight.described:
        lacking = [n for n in guessed if n not in sight.described[resource.label].attributes]
        said = f"{', '.join(lacking)} of {resource.label} was our guess: look in CMiC which name is meant."
        if lacking:
            sight.say(NAMES, CheckState.INFO, said)


def look_at_rights(sight: Sight) -> None:
    """This function will read one row of everything. What we may write cannot be seen without writing."""
    readable = [resource.label for resource in RESOURCES if _may_read(sight, resource)]
    sight.readable = set(readable)
    if readable:
        sight.say(RIGHTS, CheckState.OK, f"We may read {', '.join(readable)}.")
    writes = "; ".join(
        f"{', '.join(resource.methods[1:])} on {resource.label}"
        for resource in RESOURCES
        if resource.methods[1:]
    )
    said = f"Whether our user may write shows with the first test document: {writes}."
    sight.say(RIGHTS, CheckState.UNKNOWN, said)
    said = f"{wire.POSTING} is never used: the role of our user must not have it."
    sight.say(RIGHTS, CheckState.INFO, said)


def _may_read(sight: Sight, resource: Resource[Any]) -> bool:
    if resource.label not in sight.described:
        return False
    named = all(name in sight.described[resource.label].attributes for name in resource.names)
    answer = sight.client.ask(resource.path, adf.probe_query(resource, names=named))
    if answer.kind is Kind.OK:
        return _sample(sight, resource, adf.read_page(answer.body), named=named)
    text = sight.client.clean(answer.text)
    if answer.kind in SILENT:
        sight.say(RIGHTS, CheckState.UNKNOWN, f"{resource.label} gave no answer: {text}")
    else:
        said = f"We cannot read {resource.label}: {text}. Ask CMiC's administrator for GET on it."
        sight.missing(RIGHTS, resource, said)
    return False


def _sample(sight: Sight, resource: Resource[Any], page: adf.Page | None, *, named: bool) -> bool:
    """Take one row as we would: that a name is there does not say that its values are what we think."""
    if page is None:
        sight.missing(RIGHTS, resource, f"The answer for {resource.label} is no list.")
        return False
    try:
        for item in page.items if named else ():
            sight.client.parse(resource, item)
    except ErpMisconfigured as problem:
        sight.missing(NAMES, resource, str(problem))
    return True
