"""A refusal of the ERP as findings: in plain words, tied to our lines, with the ERP's own words kept."""

from __future__ import annotations

from collections.abc import Mapping

from cmic_adapter import adf
from cmic_adapter.document import Wanted, refs_named
from cmic_adapter.meanings import Rejected
from erp.port import ErpKey, ErpRefused, Finding


def line_refused(error: Rejected, *, wanted: Wanted) -> Finding:
    """This function will make the finding for the one line that was refused."""
    key = wanted.key
    for known in adf.REFUSALS:
        if known.pattern.search(error.text):
            said = known.sentence.format(job=key.job, cost_code=key.cost_code, cost_type=key.cost_type)
            return Finding(code=known.code, message=said, refs=wanted.refs, field=known.field, raw=error.text)
    said = f"CMiC did not take {wanted.label}; its own words say why."
    return Finding(code="line_refused", message=said, refs=wanted.refs, raw=error.text)


def document_refused(error: Rejected, *, doing: str, job: str, wanted: Mapping[ErpKey, Wanted]) -> ErpRefused:
    """This function will make the refusal of a whole document, tied to the lines that its text names."""
    refs = refs_named(error.text, wanted=wanted)
    for known in adf.REFUSALS:
        if known.pattern.search(error.text) and known.field not in ("cost_code", "cost_type", "unit"):
            said = known.sentence.format(job=job)
            return refused(code=known.code, message=said, refs=refs, field=known.field, raw=error.text)
    said = f"CMiC refused {doing}; its own words say why."
    return refused(code="document_refused", message=said, refs=refs, raw=error.text)


def refused(
    *, code: str, message: str, refs: tuple[str, ...] = (), field: str = "", raw: str = ""
) -> ErpRefused:
    """This function will make a refusal with one finding."""
    return ErpRefused([Finding(code=code, message=message, refs=refs, field=field, raw=raw)])
