"""The folder that the program works in, which may have been deleted meanwhile."""

from __future__ import annotations

import os
from pathlib import Path


def working_folder() -> Path:
    """Where the program was started, or the user's home where that is gone."""
    try:
        return Path.cwd()
    except OSError:
        pass
    try:
        return Path.home()
    except RuntimeError:  # nobody's home is known
        return Path(os.sep)
