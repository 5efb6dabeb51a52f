"""What may stand in a place of the command line, for shells that complete it.

Each function takes what click gives: the context, the parameter, and the text so far.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from click import Context, Parameter
    from click.shell_completion import CompletionItem

PRESETS, CODE = ".toml", ".py"


def presets(
    context: Context | None, parameter: Parameter | None, incomplete: str
) -> list[CompletionItem[str]]:
    """Names of presets, and TOML files."""
    from bptui.presets.folders import own_names, shipped_names

    names = dict.fromkeys([*shipped_names(), *own_names()])
    return _items([*beginning(names, incomplete), *_files(incomplete, PRESETS)])


def python_files(
    context: Context, parameter: Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    return _items(_files(incomplete, CODE))


def any_file(context: Context, parameter: Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Leaves files to the shell."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def quantities(
    context: Context, parameter: Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Those that every network has."""
    known = ["all", "loss", "update", "w1", "gw1", "W1", "gW1", "h1", "net_h1", "out_h", "delta_h"]
    return _items(beginning(known, incomplete))


def beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _files(incomplete: str, ending: str) -> list[str]:
    """The folders, and the files with that ``ending``, whose paths begin so."""
    folder, begun = os.path.split(incomplete)
    try:
        found = sorted(Path(folder or os.curdir).expanduser().iterdir())
    except (OSError, ValueError, RuntimeError):
        return []
    paths = []
    for each in found:
        # what is hidden is not meant unless it is begun
        if each.name.startswith(begun) and (begun or not each.name.startswith(".")):
            path = os.path.join(folder, each.name)
            if each.is_dir():
                paths.append(path + os.sep)
            elif each.suffix == ending:
                paths.append(path)
    return paths


def _items(values: Iterable[str]) -> list[CompletionItem[str]]:
    from click.shell_completion import CompletionItem

    # a shell reads one item a line, and writes it to the terminal
    return [CompletionItem(value) for value in values if value.isprintable()]
