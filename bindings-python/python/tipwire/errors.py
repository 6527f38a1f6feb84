"""What goes wrong. All of it is a :class:`ValueError` with a ``kind`` and a ``code``."""

from __future__ import annotations

from typing import Any, Optional

__all__ = [
    "BuildError",
    "ConvertError",
    "EnvelopeError",
    "FrameError",
    "StreamError",
    "TipwireError",
]


class TipwireError(ValueError):
    """What all errors of this package are.

    ``kind`` names what was expected, as the core's table does; ``code`` is what a server answers
    with, or the kind again where the protocol has no code for it.
    """

    kind: str
    code: str

    def __init__(self, message: str, kind: str, code: str, *rest: Any) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self._arguments = (message, kind, code, *rest)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), self._arguments)


class FrameError(TipwireError):
    """Bytes that are no frame: ``at`` is the first byte at which no valid frame can go on."""

    at: int

    def __init__(self, message: str, kind: str, code: str, at: int) -> None:
        super().__init__(message, kind, code, at)
        self.at = at


class BuildError(TipwireError):
    """A frame that cannot be built: of which variable, and which of its fields.

    ``point`` counts from 0. What is not known, or does not apply, is ``None``.
    """

    point: Optional[int]
    variable: Optional[str]
    field: Optional[str]

    def __init__(
        self,
        message: str,
        kind: str,
        code: str,
        point: Optional[int] = None,
        variable: Optional[str] = None,
        field: Optional[str] = None,
    ) -> None:
        super().__init__(message, kind, code, point, variable, field)
        self.point = point
        self.variable = variable
        self.field = field


class ConvertError(TipwireError):
    """A message that does not fit its converter: at which field, and at which byte.

    Of settings that cannot work ``field`` and ``at`` are ``None``.
    """

    field: Optional[str]
    at: Optional[int]

    def __init__(
        self,
        message: str,
        kind: str,
        code: str,
        field: Optional[str] = None,
        at: Optional[int] = None,
    ) -> None:
        super().__init__(message, kind, code, field, at)
        self.field = field
        self.at = at


class EnvelopeError(TipwireError):
    """An envelope that cannot be sealed or opened. It never says more than its code."""


class StreamError(TipwireError):
    """A message that is too long, or where none can begin: one of a splitter's events."""
