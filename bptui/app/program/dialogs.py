"""The dialogs on a program: which update to go to, and the file of its report."""

from __future__ import annotations

import json
from pathlib import Path

from textual import work

from bptui.app.screens.dialog import FileQuestion, Question
from bptui.check.report import Report, as_json
from bptui.check.text import as_text
from bptui.presets.number_parsing import EntryError, normalized, whole
from bptui.presets.save import write

COLUMNS = 100
"""Of a report in a file."""


class GotoUpdate(Question[int | None, int]):
    """Gives the update, from 0, or None where the user thought better of it."""

    def __init__(self, shown: int, count: int) -> None:
        super().__init__("Go to", "enter: go, esc: close", hint="12, +5, -5, end")
        self._shown, self._count = shown, count

    def read(self, text: str) -> tuple[int, str]:
        plain = normalized(text).strip().lower()
        if not plain:
            raise EntryError("an update: 12, +5, -5 or end")
        sign = plain[0] if plain[0] in "+-" else ""
        number = self._count - 1 if plain == "end" else whole(plain.removeprefix(sign))
        update = {"": number, "+": self._shown + number, "-": self._shown - number}[sign]
        if not 0 <= update < self._count:
            raise EntryError(f"updates 0 to {self._count - 1} were recorded")
        return update, f"→ update {update}"

    def take(self, value: int) -> None:
        self.dismiss(value)


class ExportReport(FileQuestion[Path]):
    """Writes the report to a file: as JSON where its name ends so, else as text."""

    def __init__(self, report: Report, file: Path) -> None:
        super().__init__("Export the report", "enter: write, esc: close", f"{file.stem}-report.txt")
        self._report = report

    def read(self, text: str) -> tuple[Path, str]:
        path = Path(text.strip()).expanduser()
        if not text.strip() or path.is_dir():
            raise ValueError("a file name is missing; .json writes JSON, all others text")
        return path, self.shown(str(path.absolute()))

    @work
    async def take(self, value: Path) -> None:
        await self.put(value, self._write)

    def _write(self, path: Path, overwrite: bool) -> None:
        if path.suffix == ".json":
            text = json.dumps(as_json([self._report], 0.0), indent=2) + "\n"
        else:
            text = as_text([self._report], COLUMNS)
        write(path, text, overwrite)
