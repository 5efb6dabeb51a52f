"""bptui: a debugger for backpropagation in the terminal."""

__version__ = "0.1.0"
COMMANDS = {
    "tutorial": "bptui.tutorial",
    "list": "bptui.cli.list_presets",
    "run": "bptui.cli.run",
    "explain": "bptui.cli.explain",
    "gradcheck": "bptui.cli.gradcheck",
    "check": "bptui.cli.check",
    "export": "bptui.cli.export",
    "help": "bptui.cli.help",
    "completion": "bptui.cli.completion",
}
"""The commands, and the module that has each; it is loaded when the command is given."""
