"""`manage.py verify_events`: walk the chains of events and name the first one that was touched."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflow import events
from workflow.models import ChainHead, Event


class Command(BaseCommand):
    """Recomputes every hash; one wrong, missing or moved row is found."""

    help = (
        "Verify the hash chains of the event trail and name the first entry that was touched. "
        "Exit code 0: all hold; 1: one does not; 2: wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument(
            "--chain", type=int, metavar="ID", help="one chain (a company's id); all by default"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Walk, print a line a chain, and raise CommandError when one is broken."""
        # A chain without a head, or a head without events, was touched too.
        chains = sorted(
            {*ChainHead.objects.values_list("chain", flat=True)}
            | {*Event.objects.order_by().values_list("chain", flat=True).distinct()}
        )
        if options["chain"] is not None:
            chains = [chain for chain in chains if chain == options["chain"]]
        if not chains:
            self.stdout.write("No events yet.")
        broken = [chain for chain in chains if not self._holds(chain)]
        if broken:
            raise CommandError(
                "The trail was touched. Keep a copy of the database before you change anything."
            )

    def _holds(self, chain: int) -> bool:
        count, touched = events.verify(chain)
        if touched is None:
            self.stdout.write(f"Chain {chain}: {count} events hold.")
            return True
        self.stderr.write(
            f"Chain {chain}: {count} events hold, then entry {touched.seq} does not: "
            f"{touched.at.isoformat() if touched.at else 'it is missing'} {touched.actor} {touched.action}".rstrip()
        )
        return False
