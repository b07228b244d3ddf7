"""The ERP Integrations tool's actions, each declared once."""

from budgets import blockers as budget_rules
from budgets.models import Budget
from budgets.requests import blockers as asking
from erp import blockers as b
from erp import line_blockers as lines
from erp.approval import blockers as steps
from erp.approval import routes
from erp.approval.reauthentication import reauthentication_needed
from erp.decision import blockers as d
from erp.delivery import blockers as after
from erp.models import Batch, Document
from erp.reconciliation import drift_blockers as drift
from erp.reset.blockers import being_reset, reset_not_clearing
from erp.rights import may_administer
from erp.snapshots import erp_connection, latest_batch
from erp.takeover import blockers as imports
from erp.words import erp_name
from workflow.actions import Action, register, system_only


def _send_label(budget: Budget) -> str:
    return "Re-send to ERP" if latest_batch(budget) else "Send to ERP"


def _accept_label(batch: Batch) -> str:
    """The last step lets it go; the others pass it on."""
    step, left = routes.due(batch), len(routes.open_steps(batch))
    return f"Approve as {step.name}" if step is not None and left > 1 else "Accept"


def _import_label(budget: Budget) -> str:
    return f"Import from {erp_name(erp_connection(budget))}"


register(
    Action(
        name="send",
        model=Budget,
        label=_send_label,
        permission=b.may_send,
        problems=(
            b.not_linked,
            b.never_synced,
            budget_rules.not_locked,
            budget_rules.is_empty,
            budget_rules.lines_without_code,
            lines.job_unknown,
            lines.cost_code_unknown,
            lines.cost_code_inactive,
            lines.cost_type_unknown,
            lines.cost_type_inactive,
            lines.not_assigned,
            lines.code_not_allowed,
            lines.unit_unknown,
            lines.sub_jobs_differ,
            b.originals_on_started_off,
            b.sent_modification_unbalanced,
            lines.job_closed,
            lines.sub_jobs_not_taken,
            *budget_rules.IN_FLIGHT,
            b.nothing_new,
            b.remarks_open,
            b.no_approver,
            b.connection_stopped,
            being_reset,
        ),
        transition="send",
        tone="primary",
    ),
    Action(
        name="retrieve",
        model=Budget,
        label="Retrieve from ERP",
        permission=b.may_send,
        problems=(b.never_sent, b.batch_already_decided),
        confirm="Pull the batch back before accounting decides? You can send it again.",
    ),
    Action(
        name="ask_return",
        model=Budget,
        label="Ask for return",
        permission=b.may_send,
        problems=(asking.nothing_to_return, asking.return_asked),
    ),
    Action(
        name="decline_return",
        model=Batch,
        label="Decline to return",
        permission=d.may_decide,
        problems=(d.only_sends_on, after.not_under_way, after.nothing_asked),
    ),
    Action(
        name="import_from_erp",
        model=Budget,
        label=_import_label,
        permission=budget_rules.may_edit_lines,
        problems=(
            b.not_linked,
            b.never_synced,
            budget_rules.is_locked,
            *budget_rules.IN_FLIGHT,
            imports.ever_exported,
            b.connection_stopped,
        ),
    ),
    Action(
        name="answer_remark",
        model=Budget,
        label="Answer",
        permission=b.may_send,
        problems=(b.remark_settled,),
    ),
    Action(
        name="read_erp",
        model=Budget,
        label="Read again",
        permission=b.may_read_erp,
        problems=(b.not_linked, b.connection_stopped),
    ),
    Action(
        name="settle_drift",
        model=Budget,
        label="Decide",
        permission=drift.may_settle,
        problems=(
            drift.settles_no_amounts,
            drift.settles_over_limit,
            *budget_rules.IN_FLIGHT,
            drift.never_posted,
            drift.not_read_since_posting,
            drift.erp_moved_since,
            drift.nothing_differs,
        ),
        tone="primary",
    ),
    Action(name="retrieve", model=Batch, label="Retrieve", permission=system_only, transition="retrieve"),
    Action(
        name="accept",
        model=Batch,
        label=_accept_label,
        permission=d.may_decide,
        problems=(
            d.only_sends_back,
            d.already_decided,
            d.you_prepared_it,
            steps.step_taken_for_you,
            steps.not_your_step,
            d.over_your_limit,
            steps.would_leave_nobody,
            steps.step_without_people,
            d.lines_not_mapped,
            d.mapping_changed,
            d.document_unfit,
            d.reading_missing,
            d.reading_old,
            d.erp_changed,
            reauthentication_needed,
        ),
        transition="accept",
        tone="primary",
    ),
    Action(
        name="name_for_step",
        model=Batch,
        label="Name somebody",
        permission=may_administer,
        problems=(d.already_decided, steps.step_has_people),
    ),
    Action(
        name="reject",
        model=Batch,
        label="Reject",
        permission=d.may_decide,
        problems=(d.only_sends_on, d.already_decided),  # at any step: who takes it may be let on alone
        transition="reject",
        tone="danger",
    ),
    Action(
        name="read_again",
        model=Batch,
        label="Read again",
        permission=d.may_decide,
        problems=(d.already_decided,),
    ),
    Action(
        name="retry",
        model=Batch,
        label="Retry",
        permission=d.may_decide,
        problems=(d.only_sends_back, after.not_under_way, after.nothing_refused),
        tone="primary",
    ),
    Action(
        name="return_to_pm",
        model=Batch,
        label="Return to PM",
        permission=d.may_decide,
        problems=(d.only_sends_on, after.not_under_way, after.being_sent, after.being_withdrawn),
        tone="danger",
        confirm="Take what is not posted out of the ERP again and hand the budget back to the PM?",
    ),
    Action(
        name="clear_for_reset",
        model=Batch,
        label="Taken out for a reset of the link",
        permission=system_only,
        problems=(reset_not_clearing, after.not_under_way, after.being_sent, after.being_withdrawn),
    ),
    Action(
        name="check_now",
        model=Batch,
        label="Check now",
        permission=d.may_decide,
        problems=(after.not_under_way, after.nothing_delivered),
    ),
    Action(
        name="confirm_posted",
        model=Batch,
        label="Confirm posted",
        permission=d.may_decide,
        problems=(
            d.only_sends_back,
            d.over_your_limit_to_confirm,
            after.not_under_way,
            after.nothing_delivered,
            after.not_asked_lately,
        ),
        confirm="Say that an accountant has posted these documents, although Tieback has not seen it?",
    ),
    Action(
        name="close_alarm",
        model=Batch,
        label="Close the alarm",
        permission=d.may_decide,
        problems=(
            d.only_sends_back,
            after.nothing_disproved,
        ),
        confirm="Say that it was found out and put right what the ERP holds otherwise than was confirmed?",
    ),
    Action(
        name="say_arrived",
        model=Batch,
        label="It is there",
        permission=d.may_decide,
        problems=(d.only_sends_back, after.not_under_way, after.nothing_lost),
        confirm="Say that this document is in the ERP, whole? It is not sent again.",
    ),
    Action(
        name="say_not_arrived",
        model=Batch,
        label="It is not there",
        permission=d.may_decide,
        problems=(d.only_sends_back, after.not_under_way, after.nothing_lost),
        tone="danger",
        confirm="Say that nothing of this document is in the ERP? It is sent again; if you are wrong, it counts twice.",
    ),
    Action(
        name="take_out_anyway",
        model=Batch,
        label="Take it out anyway",
        permission=d.may_decide,
        problems=(d.only_sends_on, after.not_under_way, after.nothing_changed_there),
        tone="danger",
        confirm="Take this document out of the ERP with what somebody changed in it?",
    ),
    Action(
        name="leave_in_erp",
        model=Batch,
        label="Leave it there",
        permission=d.may_decide,
        problems=(d.only_sends_on, after.not_under_way, after.nothing_changed_there),
        tone="danger",
        confirm="Leave this document in the ERP as the ERP’s own? "
        "If accounting posts it there, it counts beside what is sent next.",
    ),
    *(
        Action(name=name, model=Batch, label=label, permission=system_only, transition=name)
        for name, label in (
            ("mark_exported", "Exported"),
            ("reopen", "Exporting again"),
            ("mark_posted", "Posted"),
            ("mark_returned", "Returned"),
        )
    ),
    *(
        Action(name=name, model=Document, label=label, permission=system_only, transition=transition)
        for name, label, transition in (
            ("claim", "Send", "take"),
            ("deliver", "Delivered", "deliver"),
            ("queue_again", "Queue again", "queue_again"),
            ("refuse", "Refused", "refuse"),
            ("unconfirm", "Unconfirmed", "unconfirm"),
            ("post", "Posted", "post"),
            ("withdraw", "Withdraw", "withdraw"),
            ("mark_withdrawn", "Withdrawn", "mark_withdrawn"),
        )
    ),
)
