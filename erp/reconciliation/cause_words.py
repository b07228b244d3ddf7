"""How each cause of a difference is told to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from erp.reconciliation.balance_facts import Cause


@dataclass(frozen=True)
class Words:
    """How a cause is told: in short, in a sentence, and in which tone. `{erp}` is the ERP's name."""

    short: str
    long: str
    tone: str


CAUSES: Mapping[Cause, Words] = {
    Cause.EDITED: Words(
        "changed in {erp}",
        "Somebody changed it straight in {erp} after it was posted. An approver decides which value holds.",
        "bad",
    ),
    Cause.MISSING: Words(
        "gone from {erp}",
        "It was posted, and {erp} has no such code any more. An approver decides which value holds.",
        "bad",
    ),
    Cause.POSTED_OTHERWISE: Words(
        "posted with another amount",
        "The accountant posted another amount than was sent. An approver decides which value holds.",
        "bad",
    ),
    Cause.THERE_BEFORE: Words(
        "in {erp} before us",
        "{erp} holds an amount on this code that did not come from here. An approver decides which value holds.",
        "warn",
    ),
    Cause.CHANGED_BEFORE: Words(
        "changed in {erp} before our posting",
        "{erp}’s current budget is not the original it holds on this code, and nothing of this budget was posted yet: "
        "somebody changed it there. No send carries that. Once this budget is posted, an approver decides which value "
        "holds.",
        "warn",
    ),
    Cause.BY_HAND: Words(
        "confirmed by hand, not seen posted in {erp}",
        "Somebody confirmed by hand that it is posted, and {erp} does not hold it. Nobody changed anything there: have "
        "it posted, or find out what became of it.",
        "bad",
    ),
    Cause.ACCEPTED: Words(
        "difference accepted",
        "An approver left the difference as it is. It comes up again when {erp}’s amount changes.",
        "",
    ),
    Cause.KEPT: Words(
        "ours kept, to send",
        "An approver kept our amount. The correction goes with the next send.",
        "warn",
    ),
    Cause.NOT_SENT: Words("not sent yet", "It was changed here since it was last sent.", "warn"),
    Cause.NEVER_SENT: Words("only here, never sent", "It was never sent to {erp}.", "warn"),
    Cause.UNMAPPED: Words("only here, no code in {erp}", "Its code leads nowhere in {erp}.", "warn"),
    Cause.WAITING: Words("waits for accounting", "It was sent and waits for a decision.", "wait"),
    Cause.EXPORTING: Words("on its way", "It was accepted and is being written into {erp}.", "wait"),
    Cause.NOT_POSTED: Words(
        "in {erp}, not posted", "It is in {erp} and counts there once an accountant posts it.", "wait"
    ),
    Cause.REFUSED: Words(
        "refused by {erp}",
        "It was accepted, and {erp} refused the document that carries it. The batch says why, and what to do.",
        "bad",
    ),
    Cause.ONLY_THERE: Words(
        "only in {erp}", "It never came from here: {erp}’s own affair, and no difference.", ""
    ),
}


def words_of(cause: Cause, erp: str) -> Words:
    """This function will tell a cause of differences with this ERP."""
    told = CAUSES[cause]
    return Words(told.short.format(erp=erp), told.long.format(erp=erp), told.tone)
