"""What can be seen of a tenant beside what is needed: without the costs to date everything else works."""

from __future__ import annotations

from cmic_adapter import adf, assumed, names, wire
from cmic_adapter.meanings import Kind
from cmic_adapter.sight import COSTS, Sight
from erp.port import CheckState, ErpMisconfigured


def look_at_costs(sight: Sight) -> None:
    """This function will say whether costs to date can be read, and else why not: that stands in nobody's way."""
    reasons, candidates = _reasons(sight)
    if reasons:
        said = f"Costs to date are not read, all else works: {' '.join(reasons)}"
        sight.say(COSTS, CheckState.OFF, said, candidates)
        return
    guessed = ", ".join(sorted(assumed.NAMES[wire.COSTS.label]))
    said = (
        f"Costs to date are read from {wire.COSTS.label}; the names that were assumed are there: {guessed}."
    )
    sight.say(COSTS, CheckState.OK, said)


def _reasons(sight: Sight) -> tuple[list[str], tuple[str, ...]]:
    faults = names.faults(wire.COSTS, sight.described)
    if faults:
        near = tuple(name for fault in faults for name in fault.candidates)
        return [fault.sentence for fault in faults], near
    answer = sight.client.ask(wire.COSTS.path, adf.probe_query(wire.COSTS))
    if answer.kind is not Kind.OK:
        text = sight.client.clean(answer.text)
        return [f"we cannot read {wire.COSTS.label}: {text}. Ask CMiC's administrator for GET on it."], ()
    page = adf.read_page(answer.body)
    try:
        for item in page.items if page else ():
            sight.client.parse(wire.COSTS, item)
    except ErpMisconfigured as problem:
        return [str(problem)], ()
    return [], ()
