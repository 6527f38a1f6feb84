"""The command line: ``tipwire --help``.

It ends with 0 where all went well, with 1 where some input was bad or refused, and with 2 where the
command itself makes no sense.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, Optional

import tipwire

__all__ = ["main"]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs a command; gives the exit code."""
    options = _parser().parse_args(arguments)
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
    except (tipwire.TipwireError, OSError, ValueError) as error:
        print(f"tipwire: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tipwire", description="Device telemetry on the command line."
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    decode = command("decode", _decode, "Frames, one a line, to JSON lines; a table on a terminal.")
    decode.add_argument("file", nargs="*", help="standard input if there is none, or for -")
    decode.add_argument("--format", choices=["json", "points", "table"], help="json unless on a terminal")
    decode.add_argument("--ack", action="store_true", help="the frames are answers")
    decode.add_argument("--progress", action="store_true", help="a bar on standard error (needs rich)")

    encode = command("encode", _encode, "JSON lines of data points, an object or a list, to frames.")
    encode.add_argument("file", nargs="*", help="standard input if there is none, or for -")
    encode.add_argument("--auth", required=True, help="the authorization hash")
    encode.add_argument("--serial", required=True)
    encode.add_argument("--seq", type=int, help="the first sequence counter; it goes up")

    for name, run, text in [
        ("seal", _seal, "Inner frames, one a line, to envelopes in hex."),
        ("open", _open, "Envelopes in hex, one a line, to inner frames."),
    ]:
        added = command(name, run, text)
        added.add_argument("file", nargs="*", help="standard input if there is none, or for -")
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
        return os.environ[text[4:]]
    return text


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal():
        raise ValueError(f"{text!r} is no host:port")
    return host.strip("[]") or "127.0.0.1", int(port)


def _files(names: Sequence[str]) -> Iterator[tuple[str, BinaryIO]]:
    for name in names or ["-"]:
        if name == "-":
            yield "standard input", sys.stdin.buffer
        else:
            with open(name, "rb") as file:
                yield name, file


def _lines(options: argparse.Namespace, bar: Any = None) -> Iterator[tuple[str, int, bytes]]:
    """File, number and text of each line that is not empty, in memory that is bounded."""
    for name, file in _files(options.file):
        splitter = tipwire.Splitter("lines")
        number = 0
        ended = False
        while not ended:
            # What a pipe has now, without waiting for more.
            chunk: bytes = getattr(file, "read1", file.read)(1 << 16)
            ended = not chunk
            if ended and splitter.pending:
                chunk = b"\n"
            if bar is not None:
                bar(len(chunk))
            for line in splitter.feed(chunk):
                number += 1
                if isinstance(line, tipwire.StreamError):
                    print(f"{name}:{number}: {line}", file=sys.stderr)
                    options.bad = True
                elif line:
                    yield name, number, line


def _decode(options: argparse.Namespace) -> int:
    options.bad = False
    parse = tipwire.parse_ack if options.ack else tipwire.parse
    style = options.format or ("table" if sys.stdout.isatty() else "json")
    write = sys.stdout.write
    with _progress(options) as bar:
        for name, number, line in _lines(options, bar):
            try:
                frame: Any = parse(line)
            except tipwire.FrameError as error:
                print(f"{name}:{number}: {error.code}: {error}", file=sys.stderr)
                options.bad = True
                continue
            if style == "json":
                write(frame.to_json() + "\n")
            elif style == "points":
                has_points = isinstance(frame, (tipwire.Push, tipwire.Ack))
                write((frame.points_json() if has_points else "[]") + "\n")
            else:
                write("".join(f"{row}\n" for row in _rows(frame)))
    return int(options.bad)


def _rows(frame: Any) -> Iterable[str]:
    """A frame for people."""
    serial = getattr(frame, "serial", "")
    seq = "" if frame.seq is None else f" !{frame.seq}"
    yield f"{frame.method}{seq} {serial or getattr(frame, 'status', '')}"
    for key in ("count", "command", "error", "text", "names", "raw", "time", "group", "location"):
        value = getattr(frame, key, None)
        if value is not None:
            yield f"  {key}: {value}"
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


class _progress:
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
            self._task = self._bar.add_task("decoding", total=sum(sizes) or None)

    def __enter__(self) -> Any:
        if self._bar is None:
            return None
        self._bar.start()
        return lambda count: self._bar.advance(self._task, count)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _encode(options: argparse.Namespace) -> int:
    options.bad = False
    seq = options.seq
    for name, number, line in _lines(options):
        try:
            text = line.decode()
            frame = tipwire.from_points(options.auth, options.serial, text, seq=seq)
        except (tipwire.BuildError, UnicodeDecodeError) as error:
            print(f"{name}:{number}: {error}", file=sys.stderr)
            options.bad = True
            continue
        seq = None if seq is None else seq + 1
        sys.stdout.write(frame + "\n")
    return int(options.bad)


def _seal(options: argparse.Namespace) -> int:
    options.bad = False
    sealer = tipwire.Sealer(
        options.cipher,
        bytes.fromhex(_secret(options.key)),
        options.serial,
        token=tipwire.Token(_secret(options.token)),
        layout=options.layout,
        counter=options.counter,
    )
    for name, number, line in _lines(options):
        try:
            sys.stdout.write(sealer.seal(options.method, line).hex() + "\n")
        except tipwire.EnvelopeError as error:
            print(f"{name}:{number}: {error}", file=sys.stderr)
            options.bad = True
    return int(options.bad)


def _open(options: argparse.Namespace) -> int:
    options.bad = False
    key = bytes.fromhex(_secret(options.key))
    for name, number, line in _lines(options):
        try:
            envelope = bytes.fromhex(line.decode("ascii", "replace"))
            cipher = tipwire.Header(envelope, options.layout).cipher
            opener = tipwire.Opener(cipher, key, options.serial)
            sys.stdout.write(opener.open(envelope, options.layout).text + "\n")
        except ValueError as error:
            print(f"{name}:{number}: {error}", file=sys.stderr)
            options.bad = True
    return int(options.bad)


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
        found = json.loads(value, parse_float=_exact)
        if isinstance(found, (bool, int, str)) or not isinstance(found, (dict, list, type(None))):
            return name, found
    return name, value


def _exact(text: str) -> Any:
    from decimal import Decimal

    return Decimal(text)


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
            print(request.frame.to_json(), flush=True)
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
