"""A line between the adapter and the tenant that fails once, in a chosen way, at a chosen moment of a request.

It runs its own event loop in a thread. It knows HTTP only so far that it can tell where a request and an answer end.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlsplit

FAULTS = ("refuse", "reset", "close", "half close", "silence", "drip", "garbage", "late")
MOMENTS = ("in connect", "before send", "mid-send", "after commit", "mid-answer")
GARBAGE = b"\x00\xffHTTP/1.1 200 KO\r\n\x00{]"
DRIP = 0.05  # seconds between two bytes
PATIENCE = 20.0  # seconds until something here is thought to be stuck


class Line:
    """A proxy on a port of its own; `fail` strikes the next request, `mend` makes it whole again."""

    def __init__(self, *, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._there = (parts.hostname, parts.port)
        self._fault = self._moment = ""
        self._skip = 0
        self.struck = 0
        self._busy: set[asyncio.Task] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._deaf: list[socket.socket] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._port = 0
        self._do(self._listen())
        self.base_url = f"http://127.0.0.1:{self._port}{parts.path}"

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def fail(self, fault: str, moment: str, *, skip: int = 0) -> None:
        """From now on, let the next request but `skip` meet this fault."""
        self._do(self._arm(fault, moment, skip))

    def mend(self) -> None:
        """Wait until all that was under way has ended, and listen as if nothing had been."""
        self._do(self._heal())

    def close(self) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    # In the loop's thread

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._come, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        self._server.close()
        await asyncio.sleep(0)

    async def _arm(self, fault: str, moment: str, skip: int) -> None:
        self._fault, self._moment, self._skip = fault, moment, skip
        if moment == "in connect":
            await self._hang_up()
            if fault in ("refuse", "silence"):
                self.struck += 1
                await self._stop_listening()
            if fault == "silence":
                self._turn_deaf()

    def _turn_deaf(self) -> None:
        """Listen, but have no room for another connection: the kernel drops who asks."""
        ear = socket.create_server(("127.0.0.1", self._port), backlog=0)
        self._deaf = [ear]
        for _ in range(4):
            asking = socket.socket()
            asking.setblocking(False)
            asking.connect_ex(("127.0.0.1", self._port))
            self._deaf.append(asking)

    async def _hang_up(self) -> None:
        for writer in list(self._clients):
            writer.close()
        await asyncio.sleep(0)

    async def _heal(self) -> None:
        self._fault = self._moment = ""
        if self._busy:
            await asyncio.wait(self._busy, timeout=PATIENCE)
        for each in self._deaf:
            each.close()
        self._deaf = []
        if not self._server.is_serving():
            await self._listen()

    async def _end(self) -> None:
        await self._stop_listening()
        for each in self._deaf:
            each.close()
        await self._hang_up()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            if self._moment == "in connect" and self._fault:
                await self._under_way(self._at_connect(reader, writer))
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await self._under_way(self._request(head, reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._clients.discard(writer)
            writer.close()

    async def _under_way(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._busy.add(task)
        try:
            await task
        finally:
            self._busy.discard(task)

    def _strikes(self) -> str:
        """The fault, if this is the request that meets it; it is used up by that."""
        if not self._fault or self._moment == "in connect":
            return ""
        if self._skip:
            self._skip -= 1
            return ""
        self.struck += 1
        fault, self._fault = self._fault, ""
        return fault

    async def _at_connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.struck += 1
        fault, self._fault = self._fault, ""
        if fault in ("late", "drip"):
            await _gone(reader)
            raise ConnectionResetError
        await self._break(fault, reader, writer)

    async def _request(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = head + await reader.readexactly(_length(head))
        fault, moment = self._strikes(), self._moment
        half = len(request) // 2
        if fault and moment == "before send":
            if fault in ("late", "drip"):
                await _gone(reader)
                await self._ask(request)
                raise ConnectionResetError
            await self._break(fault, reader, writer)
        if fault and moment == "mid-send":
            await self._half_sent(fault, request, half, reader, writer)
        answer = await self._ask(request)
        if fault and moment == "after commit":
            if fault == "drip":
                await _drip(answer, writer)
            await self._break(fault, reader, writer)
        if fault:
            writer.write(answer[: len(answer) // 2])
            await writer.drain()
            if fault == "drip":
                await _drip(answer[len(answer) // 2 :], writer)
            await self._break(fault, reader, writer)
        writer.write(answer)
        await writer.drain()

    async def _half_sent(
        self,
        fault: str,
        request: bytes,
        half: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """The tenant has half of the request when it happens; late and in drops it gets the rest after all."""
        there, to_there = await asyncio.open_connection(*self._there)
        try:
            to_there.write(request[:half])
            await to_there.drain()
            if fault in ("late", "drip"):
                await _gone(reader)
                to_there.write(request[half:])
                await _answer(there)
                raise ConnectionResetError
        finally:
            to_there.close()
        await self._break(fault, reader, writer)

    async def _ask(self, request: bytes) -> bytes:
        there, to_there = await asyncio.open_connection(*self._there)
        try:
            to_there.write(request)
            await to_there.drain()
            return await _answer(there)
        finally:
            to_there.close()

    async def _break(self, fault: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """End the connection in the way of the fault."""
        if fault == "refuse":
            await self._stop_listening()
        if fault in ("refuse", "reset"):
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        elif fault == "half close":
            writer.write_eof()
            await _gone(reader)
        elif fault in ("silence", "late"):
            await _gone(reader)
        elif fault == "garbage":
            writer.write(GARBAGE)
            await writer.drain()
        raise ConnectionResetError


async def _gone(reader: asyncio.StreamReader) -> None:
    """Wait until the caller has given up."""
    try:
        async with asyncio.timeout(PATIENCE):
            while await reader.read(65536):
                continue
    except ConnectionError:
        return


async def _drip(answer: bytes, writer: asyncio.StreamWriter) -> None:
    for position in range(len(answer)):
        writer.write(answer[position : position + 1])
        await writer.drain()
        await asyncio.sleep(DRIP)


async def _answer(there: asyncio.StreamReader) -> bytes:
    head = await there.readuntil(b"\r\n\r\n")
    return head + await there.readexactly(_length(head))


def _length(head: bytes) -> int:
    for text in head.decode("latin-1").lower().split("\r\n"):
        if text.startswith("content-length:"):
            return int(text.partition(":")[2])
    return 0
