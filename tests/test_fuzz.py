"""Fuzzing, a little every time; a lot of it with `python -m tests.fuzz`."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="Windows does not tell what a process has used")

from performer.refusal import Refusal
from tests import fuzz
from tests.fuzz import KINDS, Kind, case, fault_of, is_well_read


def reading(read: object) -> Kind:
    return Kind(".bin", lambda dice: b"", read)  # type: ignore[arg-type]


def test_whatever_is_read_is_read_or_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--cases", "800", "--seed", "2"]
    done = subprocess.run(
        [*command, "--failures", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "800 cases, 0 failed" in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_follows_from_its_seed_and_its_number(kind: str) -> None:
    assert case(kind, 1, 7) == case(kind, 1, 7)
    assert len({case(kind, 1, number) for number in range(30)}) > 20
    assert case(kind, 2, 7) != case(kind, 1, 7)


def test_what_is_raised_is_a_fault_and_a_refusal_of_one_sentence_is_none() -> None:
    def read(data: bytes, folder: Path) -> None:
        if data:
            raise KeyError("turn")
        with fuzz.refused():
            raise Refusal("It is no take.")

    assert "KeyError('turn') in test_fuzz.py" in (fault_of(reading(read), b"1") or "")
    assert fault_of(reading(read), b"") is None


def test_a_refusal_of_many_lines_or_for_want_of_memory_is_a_fault() -> None:
    def refuse(data: bytes, folder: Path) -> None:
        with fuzz.refused():
            try:
                raise MemoryError if data else ValueError
            except Exception:
                raise Refusal("It is broken." if data else "It is\nbroken.") from None

    assert "MemoryError" in (fault_of(reading(refuse), b"1") or "")
    assert "not one sentence" in (fault_of(reading(refuse), b"") or "")


def test_what_hangs_is_a_fault_even_where_all_errors_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hang(data: bytes, folder: Path) -> None:
        try:
            while True:
                pass
        except Exception:
            return

    monkeypatch.setattr(fuzz, "LONGEST", 0.1)
    assert "more than 0.1 s" in (fault_of(reading(hang), b"") or "")


TAKES_MEMORY = """
from tests import fuzz
fuzz.LONGEST = 60.0
kind = fuzz.Kind(".bin", lambda dice: b"", lambda data, folder: len(bytearray(b"1") * 600_000_000))
print(fuzz.fault_of(kind, b""))
print(fuzz.fault_of(fuzz.KINDS["midi"], b""))
"""


def test_what_takes_too_much_memory_is_a_fault_of_that_case_alone() -> None:
    said = subprocess.check_output([sys.executable, "-c", TAKES_MEMORY], text=True)
    assert said.startswith("it took ")
    assert said.endswith(" MB\nNone\n")


def test_a_case_that_fails_is_written_down_with_how_to_repeat_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read(data: bytes, folder: Path) -> None:
        raise KeyError("turn")

    monkeypatch.setitem(fuzz.KINDS, "midi", Kind(".bin", KINDS["midi"].make, read))
    assert not is_well_read("midi", 3, 5, tmp_path)
    assert (tmp_path / "midi-3-5.bin").read_bytes() == case("midi", 3, 5)
    assert "--only midi --seed 3 --first 5 --cases 1" in capsys.readouterr().out
