"""What holds for every test.

The rule kept here: a JACK server that fell ill is nobody's fault but its own.
"""

from collections.abc import Generator

import pytest

from tests.jack_server import JackServer


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
