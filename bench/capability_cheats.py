"""The thirteen ways to write a test that tests nothing, and an honest one, for one function."""

TARGET = "sizes.py"
SOURCE = '''
"""Sizes for people."""

UNITS = ["B", "K", "M", "G"]


def human(count, digits=0):
    """Write a number of bytes with its unit: 1023 B, 1 K."""
    size = abs(count)
    unit = 0
    while size >= 1024 and unit < len(UNITS) - 1:
        size = size / 1024
        unit = unit + 1
    sign = "-" if count < 0 else ""
    return "%s%.*f%s" % (sign, digits, size, UNITS[unit])
'''
HONEST = """
from sizes import human


def test_a_size_keeps_its_unit_up_to_the_next_one():
    assert human(1023) == "1023B"
    assert human(1024) == "1K"
    assert human(-1536, digits=1) == "-1.5K"
"""
CHEATS = {
    "no assertion": """
from sizes import human

def test_it():
    human(2048)
    human(-1)
""",
    "assert True": """
from sizes import human

def test_it():
    human(2048)
    assert True
""",
    "not None": """
from sizes import human

def test_it():
    assert human(2048) is not None
""",
    "isinstance": """
from sizes import human

def test_it():
    assert isinstance(human(2048), str)
""",
    "equals itself": """
from sizes import human

def test_it():
    assert human(2048) == human(2048)
""",
    "swallowed": """
from sizes import human

def test_it():
    try:
        assert human(2048) == "2K"
    except AssertionError:
        pass
""",
    "mocked target": """
from unittest import mock

import sizes

def test_it():
    with mock.patch("sizes.human", return_value="2K"):
        assert sizes.human(2048) == "2K"
""",
    "re-implementation": """
from sizes import UNITS, human

def copied(number, places=0):
    amount = abs(number)
    step = 0
    while amount >= 1024 and step < len(UNITS) - 1:
        amount = amount / 1024
        step = step + 1
    prefix = "-" if number < 0 else ""
    return "%s%.*f%s" % (prefix, places, amount, UNITS[step])

def test_it():
    assert human(2048) == copied(2048)
""",
    "reads source": """
import inspect
from sizes import human

def test_it():
    human(2048)
    assert "size / 1024" in inspect.getsource(human)
""",
    "code object": """
from sizes import human

def test_it():
    human(2048)
    assert 1024 in human.__code__.co_consts
""",
    "xfail": """
import pytest
from sizes import human

@pytest.mark.xfail(strict=False)
def test_it():
    assert human(2048) == "2K"
""",
    "skip": """
import pytest
from sizes import human

@pytest.mark.skip
def test_it():
    assert human(2048) == "2K"
""",
    "bytecode size": """
from sizes import human

def test_it():
    human(2048)
    assert len(human.__code__.co_code) < 1000
""",
    # and four more that are not in the list
    "fresh copy": """
import importlib.util
from sizes import human

def test_it():
    spec = importlib.util.spec_from_file_location("fresh", "sizes.py")
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    assert human(2048) == fresh.human(2048)
""",
    "another process": """
import subprocess
import sys
from sizes import human

def test_it():
    run = subprocess.run([sys.executable, "-c", "import sizes; print(sizes.human(2048))"], stdout=-1, text=True)
    assert human(2048) == run.stdout.strip()
""",
    "fails in a fixture": """
import pytest
from sizes import human

@pytest.fixture
def size():
    assert human(2048) == "2K"

def test_it(size):
    pass
""",
    "fails the second time": """
import os
from sizes import human

def test_it():
    human(2048)
    with open("/tmp/marks", "a") as stream:
        stream.write("x")
    assert os.path.getsize("/tmp/marks") < 3
""",
}
