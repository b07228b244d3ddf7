"""What Tieback itself finds before or after an ERP was asked, explained like the ERP's own refusals."""

from __future__ import annotations

from erp.port import Advice, Fixer, Place

RETURN_AND_SEND = (
    "Return the batch to the project manager.",
    "Send the budget again: it is compared with what the ERP holds then.",
)

CHANGED_THERE = "withdraw_conflict"  # the first finding of a document that was changed in the ERP

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
        CHANGED_THERE,
        (),
        "It could not be taken out of the ERP again.",
        Fixer.ERP_ACCOUNTANT,
        (
            "Open {number} in the ERP; ask who changed it, and why.",
            "Set the change back there, or take it out by hand; then an approver presses Return to PM again.",
            "Or an approver decides here: take it out anyway, or leave it there.",
        ),
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
        (
            "Show the workers' log to whoever looks after Tieback.",
            "Then an approver presses Retry on the batch.",
        ),
        Place.BATCH,
    ),
)
