"""A file that names other files or addresses never has them opened, with network isolation and without.

inotify tells of every opening of the file beside it, a listening socket of every connection. Each kind of
reference that FFmpeg can follow is first followed with its whitelist off, so that the watch is known to see.
"""

from __future__ import annotations

import ctypes
import json
import os
import queue
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import av
import pytest

from mediaindex.decode.backends import ffmpeg as ffmpeg_decoder
from mediaindex.decode.container import opening
from mediaindex.decode.ffmpeg_binary import FORMATS
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.errors import MediaError
from mediaindex.media import MediaInfo
from tests.support import seccomp
from tests.support.media import Clip, film, has_ffmpeg, moving, probe_here, write_clip
from tests.support.paths import CHECKOUT
from tests.support.waiting import WAIT_SECONDS

IN_OPEN, IN_ACCESS, IN_NONBLOCK = 0x20, 0x01, 0o4000
EVENT = struct.Struct("iIII")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


class LocalSocket(socket.socket):
    """A socket that may connect, which the other tests' may not."""

    connect = socket.socket.connect


class Watch:
    """Counts openings of one file by any process, and connections to one port of this machine."""

    def __init__(self, secret: Path) -> None:
        self.secret = secret
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = self._libc.inotify_init1(IN_NONBLOCK)
        assert self._inotify >= 0
        assert self._libc.inotify_add_watch(self._inotify, os.fsencode(secret), IN_OPEN | IN_ACCESS) >= 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._callers: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._hang_up, daemon=True)
        self._thread.start()

    def opened(self) -> bool:
        """Whether the file was opened since the last call; the kernel notes it before open() returns."""
        try:
            return bool(os.read(self._inotify, 64 * EVENT.size))
        except BlockingIOError:
            return False

    def connected(self) -> bool:
        """Whether somebody connected since the last call: before this one's own connection, in order."""
        with LocalSocket() as own:
            own.connect(("127.0.0.1", self.port))
            port = own.getsockname()[1]
            return bool(list(iter(lambda: self._callers.get(timeout=WAIT_SECONDS), port)))

    def close(self) -> None:
        os.close(self._inotify)
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.close()

    def _hang_up(self) -> None:
        while True:
            try:
                connection, (_, port) = self._server.accept()
            except OSError:
                return
            self._callers.put(port)
            connection.close()


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    folder = tmp_path / "videos"
    folder.mkdir()
    made = Watch(write_clip(folder / "secret.ts", moving(20), Clip(codec="mpeg2video", b_frames=0)))
    yield made
    made.close()


def box(kind: bytes, *parts: bytes) -> bytes:
    """One box of an MP4."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def alias(path: str) -> bytes:
    """A data reference by Macintosh alias, as QuickTime writes it: the absolute path is record 2."""
    name = path.encode() + b"\0" * (len(path) % 2)
    record = struct.pack(">HH", 2, len(name)) + name + struct.pack(">hH", -1, 0)
    fixed = bytes(10) + bytes(28) + bytes(12) + bytes(64) + bytes(16) + bytes(4) + bytes(16)
    return box(b"alis", bytes(4), fixed, record)


def with_reference(movie: bytes, entry: bytes) -> bytes:
    """A MOV whose picture track takes its data from `entry` in place of the file itself."""

    def rebuilt(data: bytes) -> bytes:
        parts = []
        while len(data) >= 8:
            size, kind = struct.unpack(">I4s", data[:8])
            body = data[8:size]
            if kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
                body = rebuilt(body)
            elif kind == b"dref":
                body = bytes(4) + struct.pack(">I", 1) + entry
            parts.append(box(kind, body))
            data = data[size:]
        return b"".join(parts)

    return rebuilt(movie)


def playlist(watch: Watch) -> bytes:
    name, address = watch.secret.name, f"http://127.0.0.1:{watch.port}/clip.ts"
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:2", "#EXTINF:2,", name, "#EXTINF:2,", address]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""]).encode()


def dash(watch: Watch) -> bytes:
    stream = '<Representation id="1" bandwidth="1"><BaseURL>{}</BaseURL></Representation>'
    sets = "".join(
        f'<AdaptationSet mimeType="video/mp4">{stream.format(where)}</AdaptationSet>'
        for where in (watch.secret.name, f"http://127.0.0.1:{watch.port}/clip.mp4")
    )
    head = '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    return f'{head}mediaPresentationDuration="PT2S"><Period>{sets}</Period></MPD>'.encode()


def concat(watch: Watch) -> bytes:
    return f"ffconcat version 1.0\nfile {watch.secret.name}\n".encode()


def concat_of_addresses(watch: Watch) -> bytes:
    return f"ffconcat version 1.0\nfile http://127.0.0.1:{watch.port}/clip.ts\n".encode()


def movie_by_alias(watch: Watch) -> bytes:
    return with_reference(local_movie(watch), alias(str(watch.secret)))


def movie_by_url(watch: Watch) -> bytes:
    address = f"http://127.0.0.1:{watch.port}/clip.mov\0".encode()
    return with_reference(local_movie(watch), box(b"url ", bytes(4), address))


def reference_movie(watch: Watch) -> bytes:
    """QuickTime's list of alternatives (rmra), each an address."""
    address = f"http://127.0.0.1:{watch.port}/clip.mov\0".encode()
    entry = box(b"rdrf", bytes(4), b"url ", struct.pack(">I", len(address)), address)
    return box(b"ftyp", b"qt  ", bytes(4), b"qt  ") + box(b"moov", box(b"rmra", box(b"rmda", entry)))


def linked_matroska(watch: Watch) -> bytes:
    """A Matroska that names the next file of its series (NextFilename, element 3E83BB)."""
    film = write_clip(watch.secret.with_name("linked.mkv"), moving(10), Clip(codec="mpeg4")).read_bytes()
    start = film.index(b"WA", film.rindex(b"\x15\x49\xa9\x66"))  # the writing program's name, in Info
    length = film[start + 2] & 0x7F
    name = watch.secret.name.encode().ljust(length - 1, b"\0")
    return film[:start] + b"\x3e\x83\xbb" + bytes([0x80 | len(name)]) + name + film[start + 3 + length :]


def session(watch: Watch) -> bytes:
    """SDP, at which FFmpeg would listen and send."""
    lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=x", "c=IN IP4 127.0.0.1", "t=0 0"]
    return "\r\n".join([*lines, f"m=video {watch.port} RTP/AVP 96", "a=rtpmap:96 H264/90000", ""]).encode()


def vobsub(watch: Watch) -> bytes:
    lines = ["# VobSub index file, v7", "size: 720x576", "id: en, index: 0"]
    return "\n".join([*lines, "timestamp: 00:00:01:000, filepos: 000000000", ""]).encode()


def imf(watch: Watch) -> bytes:
    return b'<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"/>'


def timeline(watch: Watch) -> bytes:
    media = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": watch.secret.as_uri()}
    return json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": [media]}).encode()


def asx(watch: Watch) -> bytes:
    return (
        f'<asx version="3.0"><entry><ref href="http://127.0.0.1:{watch.port}/a.wmv"/></entry></asx>'.encode()
    )


def mpv_timeline(watch: Watch) -> bytes:
    return f"# mpv EDL v0\n{watch.secret.name},0,1\n".encode()


def script(watch: Watch) -> bytes:
    return f'DirectShowSource("{watch.secret}")\n'.encode()


def local_movie(watch: Watch) -> bytes:
    return write_clip(watch.secret.with_name("local.mov"), moving(10), Clip(codec="mpeg4")).read_bytes()


Reference = Callable[[Watch], bytes]
REFERENCES: dict[str, Reference] = {
    "playlist.m3u8": playlist,
    "playlist.mp4": playlist,
    "playlist.ts": playlist,
    "manifest.mpd": dash,
    "manifest.mp4": dash,
    "script.ffconcat": concat,
    "script.mp4": concat,
    "script.mkv": concat,
    "addresses.mp4": concat_of_addresses,
    "alias.mov": movie_by_alias,
    "url.mov": movie_by_url,
    "alternatives.mov": reference_movie,
    "linked.mkv": linked_matroska,
    "session.sdp": session,
    "session.mp4": session,
    "secret.idx": vobsub,
    "imf.mxf": imf,
    "timeline.mxf": timeline,
    "asx.wmv": asx,
    "mpv.mp4": mpv_timeline,
    "avisynth.avi": script,
}
STILL_FILMS = {"alias.mov", "url.mov", "linked.mkv"}
"""Their own pictures or headers are read, the reference is not followed."""

READ = f"""
import json, sys
sys.path[:0] = {[str(CHECKOUT)]!r}
from tests.support.read_in_child import read_all
read_all(*sys.argv[1:])
"""


@pytest.mark.parametrize("isolated", [True, False], ids=["isolated", "not isolated"])
@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
def test_no_reference_is_followed(watch: Watch, decoder: str, isolated: bool) -> None:
    if decoder == "ffmpeg" and not has_ffmpeg():
        pytest.skip("no ffmpeg binary here")
    if not isolated and not seccomp.SUPPORTED:
        pytest.skip("unshare cannot be refused here")
    info = film(watch.secret)
    files = []
    for name, reference in REFERENCES.items():
        path = watch.secret.with_name(name)
        path.write_bytes(reference(watch))
        files.append(str(path))
    watch.opened()
    launcher = [] if isolated else [sys.executable, str(CHECKOUT / "tests/support/seccomp.py"), "no-unshare"]
    words = [*launcher, sys.executable, "-c", READ, decoder, json.dumps(asdict(info)), *files]
    environment = {name: text for name, text in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    if not isolated:
        assert not report["isolated"]
    assert not watch.opened(), report
    assert not watch.connected(), report
    for name, (probed, decoded) in report["outcomes"].items():
        if name not in STILL_FILMS:
            assert probed != "read", (name, probed)
            assert decoded != "read", (name, decoded)
        assert "died" not in probed + decoded


def read_here(path: Path, decoder: str, info: MediaInfo) -> None:
    """Read a file in this process by one decoder, whatever comes of it."""
    try:
        if decoder == "pyav":
            probe_here(path)
        else:
            from mediaindex.decode.sampling.sampler import demand

            wanted = demand(Sampling(), info.duration_seconds)
            for _ in ffmpeg_decoder.FfmpegDecoder(path, info, wanted).scan():
                pass
    except MediaError:
        return


@pytest.mark.parametrize(
    ("name", "opens", "connects"),
    [("playlist.m3u8", True, True), ("script.mp4", True, False)],
)
@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
def test_without_the_whitelists_the_watch_sees_it(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, decoder: str, name: str, opens: bool, connects: bool
) -> None:
    if decoder == "ffmpeg" and not has_ffmpeg():
        pytest.skip("no ffmpeg binary here")
    info = film(watch.secret)
    for module in (opening, ffmpeg_decoder):
        monkeypatch.setattr(module, "FORMATS", f"{FORMATS},hls,concat,dash")
        monkeypatch.setattr(module, "PROTOCOLS", "file,http,tcp")
    monkeypatch.delenv("http_proxy")
    path = watch.secret.with_name(name)
    path.write_bytes(REFERENCES[name](watch))
    watch.opened()
    read_here(path, decoder, info)
    assert watch.opened() == opens
    assert watch.connected() == connects


def test_a_movie_by_alias_would_be_followed_where_ffmpeg_were_told_to(watch: Watch) -> None:
    """The reference in the MOV is one that FFmpeg understands; only its option is off."""
    path = watch.secret.with_name("alias.mov")
    path.write_bytes(movie_by_alias(watch))
    watch.opened()
    with av.open(str(path), options={"enable_drefs": "1", "use_absolute_path": "1"}):
        pass
    assert watch.opened()
    with opening.open_container(path) as container:
        assert container.streams.video
    assert not watch.opened()
