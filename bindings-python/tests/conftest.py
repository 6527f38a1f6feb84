import sys

import pytest

# What older versions of Python cannot even read.
collect_ignore = ["test_match.py"] if sys.version_info < (3, 10) else []


def pytest_addoption(parser):
    parser.addoption("--scale", action="store_true", help="also what needs big packages")


def pytest_configure(config):
    config.addinivalue_line("markers", "scale: needs big packages, such as an engine for Spark")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--scale"):
        return
    big = [item for item in items if "scale" in item.keywords]
    if big:
        config.hook.pytest_deselected(items=big)
        items[:] = [item for item in items if "scale" not in item.keywords]


@pytest.fixture(scope="session")
def sail():
    """A session of Spark's API on Sail, on this machine alone."""
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer()
    server.start(background=True)
    _, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
    yield session
    session.stop()
    server.stop()
