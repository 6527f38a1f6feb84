"""Columns, read back by those who read columns."""

import datetime
import time

import pytest

import tipwire

AUTH = "4deedd7bab8817ec"
LINES = (
    f"PUSH|{AUTH}|s1|@1694567890000^g{{a=1,_b=2}}[t:=32.5#C;s=x\\;y;on?=true;p@=1,2.5,3]\n"
    "\n"
    f"PUSH|{AUTH}|s1|[t:=032.5]\r\n"
    f"PING|{AUTH}|s2\n"
    f"PUSH|{AUTH}|s3|>xDEAD\n"
    f"PUSH|{AUTH}|s4|[t:=1@=4,5@18446744073709551615]"
)
TIME = datetime.datetime(2023, 9, 13, 1, 18, 10, tzinfo=datetime.timezone.utc)
META = '{"a":"1","_b":"2"}'
PROBLEM = "invalid_payload: a number has no leading zeros, found 3 at byte 30"
NAMES = (
    "frame serial variable type number text boolean lat lng alt unit time group metadata error"
).split()
ROWS = [
    (0, "s1", "t", "number", 32.5, None, None, None, None, None, "C", TIME, "g", META, None),
    (0, "s1", "s", "string", None, "x;y", None, None, None, None, None, TIME, "g", META, None),
    (0, "s1", "on", "boolean", None, None, True, None, None, None, None, TIME, "g", META, None),
    (0, "s1", "p", "location", None, None, None, 1.0, 2.5, 3.0, None, TIME, "g", META, None),
    (2, *[None] * 13, PROBLEM),
    (3, "s2", *[None] * 13),
    (4, "s3", None, "raw", None, "DEAD", *[None] * 9),
    (5, "s4", "t", "number", 1.0, None, None, 4.0, 5.0, *[None] * 5, "the time does not fit"),
]


def check(rows):
    rows = [tuple(row) for row in rows]
    assert len(rows) == len(ROWS)
    for found, wanted in zip(rows[:-1], ROWS[:-1]):
        assert found == wanted
    # A time that columns cannot hold is told, and the rest of the row is there.
    assert rows[-1][:14] == ROWS[-1][:14] and rows[-1][14]


def test_pyarrow_reads_columns():
    pyarrow = pytest.importorskip("pyarrow")
    batch = tipwire.decode_batch(LINES)
    table = pyarrow.table(batch)
    assert table.column_names == batch.column_names == NAMES
    check(row.values() for row in table.to_pylist())
    types = {str(field.type) for field in table.schema}
    assert types == {"int64", "string", "double", "bool", "timestamp[us, tz=UTC]"}
    assert len(batch) == len(ROWS) and repr(batch) == "Batch(8 rows)"
    assert pyarrow.schema(batch) == table.schema
    # The stream can be asked for again.
    assert pyarrow.table(batch) == table


def test_polars_reads_columns():
    polars = pytest.importorskip("polars")
    check(polars.DataFrame(tipwire.decode_batch(LINES)).rows())


def test_duckdb_reads_columns():
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pytz")
    batch = tipwire.decode_batch(LINES)
    check(duckdb.sql("select * from batch").fetchall())
    assert duckdb.sql("select sum(number) from batch where error is null").fetchall() == [(32.5,)]


def test_pandas_reads_columns():
    pandas = pytest.importorskip("pandas")
    pyarrow = pytest.importorskip("pyarrow")
    batch = tipwire.decode_batch(LINES)
    frames = [pyarrow.table(batch).to_pandas()]
    # From version 3 on it reads them by itself.
    if hasattr(pandas.DataFrame, "from_arrow"):
        frames.append(pandas.DataFrame.from_arrow(batch))
    for frame in frames:
        assert list(frame.columns) == NAMES
        assert str(frame["time"].dt.tz) == "UTC" and frame["frame"].dtype == "int64"
        rows = frame.astype(object).where(frame.notna(), None).values.tolist()
        check([pandas.Timestamp.to_pydatetime(value) if isinstance(value, pandas.Timestamp) else value for value in row] for row in rows)
        assert frame.groupby("serial")["number"].sum()["s1"] == 32.5


def test_lists_and_buffers_of_all_sorts_are_decoded_alike():
    pyarrow = pytest.importorskip("pyarrow")
    lines = LINES.split("\n")
    del lines[1]
    whole = pyarrow.table(tipwire.decode_batch("\n".join(lines).encode()))
    for frames in (lines, [line.encode() for line in lines], tuple(map(bytearray, map(str.encode, lines)))):
        assert pyarrow.table(tipwire.decode_batch(frames)) == whole
    nothing = pyarrow.table(tipwire.decode_batch([None]))
    assert nothing.num_rows == 1 and nothing["error"].to_pylist() == [None]
    assert len(tipwire.decode_batch(b"")) == 0
    with pytest.raises(TypeError):
        tipwire.decode_batch(7)


def test_a_line_that_is_too_long_is_a_row_with_an_error():
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table(tipwire.decode_batch("x" * 20_000 + f"\nPING|{AUTH}|s\n"))
    first, second = table.to_pylist()
    assert first["error"].startswith("payload_too_large") and second["serial"] == "s"


def test_many_rows_become_several_batches():
    pyarrow = pytest.importorskip("pyarrow")
    frame = tipwire.push(AUTH, "s", {f"v{n}": n for n in range(100)})
    table = pyarrow.table(tipwire.decode_batch([frame] * 2000))
    assert table.num_rows == 200_000
    assert len(table["frame"].chunks) == 4
    assert table["number"].to_pylist()[:100] == list(map(float, range(100)))


@pytest.mark.scale
def test_four_million_rows_are_decoded_in_a_second():
    frame = tipwire.push(AUTH, "sensor-01", [tipwire.Variable("temperature", 32.5, "C"), tipwire.Variable("on", True)])
    data = (frame + "\n").encode() * 100_000

    def rate():
        start = time.process_time()
        rows = len(tipwire.decode_batch(data))
        return rows / (time.process_time() - start)

    # Other programs take from the caches, never give: the best is what it can.
    assert max(rate() for _ in range(15)) >= 4_000_000


@pytest.mark.scale
def test_spark_gets_a_row_for_each_data_point(sail):
    pytest.importorskip("pyspark")
    from tipwire import spark

    lines = [(line,) for line in LINES.split("\n") if line]
    frames = sail.createDataFrame(lines, "frame string")
    rows = spark.decode(frames, "frame").orderBy("frame", "variable").collect()
    assert len(rows) == len(ROWS)
    assert {row["serial"] for row in rows} == {"s1", "s2", "s3", "s4", None}
    assert sum(row["number"] or 0 for row in rows) == 33.5
    assert [row["error"] for row in rows if row["serial"] is None] == [PROBLEM]
