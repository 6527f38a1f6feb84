"""What the core gives to Python. Import these names from ``tipwire``."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime as _datetime
from decimal import Decimal
from typing import Any, Final, Literal, SupportsFloat, SupportsIndex, Union, final, overload

from typing_extensions import Buffer, TypeAlias, disjoint_base

from tipwire.errors import FrameError, StreamError, TipwireError

__all__ = [
    "DEVICE_NOT_FOUND",
    "DEVICE_TOPIC",
    "GATEWAY_TOPIC",
    "NOT_AUTHORIZED",
    "NOT_A_PACKET",
    "REGISTER_FAILED",
    "Ack",
    "Answer",
    "Batch",
    "Client",
    "Closed",
    "Command",
    "Connect",
    "Converter",
    "Devices",
    "Disconnect",
    "Extra",
    "Frame",
    "Header",
    "HttpRequest",
    "HttpResponse",
    "Location",
    "Lost",
    "MqttMessage",
    "Opened",
    "Opener",
    "Packet",
    "Ping",
    "Pull",
    "Push",
    "Raw",
    "Rejected",
    "Request",
    "Sealer",
    "Server",
    "Splitter",
    "Token",
    "Topic",
    "Unreadable",
    "Uplink",
    "Variable",
    "__version__",
    "ack",
    "decode_batch",
    "device_hash",
    "downlink",
    "event",
    "from_points",
    "gateway_telemetry",
    "join_login",
    "login",
    "open_any",
    "parse",
    "parse_ack",
    "parse_inner",
    "parse_packet",
    "parse_uplinks",
    "ping",
    "pull",
    "push",
    "telemetry",
    "topic",
    "uplink",
    "values",
    "values_push",
]

# What is read: bytes, or text.
_Data: TypeAlias = Union[str, Buffer]
_Number: TypeAlias = Union[int, float, Decimal, SupportsIndex, SupportsFloat]
_Place: TypeAlias = Union[Location, tuple[_Number, _Number], tuple[_Number, _Number, _Number]]
_Value: TypeAlias = Union[bool, _Number, str, _Place]
_Metadata: TypeAlias = Mapping[str, Union[str, bool, _Number]]
_Time: TypeAlias = Union[int, _datetime]
_Revision: TypeAlias = Literal["A", "B", "C", "D"]
_Content: TypeAlias = Union[Mapping[str, _Value], Iterable[Variable], bytes, bytearray, Raw]
_Layout: TypeAlias = Literal["current", "short"]
_Method: TypeAlias = Literal["PUSH", "PULL", "PING", "ACK"]

@disjoint_base
class Frame:
    """What all frames have. Equal are those that stand on the wire alike."""

    @property
    def seq(self) -> int | None:
        """The sequence counter."""
    @property
    def method(self) -> str:
        """``PUSH``, ``PULL``, ``PING`` or ``ACK``."""
    def to_json(self) -> str:
        """The frame's JSON form: numbers keep their digits."""
    def __bytes__(self) -> bytes:
        """The frame without its line ending."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Push(Frame):
    """Data to store: variables, or passthrough data."""

    __match_args__ = ("serial", "variables")
    @property
    def auth(self) -> str | None:
        """The authorization: a hash, or a token. ``None`` inside an envelope, whose header has it."""
    @property
    def serial(self) -> str:
        """The device's serial."""
    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables as they stand in the frame; :meth:`points` has defaults applied."""
    @property
    def raw(self) -> Raw | None:
        """The passthrough data."""
    @property
    def location(self) -> Location | None:
        """Where, for all variables that do not say it themselves."""
    @property
    def time(self) -> int | None:
        """When, in UNIX milliseconds, for all variables that do not say it themselves."""
    @property
    def datetime(self) -> _datetime | None:
        """The time as an aware ``datetime``; ``OverflowError`` for what that does not reach."""
    @property
    def group(self) -> str | None:
        """The group of all variables that do not say it themselves."""
    @property
    def metadata(self) -> dict[str, str]:
        """Metadata of all variables."""
    def points(self) -> list[dict[str, Any]]:
        """The data points: variables with the defaults of the frame applied."""
    def points_json(self) -> str:
        """The data points as JSON: numbers keep their digits."""

@final
class Pull(Frame):
    """A wish for the last values of variables."""

    __match_args__ = ("serial", "names")
    @property
    def auth(self) -> str | None:
        """The authorization; ``None`` inside an envelope."""
    @property
    def serial(self) -> str:
        """The device's serial."""
    @property
    def names(self) -> tuple[str, ...]:
        """The names of the variables."""

@final
class Ping(Frame):
    """Is anybody there?"""

    __match_args__ = ("serial",)
    @property
    def auth(self) -> str | None:
        """The authorization; ``None`` inside an envelope."""
    @property
    def serial(self) -> str:
        """The device's serial."""

@final
class Ack(Frame):
    """An answer: of its details at most one is not ``None``."""

    __match_args__ = ("status",)
    @property
    def status(self) -> str:
        """``OK``, ``PONG``, ``CMD`` or ``ERR``."""
    @property
    def count(self) -> int | None:
        """How many data points were stored."""
    @property
    def command(self) -> str | None:
        """The command."""
    @property
    def error(self) -> str | None:
        """The error code."""
    @property
    def text(self) -> str | None:
        """Any other detail."""
    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables that were asked for."""
    def points(self) -> list[dict[str, Any]]:
        """The variables as data points."""
    def points_json(self) -> str:
        """The same as JSON: numbers keep their digits."""

@final
class Variable:
    """A variable: name, value, and what may follow. It is checked when it is made."""

    __match_args__ = ("name", "value", "unit")
    def __new__(
        cls,
        name: str,
        value: _Value,
        unit: str | None = None,
        *,
        location: _Place | None = None,
        time: _Time | None = None,
        group: str | None = None,
        metadata: _Metadata | None = None,
    ) -> Variable: ...
    @property
    def name(self) -> str:
        """Its name."""
    @property
    def type(self) -> str:
        """``number``, ``string``, ``boolean`` or ``location``."""
    @property
    def value(self) -> Any:
        """``int`` where the text is an integer, else ``float``; or ``str``, ``bool``, ``Location``."""
    @property
    def text(self) -> str:
        """The value as text: of a number or location with its exact digits."""
    def decimal(self) -> Decimal:
        """The exact number; ``ValueError`` for what is none."""
    @property
    def unit(self) -> str | None:
        """The unit."""
    @property
    def location(self) -> Location | None:
        """Where it was measured."""
    @property
    def time(self) -> int | None:
        """When it was measured, in UNIX milliseconds."""
    @property
    def datetime(self) -> _datetime | None:
        """The time as an aware ``datetime``; ``OverflowError`` for what that does not reach."""
    @property
    def group(self) -> str | None:
        """The group of variables that it belongs to."""
    @property
    def metadata(self) -> dict[str, str]:
        """Its own metadata."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @staticmethod
    def _from_frame(frame: str) -> Variable: ...

@final
class Location:
    """A place on earth. It can be unpacked into its two or three numbers."""

    __match_args__ = ("lat", "lng", "alt")
    def __new__(cls, lat: _Number, lng: _Number, alt: _Number | None = None) -> Location: ...
    @property
    def lat(self) -> float:
        """The latitude."""
    @property
    def lng(self) -> float:
        """The longitude."""
    @property
    def alt(self) -> float | None:
        """The altitude."""
    @property
    def text(self) -> str:
        """The exact digits."""
    def __iter__(self) -> Iterator[float]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Raw:
    """Passthrough data, as it is encoded."""

    __match_args__ = ("encoding", "data")
    def __new__(cls, encoding: Literal["hex", "base64"], data: str) -> Raw: ...
    @property
    def encoding(self) -> str:
        """``hex`` or ``base64``."""
    @property
    def data(self) -> str:
        """The text."""
    def decode(self) -> bytes:
        """The bytes; :class:`BuildError` where base64 is not what it should be."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def parse(data: _Data, /) -> Push | Pull | Ping:
    """Reads an uplink, with or without a line ending; raises :class:`FrameError`."""

def parse_ack(data: _Data, /) -> Ack:
    """Reads an answer, with or without a line ending; raises :class:`FrameError`."""

def parse_inner(method: _Method, data: _Data, /) -> Push | Pull | Ping | Ack:
    """Reads the text inside an envelope; raises :class:`FrameError`."""

def push(
    auth: str,
    serial: str,
    variables: _Content,
    *,
    seq: int | None = None,
    location: _Place | None = None,
    time: _Time | None = None,
    group: str | None = None,
    metadata: _Metadata | None = None,
    revision: _Revision | None = None,
) -> str:
    """Builds a PUSH of names and values, of variables, or of bytes.

    There is no line ending: add ``"\\n"`` on a stream. Raises :class:`BuildError`.
    """

def pull(auth: str, serial: str, names: Iterable[str], *, seq: int | None = None) -> str:
    """Builds a PULL; raises :class:`BuildError`."""

def ping(auth: str, serial: str, *, seq: int | None = None) -> str:
    """Builds a PING; raises :class:`BuildError`."""

def ack(
    status: str = "OK",
    detail: Union[int, str, Mapping[str, _Value], Iterable[Variable], None] = None,
    *,
    seq: int | None = None,
) -> str:
    """Builds an answer: its detail is a count, a text, or variables; raises :class:`BuildError`."""

def from_points(
    auth: str,
    serial: str,
    points: Union[str, Mapping[str, Any], list[Any], tuple[Any, ...]],
    *,
    seq: int | None = None,
    revision: _Revision | None = None,
) -> str:
    """Builds a PUSH of data points: JSON text, or dictionaries as :meth:`Push.points` gives."""

@final
class Token:
    """A device's token. A secret: it is wiped in the end and never shown."""

    def __new__(cls, text: str) -> Token: ...
    @property
    def hash(self) -> str:
        """The authorization hash that frames carry: 16 hex digits."""
    @property
    def first_revision_hash(self) -> str:
        """That of the first revision."""
    def derive_key(self, serial: str, length: Literal[16, 32] = 32) -> bytes:
        """The key that may be derived for a device instead of being chosen."""

def device_hash(serial: str) -> str:
    """The hash of a serial that envelopes name their device by: 16 hex digits."""

@final
class Sealer:
    """Seals what a device sends, or what a server answers to it. It owns the counter of its key."""

    def __new__(
        cls,
        cipher: str,
        key: Buffer,
        serial: str,
        *,
        token: Token | None = None,
        auth: str | None = None,
        layout: _Layout = "current",
        counter: int = 0,
    ) -> Sealer: ...
    def seal(self, method: _Method, inner: _Data) -> bytes:
        """Seals an inner frame; raises :class:`EnvelopeError`."""
    def push(
        self,
        variables: _Content,
        *,
        location: _Place | None = None,
        time: _Time | None = None,
        group: str | None = None,
        metadata: _Metadata | None = None,
    ) -> bytes:
        """Builds a PUSH and seals it."""
    def pull(self, names: Iterable[str]) -> bytes:
        """Builds a PULL and seals it."""
    def ping(self) -> bytes:
        """Seals a PING."""
    def ack(
        self,
        status: str = "OK",
        detail: Union[int, str, Mapping[str, _Value], Iterable[Variable], None] = None,
    ) -> bytes:
        """Builds an answer and seals it."""
    def reserve(self, count: int) -> int:
        """Reserves counters; gives the one to store before any of them is used."""
    @property
    def counter(self) -> int:
        """The next counter: to be stored, so that none is used twice."""
    @property
    def left(self) -> int:
        """How many counters are left of those reserved, or of all."""
    @property
    def cipher(self) -> str:
        """The name of the cipher."""
    @property
    def layout(self) -> str:
        """The layout of the headers."""
    @property
    def serial(self) -> str:
        """The device's serial."""
    def opener(self) -> Opener:
        """What opens envelopes of the same key and device."""

@final
class Opener:
    """Opens what was sealed with one key: of one device, or of whatever device the header names."""

    def __new__(cls, cipher: str, key: Buffer, serial: str | None = None) -> Opener: ...
    def open(self, envelope: Buffer, layout: _Layout = "current") -> Opened:
        """Opens an envelope; raises :class:`EnvelopeError`."""
    @property
    def cipher(self) -> str:
        """The name of the cipher."""

@final
class Header:
    """What stands before the ciphertext. Nothing vouches for it until the envelope is opened."""

    def __new__(cls, envelope: Buffer, layout: _Layout = "current") -> Header: ...
    @property
    def layout(self) -> str:
        """``current`` or ``short``."""
    @property
    def cipher(self) -> str:
        """The name of the cipher."""
    @property
    def method(self) -> str:
        """``PUSH``, ``PULL``, ``PING`` or ``ACK``."""
    @property
    def counter(self) -> int:
        """The counter."""
    @property
    def auth(self) -> str:
        """The authorization hash."""
    @property
    def device(self) -> str:
        """The hash of the serial: 16 hex digits, of the short layout 8."""
    def is_of(self, serial: str) -> bool:
        """Whether it names the device of this serial."""

@final
class Opened:
    """What an envelope was found to hold: authentic, but perhaps no frame."""

    @property
    def header(self) -> Header:
        """The header."""
    @property
    def text(self) -> str:
        """The text inside."""
    @property
    def method(self) -> str:
        """What it is the text of."""
    @property
    def counter(self) -> int:
        """The counter: to be checked against the last one."""
    @property
    def candidate(self) -> int:
        """Which of the candidates opened it."""
    def parse(self) -> Push | Pull | Ping | Ack:
        """Reads the text; raises :class:`FrameError`."""

def open_any(
    envelope: Buffer,
    candidates: Union[Iterable[Opener], Callable[[Header], Iterable[Opener]]],
    layouts: list[str] | None = None,
) -> Opened:
    """Opens an envelope with one of several keys, in any of ``layouts`` (all).

    ``candidates`` may be a function that looks keys up by the header.
    """

@final
class Splitter:
    """Cuts a byte stream into messages, the same ones however it was chunked.

    ``rule`` is ``lines``, ``delimiter``, ``length_field``, ``length_prefixed``, ``json``,
    ``packets`` or ``tagotip``. Settings that can never work raise :class:`StreamError`.
    """

    def __new__(
        cls,
        rule: str,
        *,
        max: int | None = None,
        strip: int | None = None,
        delimiters: list[bytes] | None = None,
        order: Literal["big", "little"] | None = None,
        offset: int | None = None,
        length: int | None = None,
        adjustment: int | None = None,
    ) -> Splitter: ...
    def feed(self, data: _Data, /) -> list[bytes | StreamError]:
        """The messages that are complete now. Errors are among them; none is raised."""
    @property
    def pending(self) -> int:
        """How many bytes wait for the rest of their message."""
    def reset(self) -> None:
        """Forgets the stream, but not the settings."""

@final
class Request:
    """A device asks for something: answer it by its ticket, in order."""

    __match_args__ = ("ticket", "number", "frame", "auth", "serial", "sealed")
    @property
    def ticket(self) -> int:
        """Says which request it is."""
    @property
    def number(self) -> int | None:
        """Its sequence counter, or that of its envelope."""
    @property
    def frame(self) -> Push | Pull | Ping:
        """The request."""
    @property
    def auth(self) -> str:
        """The authorization."""
    @property
    def serial(self) -> str:
        """The device's serial."""
    @property
    def sealed(self) -> bool:
        """Whether an envelope vouches for both."""

@final
class Rejected:
    """What came was no request, or must not be fulfilled. The answer has been written."""

    __match_args__ = ("code", "error")
    @property
    def code(self) -> str:
        """What the answer says."""
    @property
    def error(self) -> FrameError | None:
        """What is wrong with the frame, if that is the reason."""

@final
class Closed:
    """The session is over: send what is left, then close the connection."""

    __match_args__ = ("code",)
    @property
    def code(self) -> str:
        """Why."""

@final
class Connect:
    """A connection is wanted now: say what came of it."""

    __match_args__ = ()

@final
class Disconnect:
    """The connection is of no use any more and is to be closed."""

    __match_args__ = ("reason",)
    @property
    def reason(self) -> str:
        """``timeout``, ``unreadable``, or the code that the server gave."""

@final
class Answer:
    """A request got its answer."""

    __match_args__ = ("number", "method", "done", "repeated", "ack")
    @property
    def number(self) -> int:
        """The number that the request was given."""
    @property
    def method(self) -> str:
        """What was asked for."""
    @property
    def done(self) -> bool:
        """Whether the request was fulfilled, now or when it was sent before."""
    @property
    def repeated(self) -> bool:
        """Whether it was sent more than once."""
    @property
    def ack(self) -> Ack:
        """The answer."""

@final
class Command:
    """The server has a command for the device."""

    __match_args__ = ("text", "answers")
    @property
    def text(self) -> str:
        """The command."""
    @property
    def answers(self) -> int | None:
        """The number of the PING that this is the answer to, if it is one."""

@final
class Lost:
    """A request got no answer and is given up. Nobody knows whether it was fulfilled."""

    __match_args__ = ("number",)
    @property
    def number(self) -> int:
        """The number of the request."""

@final
class Extra:
    """An answer that nothing waits for: to a keep-alive, or too late, or once more."""

    __match_args__ = ("ack",)
    @property
    def ack(self) -> Ack:
        """The answer."""

@final
class Unreadable:
    """What came was no answer at all, or is too long to be read."""

    __match_args__ = ("error",)
    @property
    def error(self) -> FrameError:
        """What is wrong."""

@final
class Devices:
    """What servers know of devices: keys, and counters to enforce."""

    def __new__(cls) -> Devices: ...
    def enforce_sequence(
        self, auth: str, serial: str, *, window: int = 0, state: Buffer | None = None
    ) -> None:
        """From now on the counters of this device must go up, or come late by at most ``window``."""
    def sequence_state(self, auth: str, serial: str) -> bytes | None:
        """What to store of such a counter, and to give back as ``state``."""
    def add_key(self, sealer: Sealer) -> int:
        """Adds the key of a device; the sealer belongs to this from now on. Gives the key's name."""
    def counter(self, name: int) -> int:
        """The next counter of the answers that a key seals: to be stored."""

@final
class Server:
    """One connection, seen from the server, without the connection. Times are milliseconds."""

    def __new__(
        cls,
        now: int,
        *,
        devices: Devices | None = None,
        datagrams: bool = False,
        idle: int = 20000,
        ttl: int = 60000,
        max_frame: int = 16384,
        max_output: int = 65536,
    ) -> Server: ...
    def receive(self, data: _Data) -> None:
        """Takes what came from the connection."""
    def next_event(self, now: int) -> Request | Rejected | Closed | None:
        """The next thing that happened."""
    def events(self, data: _Data, now: int) -> list[Request | Rejected | Closed]:
        """Takes what came, and gives all that happened."""
    def answer(
        self,
        ticket: int,
        status: str = "OK",
        detail: Union[int, str, Mapping[str, _Value], Iterable[Variable], None] = None,
    ) -> None:
        """Answers the oldest request that has no answer."""
    def command(self, text: str) -> None:
        """Sends a command that the device did not ask for."""
    def data_to_send(self) -> bytes:
        """All that is to be sent now; it counts as sent."""
    def handle_timeout(self, now: int) -> None:
        """To be called at the deadline."""
    def close(self, code: str) -> None:
        """Ends the session for a reason, as soon as all is answered."""
    @property
    def deadline(self) -> int | None:
        """When :meth:`handle_timeout` is to be called."""
    @property
    def unanswered(self) -> int:
        """How many requests have no answer."""
    @property
    def waiting(self) -> int:
        """How many received bytes wait for answers to be given first."""
    @property
    def closed(self) -> bool:
        """Whether it is over."""
    @property
    def mode(self) -> str | None:
        """``text`` or ``envelopes``, once the first byte came."""

@final
class Client:
    """One device, seen from itself, without the connection. Times are milliseconds, 0 is never."""

    def __new__(
        cls,
        auth: str,
        serial: str,
        *,
        sealer: Sealer | None = None,
        datagrams: bool = False,
        keep_alive: int = 15000,
        timeout: int = 10000,
        retry_first: int = 1000,
        retry_max: int = 60000,
        attempts: int = 0,
        drop_oldest: bool = False,
        next_number: int = 1,
        seed: int = 0,
        max_queue: int = 65536,
        max_answer: int = 16384,
    ) -> Client: ...
    def send(self, frame: _Data, now: int) -> int:
        """Queues a request; gives the number by which its answer will be known."""
    def receive(self, data: _Data) -> None:
        """Takes what came from the connection."""
    def next_event(
        self, now: int
    ) -> Connect | Disconnect | Answer | Command | Lost | Extra | Unreadable | None:
        """The next thing that happened, or is to be done."""
    def events(
        self, data: _Data, now: int
    ) -> list[Connect | Disconnect | Answer | Command | Lost | Extra | Unreadable]:
        """Takes what came, and gives all that happened or is to be done."""
    def data_to_send(self, now: int) -> bytes:
        """What is to be sent now; it counts as sent."""
    def connected(self, now: int) -> None:
        """The connection that was wanted is there."""
    def disconnected(self, now: int) -> None:
        """There is no connection any more, or none could be made."""
    def close(self) -> None:
        """No connection is wanted until :meth:`open`."""
    def open(self, now: int) -> None:
        """A connection is wanted, as it is from the beginning."""
    def handle_timeout(self, now: int) -> None:
        """To be called at the deadline."""
    def reserve(self, count: int) -> int:
        """Reserves numbers; gives the one to store before any of them is used."""
    @property
    def auth(self) -> str:
        """The authorization."""
    @property
    def serial(self) -> str:
        """The device's serial."""
    @property
    def counter(self) -> int:
        """The number of the next request."""
    @property
    def deadline(self) -> int | None:
        """When :meth:`handle_timeout` is to be called."""
    @property
    def idle(self) -> bool:
        """Whether everything has its answer."""
    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""

@final
class Packet:
    """A packet of ThingsPanel. ``bytes(packet)`` is the packet with its header."""

    __match_args__ = ("type", "command", "payload")
    def __new__(cls, type: int, command: int, payload: _Data | None = None) -> Packet: ...
    @property
    def type(self) -> int:
        """0 for data, 1 for a heartbeat."""
    @property
    def command(self) -> int:
        """0 for authorization, 1 for attributes, 2 for events."""
    @property
    def payload(self) -> bytes:
        """An access token, or JSON."""
    def __bytes__(self) -> bytes: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def parse_packet(data: _Data, /) -> Packet:
    """Reads a whole packet of ThingsPanel; raises :class:`FrameError`."""

def values(push: Push, /) -> str:
    """The data points as attributes or telemetry of ThingsPanel, an object as JSON.

    Of a variable that comes more than once the last value stands.
    """

def event(method: str, push: Push, /) -> str:
    """The same as an event: ``{"method": …, "params": {…}}``."""

def values_push(auth: str, serial: str, values: _Data) -> str:
    """Builds a PUSH of such an object of values; raises :class:`BuildError`."""

@final
class Topic:
    """Where something is published over MQTT. Import it from ``tipwire.thingspanel``.

    ``str(topic)`` is the topic. Telemetry has no ``id``; all else has one, which the sender chooses.
    """

    __match_args__ = ("channel", "id")
    def __new__(
        cls,
        channel: Literal["telemetry", "attributes", "event"],
        id: str = "",
        *,
        gateway: bool = False,
    ) -> Topic: ...
    @staticmethod
    def parse(topic: str, /) -> Topic:
        """Reads a topic; raises :class:`FrameError`."""
    @property
    def channel(self) -> Literal["telemetry", "attributes", "event"]:
        """What it is for."""
    @property
    def id(self) -> str:
        """The message's id."""
    @property
    def gateway(self) -> bool:
        """Whether a gateway publishes there."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

__version__: Final[str]
"""The version of the package."""
DEVICE_NOT_FOUND: Final[str]
"""What a server says to a token it does not know, before it closes the connection."""
NOT_AUTHORIZED: Final[str]
"""What a server says to data that come before a token, before it closes the connection."""
NOT_A_PACKET: Final[str]
"""What a server says to what is no packet, before it closes the connection."""
REGISTER_FAILED: Final[str]
"""What a server of raw messages says to a token it does not know, before it closes the connection."""

DEVICE_TOPIC: Final[str]
"""Where a device publishes its own telemetry to ThingsBoard."""
GATEWAY_TOPIC: Final[str]
"""Where a gateway publishes the telemetry of the devices behind it."""

# What is JSON: text, or what `json.dumps` takes.
_Json: TypeAlias = Union[str, Mapping[str, Any], list[Any], tuple[Any, ...]]

@final
class Converter:
    """Makes messages uplink objects, as JSON. Import it from ``tipwire.thingsboard``."""

    @overload
    def __new__(
        cls, converter: Literal["text", "json", "binary"], settings: _Json | None = None, /
    ) -> Converter:
        """One of three, with settings; raises :class:`ConvertError` if they cannot work."""
    @overload
    def __new__(cls, converter: Callable[[bytes], _Json], /) -> Converter:
        """A function that takes a message and gives uplink objects: all of them are checked."""
    def convert(self, message: _Data, /) -> str:
        """The uplink object of a message, or the list of them; raises :class:`ConvertError`."""
    def uplinks(self, message: _Data, /) -> list[Uplink]:
        """The same, taken apart."""

@final
class Uplink:
    """What a converter made of a message, or of a part of it."""

    __match_args__ = ("name", "type")
    @property
    def name(self) -> str:
        """The name of the device or the asset."""
    @property
    def type(self) -> str | None:
        """Its type, if one is given."""
    @property
    def is_asset(self) -> bool:
        """Whether it is an asset."""
    @property
    def attributes(self) -> dict[str, Any]:
        """Its attributes."""
    def points(self) -> list[dict[str, Any]]:
        """Its telemetry as data points: ``variable``, ``value`` and perhaps ``time``."""
    def push(self, auth: str, serial: str | None = None) -> str:
        """Builds a PUSH of its telemetry; the serial is the name if there is none."""

def parse_uplinks(uplinks: _Json, /) -> list[Uplink]:
    """Checks uplink objects, one or a list, and takes them apart; raises :class:`ConvertError`."""

def telemetry(push: Push, /, *, details: bool = False) -> str:
    """The data points as a device publishes its own telemetry, as JSON.

    With ``details``, unit, group, location and metadata are values too: ``temperature_unit``.
    """

def gateway_telemetry(push: Push, /, device: str | None = None, *, details: bool = False) -> str:
    """The same as a gateway publishes it; the device is the serial if there is none."""

def uplink(push: Push, /, *, details: bool = False) -> str:
    """A PUSH as an uplink object, the serial as the name of the device."""

def downlink(downlink: _Json, /) -> bytes:
    """What a downlink sends to a device, line feed included; raises :class:`ConvertError`."""

_Channel: TypeAlias = Literal["push", "pull", "ack"]

@final
class HttpRequest:
    """A frame or an envelope as TagoIO's HTTP request. Import it from ``tipwire.tagoio``."""

    __match_args__ = ("method", "path")
    def __new__(
        cls,
        method: str,
        path: str,
        query: str = "",
        authorization: str = "",
        body: _Data | None = None,
    ) -> HttpRequest: ...
    @staticmethod
    def from_frame(frame: _Data, /) -> HttpRequest:
        """The request that says what a frame says; its counter is left out."""
    @staticmethod
    def from_envelope(envelope: _Data, /) -> HttpRequest:
        """The request that carries an envelope."""
    @property
    def method(self) -> str:
        """``POST``, ``GET`` or ``HEAD``."""
    @property
    def path(self) -> str:
        """The path without the query."""
    @property
    def query(self) -> str:
        """The query without its ``?``."""
    @property
    def authorization(self) -> str:
        """The value of the header ``Authorization``; empty for an envelope."""
    @property
    def body(self) -> bytes:
        """The body."""
    @property
    def envelope(self) -> bytes | None:
        """The envelope, where the request carries one."""
    def to_frame(self) -> str:
        """The frame that says what the request says; raises :class:`BuildError`."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class HttpResponse:
    """An answer or an envelope as TagoIO's HTTP response."""

    __match_args__ = ("status", "command")
    def __new__(
        cls, status: int, command: str | None = None, body: _Data | None = None
    ) -> HttpResponse: ...
    @staticmethod
    def from_ack(ack: _Data, /) -> HttpResponse:
        """The response that says what an answer says; its counter is left out."""
    @staticmethod
    def from_envelope(envelope: _Data, /) -> HttpResponse:
        """The response that carries an envelope."""
    @staticmethod
    def from_error(error: TipwireError, /) -> HttpResponse:
        """The response of a server that could not take a request."""
    @property
    def status(self) -> int:
        """The status code."""
    @property
    def command(self) -> str | None:
        """The value of the header ``X-TagoTiP-CMD``, if there is one."""
    @property
    def body(self) -> bytes:
        """The body."""
    def to_ack(self, method: Literal["PUSH", "PULL", "PING"], seq: int | None = None) -> str:
        """The answer that the response to a request of this method is."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class MqttMessage:
    """A frame, an answer or an envelope as an MQTT message of TagoIO's."""

    __match_args__ = ("topic", "payload")
    def __new__(cls, topic: str, payload: _Data) -> MqttMessage: ...
    @staticmethod
    def from_frame(frame: _Data, /) -> MqttMessage:
        """The message that says what a frame says; there is none for a PING."""
    @staticmethod
    def from_ack(ack: _Data, serial: str, /) -> MqttMessage:
        """The message that says to a device what an answer says."""
    @staticmethod
    def from_envelope(envelope: _Data, serial: str, channel: _Channel, /) -> MqttMessage:
        """The message that carries an envelope from or to a device."""
    @property
    def topic(self) -> str:
        """The topic."""
    @property
    def payload(self) -> bytes:
        """The payload."""
    @property
    def envelope(self) -> bytes | None:
        """The envelope, where the message carries one."""
    def to_frame(self, auth: str) -> str:
        """The frame that a device means; ``auth`` is the hash it logged in with."""
    def to_ack(self) -> str:
        """The answer that a server means."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

def topic(serial: str, channel: _Channel, *, sealed: bool = False) -> str:
    """The topic of a device, of frames or of envelopes."""

def login(hash: str, /) -> tuple[str, str]:
    """User and password that a device connects to the broker with."""

def join_login(user: str, password: str, /) -> str:
    """The hash that a user and a password are the halves of."""

@final
class Batch:
    """Columns, as Arrow has them: give it to pyarrow, polars, duckdb or pandas."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any: ...
    def __arrow_c_schema__(self) -> Any: ...
    @property
    def column_names(self) -> list[str]:
        """The names of the columns."""
    def __len__(self) -> int:
        """How many rows there are."""

def decode_batch(frames: Union[_Data, list[Any], tuple[Any, ...]], /) -> Batch:
    """Reads many uplinks into columns: lines in a buffer, or a list of frames.

    There is a row for each data point and one for each frame without any; a bad frame is a row with
    an ``error``. The GIL is released meanwhile.
    """
