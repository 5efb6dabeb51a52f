"""The app's own two themes, in the colours of :mod:`bptui.app.ink`."""

from __future__ import annotations

from textual.theme import Theme

from bptui.terminal.capabilities import Capabilities


def _variables(border: str, cursor: str, blurred: str, strong: str) -> dict[str, str]:
    """Colours of Textual's own choice that are too pale to be read, or to be read on."""
    return {
        "border": border,
        "block-cursor-background": cursor,
        "block-cursor-foreground": strong,
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": blurred,
        "input-selection-background": cursor,
        "text-muted": "auto 75%",
        "text-disabled": "auto 65%",
    }


DARK = Theme(
    name="bptui-dark",
    primary="#6fa8ec",
    secondary="#e8964a",
    accent="#7dd3c0",
    warning="#ffd166",
    error="#ff7b72",
    success="#7dd3c0",
    foreground="#d4d4d8",
    background="#101216",
    surface="#171a20",
    panel="#1f242c",
    dark=True,
    variables=_variables("#6fa8ec", cursor="#31353d", blurred="#1f242c", strong="#ffffff"),
)

LIGHT = Theme(
    name="bptui-light",
    primary="#2563b2",
    secondary="#944a0a",
    accent="#0a6b5a",
    warning="#6e4d00",
    error="#b3261e",
    success="#0a6b5a",
    foreground="#1e2026",
    background="#fbfbfa",
    surface="#f1f1ef",
    panel="#e4e5e6",
    dark=False,
    variables=_variables("#2563b2", cursor="#cddcef", blurred="#e4e5e6", strong="#000000"),
)

ANSI_DARK, ANSI_LIGHT = ANSI = "ansi-dark", "ansi-light"
"""Textual's two in the terminal's own colours and on its own background."""


def fitting(around: Capabilities) -> str:
    """The name of the theme to start with.

    With 16 colours nobody knows what they look like, or the background: text in the terminal's own
    colours can be read on all of them.
    """
    if around.colours and around.theme is not None:
        return around.theme
    if around.colours and around.colour_system != "standard":
        return LIGHT.name if around.light else DARK.name
    return ANSI_LIGHT if around.light else ANSI_DARK


def counterpart(theme: Theme) -> str:
    """The name of the light theme for a dark one, and the other way round."""
    if theme.ansi:
        return ANSI_LIGHT if theme.dark else ANSI_DARK
    return LIGHT.name if theme.dark else DARK.name
