"""Last words of a server."""

from pathlib import Path

from gateway.stack import logs
from gateway.stack.logs import ServerLog


def test_last_words_are_of_the_last_run(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "server.log")
    assert log.last_words() == ()
    log.path.write_text("of an earlier run\n")
    log.begin()
    with log.path.open("a") as file:
        file.write("one\n\ntwo\nthree: Address already in use\n")
    assert log.last_words(2) == ("two", "three: Address already in use")
    assert log.last_words() == ("one", "two", "three: Address already in use")
    assert log.contains("address already in use")
    assert not log.contains("earlier")


def test_mongodb_speaks_json_and_is_made_readable(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "mongod.log")
    log.path.write_text('{"t":{"$date":"2026-01-01"},"s":"F","id":1,"msg":"Fatal","attr":{"error":"no space"}}\n')
    assert log.last_words() == ('F Fatal {"error":"no space"}',)


def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "server.log")
    log.path.write_bytes(b"x" * (logs.KEPT_BYTES + 1))
    log.begin()
    assert not log.path.exists()
    assert (tmp_path / "server.log.1").exists()
