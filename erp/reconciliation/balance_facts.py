"""What is known of a budget beside the ERP, and the causes of differences: what `balance.py` lays out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from erp.documents import ZERO
from erp.port import ErpKey


class Cause(StrEnum):
    """Why a budget code differs, in the order in which they are told."""

    EDITED = "edited"  # somebody changed it in the ERP after the posting
    MISSING = "missing"  # it was posted, and the ERP has no such code any more
    POSTED_OTHERWISE = "posted_otherwise"  # the accountant posted another amount than was sent
    THERE_BEFORE = "there_before"  # the ERP holds an amount on a code of ours that never came from here
    CHANGED_BEFORE = "changed_before"  # changed in the ERP from its own original, before we posted anything
    BY_HAND = "by_hand"  # somebody confirmed by hand that it is posted, and the ERP has not shown it
    ACCEPTED = "accepted"  # an approver left the difference as it is, with a note
    KEPT = "kept"  # an approver kept ours: the correction is to be sent
    NOT_SENT = "not_sent"  # changed here since it was last sent
    NEVER_SENT = "never_sent"  # only here
    UNMAPPED = "unmapped"  # only here, and the ERP has no code for it
    WAITING = "waiting"  # sent, waits for a decision
    EXPORTING = "exporting"  # accepted, on its way
    NOT_POSTED = "not_posted"  # in the ERP, waits to be posted
    REFUSED = "refused"  # accepted, and the ERP refused it
    ONLY_THERE = "only_there"  # the ERP's own affair


TO_DECIDE = (Cause.EDITED, Cause.MISSING, Cause.POSTED_OTHERWISE, Cause.THERE_BEFORE)
ON_ITS_WAY = (Cause.WAITING, Cause.EXPORTING, Cause.NOT_POSTED)
Key = ErpKey | int  # an int is the id of a line that leads to no code of the ERP


@dataclass(frozen=True, slots=True)
class OurLine:
    """A line of the budget as it is now. `correction` is what of its amount keeps ours and is still to be sent."""

    id: int
    key: Key
    code: str
    description: str
    amount: Decimal  # revised: original and effective modifications
    correction: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Held:
    """What the ERP holds on one budget code."""

    name: str
    original: Decimal
    current: Decimal


@dataclass(frozen=True)
class Facts:
    """All that is known of one budget. Amounts in company currency, sums by the ERP's budget code."""

    lines: Collection[OurLine] = ()
    held: Mapping[ErpKey, Held] = field(default_factory=dict)
    posted: Mapping[Key, Decimal] | None = None  # None: nothing of this budget was ever posted
    bases: Mapping[Key, Decimal] = field(default_factory=dict)  # while nothing was posted: fixed at accept
    taken: Mapping[Key, Decimal] = field(default_factory=dict)  # likewise: decided before the link was reset
    on_its_way: Mapping[tuple[Key, Cause], Decimal] = field(default_factory=dict)
    posted_otherwise: Mapping[Key, Decimal] = field(default_factory=dict)  # posted more than was sent
    by_hand: Mapping[Key, Decimal] = field(default_factory=dict)  # posted by somebody's word, not seen yet
    accepted: Mapping[Key, Decimal] = field(default_factory=dict)  # differences left as they are
    sent: Collection[Key] = ()  # codes that any send ever carried
