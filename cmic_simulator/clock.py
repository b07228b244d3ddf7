"""The stand-in's own clock: real time plus an offset that tests move, in UTC."""

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """Real time moved by an offset; it can be stopped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta(0)
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """This function will tell the present moment of the stand-in, in UTC."""
        with self._lock:
            return self._frozen or datetime.now(UTC) + self._offset

    def stamp(self) -> str:
        """This function will tell the moment as audit attributes show it, e.g. 2024-12-05T15:47:39Z."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def today(self) -> str:
        """This function will tell the date, e.g. 2024-12-05."""
        return self.now().date().isoformat()

    def advance(self, *, seconds: float) -> None:
        """This function will move the clock; negative seconds move it back."""
        step = timedelta(seconds=seconds)
        with self._lock:
            self._offset += step
            if self._frozen:
                self._frozen += step

    def set(self, *, moment: datetime) -> None:
        """This function will set the clock to a moment with a time zone; it goes on running unless frozen."""
        with self._lock:
            self._offset = moment.astimezone(UTC) - datetime.now(UTC)
            if self._frozen:
                self._frozen = moment.astimezone(UTC)

    def freeze(self, *, frozen: bool) -> None:
        """This function will stop the clock or let it run on from where it stands."""
        now = self.now()
        with self._lock:
            self._frozen = now if frozen else None
            self._offset = now - datetime.now(UTC)

    def reset(self) -> None:
        """This function will set the clock back to real time."""
        with self._lock:
            self._offset, self._frozen = timedelta(0), None

    @property
    def offset_seconds(self) -> float:
        """This property will give the distance to real time, in seconds."""
        return (self.now() - datetime.now(UTC)).total_seconds()
