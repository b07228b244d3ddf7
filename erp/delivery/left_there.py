"""Documents that an approver left in the ERP as somebody had changed them there: withdrawn here, and still there.

No column says so: it is read from the events of the verdict, which nobody can change, and which are as old as it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from erp.models import Document, DocumentState
from workflow.events import label
from workflow.models import Event

LEAVES = "Leaves it in the ERP as its own:"  # what the event of the verdict begins with
KNOWN = "known_left"  # what is kept on a document once it was looked up


def look_up(documents: Iterable[Document]) -> None:
    """This function will find out of many documents at once which were left in the ERP, in one query or none."""
    withdrawn = []
    for document in documents:
        if document.state == DocumentState.WITHDRAWN:
            withdrawn.append(document)
        else:
            document.__dict__[KNOWN] = False
    if not withdrawn:
        return
    events = Event.objects.filter(
        about__overlap=[label(document) for document in withdrawn],
        action=f"document_{DocumentState.WITHDRAWN.value}",
        sentence__startswith=LEAVES,
    )
    left = {name for about in events.values_list("about", flat=True) for name in about}
    for document in withdrawn:
        document.__dict__[KNOWN] = label(document) in left


def is_left(document: Document) -> bool:
    """This function will tell whether a document was left in the ERP, as somebody had changed it there."""
    if KNOWN not in document.__dict__:
        look_up([document])
    found: bool = document.__dict__[KNOWN]
    return found


def left_ones(documents: Sequence[Document]) -> list[Document]:
    """This function will find the documents that were left in the ERP."""
    look_up(documents)
    return [document for document in documents if is_left(document)]


def tells_so(event: Mapping[str, Any]) -> bool:
    """This function will tell whether an event, as an evidence pack holds it, is that verdict."""
    withdrew = event["action"] == f"document_{DocumentState.WITHDRAWN.value}"
    return withdrew and str(event["sentence"]).startswith(LEAVES)
