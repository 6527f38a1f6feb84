"""Codec for device telemetry: TagoTiP frames and envelopes, ThingsPanel and ThingsBoard framings.

>>> import tipwire
>>> frame = tipwire.parse("PUSH|4deedd7bab8817ec|sensor-01|[temperature:=32.5#C]")
>>> frame.serial, frame.variables[0].value
('sensor-01', 32.5)
>>> tipwire.push("4deedd7bab8817ec", "sensor-01", {"humidity": 65, "on": True})
'PUSH|4deedd7bab8817ec|sensor-01|[humidity:=65;on?=true]'
"""

from tipwire._tipwire import (
    Ack,
    Frame,
    Location,
    Ping,
    Pull,
    Push,
    Raw,
    Token,
    Variable,
    ack,
    device_hash,
    from_points,
    parse,
    parse_ack,
    parse_inner,
    ping,
    pull,
    push,
)
from tipwire.errors import BuildError, EnvelopeError, FrameError, StreamError, TipwireError

__all__ = [
    "Ack",
    "BuildError",
    "EnvelopeError",
    "Frame",
    "FrameError",
    "Location",
    "Ping",
    "Pull",
    "Push",
    "Raw",
    "StreamError",
    "TipwireError",
    "Token",
    "Variable",
    "ack",
    "device_hash",
    "from_points",
    "parse",
    "parse_ack",
    "parse_inner",
    "ping",
    "pull",
    "push",
]
