"""The dialogs on a program: which update to go to, and the file of its report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from bptui.app.screens.dialog import FileQuestion, Question, where
from bptui.check.report import as_json
from bptui.check.text import as_text
from bptui.check.writer import Checked
from bptui.export.derived import BackwardPass, NotWrittenError
from bptui.presets.number_parsing import EntryError, normalized, whole
from bptui.presets.save import SaveError, write

COLUMNS = 100
"""Of a report in a file."""
WRITERS: dict[str, Callable[[Checked], str]] = {
    ".txt": lambda checked: as_text([checked.report], COLUMNS),
    ".json": lambda checked: json.dumps(as_json([checked.report], 0.0), indent=2) + "\n",
    ".py": lambda checked: BackwardPass(
        checked.verdict.lines, checked.names, checked.source.files.told
    ).text(),
}
"""What is written, by how the name of the file ends."""


class GotoUpdate(Question[int | None, int]):
    """Gives the update, or None where the user thought better of it; people count from 1."""

    def __init__(self, shown: int, count: int) -> None:
        super().__init__("Go to", "enter: go, esc: close", hint="12, +5, -5, end")
        self._shown, self._count = shown, count

    def read(self, text: str) -> tuple[int, str]:
        plain = normalized(text).strip().lower()
        if not plain:
            raise EntryError("an update: 12, +5, -5 or end")
        sign = plain[0] if plain[0] in "+-" else ""
        number = self._count if plain == "end" else whole(plain.removeprefix(sign))
        here = self._shown + 1
        update = {"": number, "+": here + number, "-": here - number}[sign]
        if not 1 <= update <= self._count:
            raise EntryError(f"updates 1 to {self._count} were recorded")
        return update - 1, f"→ update {update}"


class ExportScreen(FileQuestion):
    """Writes the report, as text or as JSON, or the true backward pass, by the file's ending."""

    def __init__(self, checked: Checked, file: Path) -> None:
        super().__init__("Export", "enter: write, esc: close", f"{file.stem}-report.txt")
        self._checked = checked

    def about(self) -> str:
        return "the report: .txt or .json; the true backward pass as a numpy function: .py"

    def read(self, text: str) -> tuple[Path, str]:
        path = Path(text.strip()).expanduser()
        if not text.strip() or path.is_dir():
            raise ValueError("a file name is missing")
        if path.suffix not in WRITERS:
            raise ValueError(f"found {path.suffix!r}; expected {', '.join(WRITERS)}")
        return path, where(path.absolute())

    def put(self, value: Path, overwrite: bool) -> Path:
        try:
            text = WRITERS[value.suffix](self._checked)
        except NotWrittenError as error:
            raise SaveError(str(error)) from None
        write(value, text, overwrite)
        return value
