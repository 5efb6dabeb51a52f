"""What the user can do: commands by theme, and the palette, which finds them by their words."""

from __future__ import annotations

import re
from functools import partial

from textual import on
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.message import Message
from textual.widgets import Input, OptionList

from bptui.app.commands import experiment, view
from bptui.app.commands.table import PALETTE_KEY, Command
from bptui.app.screens import ClosesOnce

COMMANDS: list[Command] = [*view.PLAYBACK, *experiment.COMMANDS, *view.COMMANDS]
"""Those of the app on a network, in the order in which they are listed to the user."""
WORDS = {
    "step": "train iterate iteration update advance continue",
    "run": "play start train continue resume learn",
    "faster": "speed accelerate quick",
    "goto": "jump seek skip move find end",
    "restart": "reset start over begin beginning first initial rewind",
    "breakpoints": "break watch condition when until pause",
    "stop": "cancel abort interrupt halt",
    "derivation": "formula equation math chain rule why how calculation latex",
    "edit": "change set modify value enter",
    "rate": "lr eta alpha size hyperparameter",
    "undo": "revert back take",
    "sheet": "settings options preferences hyperparameters new layers units optimizer batch size",
    "save": "write store keep file toml",
    "gradcheck": "gradient check verify test numerical finite difference debug correct",
    "export": "numpy torch pytorch code csv json latex pdf svg picture screenshot print report",
    "presets": "open load file network examples list browse mazur iris xor",
    "learned": "decision boundary plot graph confusion matrix accuracy predictions result",
    "names": "label labels weights w1 w5 gw1 which called identify index",
    "graph": "graph micrograd scalar computation autograd nodes",
    "samples": "data dataset table rows inputs predictions test",
    "keep": "overlay curves history remember experiments",
    "scale": "log axis chart plot y",
    "copy": "yank clipboard",
    "zoom": "maximize full fullscreen enlarge bigger expand window",
    "present": "presentation projector beamer class lecture teach demo large big caption contrast",
    "tour": "tutorial learn teach beginner introduction start explain guide",
    "show_help": "keys shortcuts bindings documentation docs tutorial",
    "theme": "colours colors mode appearance background bright night contrast",
    "leave": "exit close bye end",
}
"""By the name of a command, what people may look for that its title and explanation do not say."""


class Palette(CommandPalette, ClosesOnce[None]):
    """Textual's own, but one that a double click or a second key finds closed already."""

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def _choose_once(self, event: Message) -> None:
        if self.answered:
            event.stop()
            event.prevent_default()


class CommandProvider(Provider):
    """Offers every command to the palette."""

    async def discover(self) -> Hits:
        for hit in self._hits(""):
            yield DiscoveryHit(hit.match_display, hit.command, help=hit.help)

    async def search(self, query: str) -> Hits:
        """Give commands with words that begin so, in the title at best."""
        for hit in self._hits(query):
            if hit.score:
                yield hit

    def _hits(self, query: str) -> list[Hit]:
        """Return all commands, and how well each fits."""
        found = []
        for each in getattr(self.app, "table", COMMANDS):
            if each.key == PALETTE_KEY:
                continue
            title = f"{each.title} ({each.shown_key})" if each.key else each.title
            words = WORDS.get(each.name, "")
            texts = title, f"{title} {words}", f"{words} {each.explanation}"
            score = sum(_begins(query, text) for text in texts)
            run = partial(self.app.run_action, each.action)
            found.append(Hit(score, title, run, help=each.explanation))
        return found


def _begins(query: str, text: str) -> bool:
    """Return whether each word of the query begins a word of the text."""
    wanted, words = (re.findall(r"\w+", part.lower()) for part in (query, text))
    return bool(wanted) and all(any(word.startswith(each) for word in words) for each in wanted)
