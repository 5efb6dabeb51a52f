"""Where in the user's files something happened: from exceptions, dumps of the stack, warnings."""

from __future__ import annotations

import linecache
import os
import re
import sysconfig
import traceback
from collections.abc import Iterable
from types import FrameType, ModuleType

from bptui.check.answers import Frame

PACKAGE = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 2))
FIRST, LAST = 4, 6
"""Of a long way to an error, as in endless recursion, so many of its outer and inner frames."""
LONGEST_LINE = 300

_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_DUMPED = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)$')


def text_of(value: object, longest: int = 2000) -> str:
    """``str(value)``, whatever it is, without lone surrogates and not endless."""
    try:
        text = value if isinstance(value, str) else str(value)
    except Exception:  # a __str__ of the user's own
        text = f"a {type(value).__name__} that cannot be printed"
    text = text if len(text) <= longest else f"{text[:longest]}..."
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class UserFiles:
    """Tells the user's own files, those in the folder of ``file``, from everything installed."""

    def __init__(self, file: str) -> None:
        self.folder = os.path.join(os.path.dirname(file), "")
        paths = sysconfig.get_paths()
        self._others = tuple(
            os.path.join(each, "") for each in {PACKAGE, paths["stdlib"], paths["platstdlib"]}
        )

    def name(self, path: str) -> str | None:
        """``path`` relative to the folder, or None where it is not the user's."""
        if not path.startswith(self.folder) or path.startswith(self._others):
            return None
        if any(each in path for each in _INSTALLED):
            return None
        return path[len(self.folder) :]

    def owns(self, module: ModuleType) -> bool:
        try:  # not by attribute: lazy modules import at that, and __path__ of torch.classes raises
            names = vars(module)
            places = [names.get("__file__"), *(names.get("__path__") or ())]
            return any(isinstance(each, str) and self.name(each) is not None for each in places)
        except Exception:  # what else libraries leave there; the user's own modules are plain
            return False

    def frame(self, path: str, line: int, function: str, source: str | None = None) -> Frame | None:
        """A line of the user's, or None."""
        name = self.name(path)
        if name is None:
            return None
        if source is None:
            source = linecache.getline(path, line)
        return Frame(text_of(name), line, function, text_of(source.strip(), LONGEST_LINE))

    def of_exception(self, error: BaseException) -> tuple[tuple[Frame, ...], int]:
        """Outermost first, for a syntax error the line that has it last; and how many are cut."""
        found = [
            self.frame(each.f_code.co_filename, line, each.f_code.co_name)
            for each, line in traceback.walk_tb(error.__traceback__)
        ]
        if isinstance(error, SyntaxError) and error.filename is not None:
            source = error.text if isinstance(error.text, str) else None
            found.append(self.frame(str(error.filename), error.lineno or 0, "", source))
        return _cut(found)

    def of_stack(self, frame: FrameType | None) -> tuple[str, int] | None:
        """The innermost path and line of the user's among ``frame`` and its callers."""
        while frame is not None:
            if self.name(frame.f_code.co_filename) is not None:
                return frame.f_code.co_filename, frame.f_lineno
            frame = frame.f_back
        return None

    def of_dump(self, dump: str) -> tuple[tuple[Frame, ...], int]:
        """The frames in what :mod:`faulthandler` wrote, of the thread that runs the call.

        And how many of them are cut; those that the dump itself leaves out are not counted.
        """
        # faulthandler writes what is not ASCII as escapes, so the folder is looked for in the same
        escaped = self.folder.encode("ascii", "backslashreplace").decode("ascii")
        stacks = [each.splitlines() for each in re.split(r"\n\s*\n", dump)]
        own = os.path.join(PACKAGE, "checking").encode("ascii", "backslashreplace").decode("ascii")
        stacks.sort(key=lambda stack: not any(own in line for line in stack))
        for stack in stacks:
            found = []
            for each in filter(None, map(_DUMPED.match, reversed(stack))):
                path = each["file"]
                if path.startswith(escaped):
                    rest = path[len(escaped) :]
                    path = self.folder + _unescaped(rest)
                found.append(self.frame(path, int(each["line"]), each["function"]))
            if any(found):
                return _cut(found)
        return (), 0


def _unescaped(text: str) -> str:
    return re.sub(
        r"\\(?:x(..)|u(....)|U(.{8}))", lambda each: chr(int(each[each.lastindex or 1], 16)), text
    )


def _cut(found: Iterable[Frame | None]) -> tuple[tuple[Frame, ...], int]:
    frames = [each for each in found if each is not None]
    omitted = max(len(frames) - FIRST - LAST, 0)
    if omitted:
        frames = [*frames[:FIRST], *frames[-LAST:]]
    return tuple(frames), omitted
