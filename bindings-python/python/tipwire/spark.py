"""Frames of a Spark column as rows: the same on PySpark and on Sail.

The rows are those of :func:`tipwire.decode_batch`; ``frame`` counts within a batch of Arrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import tipwire

__all__ = ["SCHEMA", "decode"]

#: The columns, as Spark writes types.
SCHEMA = (
    "frame bigint, serial string, variable string, type string, number double, text string, "
    "boolean boolean, lat double, lng double, alt double, unit string, time timestamp, "
    "`group` string, metadata string, error string"
)


def decode(df: Any, column: str = "frame") -> Any:
    """A data frame with a row for each data point of the frames in ``column``.

    The column is a string or binary one. Bad frames are rows with an ``error``.
    """

    def batches(incoming: Iterable[Any]) -> Iterator[Any]:
        import pyarrow

        for batch in incoming:
            frames = batch.column(column).to_pylist()
            reader = pyarrow.RecordBatchReader.from_stream(tipwire.decode_batch(frames))
            yield from reader

    return df.select(column).mapInArrow(batches, SCHEMA)
