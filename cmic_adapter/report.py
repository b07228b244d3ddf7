"""All that can be seen of a tenant before anything is written, as sentences for people. Reads only."""

from __future__ import annotations

from cmic_adapter import assumed, audit
from cmic_adapter.report_company import look_at_company, look_at_ways
from cmic_adapter.report_costs import look_at_costs
from cmic_adapter.report_tenant import look_at_connection, look_at_names, look_at_rights
from cmic_adapter.sight import CONFIRM, CONNECTION, LIMITS, Sight
from erp.port import CheckItem, CheckState, ErpMisconfigured

DATED = (
    audit.DATED_JOBS,
    audit.DATED_COST_CODES,
    audit.DATED_COST_TYPES,
    audit.DATED_JOB_COST_CODES,
    audit.DATED_COSTS,
)


def report(sight: Sight, *, manners: str) -> list[CheckItem]:
    """This function will look at everything, and stop where asking on makes no sense.

    `manners` says how often we ask, in a sentence. Raises ErpUnavailable when CMiC does not answer at all.
    """
    sight.setups.forget()
    try:
        look_at_connection(sight)
        look_at_names(sight)
        look_at_rights(sight)
        look_at_company(sight)
        look_at_ways(sight)
        look_at_costs(sight)
    except ErpMisconfigured as problem:
        sight.say(CONNECTION, CheckState.MISSING, str(problem))
        return sight.found
    for sentence in assumed.MEANINGS:
        sight.say(CONFIRM, CheckState.UNKNOWN, sentence)
    sight.say(LIMITS, CheckState.INFO, manners)
    sight.say(LIMITS, CheckState.INFO, _told_by_changes(sight))
    return sight.found


def _told_by_changes(sight: Sight) -> str:
    whole = [
        resource.label
        for resource in DATED
        if resource.label in sight.described and not sight.setups.tells_changes(resource)
    ]
    if whole:
        return f"{', '.join(whole)} cannot be asked for changes alone: read whole each time."
    return "Jobs and codes can be asked for what changed since the last look."
