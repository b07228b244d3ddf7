"""How a posted batch is called: seen posted in the ERP, or posted by a person's word that is not proved (yet)."""

from __future__ import annotations

from collections.abc import Sequence

from erp.models import Batch, Confirmation, ConfirmationState
from erp.posting.confirmation_models import OPEN_WORDS
from workflow.blockers import know, once_per_object

WORDS = {
    "": ("good", "Posted"),
    ConfirmationState.WATCHED: ("good", "Posted, confirmed by hand"),
    ConfirmationState.DISPROVED: ("bad", "Confirmed by hand, {erp} says otherwise"),
}


def posted(word: str, *, erp: str) -> tuple[str, str]:
    """This function will call a posted batch by the open word it rests on (empty: none): (tone, words)."""
    tone, words = WORDS[word]
    return tone, words.format(erp=erp)


@once_per_object
def open_word(batch: Batch) -> str:
    """This function will find the word that a batch rests on and the ERP has not proved; empty where it has."""
    return _first(list(Confirmation.objects.filter(document__batch=batch).values_list("state", flat=True)))


def know_open_words(batches: Sequence[Batch]) -> None:
    """This function will find the open words of many batches at once."""
    found = Confirmation.objects.filter(document__batch__in=batches, state__in=OPEN_WORDS)
    states: dict[int, list[str]] = {}
    for pk, state in found.values_list("document__batch", "state"):
        states.setdefault(pk, []).append(state)
    for batch in batches:
        know(open_word, batch, _first(states.get(batch.pk, ())))


def _first(states: Sequence[str]) -> str:
    return next((one for one in OPEN_WORDS if one in states), "")
