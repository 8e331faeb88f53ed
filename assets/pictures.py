#!/usr/bin/env python3
"""Makes the README's pictures and its recording from the demo, or says which of them the program does not look like any more.

    assets/pictures.py BINARY            draws assets/*.svg and assets/night.cast anew
    assets/pictures.py BINARY --check    exit code 1 where the words of a picture are not those on the screen

The demo's clock stands at MOMENT when it begins (libfaketime), so that its dates are the same each time. Needs pyte
(tests/requirements.txt) and Debian's libfaketime.
"""

import argparse
import contextlib
import fcntl
import html
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

import pyte

HERE = pathlib.Path(__file__).resolve().parent
MOMENT = "2026-11-24 03:12:00"
FAKETIME = next(map(str, pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
KEYS = {"enter": "\r", "esc": "\x1b", "tab": "\t", "left": "\x1b[D", "ctrl-s": "\x13"}

# Each: size, what is pressed from the overview on (a word that is typed begins with a quote), what must be seen before it is drawn.
PICTURES = {
    "wall": ((160, 45), [], ["Needs a look", "legacy-reports"]),
    "wall-80x24": ((80, 24), [], ["Needs a look"]),
    "jobs": ((160, 45), ["4", "/", "'state:failed", "enter"], ["FAILED", "legacy-reports"]),
    "findings": ((160, 45), ["7"], ["legacy-reports"]),
    "vault": ((160, 45), ["2", "/", "'warehouse", "enter"], ["warehouse"]),
    "plan": ((160, 45), ["3", "enter"], ["Mon"]),
    "calendar": ((160, 45), ["6", "/", "'projects-eu", "enter", "enter", "tab"], ["November"]),
    "restore": ((160, 45), ["6", "/", "'projects-eu", "enter", "enter", "a", "enter"], ["Restore a recovery point"]),
}
# The recording: a failed backup is seen, explained, and its newest good recovery point restored as far as the preview.
RECORDING = ((120, 36), [
    (2.5, []), (2.0, ["7"]), (2.5, ["/", "'legacy", "enter"]), (3.0, ["enter"]), (2.5, ["esc", "b"]), (2.0, ["a", "enter"]), (3.0, ["ctrl-s"]), (3.0, []),
])

FOREGROUND, BACKGROUND = "d4d4d4", "1e1e1e"
NAMED = dict(zip(("black", "red", "green", "brown", "blue", "magenta", "cyan", "white"), "000000 cd3131 0dbc79 e5e510 2472c8 bc3fbc 11a8cd e5e5e5".split()))
NAMED |= dict(zip(("brightblack", "brightred", "brightgreen", "brightbrown", "brightblue", "brightmagenta", "brightcyan", "brightwhite"),
                  "666666 f14c4c 23d18b f5f543 3b8eea d670d6 29b8db ffffff".split()))
# What says how long ago something was, and so depends on how quick the machine is.
PASSING = {"now", "ago", "in", "old"}
# Of a cell of the terminal, in units of the drawing.
WIDTH, HEIGHT, SIZE = 8.4, 17, 14


class Demo:
    """The demo in a terminal of its own, in a folder that goes with it."""

    def __init__(self, binary, folder, size):
        self.screen = pyte.Screen(*size)
        self.stream = pyte.ByteStream(self.screen)
        self.taken = []
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(binary, [binary, "demo", "--without-database", "--data-dir", str(folder / "demo")], environment(folder))
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def look(self, quiet):
        """Takes what comes until nothing does for so many seconds."""
        while select.select([self.terminal], [], [], quiet)[0]:
            try:
                seen = os.read(self.terminal, 1 << 16)
            except OSError:
                return
            self.taken.append((time.monotonic(), seen))
            self.stream.feed(seen)

    def press(self, keys):
        for key in keys:
            text = key[1:] if key.startswith("'") else KEYS.get(key, key)
            os.write(self.terminal, text.encode())
            # An escape that is followed at once is a key with Alt.
            self.look(0.6)

    def rows(self):
        return [line.rstrip() for line in self.screen.display]

    def sees(self, texts, seconds=60):
        deadline = time.monotonic() + seconds
        while not all(text in "\n".join(self.rows()) for text in texts):
            if time.monotonic() > deadline:
                raise SystemExit(f"waited for {texts}:\n" + "\n".join(self.rows()))
            self.look(0.2)
        self.look(1.0)

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        self.look(0.5)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def environment(folder):
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TERM": "xterm-256color", "COLORTERM": "truecolor", "TZ": "UTC",
            "LD_PRELOAD": FAKETIME, "FAKETIME": f"@{MOMENT}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def opened(binary, folder, size):
    """A demo that is made anew and shows its overview."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    demo = Demo(binary, folder, size)
    demo.sees(["Needs a look"], 180)
    # What its start makes comes to an end, and the screen tells so.
    ask = [binary, "jobs", "--filter", "state:created,pending,running", "--output", "json", "--data-dir", str(folder / "demo")]
    deadline = time.monotonic() + 120
    while json.loads(subprocess.run(ask, env=environment(folder), stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout):
        if time.monotonic() > deadline:
            raise SystemExit("the jobs of the demo do not end")
        demo.look(1.0)
    demo.press(["r"])
    demo.look(6.0)
    return demo


@contextlib.contextmanager
def place():
    """A folder whose name has the same length each time: where a long path is cut depends on it."""
    with tempfile.TemporaryDirectory(prefix="demo-", dir="/tmp") as folder:
        yield pathlib.Path(folder) / "vaultdeck"


def words(rows):
    """The words of a screen that do not change from one run to the next: those without digits."""
    found = [word.strip(".,:;()[]│─") for row in rows for word in row.split()]
    return sorted(word for word in found if word not in PASSING and re.fullmatch(r"[A-Za-z][A-Za-z'’/+-]*", word))


def colours(cell):
    def of(name, default):
        return default if name == "default" else NAMED.get(name, name)

    ink, paper = of(cell.fg, FOREGROUND), of(cell.bg, BACKGROUND)
    return (paper, ink) if cell.reverse else (ink, paper)


def runs(screen, y):
    """The pieces of a row that look alike: column, text, ink, paper, bold, italic, underlined."""
    found = []
    for x in range(screen.columns):
        cell = screen.buffer[y][x]
        look = (*colours(cell), cell.bold, cell.italics, cell.underscore)
        if found and found[-1][2] == look and cell.data:
            found[-1][1] += cell.data
        elif cell.data:
            found.append([x, cell.data, look])
    return found


def lines_of(screen):
    """A screen as elements of SVG."""
    out = []
    for y in range(screen.lines):
        pieces = runs(screen, y)
        texts = []
        for x, text, (ink, paper, bold, italic, underlined) in pieces:
            left, width = round(x * WIDTH, 1), round(len(text) * WIDTH, 1)
            if paper != BACKGROUND:
                out.append(f'<rect x="{left}" y="{y * HEIGHT}" width="{width}" height="{HEIGHT}" fill="#{paper}"/>')
            if text.strip():
                style = ' font-weight="bold"' * bold + ' font-style="italic"' * italic + ' text-decoration="underline"' * underlined
                texts.append(f'<tspan x="{left}" textLength="{width}" fill="#{ink}"{style}>{html.escape(text)}</tspan>')
        if texts:
            out.append(f'<text y="{y * HEIGHT + 13}">{"".join(texts)}</text>')
    return "\n".join(out)


def svg(size, body, style=""):
    width, height = round(size[0] * WIDTH), size[1] * HEIGHT
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -8 {width + 16} {height + 16}" xml:space="preserve" '
            f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{SIZE}">\n{style}'
            f'<rect x="-8" y="-8" width="{width + 16}" height="{height + 16}" rx="6" fill="#{BACKGROUND}"/>\n{body}\n</svg>\n')


def rows_of_svg(text):
    """What stands in a picture, row by row."""
    rows = re.findall(r"<text [^>]*>(.*?)</text>", text, re.DOTALL)
    return [" ".join(html.unescape(piece) for piece in re.findall(r"<tspan [^>]*>(.*?)</tspan>", row, re.DOTALL)) for row in rows]


def look_at(binary, folder, names):
    """Each picture's screen, one demo a size."""
    for size in sorted({PICTURES[name][0] for name in names}):
        demo = opened(binary, folder, size)
        for name in [name for name in names if PICTURES[name][0] == size]:
            demo.press(["esc", "esc", "esc", "esc"])
            for tab in "23467":
                demo.press([tab, "esc"])
            demo.press(["1", *PICTURES[name][1]])
            demo.sees(PICTURES[name][2])
            yield name, size, demo
        demo.end()


def record(binary, folder):
    """The recording: its asciicast, and the frames that stay for a while."""
    size, steps = RECORDING
    demo = opened(binary, folder, size)
    demo.taken, frames, at = [], [], 0.0
    # All of the first frame is drawn again.
    os.write(demo.terminal, b"\x0c")
    begun = time.monotonic()
    for stays, keys in steps:
        demo.press(keys)
        demo.look(0.8)
        frames.append((at, lines_of(demo.screen)))
        at += stays
    events = [[round(when - begun, 3), "o", seen.decode(errors="replace")] for when, seen in demo.taken]
    demo.end()
    header = {"version": 2, "width": size[0], "height": size[1], "title": "vaultdeck demo", "env": {"TERM": "xterm-256color"}}
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in [header, *events]) + "\n", animated(size, frames, at)


def animated(size, frames, length):
    """The frames one after the other, for ever."""
    style, body = [], []
    for number, (start, lines) in enumerate(frames):
        end = frames[number + 1][0] if number + 1 < len(frames) else length
        first, last = 100 * start / length, 100 * end / length
        style.append(f"@keyframes f{number} {{ 0% {{ visibility: {'visible' if number == 0 else 'hidden'} }} {first:.2f}% {{ visibility: visible }} "
                     f"{last:.2f}% {{ visibility: hidden }} 100% {{ visibility: hidden }} }}")
        body.append(f'<g style="visibility: hidden; animation: f{number} {length:.1f}s step-end infinite">\n{lines}\n</g>')
    return svg(size, "\n".join(body), "<style>" + "\n".join(style) + "</style>\n")


def differences(binary, folder):
    """Of each picture whose words are not those on the screen: its name, what the picture lacks, what only the picture has."""
    found = []
    for name, _, demo in look_at(binary, folder, list(PICTURES)):
        then, now = words(rows_of_svg((HERE / f"{name}.svg").read_text())), words(demo.rows())
        if then != now:
            found.append((name, sorted(set(now) - set(then)), sorted(set(then) - set(now))))
    return found


def main():
    options = argparse.ArgumentParser()
    options.add_argument("binary")
    options.add_argument("--check", action="store_true")
    options.add_argument("names", nargs="*")
    options = options.parse_args()
    binary = str(pathlib.Path(options.binary).resolve())
    with place() as folder:
        if options.check:
            found = differences(binary, folder)
            for name, new, old in found:
                print(f"{name}.svg: only on the screen: {new}; only in the picture: {old}")
            sys.exit(1 if found else 0)
        for name, size, demo in look_at(binary, folder, options.names or list(PICTURES)):
            (HERE / f"{name}.svg").write_text(svg(size, lines_of(demo.screen)))
            print(f"{name}.svg", flush=True)
        if not options.names:
            cast, drawn = record(binary, folder)
            (HERE / "night.cast").write_text(cast)
            (HERE / "night.svg").write_text(drawn)


if __name__ == "__main__":
    main()
