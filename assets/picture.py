#!/usr/bin/env python3
"""Makes the README's picture: opens the demo in tmux, presses keys, and draws the screen as a PNG.

usage: assets/picture.py BINARY OUT.png [KEY …]      needs tmux, Pillow, wcwidth and the DejaVu fonts
"""

import re
import subprocess
import sys
import tempfile
import time

from PIL import Image, ImageDraw, ImageFont
from wcwidth import wcwidth

COLUMNS, ROWS, SIZE = 132, 36, 16
BACKGROUND, FOREGROUND = (0x1E, 0x1E, 0x1E), (0xD4, 0xD4, 0xD4)
NAMED = [tuple(bytes.fromhex(code)) for code in
         "000000 cd3131 0dbc79 e5e510 2472c8 bc3fbc 11a8cd e5e5e5 666666 f14c4c 23d18b f5f543 3b8eea d670d6 29b8db ffffff".split()]
FONTS = {(bold, oblique): ImageFont.truetype(f"/usr/share/fonts/truetype/dejavu/DejaVuSansMono{name}.ttf", SIZE)
         for bold, oblique, name in ((0, 0, ""), (1, 0, "-Bold"), (0, 1, "-Oblique"), (1, 1, "-BoldOblique"))}
ASCENT, DESCENT = FONTS[0, 0].getmetrics()
WIDTH, HEIGHT = round(FONTS[0, 0].getlength("M")), ASCENT + DESCENT


def screen(binary, keys):
    """The demo's screen as tmux captures it, after `keys` were pressed one by one."""
    name = f"picture-{time.time_ns()}"
    with tempfile.TemporaryDirectory() as folder:
        command = f"env HOME={folder} TERM=tmux-256color {binary} --data-dir {folder}/demo demo"
        tmux("new-session", "-d", "-s", name, "-x", str(COLUMNS), "-y", str(ROWS), command)
        try:
            wait_until(name, lambda text: "q quit" in text or "? help" in text)
            for key in keys:
                tmux("send-keys", "-t", name, key)
                time.sleep(0.7)
            time.sleep(2)
            return tmux("capture-pane", "-e", "-p", "-N", "-t", name)
        finally:
            tmux("kill-session", "-t", name)


def tmux(*arguments):
    return subprocess.run(["tmux", *arguments], check=True, capture_output=True, text=True).stdout


def wait_until(name, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition(tmux("capture-pane", "-p", "-t", name)):
        if time.monotonic() > deadline:
            sys.exit("the dashboard did not appear")
        time.sleep(0.2)


def colour(number):
    """A colour of the 256."""
    if number < 16:
        return NAMED[number]
    if number >= 232:
        return (8 + 10 * (number - 232),) * 3
    levels = (0, 95, 135, 175, 215, 255)
    return tuple(levels[(number - 16) // step % 6] for step in (36, 6, 1))


def apply(style, codes):
    """Select Graphic Rendition, the part of it that tmux writes."""
    codes = [int(code or 0) for code in codes.replace(":", ";").split(";")]
    while codes:
        code = codes.pop(0)
        if code == 0:
            style.update(fg=FOREGROUND, bg=BACKGROUND, bold=0, dim=0, italic=0, underline=0, reverse=0)
        elif code in (1, 2, 3, 4, 7):
            style[{1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse"}[code]] = 1
        elif code == 22:
            style.update(bold=0, dim=0)
        elif code in (23, 24, 27):
            style[{23: "italic", 24: "underline", 27: "reverse"}[code]] = 0
        elif code in (39, 49):
            style["fg" if code == 39 else "bg"] = FOREGROUND if code == 39 else BACKGROUND
        elif code in (38, 48):
            if codes.pop(0) == 5:
                style["fg" if code == 38 else "bg"] = colour(codes.pop(0))
            else:
                style["fg" if code == 38 else "bg"] = (codes.pop(0), codes.pop(0), codes.pop(0))
        else:
            for start, which, bright in ((30, "fg", 0), (40, "bg", 0), (90, "fg", 8), (100, "bg", 8)):
                if start <= code < start + 8:
                    style[which] = NAMED[code - start + bright]


def draw(text, out):
    image = Image.new("RGB", (COLUMNS * WIDTH, ROWS * HEIGHT), BACKGROUND)
    canvas, style = ImageDraw.Draw(image), {}
    apply(style, "0")
    for row, line in enumerate(text.split("\n")[:ROWS]):
        column = 0
        for part in re.finditer(r"\x1b\[([0-9;:]*)m|\x1b[()].|[\x0e\x0f]|([^\x1b])", line):
            if part[2] is None:
                if part[1] is not None:
                    apply(style, part[1])
            elif (cells := wcwidth(part[2])) > 0 and column < COLUMNS:
                draw_cell(canvas, style, part[2], column * WIDTH, row * HEIGHT, cells * WIDTH)
                column += cells
    # Median cut would lose the few red cells among the many green ones.
    image.quantize(128, Image.Quantize.MAXCOVERAGE).save(out, optimize=True)


def draw_cell(canvas, style, character, x, y, width):
    ink, paper = (style["bg"], style["fg"]) if style["reverse"] else (style["fg"], style["bg"])
    if style["dim"]:
        ink = tuple((a * 6 + b * 4) // 10 for a, b in zip(ink, paper))
    if paper != BACKGROUND:
        canvas.rectangle([x, y, x + width - 1, y + HEIGHT - 1], fill=paper)
    eighths = ord(character) - 0x2580
    if 1 <= eighths <= 8:
        canvas.rectangle([x, y + HEIGHT - round(HEIGHT * eighths / 8), x + WIDTH - 1, y + HEIGHT - 1], fill=ink)
    elif character.strip():
        canvas.text((x, y + ASCENT), character, font=FONTS[style["bold"], style["italic"]], fill=ink, anchor="ls")
    if style["underline"]:
        canvas.line([x, y + HEIGHT - 2, x + width - 1, y + HEIGHT - 2], fill=ink)


if __name__ == "__main__":
    draw(screen(sys.argv[1], sys.argv[3:]), sys.argv[2])
