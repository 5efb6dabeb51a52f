"""What may come of a hostile input: it works, or one message says why not. All else is a fault."""

import contextlib
import io
import resource
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from types import FrameType

import click

from bptui.app.screens.sheet import Place, checked
from bptui.app.screens.typed import columns_of, template
from bptui.app.session.state import Session, SessionError, SessionState, read, read_state, written
from bptui.app.view import Selection
from bptui.cli.explain import explain
from bptui.cli.export import FORMS, exported
from bptui.cli.run import FORMATS, run
from bptui.core.edits import Number
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.presets.errors import PresetError
from bptui.presets.files import load, loads
from bptui.presets.own import entry
from bptui.presets.save import SaveError, document

from . import inputs

LONGEST_MESSAGE = 2_000
LONG = 20_000
SMALL = 2_000
"""Parameters and numbers of samples up to which an experiment is also run, explained, exported."""


EMPTY = [line for line in template().splitlines() if "= " in line]
"""Of the sheet of a new experiment, the lines with keys."""


class FaultError(Exception):
    """An outcome that no input may have."""


def fit(text: str, lines: bool = False) -> None:
    """Raise :class:`FaultError` unless ``text`` can go to a terminal, in several lines perhaps."""
    plain = text.replace("\n", "") if lines else text
    if not plain.isprintable():
        found = next(each for each in plain if not each.isprintable())
        raise FaultError(f"{found!r} in {text[:300]!r}")


def one_message(text: str) -> None:
    fit(text)
    if not text.strip() or len(text) > LONGEST_MESSAGE:
        raise FaultError(f"a message of {len(text)} characters: {text[:300]!r}")


@dataclass
class Judge:
    """Gives the inputs of one ``folder`` to the program."""

    folder: Path

    def preset(self, random: Random) -> bytes:
        (self.folder / "t.csv").write_text(inputs.TABLE)
        content = inputs.preset(random)
        self.give_preset(content, random)
        return content

    def csv(self, random: Random) -> bytes:
        content = inputs.csv_file(random)
        (self.folder / "t.csv").write_bytes(content)
        self.give_preset(random.choice(inputs.CSV_PRESETS).encode(), random)
        columns_of("t.csv", self.folder)
        return content

    def session(self, random: Random) -> bytes:
        content = inputs.session(random, SESSION)
        file = self.folder / "session.json"
        file.write_bytes(content)
        with _told(SessionError):
            read_state(file)
            timeline = read(file).timeline
            timeline.losses.envelope(80)
            self._use(timeline.experiment, random)
        return content

    def pasted(self, random: Random) -> str:
        text = inputs.pasted(random)
        for line in random.sample(EMPTY, 2 if len(text) > LONG else 5):
            sheet = template().replace(line, f"{line.partition('=')[0]}= {text}")
            said = checked(sheet, Place("", self.folder)).said
            one_message(said)
        return text

    def give_preset(self, content: bytes, random: Random) -> None:
        file = self.folder / "p.toml"
        file.write_bytes(content)
        with _told(PresetError):
            listed = entry(file)
            lines = (listed.title, listed.summary, listed.network, listed.source)
            for each in (*lines, *listed.mistakes):
                fit(each)
            fit(listed.description, lines=True)
        with _told(PresetError):
            self._use(load(str(file)), random)

    def _use(self, experiment: Experiment, random: Random) -> None:
        """What the commands do with it."""
        self._shown(experiment)
        data = experiment.data
        if experiment.network.parameter_count + data.inputs.size + data.targets.size > SMALL:
            return
        form = random.choice(FORMATS)
        self._command(lambda: run(experiment, 1, None, form, None))
        pick = random.random()
        if pick < 0.1:
            form = random.choice(["text", "markdown", "latex"])
            self._command(lambda: explain(experiment, 0, "all", form, None))
        elif pick < 0.3:
            form = random.choice(FORMS)
            # a preset keeps the user's own comments and spelling
            self._command(lambda: click.echo(exported(experiment, form)), form != "toml")
        elif pick < 0.4:
            rate = replace(experiment.training, learning_rate=0.3)
            with _told(SaveError):
                text = document(replace(experiment, training=rate), self.folder)
                loads(text, "again", self.folder)

    def _shown(self, experiment: Experiment) -> None:
        fit(experiment.name)
        fit(experiment.title, lines=True)
        fit(experiment.description, lines=True)
        fit(experiment.source, lines=True)

    def _command(self, command: Callable[[], object], plain: bool = True) -> None:
        out, errors = io.StringIO(), io.StringIO()
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
                command()
        except click.ClickException as error:
            one_message(error.format_message())
        if plain:
            fit(out.getvalue(), lines=True)
        fit(errors.getvalue(), lines=True)


@contextlib.contextmanager
def _told(kind: type[Exception]) -> Iterator[None]:
    """Lets errors of one ``kind`` pass if they are one message."""
    try:
        yield
    except kind as error:
        one_message(str(error))


def _session() -> list[bytes]:
    experiment = loads(f"{inputs.OWN}[data]\n{inputs.DATA[1]}", "mine", Path("/"))
    timeline = Timeline(experiment)
    timeline = timeline.edited(timeline.snapshot(0), Number("input", (0, 0)), 0.5)
    stops, loss = [("loss < 0.1", True)], repr(timeline.snapshot(3).loss)
    state = SessionState(False, "mine", 3, 1, stops, "1/s", None, loss, Selection())
    return written(Session(state, timeline), ended=False).splitlines()


SESSION = _session()
KINDS: dict[str, Callable[[Judge, Random], bytes | str]] = {
    "presets": Judge.preset,
    "csv": Judge.csv,
    "sessions": Judge.session,
    "pasted": Judge.pasted,
}


SECONDS = 2.0
"""Of processor time: a busy machine makes nothing hang."""
MEMORY = 500 * 2**20


class HangError(BaseException):
    """An input that takes too long; nothing in the program can catch it."""


def try_some(task: tuple[str, int, int]) -> tuple[list[str], float]:
    """Return what went wrong with some inputs of a kind, and the seconds of the slowest."""
    kind, first, count = task
    faults, slowest = list[str](), 0.0
    signal.signal(signal.SIGPROF, _too_long)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge(Path(folder))
        for seed in range(first, first + count):
            began = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            try:
                KINDS[kind](judge, Random(f"{kind} {seed}"))
            except BaseException:
                faults.append(f"{kind} {seed}: {traceback.format_exc(limit=-4)[-2_000:]}")
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            slowest = max(slowest, time.process_time() - began)
    return faults, slowest


def _too_long(number: int, frame: FrameType | None) -> None:
    raise HangError
