"""A mail server on a port of its own, which tests let take mails, refuse them, fall silent, or hang up."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from django.conf import LazySettings


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as Django needs. `refuse` is address -> what it answers to RCPT TO."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.mails: list[EmailMessage] = []
        self.refuse: dict[str, str] = {}
        self.refuse_data = ""
        self.greeting = "220 here"
        self.silent = False  # takes calls and never says a word
        self.hang_up_after_data = False  # takes the mail, and dies before it says so
        self.calls = 0
        self.over = threading.Event()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def to(self, address: str) -> list[EmailMessage]:
        """The mails that somebody got."""
        return [mail for mail in self.mails if mail["To"] == address]


class Session(socketserver.StreamRequestHandler):
    """One conversation."""

    server: MailServer

    def handle(self) -> None:
        """Answer line by line."""
        self.server.calls += 1
        if self.server.silent:
            self.server.over.wait()
            return
        self._say(self.server.greeting)
        for line in self.rfile:
            verb, _, rest = line.decode().strip().partition(":")
            if verb.upper() == "DATA":
                if not self._take():
                    return
            elif verb.upper() == "RCPT TO":
                address = rest.partition(">")[0].strip(" <")
                self._say(self.server.refuse.get(address, "250 fine"))
            else:
                self._say("250 fine")

    def _take(self) -> bool:
        self._say("354 go on")
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b"..") else line)
        if self.server.refuse_data:
            self._say(self.server.refuse_data)
            return True
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.server.mails.append(mail)
        if self.server.hang_up_after_data:
            return False
        self._say("250 taken")
        return True

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@pytest.fixture
def mail_server(settings: LazySettings) -> Iterator[MailServer]:
    """A mail server that lives, and Django sending to it."""
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield server
        server.over.set()
        server.shutdown()
        thread.join()
