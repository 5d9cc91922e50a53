"""Ports and signals."""

import os
import signal
import socket

import pytest

from kernel.cli.errors import PortTaken
from kernel.cli.listening import listening, stoppable, url_of


def test_a_free_port_is_taken_and_given_back():
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert url_of(taken) == f"http://127.0.0.1:{port}"
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port} cannot be listened on"), listening("127.0.0.1", port):
            pass
    with listening("127.0.0.1", port):
        pass


def test_an_address_of_elsewhere_cannot_be_listened_on():
    with pytest.raises(PortTaken) as refused, listening("192.0.2.1", 0):
        pass
    assert refused.value.code == "port_taken"


def test_a_server_for_everybody_is_reached_here_by_its_loopback_address():
    with listening("0.0.0.0", 0) as taken:
        assert url_of(taken).startswith("http://127.0.0.1:")


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_ipv6_address_stands_in_brackets():
    with listening("::1", 0) as taken:
        assert url_of(taken).startswith("http://[::1]:")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_what_is_stoppable_and_closes_what_is_in_it(number):
    before, closed = signal.getsignal(number), []
    with stoppable():
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        finally:
            closed.append(True)
    assert closed == [True]
    assert signal.getsignal(number) == before
