"""The Budget tool's actions, each declared once. The ERP Integrations tool adds Send and Retrieve."""

from budgets import blockers as b
from budgets.models import Attachment, Budget, BudgetLine, Modification, SavedView
from budgets.modifications import blockers as m
from budgets.requests import blockers as asking
from budgets.saved_views.blockers import may_keep_view, may_share_view, shared_already
from workflow.actions import Action, register, system_only

register(
    Action(
        name="lock",
        model=Budget,
        label="Lock",
        permission=b.may_lock,
        problems=(b.not_draft, *b.IN_FLIGHT, b.is_empty, b.lines_without_code),
        transition="lock",
        tone="primary",
    ),
    Action(
        name="unlock",
        model=Budget,
        label="Unlock",
        permission=b.may_unlock,
        problems=(b.not_locked, *b.IN_FLIGHT),
        transition="unlock",
        confirm="Unlock this budget? Its original amounts can then be changed; modifications stay.",
    ),
    Action(
        name="ask_unlock",
        model=Budget,
        label="Ask to unlock",
        permission=asking.may_see,
        problems=(
            asking.nothing_to_unlock,
            asking.may_unlock_yourself,
            *b.IN_FLIGHT,
            asking.unlock_asked,
        ),
    ),
    Action(
        name="withdraw_unlock_request",
        model=Budget,
        label="Take it back",
        permission=asking.unlock_not_yours,
        problems=(asking.unlock_not_asked,),
    ),
    Action(
        name="decline_unlock",
        model=Budget,
        label="Decline to unlock",
        permission=b.may_unlock,
        problems=(asking.unlock_not_asked,),
    ),
    Action(
        name="withdraw_return_request",
        model=Budget,
        label="Take it back",
        permission=asking.return_not_yours,
        problems=(asking.return_not_asked,),
    ),
    Action(
        name="add_line",
        model=Budget,
        label="Add a line",
        permission=b.may_add_lines,
        problems=b.IN_FLIGHT,
    ),
    Action(
        name="import_file",
        model=Budget,
        label="Import a file",
        permission=b.may_edit_lines,
        problems=(b.is_locked, *b.IN_FLIGHT),
    ),
    Action(
        name="modify",
        model=Budget,
        label="New modification",
        permission=b.may_modify,
        problems=(b.not_locked,),
    ),
    Action(name="see_history", model=Budget, label="History", permission=b.may_see_history),
    Action(
        name="give_back",
        model=Budget,
        label="Hand back to the PM",
        permission=system_only,
        transition="give_back",
    ),
    Action(
        name="edit_line",
        model=BudgetLine,
        label="Edit",
        permission=b.may_edit_lines,
        problems=(b.is_locked, *b.IN_FLIGHT),
    ),
    Action(
        name="delete_line",
        model=BudgetLine,
        label="Delete",
        permission=b.may_delete_lines,
        problems=(b.is_locked, *b.IN_FLIGHT, b.line_modified, b.line_was_posted, b.line_was_sent),
        tone="danger",
        confirm="Delete this line?",
    ),
    Action(
        # The project manager's own estimate: also while the budget is locked or sent, because it never goes there.
        name="forecast",
        model=BudgetLine,
        label="Set the forecast",
        permission=b.may_forecast,
    ),
    Action(
        name="change_modification",
        model=Modification,
        label="Change",
        permission=b.may_modify,
        problems=(m.modification_sent, m.modification_void),
    ),
    Action(
        name="change_effective",
        model=Modification,
        label="Change",
        permission=b.may_modify,
        problems=(*b.IN_FLIGHT, m.modification_empty, m.modification_unbalanced),
    ),
    Action(
        name="delete_modification",
        model=Modification,
        label="Delete draft",
        permission=b.may_modify,
        problems=(m.modification_not_draft,),
        tone="danger",
        confirm="Delete this draft?",
    ),
    Action(
        name="make_effective",
        model=Modification,
        label="Make effective",
        permission=b.may_modify,
        problems=(
            m.modification_not_draft,
            b.not_locked,
            *b.IN_FLIGHT,
            m.modification_empty,
            m.modification_unbalanced,
            m.modification_reversed_by_another,
        ),
        transition="make_effective",
        tone="primary",
    ),
    Action(
        name="settle",
        model=Modification,
        label="Settle",
        permission=system_only,
        transition="settle",
    ),
    Action(
        name="void",
        model=Modification,
        label="Void",
        permission=b.may_modify,
        problems=(
            m.modification_sent,
            m.modification_not_effective,
            *b.IN_FLIGHT,
        ),
        transition="void",
        tone="danger",
        confirm="Void this modification? It stops counting; its row stays in the list.",
    ),
    Action(
        name="reverse",
        model=Modification,
        label="Reverse",
        permission=b.may_modify,
        problems=(
            m.modification_not_posted,
            b.not_locked,
            m.modification_reversed,
        ),
        confirm="Write the opposite of this modification as a draft?",
    ),
    Action(
        name="attach",
        model=Modification,
        label="Attach",
        permission=b.may_modify,
        problems=(
            m.modification_sent,
            m.modification_void,
            m.too_many_attachments,
        ),
    ),
    Action(
        name="detach",
        model=Attachment,
        label="Take off",
        permission=b.may_modify,
        problems=(
            m.attachment_was_sent,
            m.modification_sent,
            m.modification_void,
        ),
    ),
)

register(
    Action(
        name="change_view",
        model=SavedView,
        label="Change this view",
        permission=may_keep_view,
    ),
    Action(
        name="share_view",
        model=SavedView,
        label="Share with the company",
        permission=may_share_view,
        problems=(shared_already,),
    ),
    Action(
        name="delete_view",
        model=SavedView,
        label="Delete this view",
        permission=may_keep_view,
        tone="danger",
        confirm="Delete this view?",
    ),
)
