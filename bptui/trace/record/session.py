"""Runs a program under the recorder, in the user's Python.

The request stands in a folder, and what was recorded is left there, however the program ends, with
how it did. Imports nothing of bptui but what stands beside it.
"""

from __future__ import annotations

import linecache
import os
import signal
import sys
import traceback
import types
from typing import Any, TypeAlias

from bptui.trace import stored
from bptui.trace.record.instrument import instrumented
from bptui.trace.record.misfits import misfit
from bptui.trace.record.modules import Modules, package_of
from bptui.trace.record.operators import PROGRAM
from bptui.trace.record.recorder import Recorder
from bptui.trace.record.recording import Enough
from bptui.trace.record.silent import Missing, Silent
from bptui.trace.step.training_steps import training_steps
from bptui.trace.tape import Tape

CALL = "<call>"
"""What stands for a file in the places of the code that runs after the program."""
Value: TypeAlias = Any
"""Whatever a program computes with, or another module gives."""


class Session:
    """One program with its recorder, and the places of all of its files."""

    def __init__(self, file: str, folder: str) -> None:
        """Take what to run: a file, and in the folder its source, arguments, and limits.

        ``call`` is code that runs after it, in sight of the program's names. ``name`` is that of
        the module, ``function`` what is asked of one whose calls are told.
        """
        self.file, self.folder = file, folder
        self.request = request = stored.read(folder, "request")
        self.names: dict[str, Value] = {}
        """What else the call sees."""
        self.played: Value = None
        self.recorder = Recorder(request["entries"])
        self.places: list[tuple[Any, ...]] = []
        self.files: set[str] = set()
        """Those of the program."""
        self.recorder.watch = self.watch
        self.next_look = request["look"]
        self.out_of_time = False

    def plays(self, played: Value) -> None:
        """Let the call see what makes the calls of a function and tells what they gave."""
        played.read.__func__.__globals__[PROGRAM] = self.recorder  # nothing for the tape
        self.names["played"] = self.played = played

    def rewritten(self, source: str, file: str, names: dict[str, Any]) -> Value:
        """Return the compiled program, and give its names the recorder."""
        self.files |= {file} - {CALL}
        if file != CALL and (self.request["function"] or {}).get("plain"):
            return compile(source, file, "exec", dont_inherit=True)
        tree, positions = instrumented(source, file, len(self.places))
        self.places += [(file, *place) for place in positions.places]
        names[PROGRAM] = self.recorder
        return compile(tree, file, "exec", dont_inherit=True)

    def watch(self, binding: Value) -> None:
        """Stop once enough training steps were seen; looked for ever more rarely.

        Before one goes on from what another has left, anything may look like a parameter.
        """
        if len(self.recorder.tape) < self.next_look:
            return
        self.next_look *= 2
        tape = Tape(self.recorder.tape, self.recorder.values, self.recorder.bindings)
        steps = training_steps(tape)
        parameters = [parameter for step in steps for parameter in step.parameters]
        again = tape.behind(parameter.before for parameter in parameters)
        going_on = any(parameter.after in again for parameter in parameters)
        if len(steps) > self.request["steps"] and going_on:
            raise Enough

    def run(self) -> dict[str, Any]:
        """Run the program; how it ended."""
        file, source = self.file, self.request["source"]
        main = types.ModuleType(self.request["name"])
        main.__file__ = file
        main.__dict__["__builtins__"] = __builtins__
        if file.endswith(".ipynb"):
            main.__dict__.update(display=Silent(), get_ipython=Silent())
        sys.modules[main.__name__] = main
        folder = os.path.dirname(file)
        sys.argv = [file, *self.request["arguments"]]
        sys.stdin = open(os.devnull)  # noqa: SIM115  input() gets end of file until the end
        vars(sys).update(settrace=Silent(), setprofile=Silent())  # they would trace the recorder
        sys.meta_path.insert(0, Modules(folder, self.rewritten))
        sys.meta_path.append(Missing())
        signal.signal(signal.SIGALRM, self.time_is_up)
        signal.setitimer(signal.ITIMER_REAL, self.request["limit"])
        try:
            main.__package__ = package_of(source, folder) or None
            exec(self.rewritten(source, file, main.__dict__), main.__dict__)
            names = {**main.__dict__, **self.names}
            exec(self.rewritten(self.request["call"], CALL, names), names)
        except Enough as stop:
            end = "time" if self.out_of_time else "enough"
            return {**self.told(stop), "end": end, "message": ""}
        except SystemExit as stop:
            return {**self.told(stop), "end": "exit"}
        except BaseException as error:
            return {**self.told(error), "end": "error"}
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return {"end": "ran"}

    def time_is_up(self, number: int, frame: Value) -> None:
        """Stop the program; what was recorded until now counts."""
        self.out_of_time = True
        raise Enough

    def told(self, error: BaseException) -> dict[str, Any]:
        """Return what an exception says, the program's line that it came from, and the way there.

        The way are the calls in files of the program, the outermost one first.
        """
        file, message, line = self.file, str(error), None
        calls = [
            (frame.f_code.co_filename, number, frame)
            for frame, number in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename in self.files
        ]
        if isinstance(error, NotImplementedError) and len(calls) > 1:
            calls.pop()  # what is not written yet is told where it is needed
        way = [(path, number, frame.f_code.co_name) for path, number, frame in calls]
        if own := [number for path, number, _ in calls if path == file]:
            line = own[-1]
        if isinstance(error, ValueError) and calls:
            path, number, frame = calls[-1]
            source = self.request["source"] if path == file else "".join(linecache.getlines(path))
            names = {**frame.f_globals, **frame.f_locals}
            message = misfit(source, number, names, message) or message
        if isinstance(error, SyntaxError):
            message = error.msg
            if error.filename in self.files:
                way.append((error.filename, error.lineno or 0, ""))
                line = error.lineno if error.filename == file else line
        if isinstance(error, SystemExit):
            text = "sys.exit()" if error.code is None else f"sys.exit({error.code!r})"
        else:
            text = f"{type(error).__name__}: {message}".removesuffix(": ")
        folder = os.path.dirname(file)
        told = [
            (os.path.relpath(path, folder), at, function, linecache.getline(path, at).strip())
            for path, at, function in way
        ]
        return {"message": text, "line": line, "way": told}

    def write(self, end: dict[str, Any]) -> None:
        """Leave what was recorded."""
        recorder, played = self.recorder, self.played
        run = {
            **end,
            "told": played.told if played else [],
            "began": played is not None and played.began,
            "places": self.places,
            "notes": recorder.tape,
            "bindings": recorder.bindings,
            "values": recorder.values,
            "turns": recorder.turns,
            "reads": recorder.reads,
            "compared": recorder.compared,
            "turning": recorder.turning,
            "plain": recorder.plain,
            "callers": recorder.callers,
        }
        stored.write(self.folder, "run", run)
