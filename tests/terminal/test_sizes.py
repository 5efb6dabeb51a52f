"""Any size at any time: a storm of sizes, screens too small, networks too large."""

import random

from .support import Terminal


def test_a_storm_of_sizes_while_training_runs() -> None:
    chance = random.Random(7)
    with Terminal("article", columns=120, lines=36) as terminal:
        terminal.shows("linear", "step 0")
        terminal.press(" ")
        terminal.until(lambda: "▶" in terminal.status, "the run")
        for number in range(60):
            terminal.resize(chance.randint(1, 300), chance.randint(1, 100))
            terminal.read(0.002)
            if number % 20 == 19:  # the last size counts, also where it was there a moment before
                terminal.resize(100, 30)
                terminal.resize(chance.randint(1, 300), chance.randint(1, 100))
                terminal.resize(100, 30)
                terminal.until(lambda: is_whole(terminal), "the screen of the last size")
        terminal.press("r")
        terminal.shows("step 0 ")
        terminal.resize(20, 5)
        terminal.shows("needs 60x16")
        terminal.press("p?b\x10")
        terminal.settles()  # they are dealt with while there is no room for a dialog
        for size in ((1, 1), (5, 2), (59, 15)):
            terminal.resize(*size)
            terminal.read(0.1)
        terminal.shows("needs 60x16, is 59x15")
        terminal.resize(60, 16)
        terminal.shows("Network", "Derivation")
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()


def is_whole(terminal: Terminal) -> bool:
    """Whether every panel of the main screen is there, at 100 columns and 30 rows."""
    titles = ("Network", "Loss", "Weights", "Gradients", "Derivation")
    last = terminal.screen.display[-1]
    return all(f"─ {each}" in terminal.text for each in titles) and last.startswith(" n/N")
