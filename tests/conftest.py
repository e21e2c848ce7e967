"""What holds for every test.

The rules kept here: a JACK server that fell ill is nobody's fault but its own; and Ctrl-C ends what
the tests start, wherever they run themselves.
"""

import signal
from collections.abc import Generator

import pytest

from performer.improviser import Improviser
from performer.model import Model
from tests.fakes import write_trial_model, write_trial_touch_model
from tests.jack_server import JackServer

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # inherited, from a shell's background
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Skips a test that failed on a server that has stalled or died."""
    try:
        return (yield)
    except Exception:
        server = pyfuncitem.funcargs.get("jack")
        if isinstance(server, JackServer) and server.is_ill():
            pytest.skip("this JACK server fell ill")
        raise


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    """The window's tests need no display."""
    return ["antiphon", "-platform", "offscreen"]


@pytest.fixture(scope="module", params=[write_trial_model, write_trial_touch_model])
def improviser(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Improviser:
    """One who improvises, with a small model of each codec in turn."""
    path = tmp_path_factory.mktemp("models") / "trial.onnx"
    return Improviser(Model.load(request.param(path)))
