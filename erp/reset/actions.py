"""What people do to a project's link to its ERP job, each action declared once."""

from budgets.models import Budget
from erp.reset import answer_blockers as reversal
from erp.reset import blockers as rules
from erp.reset import counter_blockers as counter
from erp.reset.models import LinkReset
from erp.rights import may_administer
from workflow.actions import Action, register

COUNTER = (
    counter.original_taken_back_by_entry,
    counter.counter_entry_not_read,
    counter.no_counter_entry,
)

register(
    Action(
        name="reset_link",
        model=Budget,
        label="Ask for the reset",
        permission=may_administer,
        problems=(rules.nothing_linked, rules.reset_open, rules.batch_waits),
        tone="danger",
    ),
    Action(
        name="link_again",
        model=Budget,
        label="Link to this job",
        permission=may_administer,
        problems=(rules.linked_already,),
        tone="primary",
    ),
    Action(
        name="speak_of_posted",
        model=LinkReset,
        label="Keep what I say of them",
        permission=may_administer,
        problems=(
            rules.is_over,
            rules.nothing_to_speak_of,
            reversal.still_stands_there,
            reversal.reversal_not_looked_up,
            reversal.counts_by_word,
            reversal.word_not_looked_up,
            *COUNTER,
        ),
    ),
    Action(
        name="confirm_reset",
        model=LinkReset,
        label="Reset the link",
        permission=may_administer,
        problems=(
            rules.is_over,
            rules.confirmed_already,
            rules.batch_waits_at_reset,
            rules.posted_not_spoken_of,
            reversal.still_stands_there,
            reversal.counts_by_word,
            *COUNTER,
            rules.needs_another,
        ),
        tone="danger",
    ),
    Action(
        name="cancel_reset",
        model=LinkReset,
        label="Cancel the reset",
        permission=may_administer,
        problems=(rules.is_over,),
    ),
)
