"""Runs Python in processes of their own."""

import os
import subprocess
import sys
from typing import Any


def python(
    *arguments: str,
    env: dict[str, str] | None = None,
    **options: Any,  # noqa: ANN401  of subprocess.run
) -> subprocess.CompletedProcess[str]:
    """Run it without input, ``env`` added to the environment; how it ended, and what it wrote."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **(env or {})},
        **{"text": True, "timeout": 120, **streams, **options},
    )
