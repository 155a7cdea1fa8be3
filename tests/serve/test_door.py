"""Who may ask an address, and how much: what is asked of a client, without Ray."""

import pytest

from compare.serve import door
from compare.usage import UsageError

KEY = "sk-sEcReT0123456789"


def test_only_the_key_opens():
    environ = {"SERVE_KEY": f"{KEY}\n", "HOME": "/"}
    digest = door.digest_of("SERVE_KEY", environ)
    assert KEY.encode() not in digest and environ == {"HOME": "/"}, "a cluster isn't told it"
    for given in (f"Bearer {KEY}", f"bearer  {KEY} "):
        assert door.may_ask(digest, given)
    for given in (None, "", KEY, "Bearer", f"Bearer {KEY}x", f"Basic {KEY}", "Bearer clé\udc80"):
        assert not door.may_ask(digest, given)


def test_without_a_key_everyone_may_ask():
    assert door.digest_of(None, {}) is None
    assert door.may_ask(None, None) and door.may_ask(None, "Bearer x")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("SERVE_KEY", " ", "SERVE_KEY isn't set"), (KEY, "x", "not the key"),
     ("SERVE_KEY", f"{KEY}é", "no client can send")],
)  # fmt: skip
def test_a_key_that_cant_be_asked_for_is_said_without_it(name, value, said):
    with pytest.raises(UsageError, match=said) as error:
        door.digest_of(name, {name: value})
    assert KEY not in str(error.value)


def test_which_hosts_others_reach():
    assert [door.is_for_others(host) for host in ("127.0.0.2", "::1", "localhost")] == [False] * 3
    assert all(map(door.is_for_others, ("0.0.0.0", "::", "10.0.0.7", "gpu.lan")))


def document(*pieces: bytes):
    async def coming():
        for piece in pieces:
            yield piece

    coroutine = door.document(coming())
    try:  # nothing in it waits
        coroutine.send(None)
    except StopIteration as ended:
        return ended.value


def test_a_request_is_read_as_far_as_it_may_be_long():
    assert document(b'{"a"', b": 1}") == {"a": 1}
    with pytest.raises(door.TooLarge):
        document(*[b" " * 2**20] * 9)
    for wrong in (b"{", b"\xff", b"[" * 200_000):
        with pytest.raises(ValueError) as error:
            document(wrong)
        assert not isinstance(error.value, door.TooLarge)
