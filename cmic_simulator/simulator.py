"""The whole stand-in in one object: start it in a thread, use it, stop it."""

import threading
import traceback
from collections.abc import Callable, Sequence
from email.utils import format_datetime
from pathlib import Path

from cmic_simulator import describes, oauth, seed, snapshot
from cmic_simulator.book import Book
from cmic_simulator.clock import Clock
from cmic_simulator.control import PREFIX, Control
from cmic_simulator.desk import Desk
from cmic_simulator.errors import refused
from cmic_simulator.faults import Faults
from cmic_simulator.journal import Journal
from cmic_simulator.messages import BASE, Request, Response
from cmic_simulator.profile import BASE_PROFILE
from cmic_simulator.server import Server
from cmic_simulator.service import Service
from cmic_simulator.switches import Switches
from cmic_simulator.throttle import Throttle


def _nothing() -> None:
    """Control and desk requests are not counted as under way."""


class Simulator:
    """A running stand-in; `base_url` is where the services are, `desk_url` where the accountant sits."""

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        release: str = "nexus2",
        throttle: bool = True,
        control_key: str = "sim",
        app_url: str = "",
        seed_file: Path | None = None,
        snapshot_file: Path | None = None,
        describe: Sequence[Path] = (),
    ) -> None:
        switches = Switches()
        switches.change({"release": release, "throttle": throttle})
        profile = describes.load(describe) if describe else BASE_PROFILE
        self.book = Book(clock=Clock(), switches=switches, profile=profile)
        self.service = Service(
            book=self.book,
            journal=Journal(),
            throttle=Throttle(switches),
            faults=Faults(),
            tokens=oauth.Tokens(self.book),
        )
        self._control = Control(self.service, token=control_key, start=switches)
        self._desk = Desk(self.service, app_url=app_url)
        self._writer: snapshot.Writer | None = None
        restored = snapshot_file is not None and snapshot.load(self.book, snapshot_file)
        # The command line decides release and throttle, whatever the last run had.
        switches.change({"release": release, "throttle": throttle})
        if seed_file is not None and not restored:
            seed.load(self.book, snapshot.read_seed(seed_file))
        if snapshot_file is not None:
            self._writer = snapshot.Writer(file=snapshot_file, capture=lambda: snapshot.capture(self.book))
            self.book.on_change = self._writer.changed
        self._server = Server((host, port), answer=self.answer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def origin(self) -> str:
        """This property will give scheme, host and port, e.g. http://127.0.0.1:8090."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def base_url(self) -> str:
        """This property will give the base of the REST services."""
        return self.origin + BASE

    def start(self) -> "Simulator":
        """This function will serve in the background and return at once."""
        if self._writer is not None:
            self._writer.start()
        self._thread.start()
        return self

    def stop(self) -> None:
        """This function will end all requests, write the snapshot and free the port."""
        self.service.let_go()
        self._server.stop()
        self._thread.join()
        if self._writer is not None:
            self._writer.stop()

    def answer(self, request: Request) -> tuple[Response, Callable[[], None]]:
        """This function will answer any request, and give what to call when it is no longer under way."""
        if request.path.startswith(PREFIX):
            return self._control.answer(request), _nothing
        if request.path == oauth.PATH:
            return self.service.tokens.answer(request), _nothing
        if not request.path.startswith(BASE + "/"):
            return self._desk.answer(request), _nothing
        return self._answer_service(request)

    def _answer_service(self, request: Request) -> tuple[Response, Callable[[], None]]:
        journal, throttle = self.service.journal, self.service.throttle
        entry = self.service.arrive(request)
        patience = self.service.patience
        refusal = throttle.admit(request.client)
        if refusal:
            response = self.service.too_many(refusal, request)
        else:
            try:
                response = self.service.answer(request, entry)
            except Exception:
                # A fault of the stand-in itself must not leave the request counted as under way.
                traceback.print_exc()
                response = self.service.refusal(
                    refused("Internal error of the stand-in.", status=500), request
                )
        response.patience = patience
        response.headers.setdefault("Date", format_datetime(self.book.clock.now(), usegmt=True))
        entry.status = response.status or None
        entry.outcome = f"{response.wire} {entry.outcome}".strip()

        def done() -> None:
            if not refusal:
                throttle.leave(request.client)
            journal.leave(entry)

        return response, done
