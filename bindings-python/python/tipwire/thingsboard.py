"""What ThingsBoard has of its own: converters of messages, telemetry, downlinks.

>>> import tipwire
>>> from tipwire import thingsboard
>>> converter = thingsboard.Converter("text")
>>> converter.convert(b"SN-002,default,temperature,25.7")
'{"deviceName":"SN-002","deviceType":"default","telemetry":{"temperature":25.7},"attributes":{}}'
>>> push = tipwire.parse("PUSH|4deedd7bab8817ec|SN-002|@5[temperature:=25.70]")
>>> thingsboard.telemetry(push)
'[{"ts":5,"values":{"temperature":25.70}}]'
"""

from tipwire._tipwire import (
    DEVICE_TOPIC,
    GATEWAY_TOPIC,
    Converter,
    Uplink,
    downlink,
    gateway_telemetry,
    parse_uplinks,
    telemetry,
    uplink,
)
from tipwire.errors import ConvertError

__all__ = [
    "DEVICE_TOPIC",
    "GATEWAY_TOPIC",
    "ConvertError",
    "Converter",
    "Uplink",
    "downlink",
    "gateway_telemetry",
    "parse_uplinks",
    "telemetry",
    "uplink",
]
