"""The first page's picture: small, without scripts, and of the screens that the manual shows."""

import re
from xml.etree import ElementTree

from . import picture, renew, walk_through

SVG = "{http://www.w3.org/2000/svg}"
TEXT = renew.PICTURE.read_text(encoding="utf-8")
LARGEST = 300_000


def test_it_is_small_and_stands_alone() -> None:
    assert len(TEXT.encode()) <= LARGEST
    kinds = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(TEXT).iter()}
    assert kinds == {"svg", "title", "style", "rect", "g", "path", "text"}
    assert re.findall(r"https?://[^\"]*", TEXT) == ["http://www.w3.org/2000/svg"]
    assert "url(" not in TEXT


def test_every_scene_is_a_frame_and_who_wants_no_motion_gets_the_first() -> None:
    frames = ElementTree.fromstring(TEXT).findall(f"{SVG}g")
    assert [frame.get("id") for frame in frames] == [f"f{at}" for at in range(len(picture.SCENES))]
    assert "g+g{animation" in TEXT
    assert "@media(prefers-reduced-motion:reduce){g+g{animation:none" in TEXT


def test_the_first_frame_is_the_first_screen_of_the_manual() -> None:
    page = renew.FIRST_STEPS.read_text(encoding="utf-8")
    _, screen = walk_through.blocks(page)[0]
    rows = [[" "] * picture.SIZE[0] for _ in range(picture.SIZE[1])]
    frame = ElementTree.fromstring(TEXT).find(f"{SVG}g")
    for element in frame.findall(f"{SVG}text"):
        x, y = (int(float(element.get(name, "0"))) for name in "xy")
        row = (y - picture.TOP) // picture.HIGH
        if row >= 0:  # what stands above the screen says which keys are pressed
            at = (x - picture.EDGE) // picture.WIDE
            text = element.text or ""
            rows[row][at : at + len(text)] = text
    drawn = re.compile(r"[\u2500-\u259f\u2800-\u28ff]")  # lines, blocks and dots are paths
    shown = ["".join(row).rstrip() for row in rows]
    assert shown == [drawn.sub(" ", line).rstrip() for line in screen.splitlines()]
