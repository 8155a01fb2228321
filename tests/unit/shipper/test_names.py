"""The room's names are there, though each is only imported when somebody asks for it."""

import subprocess
import sys
from types import ModuleType

import pytest

import shipper


def test_every_name_is_there() -> None:
    """Each where the table of homes says."""
    found = {name: getattr(shipper, name) for name in shipper.__all__}
    found |= {name: getattr(shipper, name) for name in shipper.__all__}  # now that the modules are there, too
    assert [name for name, value in found.items() if isinstance(value, ModuleType)] == []


def test_other_names_are_not() -> None:
    """As in any module."""
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        _ = shipper.absent


def test_a_scan_imports_no_elasticsearch() -> None:
    """Half a second would be gone before the first byte is read."""
    heavy = ("elasticsearch", "alerts", "simulator", "shipper.delivery")
    code = f"import sys, wwwatch.commands.scan; print(*(name for name in {heavy} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
