"""One line a log record: `time level logger message`, without secrets and without smuggled line breaks."""

import logging
from collections.abc import Iterable

SHORTEST_SECRET = 4


class LineFormatter(logging.Formatter):
    """Formats a record on one line; tracebacks keep theirs. Known secrets are blacked out everywhere."""

    def __init__(self, *, secrets: Iterable[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        # Blacking out a shorter one would black out half of every line, and so give it away.
        self.secrets = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line with line breaks of the message made visible."""
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole entry, traceback included, with every known secret replaced."""
        entry = super().format(record)
        for secret in self.secrets:
            entry = entry.replace(secret, "********")
        return entry
