"""The real binary in a terminal: what only a terminal can show."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

import trees
from conftest import BINARY, Engine


class Terminal:
    """A pseudo-terminal with the dashboard in it."""

    def __init__(self, *arguments, environment, columns=160, rows=45):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execve(BINARY, [BINARY, *arguments], {**environment, "TERM": "xterm-256color"})
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        """What comes within `seconds`, as soon as something comes."""
        ready, _, _ = select.select([self.descriptor], [], [], seconds)
        try:
            return os.read(self.descriptor, 1 << 16) if ready else b""
        except OSError:
            return b""

    def drain(self, quiet=0.2):
        """Everything up to a pause of `quiet` seconds."""
        seen = b""
        while part := self.read(quiet):
            seen += part
        return seen

    def wait_for(self, text, seconds=15):
        deadline, seen = time.monotonic() + seconds, b""
        while text not in seen:
            assert time.monotonic() < deadline, f"{text!r} did not appear in {seen[-3000:]!r}"
            seen += self.read(0.2)
        return seen

    def press(self, keys):
        os.write(self.descriptor, keys.encode())

    def end(self, signal_number=signal.SIGTERM):
        os.kill(self.pid, signal_number)
        rest = self.drain(1.0)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.descriptor)
        return rest, os.waitstatus_to_exitcode(status)


def test_signals_leave_the_terminal_clean(tmp_path):
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        engine = Engine(tmp_path / f"data-{number}")
        terminal = Terminal("--data-dir", str(engine.data), environment=engine.environment)
        terminal.wait_for(b"\x1b[?1049h")
        terminal.drain()
        rest, _ = terminal.end(number)
        assert b"\x1b[?1049l" in rest and b"\x1b[?25h" in rest, (number, rest[-300:])


def test_an_idle_dashboard_writes_nothing(tmp_path):
    engine = Engine(tmp_path / "data")
    terminal = Terminal("--data-dir", str(engine.data), environment=engine.environment)
    terminal.wait_for(b"\x1b[?1049h")
    deadline = time.monotonic() + 20
    while terminal.drain(3.0):
        assert time.monotonic() < deadline, "it never comes to rest"
    terminal.end()


def test_how_fast_a_key_is_echoed_while_a_backup_keeps_both_cores_busy(tmp_path):
    """Measured and printed, not asserted: clocks are no budget (the target is 100 ms in 99 of 100 presses)."""
    source = trees.large(tmp_path / "source", 1_500_000_000)
    engine = Engine(tmp_path / "data")
    resource = engine.add_efs("projects", source)
    terminal = Terminal("--data-dir", str(engine.data), environment=engine.environment)
    terminal.wait_for(b"\x1b[?1049h")
    terminal.press(":")
    terminal.drain(1.0)
    import subprocess
    backup = subprocess.Popen([BINARY, "--data-dir", str(engine.data), "backup", "start", resource, "--vault", "Default"], env=engine.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    times = []
    while len(times) < 100 and backup.poll() is None:
        began = time.monotonic()
        terminal.press("x" if len(times) % 2 == 0 else "\x7f")
        assert terminal.read(5), "no echo in five seconds"
        times.append(time.monotonic() - began)
        time.sleep(0.02)
        while terminal.read(0):
            pass
    backup.wait()
    terminal.end()
    times.sort()
    print(f"\nkey echo under load: {len(times)} presses, median {times[len(times) // 2] * 1000:.1f} ms, "
          f"p99 {times[int(len(times) * 0.99) - 1] * 1000:.1f} ms, worst {times[-1] * 1000:.1f} ms")
    assert len(times) > 30, "the backup ended before enough keys were pressed"
