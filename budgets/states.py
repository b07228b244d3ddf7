"""The word people see for a budget: one function, the same on every page, mail and API field.

It reads columns of the budget's row alone: `state`, what erp told in `hold*`, and `things_to_do`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from budgets.models import Budget, BudgetState, Hold

DIFFERS_NEXT = "Somebody changed it there. Accounting decides which value holds."


@dataclass(frozen=True)
class StateWord:
    """`code` for machines; `words` as a heading; `next` in one sentence; `tone`: neutral, good, warn, bad or wait."""

    code: str
    words: str
    next: str
    tone: str
    since: datetime | None = None
    done: int = 0
    total: int = 0


CODES = {
    "draft": "Draft",
    "ready": "Locked - ready to send",
    "todo": "Locked - things to do",
    "waiting": "Waiting for accounting",
    "sent_back": "Sent back",
    "exporting": "Accepted, exporting",
    "attention": "Needs attention",
    "in_erp": "In the ERP, waiting for posting",
    "posted": "Posted",
    "resend": "Differences to send",
    "differs": "Differs from the ERP",
}


def state_of(budget: Budget) -> StateWord:
    """This function will say where a budget stands, in the words every page uses."""
    if budget.state == BudgetState.DRAFT:
        return StateWord(
            "draft", "Draft", "Complete the lines, then lock the budget.", "neutral", budget.state_since
        )
    if budget.state == BudgetState.SENT:
        return _out_of_our_hands(budget)
    if budget.hold in (Hold.SENT_BACK, Hold.RETURNED, Hold.POSTED, Hold.DIFFERS):
        return _back_with_us(budget)
    return _locked(budget)


def _locked(budget: Budget) -> StateWord:
    number = budget.things_to_do
    if number:
        words = f"Locked - {number} {'thing' if number == 1 else 'things'} to do"
        return StateWord(
            "todo", words, "Do what is listed, then send the budget.", "warn", budget.state_since
        )
    return StateWord("ready", CODES["ready"], "Send the budget to accounting.", "good", budget.state_since)


def _out_of_our_hands(budget: Budget) -> StateWord:
    told = budget.hold_data
    since, erp, who = budget.hold_since, told.get("erp", "the ERP"), told.get("who") or "accounting"
    done, total = told.get("done", 0), told.get("total", 0)
    if told.get("returning"):
        words = f"Being taken back, {done} of {total}"
        why = f"Accounting returns it to you: {told.get('text', '')}"
        return StateWord("exporting", words, why, "wait", since, done, total)
    if budget.hold == Hold.EXPORTING:
        words = f"Accepted, exporting {done} of {total}"
        held_up = told.get("text") or f"Tieback writes it into {erp}."
        return StateWord("exporting", words, held_up, "wait", since, done, total)
    if budget.hold == Hold.ATTENTION:
        words = f"Needs attention: {told.get('text', '')}"
        return StateWord(
            "attention",
            words,
            told.get("next") or "An approver retries, or returns it to the project manager.",
            "bad",
            since,
            done,
            total,
        )
    if budget.hold == Hold.IN_ERP:
        posted = told.get("posted", 0)
        words = f"In {erp}, {posted} of {total} posted" if posted else f"In {erp}, waiting for posting"
        started = f"It counts when the job is started in {erp}"
        how = started if told.get("starts") else f"An accountant posts it in {erp}"
        return StateWord("in_erp", words, f"{how}; then it is yours again.", "wait", since, done, total)
    words = "Waiting for accounting" + (f", round {told['round']}" if told.get("round", 1) > 1 else "")
    if told.get("step"):
        words = f"{words}, step {told['place']} of {told['steps']}"
        by = f"Approved by {told['approved_by']}. " if told.get("approved_by") else ""
        why = f"{by}Waiting for {told['step']}: {who}."
        return StateWord("waiting", words, why, "wait", since)
    return StateWord("waiting", words, f"Waiting for {who} to accept or reject.", "wait", since)


def _back_with_us(budget: Budget) -> StateWord:
    told, since = budget.hold_data, budget.hold_since
    if budget.hold == Hold.SENT_BACK:
        words = f"Sent back: {told.get('text', '')}"
        return StateWord("sent_back", words, f"{_sent_back(told)}{_to_answer(budget)}", "warn", since)
    if budget.hold == Hold.RETURNED:
        by = f"{told['by']} returned it. " if told.get("by") else ""
        words = f"Sent back: {told.get('text', '')}"
        why = f"{by}{_left_there(told)}Put it right, then re-send."
        return StateWord("sent_back", words, why, "warn", since)
    if budget.hold == Hold.DIFFERS and told.get("disproved"):
        words = f"Confirmed by hand, {told.get('erp', 'the ERP')} says otherwise"
        why = f"{told['disproved']} Accounting finds out; until then what was sent counts here."
        return StateWord("attention", words, why, "bad", since)
    if budget.hold == Hold.DIFFERS:
        number = told.get("differs", 0)
        words = f"Differs from {told.get('erp', 'the ERP')} by {number} {'line' if number == 1 else 'lines'}"
        return StateWord(
            "differs",
            words,
            DIFFERS_NEXT,
            "warn",
            since,
        )
    if told.get("kept"):
        return _to_put_back(budget)
    by_hand = told.get("by_hand")
    words = f"Posted{', confirmed by hand' if by_hand else ''} (batch {told.get('batch', '')})"
    unseen = f"It was not seen posted in {told.get('erp', 'the ERP')} yet. " if by_hand else ""
    why = f"{unseen}Unlock it, add lines or write modifications; then re-send what is new."
    return StateWord("posted", words, why, "good", since)


def _sent_back(told: dict[str, Any]) -> str:
    return f"{told['by']} sent it back, reason: {told['reason']}. " if told.get("by") else ""


def _left_there(told: dict[str, Any]) -> str:
    """What did not come back: an approver left it, as somebody had changed it in the ERP."""
    number = told.get("left", 0)
    if not number:
        return ""
    many = "1 document was" if number == 1 else f"{number} documents were"
    return f"{many} left in {told.get('erp', 'the ERP')}, as changed there. "


def _to_answer(budget: Budget) -> str:
    """What a rejection still asks for."""
    wanting, every = budget.hold_data.get("wanting", 0), budget.hold_data.get("remarks", 0)
    if wanting:
        return f"Answer the {'remark' if wanting == 1 else 'remarks'} or change the lines, then re-send."
    if budget.things_to_do:
        return "Do what is listed, then re-send."
    return "Every remark is settled: re-send the budget." if every else "Put it right, then re-send."


def _to_put_back(budget: Budget) -> StateWord:
    """Posted, but somebody changed it in the ERP and our amounts were kept: they hold there once they are sent."""
    told = budget.hold_data
    kept, lines = told["kept"], told["kept_lines"]
    words = f"{lines} difference{'' if lines == 1 else 's'} to send"
    named = f"Modification {kept[0]}" if len(kept) == 1 else f"Modifications {', '.join(map(str, kept))}"
    puts = f"{named} put{'s' if len(kept) == 1 else ''} {told.get('erp', 'the ERP')} back"
    first = "Do what is listed, then re-send." if budget.things_to_do else "Re-send the budget."
    return StateWord(
        "resend", words, f"Accounting kept our amounts. {puts}. {first}", "warn", budget.hold_since
    )
