"""What Tieback itself finds before or after an ERP was asked, explained like the ERP's own refusals."""

from __future__ import annotations

from erp.port import Advice, Fixer, Place

RETURN_AND_SEND = (
    "Return the batch to the project manager.",
    "Send the budget again: it is compared with what the ERP holds then.",
)

OWN_ADVICE = (
    Advice(
        "erp_moved",
        (),
        "The ERP holds another amount than when the batch was accepted.",
        Fixer.APPROVER,
        RETURN_AND_SEND,
        Place.BATCH,
    ),
    Advice(
        "job_started",
        (),
        "The job was started since the batch was accepted.",
        Fixer.APPROVER,
        RETURN_AND_SEND,
        Place.BATCH,
    ),
    Advice(
        "withdraw_conflict",
        (),
        "It could not be taken out of the ERP again.",
        Fixer.ERP_ACCOUNTANT,
        ("Open {number} in the ERP.", "Take it out there by hand, then press Retry on the batch."),
    ),
    Advice(
        "rejected_in_erp",
        (),
        "Somebody rejected it in the ERP.",
        Fixer.APPROVER,
        ("Ask in accounting why.", "Then retry the batch, or return it to the project manager."),
        Place.BATCH,
    ),
    Advice(
        "removed_in_erp",
        (),
        "Somebody removed it from the ERP.",
        Fixer.APPROVER,
        ("Ask in accounting why.", "Then retry the batch, or return it to the project manager."),
        Place.BATCH,
    ),
    Advice(
        "gave_up",
        (),
        "Tieback could not send it.",
        Fixer.ERP_ADMIN,
        ("Show the workers' log to whoever looks after Tieback.", "Then press Retry on the batch."),
        Place.BATCH,
    ),
)
