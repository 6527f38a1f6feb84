"""What is told is so: the README's snippets run, and every public name is documented."""

import doctest
import inspect
import re
import sys
from pathlib import Path

import pytest

import tipwire
from tipwire import aio, tagoio, thingsboard, thingspanel

README = Path(__file__).parent.parent / "README.md"


@pytest.mark.skipif(sys.version_info < (3, 10), reason="they use match")
def test_snippets_of_the_readme_run():
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.S)
    assert len(blocks) >= 5
    names = {}
    for block in blocks:
        if ">>>" in block:
            test = doctest.DocTestParser().get_doctest(block, names, "README", "README.md", 0)
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
            assert runner.run(test, clear_globs=False).failed == 0
            names = test.globs
        else:
            exec(compile(block, "README.md", "exec"), names)


def test_what_the_readme_of_the_repository_shows_works():
    text = (README.parent.parent / "README.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", text, re.S)
    names = {}
    exec(compile(block, "README.md", "exec"), names)
    assert names["line"] == "PUSH|4deedd7bab8817ec|sensor-01|[humidity:=65#%]"


def test_docstrings_run():
    for module in (tipwire, aio, tagoio, thingsboard, thingspanel):
        found = doctest.testmod(module)
        assert found.attempted >= 3 and found.failed == 0


def test_every_public_name_is_documented():
    stub = (Path(tipwire.__file__).parent / "_tipwire.pyi").read_text()
    names = [(tipwire, name) for name in tipwire.__all__]
    for platform in (tagoio, thingsboard, thingspanel):
        names += [(platform, name) for name in platform.__all__ if not name.isupper()]
    for module, name in names:
        thing = getattr(module, name)
        if thing.__module__ == "tipwire.errors":
            assert inspect.getdoc(thing)
            continue
        assert inspect.getdoc(thing), f"{name} has no text for help()"
        pattern = rf'^(class|def) {name}\b.*?^    """'
        assert re.search(pattern, stub, re.S | re.M), f"{name} is not in the stub with a text"
    for name in aio.__all__:
        thing = getattr(aio, name)
        assert not inspect.isroutine(thing) and not inspect.isclass(thing) or inspect.getdoc(thing)
