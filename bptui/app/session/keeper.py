"""Writes the session while the user works, and how it ended; tells once where that fails."""

from __future__ import annotations

import threading
from time import perf_counter
from typing import TYPE_CHECKING

from bptui.presets.errors import printable

if TYPE_CHECKING:  # loaded with the first write, long after the first paint
    from bptui.app.session.folder import SessionFile
    from bptui.app.session.pieces import TimelineText
    from bptui.app.session.standing import Standing
    from bptui.core.timeline import Timeline

PAUSE = 1.0
"""Seconds from a change until it is written: what an end without warning can cost."""
SHARE = 30
"""Nor before so many times what writing took: it never takes much of the time."""
PATIENCE = 2.0
"""Seconds to wait for a write under way when the program is to end."""


class Keeper:
    """Keeps one session. May be called by several threads; they wait for each other."""

    def __init__(self, file: SessionFile | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._closed = False
        self._timeline: Timeline | None = None
        self._text: TimelineText | None = None
        self._pieces: list[bytes] = []
        self._cost = 0.0
        self.kept = False
        """Whether what was to be kept last is on the disk, and the user has done anything."""

    @property
    def pause(self) -> float:
        """Seconds to wait until the next write."""
        return max(PAUSE, SHARE * self._cost)

    def write(self, standing: Standing) -> str | None:
        """Write while the session goes on; what went wrong, if anything did."""
        with self._lock:
            return None if self._closed else self._write(standing, ended=False)

    def close(self, standing: Standing | None, ended: bool) -> str | None:
        """Write for the last time, unless there is nothing to write; let go of the file.

        Where the user has quit without having done anything, no file is left.
        """
        if not self._lock.acquire(timeout=PATIENCE):
            return None
        try:
            if self._closed:
                return None
            self._closed = True
            problem, left = None, standing is None or standing.touched or not ended
            if standing is not None and left:
                problem = self._write(standing, ended)
            if self._file is not None:
                self._file.release(left)
            return problem
        finally:
            self._lock.release()

    def _write(self, standing: Standing, ended: bool) -> str | None:
        from bptui.app.session.folder import SessionFile, clear, sessions_folder
        from bptui.app.session.pieces import TooLargeError
        from bptui.app.session.reading import LARGEST_FILE
        from bptui.app.session.writing import MARK, stand_line
        from bptui.presets.save import sentence

        began, self.kept = perf_counter(), False
        try:
            if self._file is None:
                self._file = SessionFile.new()
                clear(self._file.path.parent)
            self._encode(standing.timeline, LARGEST_FILE)
            stand = stand_line(standing.stand(ended))
            self._file.write([MARK, b"\n", stand, b"\n", *self._pieces, b"\n"])
            self.kept = standing.touched
        except TooLargeError:
            return f"It would take more than {LARGEST_FILE // 2**20} MiB."
        except OSError as error:
            file = sessions_folder() if self._file is None else self._file.path
            return sentence(file, error)
        except (MemoryError, ValueError) as error:  # half a character in a name, say
            return f"It cannot be written down: {printable(str(error)) or 'not enough memory'}."
        finally:
            self._cost = perf_counter() - began
        return None

    def _encode(self, timeline: Timeline, most: int) -> None:
        from bptui.app.session.pieces import TimelineText

        if self._timeline is not timeline:
            self._timeline, self._pieces = None, []
            self._text = self._text or TimelineText()
            self._pieces = self._text.pieces(timeline, most)
            self._timeline = timeline
