"""Each check of the health page in words: what it found, and what to do."""

from __future__ import annotations

from collections.abc import Callable

from erp.health.checks import Check
from workflow.templatetags.figures import span

Words = Callable[[Check, str], tuple[str, str]]  # the check and the ERP's name -> (what it found, what to do)


def _for(check: Check) -> str:
    return span(check.seconds) if check.seconds is not None else "never"


def _documents(number: int | None) -> str:
    return "1 document" if number == 1 else f"{number or 0} documents"


def _heard(what: str, start: str) -> Words:
    def said(check: Check, erp: str) -> tuple[str, str]:
        if check.seconds is None:
            return f"{what} was never heard of.", start
        return f"{what} was heard of {_for(check)} ago.", start

    return said


def _counted(none: str, some: Callable[[Check, str], str], todo: str) -> Words:
    def said(check: Check, erp: str) -> tuple[str, str]:
        return (some(check, erp) if check.count else none.format(erp=erp)), todo.format(erp=erp)

    return said


def _sync(check: Check, erp: str) -> tuple[str, str]:
    todo = "Look at the last run below for why, and press Sync now."
    if check.seconds is None:
        return (
            "Jobs and codes were never read." if check.count else "Nothing is read while it is stopped."
        ), todo
    return f"Jobs and codes were read {_for(check)} ago.", todo


WORDS: dict[str, tuple[str, Words]] = {
    "stopped": (
        "The connection",
        _counted(
            "Nothing has stopped it.",
            lambda check, erp: f"It was stopped; nothing is sent to {erp} and nothing is read.",
            "Put right what the connection's page says, then verify it there.",
        ),
    ),
    "verified": (
        "The last check",
        _counted(
            "Nothing that {erp} needs is missing.",
            lambda check, erp: "It was never verified, or something was missing.",
            "Verify the connection; its page lists what is missing and who can put it right.",
        ),
    ),
    "silent": (
        "Answers",
        _counted(
            "{erp} answers.",
            lambda check, erp: (
                f"{erp} has not answered for {_for(check)}. Tieback keeps asking; nothing is lost."
            ),
            "Ask the people who run {erp} whether it is down, and the network between.",
        ),
    ),
    "sync": ("Jobs and codes", _sync),
    "waiting": (
        "Overdue",
        _counted(
            "Nothing that may go waits for a worker.",
            lambda check, erp: (
                f"{_documents(check.count)} could have gone {_for(check)} ago and no worker took it."
            ),
            "Look whether the workers run, and in their log.",
        ),
    ),
    "unconfirmed": (
        "Not known whether it arrived",
        _counted(
            "Of every document it is known whether {erp} has it.",
            lambda check, erp: f"{_documents(check.count)}, the oldest for {_for(check)}.",
            "Open the batch in the queue under Needs attention: it says what to look for in {erp}.",
        ),
    ),
    "refused": (
        "Refused",
        _counted(
            "Nothing that {erp} refused waits for a person.",
            lambda check, erp: f"{_documents(check.count)}, the oldest for {_for(check)}.",
            "Open the batch in the queue under Needs attention, put the cause right and retry, or return it.",
        ),
    ),
    "mail": (
        "Mails",
        _counted(
            "Every mail was sent.",
            lambda check, erp: f"{check.count} not sent yet, the oldest for {_for(check)}.",
            "Look at EMAIL_URL and whether the mail server answers; the mails go as soon as it does.",
        ),
    ),
    "worker": (
        "Workers",
        _heard("A worker", "Start the workers: the service that runs `celery worker`, or `make run`."),
    ),
    "beat": (
        "Schedule",
        _heard(
            "The schedule",
            "Start beat: the service that runs `celery beat`. It also stands still while no worker runs.",
        ),
    ),
}
