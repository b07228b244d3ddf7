"""How many lines of a document that is only partly in the ERP are there, by the writes that the ERP confirmed."""

from __future__ import annotations

from collections.abc import Sequence

from erp.backends import backend
from erp.decision.acceptance import erp_documents
from erp.delivery import whereabouts
from erp.delivery.whereabouts import NONE, Where, where_is
from erp.models import Batch, Call, Document
from erp.snapshots import erp_connection


def lines_there(batch: Batch, documents: Sequence[Document]) -> dict[int, str]:
    """This function will say how many lines of those documents of a batch that are partly there landed, by document id.

    What an ERP does not write line by line is left out. In a fixed number of queries; nothing is asked.
    """
    connection = erp_connection(batch.budget)
    writes = whereabouts.writes_of(batch)
    partly = [row for row in documents if where_is(row, writes.get(row.pk, NONE)) is Where.PARTLY]
    if connection is None or not partly:
        return {}
    steps: dict[int, list[str]] = {row.pk: [] for row in partly}
    calls = Call.objects.filter(document__in=steps, outcome="done").order_by("pk")
    for document, step in calls.values_list("document_id", "step"):
        steps[document].append(step)
    erp = backend(connection.alias)
    found = {
        row.pk: erp.lines_there(document, steps[row.pk])
        for row, document in zip(partly, erp_documents(partly), strict=True)
    }
    return {
        pk: f"{there[0]:,} of {there[1]:,} line{'' if there[1] == 1 else 's'}"
        for pk, there in found.items()
        if there
    }
