"""The accountant's desk: plain pages on which a person posts, rejects, starts jobs and reads the journal."""

from cmic_simulator.messages import Request, Response
from cmic_simulator.service import Service


class Desk:
    """Answers the pages under /desk."""

    def __init__(self, service: Service, *, app_url: str) -> None:
        self.service = service
        self.app_url = app_url

    def answer(self, request: Request) -> Response:
        """This function will answer a page request."""
        return Response(404, "Not found", "text/plain")
