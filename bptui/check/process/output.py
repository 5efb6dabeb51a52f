"""What the user's code printed: all of a little, head and tail of much."""

from __future__ import annotations

KEPT = 16_384
"""Bytes kept of the beginning, and as many of the end."""


class Output:
    """Bytes as they come in, of which no more than twice ``KEPT`` stay."""

    def __init__(self) -> None:
        self._head, self._tail, self._left_out = bytearray(), bytearray(), 0

    def add(self, data: bytes) -> None:
        room = KEPT - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        surplus = len(self._tail) - KEPT
        if surplus > 0:
            self._left_out += surplus
            del self._tail[:surplus]

    def __str__(self) -> str:
        """The text, cut at ends of lines where there are any."""
        head, tail, left_out = bytes(self._head), bytes(self._tail), self._left_out
        if left_out:
            kept = head.rfind(b"\n") + 1 or len(head)
            skipped = tail.find(b"\n") + 1
            left_out += len(head) - kept + skipped
            head, tail = head[:kept], tail[skipped:]
            note = f"[... {left_out:,} bytes left out ...]\n"
            head += note.encode() if head.endswith(b"\n") else b"\n" + note.encode()
        text = (head + tail).decode("utf-8", "backslashreplace")
        return text.replace("\r\n", "\n")
