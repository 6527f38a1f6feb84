"""What is told is so: the README's snippets run, and every public name is documented."""

import ast
import doctest
import inspect
import re
import sys
from pathlib import Path

import pytest

import tipwire
from tipwire import _tipwire, aio, errors, spark, tagoio, thingsboard, thingspanel

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


def members(body):
    """What is defined in a stub, by name: nodes of classes and functions."""
    return {node.name: node for node in body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}


def public(thing):
    return {name: getattr(thing, name) for name in vars(thing) if not name.startswith("_")}


def test_help_says_what_the_stub_says():
    """Editors show the text of the stub, ``help()`` that of the module: of every name and member."""
    path = Path(tipwire.__file__).parent / "_tipwire.pyi"
    stub = members(ast.parse(path.read_text(encoding="utf-8")).body)
    module = {name: part for name, part in public(_tipwire).items() if callable(part)}
    assert len(module) > 50
    for name, thing in module.items():
        pairs = [(name, thing, stub[name])]
        if inspect.isclass(thing):
            inner = members(stub[name].body)
            pairs += [(f"{name}.{part}", found, inner[part]) for part, found in public(thing).items()]
        for shown, found, node in pairs:
            wanted = ast.get_docstring(node)
            assert wanted, f"{shown} has no text in the stub"
            assert inspect.getdoc(found) == wanted, f"{shown} has another text for help()"


def test_every_public_name_is_documented():
    for module in (tipwire, aio, errors, spark, tagoio, thingsboard, thingspanel):
        assert inspect.getdoc(module)
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isclass(thing) or inspect.isroutine(thing):
                assert inspect.getdoc(thing), f"{name} has no text"
                methods = filter(inspect.isfunction, public(thing).values()) if inspect.isclass(thing) else ()
                for method in methods:
                    # What asyncio calls is described there.
                    inherited = any(hasattr(base, method.__name__) for base in thing.__mro__[1:])
                    assert inherited or inspect.getdoc(method), f"{name}.{method.__name__} has no text"
