"""The two sides of a comparison, a pack and the database it came from, and how rows are held against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from erp.evidence.events import Broken, Pack
from workflow.models import Event

Row = Mapping[str, Any]
CLOCKS = timedelta(seconds=30)  # between a call's time and its commit, and between clocks of several machines


@dataclass(frozen=True)
class Sides:
    """What a pack says, and what the database has now."""

    said: Pack
    kept: Pack

    @cached_property
    def later(self) -> list[Row]:
        """The events about the batch since the pack was made."""
        return [event for event in self.kept["events"] if event["seq"] > self.said["chain"]["seq"]]

    @cached_property
    def made_at(self) -> datetime:
        """When the pack was made: never before the end of the chain that it names."""
        return datetime.fromisoformat(self.said["made"]["at"])

    def before(self, moment: str) -> bool:
        """Whether something on record then was there when the pack was made, whatever the clocks say."""
        return datetime.fromisoformat(moment) < self.made_at - CLOCKS

    def since(self, *actions: str) -> bool:
        """Whether the batch had an event of any of these actions since."""
        return any(event["action"] in actions for event in self.later)

    def moved_since(self, document: Row) -> bool:
        """Whether an event since tells of this document, or that all that were delivered count as posted."""
        name = f"erp.document:{document['id']}"
        return any(name in event["about"] or event["action"] == "confirm_posted" for event in self.later)

    def journaled(self, call: Row) -> bool:
        """Whether a call was on record: it left a while ago, or before an event that tells what became of it."""
        told = (
            event["at"]
            for event in self.said["events"]
            if f"erp.document:{call['document']}" in event["about"]
        )
        sent = datetime.fromisoformat(call["sent_at"])
        return self.before(call["sent_at"]) or any(datetime.fromisoformat(at) >= sent for at in told)

    @cached_property
    def weighed_since(self) -> bool:
        """Whether a batch that waited may have been weighed anew against a later reading."""
        if self.said["batch"]["state"] != "waiting":
            return False
        readings = (row["made_at"] for row in self.kept["readings"] if row["made_at"])
        return bool(self.later) or not all(self.before(made) for made in readings)


def differ(where: str, said: Row, kept: Row, *but: str) -> None:
    """This function will hold two rows against each other: every field is the same but for some; raises Broken.

    Of people the id is the same, and the name is one that they have or acted under.
    """
    if said.keys() != kept.keys():
        strange = sorted(said.keys() ^ kept.keys())
        raise Broken(where, f"{', '.join(strange)}: not in both of them")
    for field in kept:
        if field in but or said[field] == kept[field]:
            continue
        if field == "name" and _had_name(said, kept):
            continue
        if _is_person(said[field]) and _is_person(kept[field]) and _had_name(said[field], kept[field]):
            continue
        told = f"the pack says {_brief(said[field])}, the database {_brief(kept[field])}"
        raise Broken(where, f"{field.replace('_', ' ')}: {told}")


def _is_person(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"id", "name"}


def _had_name(said: Row, kept: Row) -> bool:
    """Whether it is the same person under the name they have, or one that they acted under."""
    if said.get("id") is None or said["id"] != kept.get("id"):
        return False
    acted = Event.objects.filter(actor_pk=said["id"], actor=said["name"])
    return bool(said["name"] == kept["name"] or acted.exists())


def _brief(value: Any) -> str:
    text = str(value.get("name", value) if isinstance(value, Mapping) else value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def paired(
    said: Iterable[Row], kept: Iterable[Row], name: Callable[[Row], str], key: str = "id"
) -> list[tuple[str, Row, Row]]:
    """This function will pair the rows of both by their id; one that only one side has is named; raises Broken."""
    rows = list(said)
    ours, theirs = {row[key]: row for row in rows}, {row[key]: row for row in kept}
    for missing in sorted(theirs.keys() - ours.keys()):
        raise Broken(name(theirs[missing]), "the database has it, the pack does not: it was left out")
    for extra in sorted(ours.keys() - theirs.keys()):
        raise Broken(name(ours[extra]), "the pack has it, the database does not")
    if len(ours) != len(rows):
        raise Broken(name(rows[0]), "something stands twice beside it")
    return [(name(ours[pk]), ours[pk], theirs[pk]) for pk in ours]
