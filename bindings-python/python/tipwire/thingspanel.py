"""What ThingsPanel has of its own: packets, values and events, topics.

>>> import tipwire
>>> from tipwire import thingspanel
>>> push = tipwire.parse("PUSH|4deedd7bab8817ec|s|[temperature:=36.50#C;on?=true]")
>>> thingspanel.values(push)
'{"temperature":36.50,"on":true}'
>>> bytes(thingspanel.Packet(0, 1, '{"light":98}'))
b'TP\\x00\\x01\\x00\\x00\\x00\\x0c{"light":98}'
>>> thingspanel.values_push("4deedd7bab8817ec", "s", '{"light":98}')
'PUSH|4deedd7bab8817ec|s|[light:=98]'
>>> str(thingspanel.Topic("event", "7", gateway=True))
'gateway/event/7'
"""

from tipwire._tipwire import (
    DEVICE_NOT_FOUND,
    NOT_A_PACKET,
    NOT_AUTHORIZED,
    REGISTER_FAILED,
    Packet,
    Topic,
    event,
    parse_packet,
    values,
    values_push,
)

__all__ = [
    "DEVICE_NOT_FOUND",
    "NOT_AUTHORIZED",
    "NOT_A_PACKET",
    "REGISTER_FAILED",
    "Packet",
    "Topic",
    "event",
    "parse_packet",
    "values",
    "values_push",
]
