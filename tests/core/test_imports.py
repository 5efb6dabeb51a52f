"""The core imports numpy and the standard library only."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys

import bptui.core

PROGRAM = """
import importlib, json, sys
for name in {names}:
    importlib.import_module(name)
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def test_the_core_imports_no_library_but_numpy() -> None:
    names = [each.name for each in pkgutil.walk_packages(bptui.core.__path__, "bptui.core.")]
    assert {"bptui.core.timeline", "bptui.core.backprop"} <= set(names)
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM.format(names=names)],
        capture_output=True,
        check=True,
        text=True,
    )
    found = set(json.loads(done.stdout))
    assert "numpy" in found
    assert not found & {"textual", "rich", "plotext", "click", "msgspec", "torch", "scipy"}
