"""The instrument speaks to nobody: no process of its opens a network socket, whatever it does."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from performer.messages import Player
from performer.take import read_take
from tests.fakes import write_trial_model
from tests.test_command_line import prompt
from tests.test_real_playing import START

pytestmark = pytest.mark.real_time

# Python runs this at the start of every process that finds it: the terminal's, the engine's, the
# stage box's. It writes down who was watched, and whoever opened a socket.
WATCHER = """
import os, sys
def watch(event, args):
    if event.startswith("socket.") and event not in ("socket.gethostname",):
        with open({log!r}, "a") as file:
            file.write(f"{{event}} {{args[1:]}}\\n")
with open({log!r}, "a") as file:
    file.write(f"watching {{os.getpid()}}\\n")
sys.addaudithook(watch)
"""


def a_whole_turn(tmp_path: Path) -> list[str]:
    model = write_trial_model(tmp_path / "trial.onnx")
    words = ["play", "--model", str(model), "--takes", str(tmp_path / "takes"), "--seed", "3"]
    words += ["--prompt", str(prompt(tmp_path / "p.mid", 4)), "--out", "none", "--length", "1s"]
    return [sys.executable, "-c", START, *words]


def was_played(tmp_path: Path) -> bool:
    (take,) = (tmp_path / "takes").glob("*.mid")
    return bool(read_take(take).notes(Player.MODEL))


def test_no_process_of_it_opens_a_socket_in_python(tmp_path: Path) -> None:
    log = tmp_path / "log"
    (tmp_path / "sitecustomize.py").write_text(WATCHER.format(log=str(log)))
    here = str(Path(__file__).parent.parent)
    searched = os.pathsep.join([str(tmp_path), here, *filter(None, [os.environ.get("PYTHONPATH")])])
    subprocess.run(
        a_whole_turn(tmp_path), env={**os.environ, "PYTHONPATH": searched}, check=True, timeout=100
    )
    assert was_played(tmp_path)
    told = log.read_text().splitlines()
    assert sum(line.startswith("watching") for line in told) >= 3
    assert [line for line in told if not line.startswith("watching")] == []


def test_no_process_of_it_opens_a_network_socket_in_any_library(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed (Debian: apt install strace)")
    log = tmp_path / "log"
    traced = [strace, "-f", "-qq", "-e", "trace=socket,connect,bind", "-o", str(log)]
    if subprocess.run([*traced, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let strace look on")
    subprocess.run([*traced, *a_whole_turn(tmp_path)], check=True, timeout=100)
    assert was_played(tmp_path)
    assert re.findall(r".*AF_INET.*", log.read_text()) == []
