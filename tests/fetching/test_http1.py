"""HTTP/1.1 over one connection: what hostile and broken servers send, and where it is cut."""

from __future__ import annotations

from itertools import chain

import h11
import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetching.http1 import MAX_OVERHEAD, Answer, request_head

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
TWO = b"Content-Length: 2\r\n"
HINTS = b"HTTP/1.1 103 E\r\nContent-Length: 9\r\n\r\n"
KEPT = b"Connection: keep-alive\r\n"
UPGRADE = b"Connection: upgrade\r\nUpgrade: h2\r\n"


def read(pieces, *, then_closed=False):
    """An answer from pieces, and its body."""
    answer, body = Answer(), b""
    for piece in chain(pieces, [b""] if then_closed else []):
        answer.feed(piece)
        body += answer.take()
    return answer, body


def by_h11(data):
    """The status and the body that h11 reads; None if it refuses them."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    client.receive_data(b"")
    status, body = 0, b""
    try:
        while True:
            event = client.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return status, body
    except h11.RemoteProtocolError:
        return None


WHOLE = {
    "a length": (OK + TWO + b"\r\nab", b"ab", True),
    "a length of nothing": (OK + b"Content-Length: 0\r\n\r\n", b"", True),
    "odd case": (OK + b"cOnTeNt-LENGTH: 2\r\n\r\nab", b"ab", True),
    "chunks": (CHUNKED + b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n", b"ab", True),
    "chunks with spaces": (CHUNKED + b"2  \r\nab\r\n0  \r\n\r\n", b"ab", True),
    "chunk extensions": (CHUNKED + b"2;a=b\r\nab\r\n0\r\n\r\n", b"ab", True),
    "trailers": (CHUNKED + b"2\r\nab\r\n0\r\nX: y\r\n\r\n", b"ab", True),
    "a length beside chunks": (
        OK + TWO + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"abc",
        False,
    ),
    "chunks beside a length": (
        OK + b"Transfer-Encoding: chunked\r\n" + TWO + b"\r\n3\r\nabc\r\n0\r\n\r\n",
        b"abc",
        False,
    ),
    "lines without CR": (OK.replace(b"\r", b"") + b"Content-Length: 2\n\nab", b"ab", True),
    "a folded header": (OK + b"X: a\r\n  b\r\n" + TWO + b"\r\nab", b"ab", True),
    "a control character": (OK + b"X: a\x01b\r\n" + TWO + b"\r\nab", b"ab", True),
    "no reason": (b"HTTP/1.1 200\r\n" + TWO + b"\r\nab", b"ab", True),
    "a reason in GBK": (b"HTTP/1.1 200 \xb3\xc9\xb9\xa6\r\n" + TWO + b"\r\nab", b"ab", True),
    "early hints": (HINTS * 3 + OK + TWO + b"\r\nab", b"ab", True),
    "closing": (OK + b"Connection: close\r\n" + TWO + b"\r\nab", b"ab", False),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n" + TWO + b"\r\nab", b"ab", False),
    "HTTP/1.0, kept": (b"HTTP/1.0 200 OK\r\n" + KEPT + TWO + b"\r\nab", b"ab", False),
    "304 with a length": (b"HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n", b"", True),
    "304 with chunks": (b"HTTP/1.1 304 N\r\nTransfer-Encoding: chunked\r\n\r\n", b"", True),
    "204 with a length": (b"HTTP/1.1 204 N\r\nContent-Length: 5\r\n\r\n", b"", True),
    "an upgrade that is only offered": (OK + UPGRADE + TWO + b"\r\nab", b"ab", True),
}


@pytest.mark.parametrize(("sent", "body", "reusable"), WHOLE.values(), ids=WHOLE)
def test_a_whole_answer(sent, body, reusable):
    answer, taken = read([sent])
    assert (answer.is_complete, taken, answer.is_reusable) == (True, body, reusable)
    assert by_h11(sent) == (answer.status, body)


@pytest.mark.parametrize(("sent", "body", "reusable"), WHOLE.values(), ids=WHOLE)
@given(data=st.data())
def test_an_answer_reads_the_same_wherever_it_is_cut(sent, body, reusable, data):
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent) - 1))))
    pieces = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    answer, taken = read(pieces)
    whole, _ = read([sent])
    assert (answer.is_complete, taken, answer.is_reusable) == (True, body, reusable)
    assert (answer.status, answer.headers) == (whole.status, whole.headers)


UNTIL_CLOSE = {
    "HTTP/1.1": OK + b"Content-Type: text/html\r\n\r\n",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n",
    "kept": OK + b"Connection: keep-alive\r\n\r\n",
}


@pytest.mark.parametrize("head", UNTIL_CLOSE.values(), ids=UNTIL_CLOSE)
def test_a_body_without_a_length_ends_with_the_connection(head):
    answer, body = read([head + b"a", b"b"])
    assert not answer.is_complete
    answer.feed(b"")
    assert (answer.is_complete, body, answer.is_reusable) == (True, b"ab", False)


SURPLUS = [b"x", b"H", b"\0", OK + TWO + b"\r\nxy", b"HTTP/1.1 103 E\r\n\r\n", b"0\r\n\r\n"]


@pytest.mark.parametrize("surplus", SURPLUS)
@pytest.mark.parametrize("one_piece", [True, False])
def test_after_more_than_was_asked_for_the_connection_is_not_used_again(surplus, one_piece):
    for sent, body, _ in WHOLE.values():
        pieces = [sent + surplus] if one_piece else [sent[:-1], sent[-1:] + surplus]
        answer, taken = read(pieces)
        whole, _ = read([sent])
        assert (answer.is_complete, taken, answer.is_reusable) == (True, body, False)
        assert (answer.status, answer.headers) == (whole.status, whole.headers)


REFUSED = {
    "two lengths": OK + TWO + b"Content-Length: 3\r\n\r\nabc",
    "a length below zero": OK + b"Content-Length: -5\r\n\r\n",
    "a length with a sign": OK + b"Content-Length: +2\r\n\r\nab",
    "an empty length": OK + b"Content-Length: \r\n\r\n",
    "a length with a gap": OK + b"Content-Length: 1 2\r\n\r\n",
    "a length beyond numbers": OK + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
    "a length that is none": OK + b"Content-Length: 0x2\r\n\r\nab",
    "another coding": OK + b"Transfer-Encoding: gzip\r\n\r\nab",
    "two codings": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "no coding": OK + b"Transfer-Encoding: identity\r\n\r\nab",
    "a bad chunk size": CHUNKED + b"zz\r\nab\r\n0\r\n\r\n",
    "a chunk size below zero": CHUNKED + b"-2\r\nab\r\n0\r\n\r\n",
    "a chunk size beyond numbers": CHUNKED + b"F" * 17 + b"\r\nab",
    "a chunk longer than its size": CHUNKED + b"2\r\nabc\r\n0\r\n\r\n",
    "a zero byte in a header": OK + b"X: a\0b\r\n" + TWO + b"\r\nab",
    "a CR in a header": OK + b"X: a\rb\r\n" + TWO + b"\r\nab",
    "a header without colon": OK + b"Bad header\r\n\r\n",
    "a header without name": OK + b": x\r\n\r\n",
    "a space before the colon": OK + b"X : x\r\n\r\n",
    "a name in Chinese": OK + "数: x\r\n\r\n".encode(),
    "a long status": b"HTTP/1.1 2000 OK\r\n\r\n",
    "no status": b"HTTP/1.1 abc\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH\r\n",
    "101": b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nzz",
    "101 without a protocol": b"HTTP/1.1 101 S\r\n\r\n",
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_malformed_answer_is_refused(sent, step):
    assert by_h11(sent) is None
    with pytest.raises(httpcore.RemoteProtocolError):
        read(sent[n : n + step] for n in range(0, len(sent), step))


CUT = {
    "nothing": b"",
    "in the status": b"HTTP/1.1 2",
    "in the head": OK + b"Content-",
    "after early hints": b"HTTP/1.1 103 E\r\n\r\n",
    "before the body": OK + TWO + b"\r\n",
    "in the body": OK + TWO + b"\r\na",
    "in a chunk": CHUNKED + b"2\r\na",
    "before the last chunk": CHUNKED + b"2\r\nab\r\n",
    "in the trailers": CHUNKED + b"2\r\nab\r\n0\r\nX: ",
}


@pytest.mark.parametrize("sent", CUT.values(), ids=CUT)
def test_an_answer_that_breaks_off_is_refused_as_such(sent):
    with pytest.raises(httpcore.RemoteProtocolError, match=r"disconnected|peer closed"):
        read([sent] if sent else [], then_closed=True)


ENDLESS = {
    "a status line": (b"HTTP/1.1 200 ", b"K" * 1_000),
    "headers": (OK, b"X-Y: z\r\n" * 100),
    "a header": (OK + b"X: ", b"a" * 1_000),
    "early hints": (b"", b"HTTP/1.1 103 E\r\n\r\n" * 50),
    "chunk extensions": (CHUNKED + b"5;", b"a=b;" * 250),
    "trailers": (CHUNKED + b"0\r\n", b"X: y\r\n" * 150),
    "empty lines": (b"", b"\r\n" * 500),
}


@pytest.mark.parametrize(("head", "piece"), ENDLESS.values(), ids=ENDLESS)
def test_what_is_no_body_is_limited(head, piece):
    fed = 0

    def endless():
        nonlocal fed
        for part in [head or piece, *[piece] * 1_000]:
            fed += len(part)
            yield part

    with pytest.raises(httpcore.RemoteProtocolError, match="besides its body"):
        read(endless())
    assert MAX_OVERHEAD < fed < MAX_OVERHEAD + 2 * len(piece)


def test_a_body_is_not_limited_here():
    answer, body = read([OK + b"Content-Length: 900000\r\n\r\n", *[b"a" * 9_000] * 100])
    assert (answer.is_complete, len(body)) == (True, 900_000)


@given(st.binary(max_size=300), st.integers(1, 300))
def test_any_bytes_are_read_or_refused(noise, step):
    for start in (b"", OK, CHUNKED, OK + TWO):
        sent = start + noise
        try:
            answer, body = read(
                [sent[n : n + step] for n in range(0, len(sent), step)], then_closed=True
            )
        except httpcore.RemoteProtocolError:
            continue
        assert answer.is_complete
        for name, value in answer.headers:
            assert not set(name + value) & set(b"\0\r\n")
        if answer.is_reusable:
            assert by_h11(sent) in {None, (answer.status, body)}


def test_bytes_of_any_code_stay_as_they_are_in_a_header():
    location = "/公开/".encode("gbk") + "/公开/".encode()
    answer, _ = read([OK + b"LoCation:  " + location + b" \r\n" + TWO + b"\r\nab"])
    assert answer.headers[0] == (b"LoCation", location)


def test_trailers_are_no_headers():
    answer, _ = read([CHUNKED + b"0\r\nSet-Cookie: a=b\r\n\r\n"])
    assert answer.headers == [(b"Transfer-Encoding", b"chunked")]


def test_a_request_is_written_as_it_is_given():
    head = request_head(b"GET", b"/a?b=%E5", [(b"Host", b"a.cn"), (b"X-y", "数".encode())])
    assert head == b"GET /a?b=%E5 HTTP/1.1\r\nHost: a.cn\r\nX-y: \xe6\x95\xb0\r\n\r\n"


@pytest.mark.parametrize("bad", [b"a\rb", b"a\nb", b"a\r\nX: y", b"a\0b", b"\x7f"])
@pytest.mark.parametrize("place", ["method", "target", "name", "value"])
def test_no_part_of_a_request_can_begin_another(bad, place):
    parts = {"method": b"GET", "target": b"/", "name": b"Host", "value": b"a"} | {place: bad}
    with pytest.raises(httpcore.LocalProtocolError):
        request_head(parts["method"], parts["target"], [(parts["name"], parts["value"])])


@pytest.mark.parametrize("target", [b"", b"/a b", b"/\xe5", b"/a\tb"])
def test_a_target_is_visible_ascii(target):
    with pytest.raises(httpcore.LocalProtocolError):
        request_head(b"GET", target, [(b"Host", b"a")])


@pytest.mark.parametrize("name", [b"", b"a b", b"a:", b"\xe5"])
def test_the_name_of_a_header_is_a_token(name):
    with pytest.raises(httpcore.LocalProtocolError):
        request_head(b"GET", b"/", [(b"Host", b"a"), (name, b"a")])
