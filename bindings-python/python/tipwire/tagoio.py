"""TagoIO's other transports: the same frames as HTTP requests and as MQTT messages.

>>> from tipwire import tagoio
>>> request = tagoio.HttpRequest.from_frame("PULL|4deedd7bab8817ec|sensor-01|[t;h]")
>>> request.method, request.path, request.query, request.authorization
('GET', '/v1/tip/sensor-01', 'variables=t,h', 'TagoTiP 4deedd7bab8817ec')
>>> request.to_frame()
'PULL|4deedd7bab8817ec|sensor-01|[t;h]'
"""

from tipwire._tipwire import HttpRequest, HttpResponse, MqttMessage, join_login, login, topic

__all__ = ["HttpRequest", "HttpResponse", "MqttMessage", "join_login", "login", "topic"]
