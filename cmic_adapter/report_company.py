"""What can be seen of one company: its jobs, codes, types, statuses, and the ways that are open to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cmic_adapter import wire
from cmic_adapter.routes import Route
from cmic_adapter.setup import Setup, complaint
from cmic_adapter.sight import COMPANY, WAYS, Sight
from cmic_adapter.wire import Resource
from erp.port import CheckState, ErpMisconfigured, JobStatus

WAY_NAMES = {
    Route.ENTER_BUDGET: "Enter Budget (original budgets of pending jobs)",
    Route.PCI_ORIGINAL: "Change item of class original (originals of started jobs)",
    Route.PCI_TRANSFER: "Change item of class transfer (modifications that net to zero)",
    Route.PCI_INTERNAL: "Change item of class internal (other modifications)",
}
NEEDED_TO_ENTER: tuple[Resource[Any], ...] = (wire.JOBS, wire.BUDGET_CODES)


def look_at_company(sight: Sight) -> None:
    """This function will see whether the company is visible, what it has and how it is set up."""
    if not sight.usable(wire.COMPANIES):
        return
    code = sight.company.code
    row = next((row for row in sight.client.rows(wire.COMPANIES) if row.code == code), None)
    if row is None:
        said = f"CMiC does not show us company {code}; correct its code or ask for access."
        sight.say(COMPANY, CheckState.MISSING, said)
        return
    said = f"Company {code} is {row.name}; its currency is {row.currency or 'not told'}."
    sight.say(COMPANY, CheckState.OK, said)
    if sight.usable(wire.JOBS):
        _jobs(sight)
    codes = (wire.COST_CODES, "cost codes"), (wire.COST_TYPES, "cost types")
    counted = [f"{sight.count(resource)} {word}" for resource, word in codes if sight.usable(resource)]
    if counted:
        sight.say(COMPANY, CheckState.INFO, f"It has {' and '.join(counted)}.")
    if sight.usable(wire.CHANGE_TYPES, wire.CHANGE_STATUSES):
        _settings(sight)


def _jobs(sight: Sight) -> None:
    total = sight.count(wire.JOBS)
    if not total:
        said = f"We see no job of company {sight.company.code}: ask for job security if it has some."
        sight.say(COMPANY, CheckState.UNKNOWN, said)
        return
    counts = {status: sight.count(wire.JOBS, status=code) for code, status in wire.JOB_STATUSES.items()}
    told = ", ".join(f"{counts[status]} {status.value}" for status in JobStatus)
    sight.say(COMPANY, CheckState.INFO, f"We see {total} jobs: {told}. Job security may hide others.")
    strange = total - sum(counts.values())
    if strange:
        known = ", ".join(wire.JOB_STATUSES)
        said = f"{strange} jobs have a status beside {known}: they count as closed until explained."
        sight.say(COMPANY, CheckState.UNKNOWN, said)


def _settings(sight: Sight) -> None:
    try:
        sight.setup = setup = sight.setups.of(sight.company)
    except ErpMisconfigured as problem:
        sight.say(COMPANY, CheckState.MISSING, str(problem))
        return
    for sentence in setup.complaints():
        sight.say(COMPANY, CheckState.MISSING, sentence)
    if not complaint(setup.staging) and not complaint(setup.ready):
        said = f"Change items are written in status {setup.staging()}, made ready to post in {setup.ready()}."
        sight.say(COMPANY, CheckState.OK, said)
    for kind in ("original", "transfer", "internal"):
        if not complaint(lambda kind=kind: setup.type_for(kind)):  # type: ignore[misc]
            sight.say(COMPANY, CheckState.OK, _type_said(setup, kind))
    strange = [t.code for t in setup.types if t.kind not in wire.TYPE_CLASSES.values()]
    if strange:
        said = f"The change types {', '.join(strange)} are of a class we do not know; they are not used."
        sight.say(COMPANY, CheckState.INFO, said)


def look_at_ways(sight: Sight) -> None:
    """This function will say of each way whether it is open, and else why not."""
    stopped = any(item.state is CheckState.MISSING for item in sight.found)
    for route, name in WAY_NAMES.items():
        reason = _in_the_way(sight, route)
        if reason:
            sight.say(WAYS, CheckState.OFF, f"{name}: disabled, {reason}.")
        elif stopped:
            said = f"{name}: it would work, but nothing is sent while anything above is missing."
            sight.say(WAYS, CheckState.OFF, said)
        else:
            sight.say(WAYS, CheckState.OK, f"{name}: enabled.")


def _in_the_way(sight: Sight, route: Route) -> str:
    needed = NEEDED_TO_ENTER if route is Route.ENTER_BUDGET else wire.NEEDED_TO_WRITE
    faulty = [resource.label for resource in needed if resource.label in sight.faulty]
    if faulty:
        return f"see above: {', '.join(faulty)}"
    if route is Route.ENTER_BUDGET:
        return ""
    if sight.setup is None:
        return "the company's change types could not be read"
    return _switched_off(sight, route, sight.setup)


def _switched_off(sight: Sight, route: Route, setup: Setup) -> str:
    switches = {
        Route.PCI_ORIGINAL: (setup.options.originals_on_started_jobs, "originals_on_started_jobs is off"),
        Route.PCI_TRANSFER: (
            setup.options.transfer_for_balanced,
            "transfer_for_balanced is off, these go as class internal",
        ),
    }
    on, said = switches.get(route, (True, ""))
    looks: list[Callable[[], object]] = [setup.staging, setup.ready, lambda: setup.type_for(route.kind)]
    troubles = [trouble for look in looks if (trouble := complaint(look))]
    return said if not on else " ".join(troubles).rstrip(".")


def _type_said(setup: Setup, kind: str) -> str:
    chosen = setup.type_for(kind)
    said = f"Class {kind} goes as type {chosen.code}"
    if chosen.numbers_itself:
        return f"{said}; CMiC numbers it itself ({chosen.mask}), so we find ours by name."
    return f"{said}; its mask {chosen.mask} may be overridden by our numbers." if chosen.mask else f"{said}."
