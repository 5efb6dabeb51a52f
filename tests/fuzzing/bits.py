"""What inputs are made worse with: values of wrong types and sizes, and damage to texts."""

from collections.abc import Callable
from random import Random

TEXTS = ["", " ", "sigmoid", "a" * 10_000, "\0", "\r\n\t\v\f\x85\u2028", "\ud7ff\ue000\uffff"]
TEXTS += ["\x1b[31mred\x1b]0;title\x07\x1bP1$r\x9b2J", "\u202eright to left\u2066\u200f"]
TEXTS += ["e\u0301\u0301" * 50, "学习率" * 100, "\U0001f468\u200d\U0001f469\u200d\U0001f467"]
TEXTS += ["../../../etc/passwd", "/dev/zero", "/proc/self/mem", "%s%n{0.__class__}"]
TEXTS += ["${HOME}`id`$(id); __import__('os')"]
_NUMBERS = """0 -1 1 3 65 100000 1000000000 1000000000000 -9223372036854775808
18446744073709551616 0.0 -0.0 1e308 1e999 5e-324 nan -inf +1 1_000 01 1. 0o7 true false"""
NUMBERS = _NUMBERS.split()
NUMBERS += ["1" + "0" * 30, "9" * 5_000, "0x" + "f" * 5_000, "." + "5" * 5_000]
OTHERS = r"""2020-01-01
1979-05-27T07:32:00.999999-07:00
07:32:00
{}
{a = 1}
{layers = [2, 1]}
[]
[[]]
[[[]]]
[[1], [2, 3]]
[1, 'a', [2]]
[[nan]]
[true]

=
'
"
null""".splitlines()
OTHERS += ["[ 1, # why\n 2, ]", "[" * 200 + "]" * 200, "[" * 20_000, "{a=" * 10_000]
OTHERS += ["{a = " * 300 + "1" + "}" * 300, "'''\n'''", '"""\\\n  a"""']
STRAY = ["\0", "\r", "\n", "\r\n", "\x1b[2J", "\x7f", "\x9b", "\ufeff", "\u202e", "\\", "\\u"]
STRAY += ['"', '"""', "'", *"[]{}#=,.;\t -e", "0" * 400]


def quoted(random: Random, text: str) -> str:
    """``text`` as a TOML string, in one of its spellings; not always a valid one."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    spelt = "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in escaped)
    spellings = [f'"{spelt}"', f'"{spelt}"', f'"{escaped}"', f"'{text}'", f'"""{spelt}"""']
    return random.choice(spellings)


def value(random: Random) -> str:
    """Something that a key of a preset may be given."""
    pick = random.random()
    if pick < 0.35:
        return random.choice(NUMBERS)
    if pick < 0.6:
        return quoted(random, random.choice(TEXTS))
    if pick < 0.8:
        return random.choice(OTHERS)
    if pick < 0.85:
        return random_numbers(random)
    count = random.choice([1, 2, 3, 70, 300])
    item = random.choice([random.choice(NUMBERS), quoted(random, random.choice(TEXTS)), "[0, 1]"])
    return f"[{', '.join([item] * count)}]"


def random_numbers(random: Random) -> str:
    """A list of lists of numbers, of any lengths."""
    rows = [
        [f"{random.uniform(-2, 2):.17g}" for _ in range(random.randint(0, 4))]
        for _ in range(random.choice([0, 1, 2, 60]))
    ]
    return str(rows).replace("'", "")


def damaged(random: Random, text: str) -> str:
    """``text`` with a few of its characters lost, doubled, swapped, or joined by others."""
    for _ in range(random.randint(1, 3)):
        at = random.randint(0, len(text))
        text = _damaged_at(random, text, at, min(len(text), at + random.choice([1, 1, 2, 10, 100])))
    return text


def _damaged_at(random: Random, text: str, at: int, end: int) -> str:
    changes: list[Callable[[], str]] = [
        lambda: text[:at] + random.choice(STRAY) + text[at:],
        lambda: text[:at] + random.choice(STRAY) * random.choice([2, 30, 3000]) + text[at:],
        lambda: text[:at] + text[end:],
        lambda: text[:end] + text[at:],
        lambda: text[:at],
        lambda: text[:at] + random.choice(TEXTS) + text[end:],
        lambda: text[:at] + random.choice(NUMBERS) + text[end:],
        lambda: text.replace("\n", random.choice(["\r\n", "\r", "\n\n", ""])),
    ]
    return random.choice(changes)()


def encoded(random: Random, text: str) -> bytes:
    """The bytes of a file: mostly UTF-8, at times with a mark before it or damage in it."""
    pick = random.random()
    if pick < 0.02:
        return text.encode("utf-16", "surrogatepass")
    content = text.encode("utf-8", "surrogatepass")
    if pick < 0.07:
        content = b"\xef\xbb\xbf" + content
    if pick < 0.12:
        at = random.randint(0, len(content))
        content = content[:at] + random.randbytes(random.randint(1, 20)) + content[at:]
    return random.randbytes(random.randint(0, 300)) if pick > 0.98 else content
