"""Devices and servers on asyncio: the sessions of this package with sockets around them.

>>> import asyncio, tipwire
>>> from tipwire import aio
>>> async def handler(request):
...     return len(request.frame.variables)  # how many data points were stored
>>> async def main():
...     async with aio.serve(handler, "127.0.0.1", 0) as server:
...         async with aio.connect("127.0.0.1", server.port, "4deedd7bab8817ec", "s") as device:
...             return await device.push({"temperature": 32.5})
>>> asyncio.run(main())
Ack('OK', count=1, seq=1)

What is read from a socket at once is handled at once: there is no task for each frame.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import ssl as tls
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Optional, Union

from tipwire import _tipwire
from tipwire._tipwire import (
    Ack,
    Answer,
    Client,
    Closed,
    Command,
    Connect,
    Devices,
    Disconnect,
    Lost,
    Rejected,
    Request,
    Sealer,
    Server,
    Variable,
)
from tipwire.errors import TipwireError

__all__ = ["Connection", "Device", "LostError", "Reply", "Serving", "connect", "serve"]

#: What a handler gives back: a count, variables, a status with its detail, or an error.
Reply = Union[
    None, int, str, Mapping[str, Any], Iterable[Variable], "tuple[str, Any]", TipwireError
]
Handler = Callable[[Request], Union[Reply, Awaitable[Reply]]]

#: How many bytes are read at once.
CHUNK = 1 << 16

logger = logging.getLogger("tipwire")


class LostError(ConnectionError):
    """A request got no answer. Nobody knows whether it was fulfilled."""


def _now() -> int:
    return time.monotonic_ns() // 1_000_000


class Device:
    """A device that is connected, or will be again: see :func:`connect`."""

    def __init__(self, client: Client, open_link: Callable[[Device], Awaitable[_Link]]) -> None:
        self._client = client
        self._open_link = open_link
        self._link: Optional[_Link] = None
        self._waiting: dict[int, asyncio.Future[Ack]] = {}
        self._commands: asyncio.Queue[Optional[str]] = asyncio.Queue(maxsize=1024)
        self._timer: Optional[asyncio.TimerHandle] = None
        self._opening: Optional[asyncio.Task[None]] = None
        self._closed = False
        self._problem: Optional[Exception] = None
        #: Set while there is a connection.
        self.connected = asyncio.Event()

    @property
    def client(self) -> Client:
        """The session below."""
        return self._client

    async def __aenter__(self) -> Device:
        self._turn(b"")
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()
        if self._opening is not None:
            await asyncio.gather(self._opening, return_exceptions=True)

    def close(self) -> None:
        """Ends the connection. What has no answer is lost."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._opening is not None:
            self._opening.cancel()
        self._client.close()
        self._drop_link()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(LostError("the device was closed"))
        self._waiting.clear()
        self._offer(None)

    async def push(
        self,
        variables: Any,
        *,
        location: Any = None,
        time: Any = None,
        group: Optional[str] = None,
        metadata: Optional[Mapping[str, Any]] = None,
    ) -> Ack:
        """Sends variables and waits for the answer, over as many connections as it takes."""
        client = self._client
        frame = _tipwire.push(
            client.auth,
            client.serial,
            variables,
            location=location,
            time=time,
            group=group,
            metadata=metadata,
        )
        return await self.send(frame)

    async def pull(self, names: Iterable[str]) -> Ack:
        """Asks for the last values of variables."""
        return await self.send(_tipwire.pull(self._client.auth, self._client.serial, names))

    async def ping(self) -> Ack:
        """Asks whether anybody is there."""
        return await self.send(_tipwire.ping(self._client.auth, self._client.serial))

    async def send(self, frame: Union[str, bytes]) -> Ack:
        """Sends a frame that was built elsewhere, and waits for its answer."""
        if self._closed:
            raise LostError("the device was closed")
        number = self._client.send(frame, _now())
        future: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self._turn(b"")
        try:
            return await future
        finally:
            self._waiting.pop(number, None)

    async def commands(self) -> AsyncIterator[str]:
        """The commands of the server, as they come, until the device is closed."""
        while True:
            command = await self._commands.get()
            if command is None:
                self._offer(None)
                return
            yield command

    def _offer(self, command: Optional[str]) -> None:
        """Queues a command; where nobody takes them, the oldest one goes."""
        if self._commands.full():
            self._commands.get_nowait()
        self._commands.put_nowait(command)

    def _received(self, data: bytes) -> None:
        self._turn(data)

    def _lost_link(self, link: _Link) -> None:
        if self._link is link:
            self._drop_link()
            self._client.disconnected(_now())
            self._turn(b"")

    def _drop_link(self) -> None:
        link, self._link = self._link, None
        self.connected.clear()
        if link is not None:
            link.close()

    def _turn(self, data: bytes) -> None:
        """Takes what happened, sends what is to be sent, and sets the clock."""
        if self._closed:
            return
        client = self._client
        while True:
            events = client.events(data, _now())
            data = b""
            for event in events:
                self._take(event)
            while self._link is not None:
                out = client.data_to_send(_now())
                if not out:
                    break
                self._link.write(out)
            # What is sent may be followed by what is due.
            if not events:
                break
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = client.deadline
        if deadline is not None:
            delay = max(deadline - _now(), 0) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _take(self, event: object) -> None:
        if isinstance(event, Answer):
            future = self._waiting.pop(event.number, None)
            if future is not None and not future.done():
                future.set_result(event.ack)
        elif isinstance(event, Command):
            if event.answers is not None:
                future = self._waiting.pop(event.answers, None)
                if future is not None and not future.done():
                    future.set_result(_tipwire.parse_ack(f"ACK|CMD|{event.text}"))
            self._offer(event.text)
        elif isinstance(event, Lost):
            future = self._waiting.pop(event.number, None)
            if future is not None and not future.done():
                future.set_exception(LostError("the request got no answer"))
        elif isinstance(event, Connect):
            self._opening = asyncio.get_running_loop().create_task(self._open())
        elif isinstance(event, Disconnect):
            self._drop_link()

    async def _open(self) -> None:
        try:
            link = await self._open_link(self)
        except OSError as error:
            logger.debug("no connection: %s", error)
            self._client.disconnected(_now())
        else:
            if self._closed:
                link.close()
                return
            self._link = link
            self._client.connected(_now())
            self.connected.set()
        self._turn(b"")

    def _tick(self) -> None:
        self._timer = None
        self._client.handle_timeout(_now())
        self._turn(b"")


class _Link(asyncio.Protocol):
    """A connection of a device, by a stream."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._transport: Optional[asyncio.Transport] = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._device._received(data)

    def connection_lost(self, exc: Optional[Exception]) -> None:
        self._device._lost_link(self)

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class _DatagramLink(asyncio.DatagramProtocol, _Link):
    """The same by datagrams."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._datagrams: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._device._received(data)

    def error_received(self, exc: Exception) -> None:
        logger.debug("a datagram was refused: %s", exc)

    def write(self, data: bytes) -> None:
        self._datagrams.sendto(data)

    def close(self) -> None:
        self._datagrams.close()


def connect(
    host: str,
    port: int,
    auth: str,
    serial: str,
    *,
    ssl: Optional[tls.SSLContext] = None,
    udp: bool = False,
    sealer: Optional[Sealer] = None,
    **settings: Any,
) -> Device:
    """A device that keeps itself connected: use it as ``async with connect(…) as device``.

    ``auth`` is the authorization hash of the token. Connections that break are made again, after a
    while that grows and differs between devices; what had no answer is sent again. With a
    ``sealer`` everything is sealed. Further settings are those of :class:`tipwire.Client`.
    """
    settings.setdefault("seed", zlib.crc32(serial.encode()))
    client = Client(auth, serial, sealer=sealer, datagrams=udp, **settings)

    async def open_link(device: Device) -> _Link:
        loop = asyncio.get_running_loop()
        if udp:
            _, datagrams = await loop.create_datagram_endpoint(
                lambda: _DatagramLink(device), remote_addr=(host, port)
            )
            return datagrams
        _, stream = await loop.create_connection(lambda: _Link(device), host, port, ssl=ssl)
        return stream

    return Device(client, open_link)


class Connection(asyncio.Protocol):
    """A connection of a server. ``peer`` is the address of the other side."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._server = Server(_now(), devices=serving.devices, **serving.settings)
        self._transport: Any = None
        self._timer: Optional[asyncio.TimerHandle] = None
        self._answers: asyncio.Queue[tuple[int, Any]] = asyncio.Queue()
        self._answering: Optional[asyncio.Task[None]] = None
        self._paused = False
        self._full = False
        self.peer: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.peer = transport.get_extra_info("peername")
        self._serving.connections.add(self)
        self._settle()

    def connection_lost(self, exc: Optional[Exception]) -> None:
        self._serving.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._answering is not None:
            self._answering.cancel()

    def pause_writing(self) -> None:
        self._full = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._full = False
        self.data_received(b"")

    def command(self, text: str) -> None:
        """Sends a command to the device."""
        self._server.command(text)
        self._settle()

    def close(self) -> None:
        """Ends the connection at once."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        server = self._server
        while True:
            for event in server.events(data, _now()):
                self._take(event)
            data = b""
            if not self._settle() or not server.waiting:
                break
        # What waits for answers is not to grow.
        if not self._transport.is_closing():
            if server.waiting or self._full:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _take(self, event: object) -> None:
        if isinstance(event, Request):
            reply: Any
            try:
                reply = self._serving.handler(event)
            except Exception as error:
                reply = error
            if inspect.isawaitable(reply) or not self._answers.empty() or self._answering:
                # Answers come in the order of the requests: they queue behind this one.
                if inspect.isawaitable(reply):
                    reply = asyncio.ensure_future(reply)
                self._answers.put_nowait((event.ticket, reply))
                if self._answering is None:
                    self._answering = asyncio.get_running_loop().create_task(self._answer_all())
            else:
                self._answer(event.ticket, reply)
        elif isinstance(event, Rejected):
            logger.debug("%s: %s", self.peer, event.error or event.code)

    async def _answer_all(self) -> None:
        while not self._answers.empty():
            ticket, reply = self._answers.get_nowait()
            if isinstance(reply, asyncio.Future):
                try:
                    reply = await reply
                except Exception as error:
                    reply = error
            self._answer(ticket, reply)
            if self._answers.empty() or self._server.unanswered < 2:
                self._settle()
        self._answering = None
        if self._server.waiting:
            self.data_received(b"")
        else:
            self._settle()

    def _answer(self, ticket: int, reply: Any) -> None:
        try:
            self._server.answer(ticket, *_status(reply))
        except TipwireError as error:
            if error.kind == "closed":
                return
            if error.kind == "full" and self._settle():
                self._answer(ticket, reply)
                return
            logger.exception("an answer cannot be written")
            self._server.answer(ticket, "ERR", "server_error")

    def _settle(self) -> bool:
        """Sends what is to be sent and sets the clock; says whether anything was sent."""
        server = self._server
        out = server.data_to_send()
        if out:
            self._transport.write(out)
        if server.closed:
            self._transport.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = server.deadline
        if deadline is not None:
            delay = max(deadline - _now(), 0) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)
        return bool(out)

    def _tick(self) -> None:
        self._timer = None
        self._server.handle_timeout(_now())
        self.data_received(b"")


def _status(reply: Any) -> tuple[str, Any]:
    """A handler's reply as status and detail."""
    if reply is None:
        return "OK", None
    if isinstance(reply, TipwireError):
        return "ERR", reply.code
    if isinstance(reply, Exception):
        logger.error("a handler failed", exc_info=reply)
        return "ERR", "server_error"
    if isinstance(reply, str):
        return reply, None
    if isinstance(reply, tuple) and len(reply) == 2 and isinstance(reply[0], str):
        return reply
    return "OK", reply


class _Datagrams(asyncio.DatagramProtocol):
    """All peers of a server that takes datagrams."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._transport: Any = None
        self._server = Server(
            _now(), devices=serving.devices, datagrams=True, **serving.settings
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self._lock.locked() or self._tasks:
            if len(self._tasks) < 1024:
                self._start(self._serve(data, addr))
            return
        replies = [(event, self._call(event)) for event in self._server.events(data, _now())]
        if any(inspect.isawaitable(reply) for _, reply in replies):
            self._start(self._finish(replies, addr))
        else:
            for event, reply in replies:
                self._answer(event, reply)
            self._send(addr)

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, data: bytes, addr: Any) -> None:
        # One session serves all peers in turn.
        async with self._lock:
            events = self._server.events(data, _now())
            await self._reply([(event, self._call(event)) for event in events], addr)

    async def _finish(self, replies: Iterable[tuple[object, Any]], addr: Any) -> None:
        async with self._lock:
            await self._reply(replies, addr)

    async def _reply(self, replies: Iterable[tuple[object, Any]], addr: Any) -> None:
        for event, reply in replies:
            if inspect.isawaitable(reply):
                try:
                    reply = await reply
                except Exception as error:
                    reply = error
            self._answer(event, reply)
        self._send(addr)

    def _call(self, event: object) -> Any:
        if not isinstance(event, Request):
            return None
        try:
            return self._serving.handler(event)
        except Exception as error:
            return error

    def _answer(self, event: object, reply: Any) -> None:
        if not isinstance(event, Request):
            return
        try:
            self._server.answer(event.ticket, *_status(reply))
        except TipwireError:
            logger.exception("an answer cannot be written")
            self._server.answer(event.ticket, "ERR", "server_error")

    def _send(self, addr: Any) -> None:
        out = self._server.data_to_send()
        if out:
            self._transport.sendto(out, addr)


class Serving:
    """A server that runs: see :func:`serve`."""

    def __init__(
        self,
        handler: Handler,
        host: str,
        port: int,
        *,
        ssl: Optional[tls.SSLContext],
        udp: bool,
        devices: Devices,
        settings: dict[str, Any],
    ) -> None:
        self.handler = handler
        self.devices = devices
        self.settings = settings
        #: The open connections.
        self.connections: set[Connection] = set()
        self.host = host
        #: The port, also where 0 asked for any.
        self.port = port
        self._ssl = ssl
        self._udp = udp
        self._server: Optional[asyncio.AbstractServer] = None
        self._datagrams: Any = None

    async def __aenter__(self) -> Serving:
        loop = asyncio.get_running_loop()
        if self._udp:
            self._datagrams, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self), local_addr=(self.host, self.port)
            )
            self.port = self._datagrams.get_extra_info("sockname")[1]
        else:
            server = await loop.create_server(
                lambda: Connection(self), self.host, self.port, ssl=self._ssl
            )
            self._server = server
            self.port = server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        await asyncio.sleep(0)

    def close(self) -> None:
        """Ends it, and all connections."""
        if self._server is not None:
            self._server.close()
        if self._datagrams is not None:
            self._datagrams.close()
        for connection in list(self.connections):
            connection.close()

    async def forever(self) -> None:
        """Serves until it is cancelled."""
        await asyncio.get_running_loop().create_future()


def serve(
    handler: Handler,
    host: str = "127.0.0.1",
    port: int = 5693,
    *,
    ssl: Optional[tls.SSLContext] = None,
    udp: bool = False,
    devices: Optional[Devices] = None,
    **settings: Any,
) -> Serving:
    """A server: use it as ``async with serve(…) as server``.

    ``handler`` gets each :class:`tipwire.Request` and gives the answer, at once or as a coroutine:
    ``None`` for ``OK``, a count, variables, a status and its detail (``("ERR",
    "variable_not_found")``), or an error. Answers are sent in the order of the requests, however
    long each takes. ``devices`` knows keys and counters; further settings are those of
    :class:`tipwire.Server`.
    """
    devices = Devices() if devices is None else devices
    return Serving(handler, host, port, ssl=ssl, udp=udp, devices=devices, settings=settings)
