"""What a list of presets shows of each file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bptui.core.errors import UnusableError
from bptui.presets.build import network
from bptui.presets.errors import PresetError, cleaned, printable
from bptui.presets.parse import parse
from bptui.presets.reading import read


@dataclass(frozen=True)
class PresetEntry:
    """A preset in a list: its name, network (``2-2-2 sigmoid``) and what is said about it.

    All texts are fit to be shown in a terminal; only ``file`` has the name as it really is.
    ``summary`` is the first line of the description. ``wrong`` says what is wrong with a file that
    is no preset, ``note`` what one should know of its name; they are empty for all others.
    """

    name: str
    file: Path
    title: str
    network: str = ""
    summary: str = ""
    description: str = ""
    source: str = ""
    mistakes: tuple[str, ...] = ()
    wrong: str = ""
    note: str = ""


def entry(file: Path) -> PresetEntry:
    """The entry of ``file``; raises :class:`PresetError`. Its samples are not looked at."""
    preset, _ = parse(read(file, file.stem), file.stem)
    try:
        text = str(network(preset))
    except UnusableError as error:
        raise PresetError(file.stem, error.key, error.found, error.expected) from None
    name, description = printable(file.stem), cleaned(preset.description).strip()
    return PresetEntry(
        name=name,
        file=file,
        title=one_line(preset.title or "") or name,
        network=text,
        summary=description.partition("\n")[0].rstrip("."),
        description=description,
        source=one_line(preset.source),
        mistakes=tuple(map(printable, preset.training.mistakes)),
    )


def one_line(text: str) -> str:
    """``text`` fit to be shown, its lines joined."""
    return " ".join(cleaned(text).split("\n")).strip()
