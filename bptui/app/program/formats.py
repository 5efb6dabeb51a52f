"""What there is to export of a program: the report, and the true backward pass."""

from __future__ import annotations

import json

from bptui.app.screens.export import Format, as_text, screen_formats
from bptui.check.report import as_json
from bptui.check.text import as_text as report_text
from bptui.check.writer import Checked
from bptui.export.derived import BackwardPass, NotWrittenError
from bptui.presets.save import SaveError

COLUMNS = 100
"""Of a report in a file."""


def program_formats(checked: Checked, update: int) -> list[Format]:
    """Return what there is to export, the screen at an update too."""

    def as_program() -> str:
        lines, told = checked.verdict.lines, checked.source.files.told
        try:
            return BackwardPass(lines, checked.names, told).text()
        except NotWrittenError as error:
            raise SaveError(str(error)) from None

    reports = [checked.report]
    text = as_text(lambda: report_text(reports, COLUMNS))
    plain = as_text(lambda: json.dumps(as_json(reports, 0.0), indent=2) + "\n")
    said = "The true backward pass as a numpy function."
    return [
        Format("report", "text", "-report.txt", "What `bptui check` says of the program.", text),
        Format("", "JSON", "-report.json", "The same for other programs.", plain),
        Format("program", "numpy", "-backward.py", said, as_text(as_program)),
        *screen_formats(update),
    ]
