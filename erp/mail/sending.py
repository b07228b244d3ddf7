"""Sending the mails that wait. A dead mail server delays them; an address that is refused holds up nobody else.

The row is the queue. One is claimed by moving its next try past the time any sending can take, sent outside of a
transaction, and marked. A worker killed between the two last steps sends it again: under the same Message-ID, by which
mail programs know it for the same mail.
"""

from __future__ import annotations

import hashlib
import logging
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from smtplib import SMTPDataError, SMTPException, SMTPNotSupportedError, SMTPRecipientsRefused
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import Count, F, Min, Q, QuerySet
from django.urls import reverse

from erp.mail.models import Notice
from erp.mail.people_notices import INVITATION, invitation
from projects.models import Company

log = logging.getLogger(__name__)

LEASE = timedelta(
    minutes=10
)  # longer than one mail can take with EMAIL_TIMEOUT, and than a round goes on claiming
ROUND = 240.0  # seconds after which a round claims no more
GIVE_UP_AFTER = timedelta(days=5)  # as mail servers do among themselves
STALE = timedelta(days=1)  # a daily mail that old is not tried again: a newer one says what waits
KEPT = timedelta(days=90)  # of what was sent, or was for nobody any more
LONGEST_PAUSE = 3600  # seconds between two tries
IN_A_ROW = 2  # mails that meet no working server before the round ends
PERMANENT = range(500, 600)
NO_ADDRESS = "This person has no mail address. Enter one under People, then try again."
GONE = "This person may not log in any more."
LOGGED_IN = "This person has logged in and needs no link."


class Outcome(Enum):
    """What became of one try."""

    SENT = auto()
    REFUSED = auto()  # this mail will never be taken: the address, or the mail itself
    NEEDLESS = auto()  # nobody is to get it any more: there is nothing to look after
    LATER = auto()  # this mail is not taken now
    NO_SERVER = auto()  # there is nobody who could have taken any


@dataclass(frozen=True)
class Told:
    """An outcome with the reason, for the people who look after mail."""

    outcome: Outcome
    why: str = ""


def send_waiting(*, now: datetime, limit: int = 100) -> int:
    """This function will send the mails that are due. Returns how many went.

    It ends early when the server is dead, so that a day's mails do not wait for as many time-outs.
    """
    sent, dead, until = 0, 0, monotonic() + ROUND
    due = Notice.objects.filter(sent_at=None, gave_up_at=None, not_before__lte=now)
    keys = list(due.order_by("not_before", "pk").values_list("pk", flat=True)[:limit])
    with _Line() as line:
        for key in keys:
            notice = _claim(key, now)
            if notice is None:
                continue  # another worker has it
            told = line.send(notice)
            _mark(notice, told, now)
            sent += told.outcome is Outcome.SENT
            dead = dead + 1 if told.outcome is Outcome.NO_SERVER else 0
            if dead >= IN_A_ROW or monotonic() > until:
                break
    return sent


def _claim(key: int, now: datetime) -> Notice | None:
    """Take a mail for one try, unless somebody else has it: one conditional update, nothing stays locked."""
    due = Notice.objects.filter(pk=key, sent_at=None, gave_up_at=None, not_before__lte=now)
    if not due.update(not_before=now + LEASE, attempts=F("attempts") + 1):
        return None
    return Notice.objects.select_related("to", "company").get(pk=key)


def _mark(notice: Notice, told: Told, now: datetime) -> None:
    notice.error = told.why
    if told.outcome is Outcome.SENT:
        notice.sent_at = now
    elif told.outcome is Outcome.NEEDLESS:
        notice.gave_up_at, notice.trying_since = now, None
    else:
        log.warning("mail %s was not taken: %s", notice.pk, told.why)
        notice.trying_since = notice.trying_since or now
        notice.not_before = now + pause(notice.attempts)
        if told.outcome is Outcome.REFUSED or now - notice.trying_since >= GIVE_UP_AFTER:
            notice.gave_up_at = now
    notice.save(update_fields=["sent_at", "error", "trying_since", "not_before", "gave_up_at"])


def pause(attempts: int) -> timedelta:
    """This function will say how long a mail rests after so many tries: two minutes, doubled up to an hour, less up
    to a fifth, so that mails that failed together do not come again together.
    """
    seconds = min(60 * 2 ** min(attempts, 10), LONGEST_PAUSE)
    return timedelta(seconds=seconds * random.uniform(0.8, 1.0))


class _Line:
    """One conversation with the mail server for a whole round; opened when the first mail needs it."""

    def __enter__(self) -> _Line:
        self._connection: Any = get_connection()
        return self

    def __exit__(self, *exception: object) -> None:
        self._hang_up()

    def _hang_up(self) -> None:
        try:
            self._connection.close()
        except OSError:  # it was dead already
            log.debug("the mail server had hung up", exc_info=True)
        self._connection = get_connection()

    def send(self, notice: Notice) -> Told:
        """Send one mail and say what became of it."""
        if not notice.to.is_active:
            return Told(Outcome.NEEDLESS, GONE)
        if notice.kind == INVITATION and notice.to.last_login is not None:
            return Told(Outcome.NEEDLESS, LOGGED_IN)
        if not notice.to.email:
            return Told(Outcome.REFUSED, NO_ADDRESS)
        return self._meaning(lambda: message_of(notice, self._connection).send())

    def _meaning(self, send: Callable[[], object]) -> Told:
        try:
            self._connection.open()
        except (SMTPException, OSError) as problem:
            return self._no_server(problem)
        try:
            send()
        except SMTPRecipientsRefused as refused:
            code, words = next(iter(refused.recipients.values()))
            return _refused(code, words)
        except SMTPDataError as refused:
            return _refused(refused.smtp_code, refused.smtp_error)
        except (
            SMTPNotSupportedError,
            ValueError,
        ) as problem:  # no mail can be made of it, or not to this address
            return Told(Outcome.REFUSED, f"No mail can be made of it: {_words(problem)}"[:500])
        except (SMTPException, OSError) as problem:
            return self._no_server(problem)
        return Told(Outcome.SENT)

    def _no_server(self, problem: Exception) -> Told:
        self._hang_up()
        return Told(Outcome.NO_SERVER, f"The mail server cannot be used: {_words(problem)}"[:500])


def _refused(code: int, words: bytes | str) -> Told:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    said = f"The mail server refused it: {code} {' '.join(text.split())}"[:500]
    return Told(Outcome.REFUSED if code in PERMANENT else Outcome.LATER, said)


def _words(problem: Exception) -> str:
    return str(problem) or type(problem).__name__


def message_of(notice: Notice, connection: Any = None) -> EmailMultiAlternatives:
    """This function will make the mail of a notice, the same each time: text, HTML, and its own Message-ID."""
    text, html = invitation(notice) if notice.kind == INVITATION else (notice.text, notice.html)
    message = EmailMultiAlternatives(
        notice.subject,
        text,
        settings.DEFAULT_FROM_EMAIL,
        [notice.to.email],
        connection=connection,
        headers={
            "Message-ID": message_id(notice),
            "Date": notice.created_at.strftime("%a, %d %b %Y %H:%M:%S +0000"),
            "List-Unsubscribe": f"<{settings.BASE_URL}{reverse('notices')}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    if html:
        message.attach_alternative(html, "text/html")
    return message


def message_id(notice: Notice) -> str:
    """This function will name a mail for good."""
    host = re.sub(r"[^A-Za-z0-9.-]", "", urlsplit(settings.BASE_URL).hostname or "") or "localhost"
    digest = hashlib.sha256(f"{notice.pk}:{notice.key}".encode()).hexdigest()[:24]
    return f"<notice.{digest}@{host}>"


# -- for the people who look after mail ------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """How mail does: `given_up` were not sent and are not tried again, `delayed` are still being tried."""

    given_up: int
    delayed: int
    since: datetime | None
    last_error: str

    @property
    def well(self) -> bool:
        """Whether everything goes out."""
        return not (self.given_up or self.delayed)


def standing(company: Company | None = None) -> Standing:
    """This function will say how the mails of a company do, or of all."""
    unsent = _unsent(company)
    failing = unsent.exclude(trying_since=None)
    sums = failing.aggregate(all=Count("pk"), since=Min("trying_since"))
    given_up = failing.exclude(gave_up_at=None).count()
    last = failing.order_by("-not_before").values_list("error", flat=True).first()
    return Standing(given_up, sums["all"] - given_up, sums["since"], last or "")


def _unsent(company: Company | None) -> QuerySet[Notice]:
    rows = Notice.objects.filter(sent_at=None)
    return rows if company is None else rows.filter(company=company)


def try_again(company: Company, *, now: datetime) -> int:
    """This function will let the mails of a company that could not be sent be tried anew, now. Returns how many.

    Daily mails of another day are let go instead.
    """
    failing = _unsent(company).exclude(trying_since=None)
    failing.filter(kind="digest", created_at__lte=now - STALE).update(gave_up_at=now, trying_since=None)
    return failing.update(not_before=now, trying_since=None, gave_up_at=None, attempts=0)


def forget_old(*, now: datetime) -> int:
    """This function will delete mails that ended ninety days ago or earlier. What a person should look after stays."""
    ended = Q(sent_at__lte=now - KEPT) | Q(gave_up_at__lte=now - KEPT, trying_since=None)
    return Notice.objects.filter(ended).delete()[0]
