"""The command line: ``tipwire --help``.

It ends with 0 where all went well, with 1 where some input was bad or refused, and with 2 where the
command itself makes no sense.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, BinaryIO, Optional, Union

import tipwire
from tipwire import thingsboard

__all__ = ["main"]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs a command; gives the exit code."""
    options = _options(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        # Frames and JSON are UTF-8 wherever this runs.
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read this has had enough; nothing is to be flushed at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except (tipwire.TipwireError, OSError, ValueError, OverflowError) as error:
        print(f"tipwire: {error}", file=sys.stderr)
        return 1


def _options(arguments: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    # argparse leaves files and values that stand behind an option.
    listed = getattr(options, "values", getattr(options, "file", None))
    if rest and (listed is None or any(word.startswith("-") and word != "-" for word in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if listed is not None:
        listed.extend(rest)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tipwire", description="Device telemetry on the command line.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"tipwire {tipwire.__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        added.set_defaults(run=run)
        return added

    def read_files(added: argparse.ArgumentParser) -> None:
        added.add_argument("file", nargs="*", help="standard input if there is none, or for -")

    decode = command("decode", _decode, "Frames, one a line, to JSON lines; a table on a terminal.")
    read_files(decode)
    formats = ["json", "points", "telemetry", "table"]
    decode.add_argument("--format", choices=formats, help="json unless on a terminal")
    decode.add_argument("--ack", action="store_true", help="the frames are answers")
    decode.add_argument("--progress", action="store_true", help="a bar on standard error (needs rich)")

    encode = command("encode", _encode, "JSON lines of data points, an object or a list, to frames.")
    read_files(encode)
    encode.add_argument("--auth", required=True, help="the authorization hash")
    encode.add_argument("--serial", required=True)
    encode.add_argument("--seq", type=int, help="the first sequence counter; it goes up")

    convert = command("convert", _convert, "Messages, one a line, to ThingsBoard's uplink objects.")
    convert.add_argument("converter", choices=["text", "json", "binary"], help="binary ones are in hex")
    read_files(convert)
    convert.add_argument("--settings", help="of the converter: JSON, @file, or env:NAME")
    convert.add_argument("--auth", help="gives frames with this authorization hash in place of objects")

    for name, run, text in [
        ("seal", _seal, "Inner frames, one a line, to envelopes in hex."),
        ("open", _open, "Envelopes in hex, one a line, to inner frames."),
    ]:
        added = command(name, run, text)
        read_files(added)
        added.add_argument("--key", required=True, help="hex, @file, or env:NAME")
        added.add_argument("--serial", required=name == "seal")
        added.add_argument("--layout", choices=["current", "short"], default="current")
        if name == "seal":
            added.add_argument("--cipher", default="aes-128-ccm")
            added.add_argument("--method", choices=["PUSH", "PULL", "PING", "ACK"], default="PUSH")
            added.add_argument("--token", required=True, help="the token, @file, or env:NAME")
            added.add_argument("--counter", type=int, required=True, help="of the first; it goes up")

    hashes = command("hash", _hash, "The authorization hash of a token, and what else is made of it.")
    hashes.add_argument("token", help="the token, @file, or env:NAME")
    hashes.add_argument("--serial", help="adds the hash of the device")

    send = command("send", _send, "Sends values to a server and prints its answer.")
    send.add_argument("address", help="host:port")
    send.add_argument("values", nargs="*", help="name=value; none for a PING")
    send.add_argument("--auth", required=True)
    send.add_argument("--serial", required=True)
    send.add_argument("--udp", action="store_true")
    send.add_argument("--tls", action="store_true")
    send.add_argument("--timeout", type=float, default=10, help="seconds")

    serve = command("serve", _serve, "A test endpoint: answers as the protocol says, prints what it gets.")
    serve.add_argument("address", nargs="?", default="127.0.0.1:5693", help="host:port")
    serve.add_argument("--udp", action="store_true")
    serve.add_argument("--count", type=int, help="ends after so many requests")
    return parser


def _secret(text: str) -> str:
    """Secrets need not stand in a list of processes."""
    if text.startswith("@"):
        with open(text[1:], encoding="utf-8") as file:
            return file.read().strip()
    if text.startswith("env:"):
        value = os.environ.get(text[4:])
        if value is None:
            raise ValueError(f"there is no variable {text[4:]} in the environment")
        return value
    return text


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        # What was typed may be a key.
        raise ValueError("expected bytes in hex") from None


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (colon and port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise ValueError(f"{text!r} is no host:port")
    return host.strip("[]") or "127.0.0.1", int(port)


def _files(names: Sequence[str]) -> Iterator[tuple[str, BinaryIO]]:
    for name in names or ["-"]:
        if name == "-":
            yield "standard input", sys.stdin.buffer
        else:
            with open(name, "rb") as file:
                yield name, file


# The most bytes of a line that is no frame, but JSON, hex or whatever a device says.
_LONG = 1 << 20


def _lines(
    names: Sequence[str], max: Optional[int], advance: Callable[[int], None]
) -> Iterator[tuple[str, int, Union[bytes, tipwire.StreamError]]]:
    """File, number and text of each line that is not empty, in memory that is bounded."""
    for name, file in _files(names):
        splitter = tipwire.Splitter("lines", max=max)
        number = 0
        ended = False
        while not ended:
            # What a pipe has now, without waiting for more.
            chunk: bytes = getattr(file, "read1", file.read)(1 << 16)
            advance(len(chunk))
            ended = not chunk
            if ended and splitter.pending:
                chunk = b"\n"
            for line in splitter.feed(chunk):
                number += 1
                if line:
                    yield name, number, line


def _each(
    options: argparse.Namespace,
    work: Callable[[bytes], Iterable[str]],
    max: Optional[int] = None,
) -> int:
    """Writes what becomes of each line, and says of which ones nothing does."""
    code = 0
    with _Bar(options) as bar:
        for name, number, line in _lines(options.file, max, bar.advance):
            try:
                if isinstance(line, tipwire.StreamError):
                    raise line
                for text in work(line):
                    sys.stdout.write(text + "\n")
            except ValueError as error:
                kind = f"{error.code}: " if isinstance(error, tipwire.FrameError) else ""
                print(f"{name}:{number}: {kind}{error}", file=sys.stderr)
                code = 1
    return code


class _Bar:
    """A bar over the bytes of the files, if one is wanted and there is something to draw it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._bar: Any = None
        if getattr(options, "progress", False):
            try:
                from rich.console import Console
                from rich.progress import Progress
            except ImportError:
                raise ValueError("--progress needs: pip install tipwire[progress]") from None
            sizes = [os.path.getsize(name) for name in options.file if os.path.isfile(name)]
            self._bar = Progress(console=Console(stderr=True))
            self._task = self._bar.add_task("reading", total=sum(sizes) or None)

    def __enter__(self) -> _Bar:
        if self._bar is not None:
            self._bar.start()
        return self

    def advance(self, count: int) -> None:
        if self._bar is not None:
            self._bar.advance(self._task, count)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _decode(options: argparse.Namespace) -> int:
    parse: Callable[[bytes], Any] = tipwire.parse_ack if options.ack else tipwire.parse
    style = options.format or ("table" if sys.stdout.isatty() else "json")

    def work(line: bytes) -> Iterable[str]:
        frame = parse(line)
        if style == "json":
            return [frame.to_json()]
        if style == "table":
            return _rows(frame)
        if style == "telemetry":
            is_push = isinstance(frame, tipwire.Push)
            return [thingsboard.gateway_telemetry(frame)] if is_push else []
        has_points = isinstance(frame, (tipwire.Push, tipwire.Ack))
        return [frame.points_json() if has_points else "[]"]

    return _each(options, work)


def _rows(frame: Any) -> Iterable[str]:
    """A frame for people."""
    serial = getattr(frame, "serial", "")
    seq = "" if frame.seq is None else f" !{frame.seq}"
    yield f"{frame.method}{seq} {serial or getattr(frame, 'status', '')}"
    for key in ("count", "command", "error", "text", "names", "raw", "time", "group", "location"):
        value = getattr(frame, key, None)
        if isinstance(value, tipwire.Raw):
            value = f"{len(value.data)} characters of {value.encoding}"
        elif isinstance(value, tipwire.Location):
            value = value.text
        elif isinstance(value, tuple):
            value = ", ".join(value)
        if value is not None:
            yield f"  {key}: {value}"
    if getattr(frame, "metadata", None):
        yield f"  metadata: {json.dumps(frame.metadata, ensure_ascii=False)}"
    for variable in getattr(frame, "variables", ()):
        unit = variable.unit or ""
        text = variable.text.replace("\n", "\\n")
        parts = [f"  {variable.name:<24} {text:>16} {unit:<6}"]
        if variable.time is not None:
            parts.append(f"@{variable.time}")
        if variable.group is not None:
            parts.append(f"^{variable.group}")
        if variable.location is not None:
            parts.append(f"at {variable.location.text}")
        if variable.metadata:
            parts.append(json.dumps(variable.metadata, ensure_ascii=False))
        yield " ".join(parts).rstrip()


def _encode(options: argparse.Namespace) -> int:
    seq = options.seq

    def work(line: bytes) -> Iterable[str]:
        nonlocal seq
        frame = tipwire.from_points(options.auth, options.serial, line.decode(), seq=seq)
        seq = None if seq is None else seq + 1
        return [frame]

    return _each(options, work, _LONG)


def _convert(options: argparse.Namespace) -> int:
    settings = json.loads(_secret(options.settings)) if options.settings else None
    converter = thingsboard.Converter(options.converter, settings)

    def work(line: bytes) -> Iterable[str]:
        if options.converter == "binary":
            line = _from_hex(line.decode("ascii", "replace"))
        if options.auth is None:
            return [converter.convert(line)]
        return [uplink.push(options.auth) for uplink in converter.uplinks(line)]

    return _each(options, work, _LONG)


def _seal(options: argparse.Namespace) -> int:
    sealer = tipwire.Sealer(
        options.cipher,
        _from_hex(_secret(options.key)),
        options.serial,
        token=tipwire.Token(_secret(options.token)),
        layout=options.layout,
        counter=options.counter,
    )
    return _each(options, lambda line: [sealer.seal(options.method, line).hex()])


def _open(options: argparse.Namespace) -> int:
    key = _from_hex(_secret(options.key))

    def work(line: bytes) -> Iterable[str]:
        envelope = _from_hex(line.decode("ascii", "replace"))
        cipher = tipwire.Header(envelope, options.layout).cipher
        opener = tipwire.Opener(cipher, key, options.serial)
        return [opener.open(envelope, options.layout).text]

    return _each(options, work, _LONG)


def _hash(options: argparse.Namespace) -> int:
    token = tipwire.Token(_secret(options.token))
    print(token.hash)
    if options.serial is not None:
        print(tipwire.device_hash(options.serial))
    return 0


def _value(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is no name=value")
    with suppress(ValueError):
        found = json.loads(value, parse_float=Decimal, parse_constant=_no_json)
        if not isinstance(found, (dict, list, type(None))):
            return name, found
    return name, value


def _no_json(constant: str) -> Any:
    """``NaN`` and the infinities are text, as in JSON."""
    raise ValueError(constant)


def _send(options: argparse.Namespace) -> int:
    import ssl

    from tipwire import aio

    host, port = _address(options.address)
    values = dict(map(_value, options.values))
    context = ssl.create_default_context() if options.tls else None

    async def ask() -> Any:
        device = aio.connect(host, port, options.auth, options.serial, udp=options.udp, ssl=context)
        async with device:
            return await (device.push(values) if values else device.ping())

    try:
        ack = asyncio.run(asyncio.wait_for(ask(), options.timeout))
    except asyncio.TimeoutError:
        print(f"tipwire: no answer within {options.timeout:g} s", file=sys.stderr)
        return 1
    print(ack.to_json())
    return int(ack.status == "ERR")


def _serve(options: argparse.Namespace) -> int:
    from tipwire import aio

    host, port = _address(options.address)
    stored: dict[tuple[str, str], dict[str, tipwire.Variable]] = {}

    async def run() -> None:
        left = options.count
        done = asyncio.Event()

        def handler(request: tipwire.Request) -> Any:
            nonlocal left
            try:
                print(request.frame.to_json(), flush=True)
            except BrokenPipeError:
                done.set()
            if left is not None:
                left -= 1
                if left == 0:
                    asyncio.get_running_loop().call_later(0.1, done.set)
            known = stored.setdefault((request.auth, request.serial), {})
            frame = request.frame
            if isinstance(frame, tipwire.Push):
                known.update((variable.name, variable) for variable in frame.variables)
                return len(frame.variables) or 1
            if isinstance(frame, tipwire.Pull):
                found = [known[name] for name in frame.names if name in known]
                return found or ("ERR", "variable_not_found")
            return "PONG"

        async with aio.serve(handler, host, port, udp=options.udp) as server:
            print(f"serving on {host}:{server.port}", file=sys.stderr, flush=True)
            await done.wait()

    asyncio.run(run())
    return 0
