"""The black box of docs/spec/driver.md over the Python API: one request a line, one JSON answer."""

from __future__ import annotations

import json
import sys
from typing import Any, Callable, Union

import tipwire
from tipwire import thingsboard


class BadRequest(Exception):
    pass


def unhex(digits: str) -> bytes:
    if len(digits) % 2 or any(digit not in "0123456789abcdef" for digit in digits):
        raise BadRequest
    return bytes.fromhex(digits)


def integer(digits: str) -> int:
    if not digits.removeprefix("-").isdecimal() or not digits.isascii():
        raise BadRequest
    return int(digits)


def rebuilt(variable: tipwire.Variable) -> tipwire.Variable:
    """The variable from plain values."""
    value = variable.decimal() if variable.type == "number" else variable.value
    return tipwire.Variable(
        variable.name,
        value,
        variable.unit,
        location=variable.location,
        time=variable.time,
        group=variable.group,
        metadata=variable.metadata,
    )


def canonical(frame: tipwire.Frame) -> str:
    match frame:
        case tipwire.Push(raw=tipwire.Raw(encoding, data)):
            body: Any = tipwire.Raw(encoding, data)
            return tipwire.push(frame.auth, frame.serial, body, seq=frame.seq)
        case tipwire.Push(serial, variables):
            return tipwire.push(
                frame.auth,
                serial,
                map(rebuilt, variables),
                seq=frame.seq,
                location=frame.location,
                time=frame.time,
                group=frame.group,
                metadata=frame.metadata,
            )
        case tipwire.Pull(serial, names):
            return tipwire.pull(frame.auth, serial, names, seq=frame.seq)
        case tipwire.Ping(serial):
            return tipwire.ping(frame.auth, serial, seq=frame.seq)
        case tipwire.Ack(status):
            text = next((text for text in (frame.command, frame.error, frame.text) if text), None)
            detail: Any = text if frame.count is None else frame.count
            if frame.variables:
                detail = map(rebuilt, frame.variables)
            return tipwire.ack(status, detail, seq=frame.seq)
    raise AssertionError


def forms(frame: tipwire.Frame) -> dict[str, Any]:
    answer: dict[str, Any] = {"json": Json(frame.to_json())}
    if isinstance(frame, (tipwire.Push, tipwire.Ack)) and frame.variables:
        answer["points"] = Json(frame.points_json())
    return answer


def uplink(frame: str) -> dict[str, Any]:
    read = tipwire.parse(unhex(frame))
    return {**forms(read), "canonical": canonical(read)}


def ack(frame: str) -> dict[str, Any]:
    read = tipwire.parse_ack(unhex(frame))
    return {**forms(read), "canonical": canonical(read)}


def inner(method: str, frame: str) -> dict[str, Any]:
    if method not in ("PUSH", "PULL", "PING", "ACK"):
        raise BadRequest
    return forms(tipwire.parse_inner(method, unhex(frame)))


def derive(text: str, serial: str, length: str) -> dict[str, Any]:
    if not 0 <= integer(length) <= 32:
        raise BadRequest
    token = tipwire.Token(text)
    return {
        "auth": token.hash,
        "auth_a": token.first_revision_hash,
        "device": tipwire.device_hash(serial),
        "key": token.derive_key(serial)[: integer(length)].hex(),
    }


def points(auth: str, serial: str, text: str) -> dict[str, Any]:
    try:
        json_text = unhex(text).decode()
    except UnicodeDecodeError:
        return {"error": {"code": "invalid_payload"}}
    return {"frame": tipwire.from_points(auth, serial, json_text)}


def opened(layout: str, key: str, envelope: str) -> dict[str, Any]:
    key_bytes, sealed = unhex(key), unhex(envelope)
    if layout not in ("current", "short"):
        raise BadRequest
    header = tipwire.Header(sealed, layout)
    found = tipwire.Opener(header.cipher, key_bytes).open(sealed, layout)
    return {
        "cipher": found.header.cipher,
        "method": found.method,
        "counter": found.counter,
        "auth": found.header.auth,
        "device": found.header.device,
        "inner": found.text,
    }


CIPHERS = {
    "aes-128-ccm": 16,
    "aes-128-gcm": 16,
    "aes-256-ccm": 32,
    "aes-256-gcm": 32,
    "chacha20-poly1305": 32,
}


def seal(
    layout: str,
    cipher: str,
    method: str,
    text: str,
    serial: str,
    key: str,
    counter: str,
    inner: str,
) -> dict[str, Any]:
    if layout not in ("current", "short") or cipher not in CIPHERS:
        raise BadRequest
    if method not in ("PUSH", "PULL", "PING", "ACK"):
        raise BadRequest
    key_bytes, inner_bytes, number = unhex(key), unhex(inner), integer(counter)
    if not 0 <= number < 2**32:
        raise BadRequest
    # A wrong key is told before a wrong token.
    tipwire.Opener(cipher, key_bytes)
    token = tipwire.Token(text)
    sealer = tipwire.Sealer(
        cipher, key_bytes, serial, token=token, layout=layout, counter=number
    )
    return {"envelope": sealer.seal(method, inner_bytes).hex()}


def packet(text: str) -> dict[str, Any]:
    found = tipwire.parse_packet(unhex(text))
    return {"type": found.type, "command": found.command, "payload": found.payload.hex()}


def converted(converter: str, settings: str, message: str) -> Json:
    if converter not in ("text", "json", "binary"):
        raise BadRequest
    settings_bytes, message_bytes = unhex(settings), unhex(message)
    try:
        text = settings_bytes.decode()
    except UnicodeDecodeError:
        return {"error": {"code": "invalid_settings"}}
    return Json(thingsboard.Converter(converter, text).convert(message_bytes))


def split(rule: str, settings: str, chunks: str) -> dict[str, Any]:
    if rule not in RULES:
        raise BadRequest
    keywords: dict[str, Any] = {}
    # One ; may end the list.
    for word in settings.removesuffix(";").split(";") if settings else []:
        key, equals, value = word.partition("=")
        if not equals:
            raise BadRequest
        if key == "delimiters":
            keywords[key] = [unhex(part) for part in value.split(",")]
        elif key == "order" and value in ("big", "little"):
            keywords[key] = value
        elif key == "strip" and value in ("true", "false"):
            keywords[key] = value == "true"
        elif key in ("max", "offset", "length", "strip", "adjustment"):
            keywords[key] = integer(value)
            # What not every language can hold is no number here.
            if not (-(2**31) if key == "adjustment" else 0) <= keywords[key] < 2**31:
                raise BadRequest
        else:
            raise BadRequest
    parts = [unhex(part) for part in chunks.split(",")]
    splitter = tipwire.Splitter(rule, **keywords)
    events = [event for part in parts for event in splitter.feed(part)]
    return {
        "events": [
            {"error": event.kind}
            if isinstance(event, tipwire.StreamError)
            else {"message": event.hex()}
            for event in events
        ],
        "pending": splitter.pending,
    }


RULES = ("lines", "delimiter", "length_field", "length_prefixed", "json", "packets", "tagotip")

REQUESTS: dict[str, Callable[..., dict[str, Any]]] = {
    "uplink": uplink,
    "ack": ack,
    "inner": inner,
    "derive": derive,
    "points": points,
    "open": opened,
    "seal": seal,
    "split": split,
    "packet": packet,
    "thingsboard": converted,
}


# Those whose errors are told by their code alone.
CODES = ("derive", "open", "seal", "split", "packet")


class Json(str):
    """JSON text that goes into an answer as it is."""


def compact(value: Union[dict[str, Any], list[Any], Any]) -> str:
    if isinstance(value, Json):
        return value
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{compact(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def answer(request: bytes) -> dict[str, Any]:
    word = ""
    try:
        word, *fields = request.decode().split("\t")
        return REQUESTS[word](*fields)
    except tipwire.TipwireError as error:
        keys = ("code",) if word in CODES else ("code", "point", "field", "at")
        found = {key: getattr(error, key, None) for key in keys}
        return {"error": {key: value for key, value in found.items() if value is not None}}
    except (BadRequest, KeyError, TypeError, UnicodeDecodeError):
        return {"error": {"code": "bad_request"}}


def main() -> None:
    for line in sys.stdin.buffer:
        out = compact(answer(line.removesuffix(b"\n"))).encode() + b"\n"
        sys.stdout.buffer.write(out)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
