"""Why a file cannot be read as a film, told from its name and first bytes in words with a remedy.

Checked before a demuxer opens the file (encryption, camera raw), and after every demuxer refused it.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import BinaryIO

from mediaindex.errors import ProbeError

HEAD_BYTES = 4096
MAX_MOOV_BYTES = 64 << 20
MAX_BOXES = 4096

CAMERA_RAW = {
    "braw": "Blackmagic RAW",
    "r3d": "REDCODE RAW",
    "ari": "ARRIRAW",
    "crm": "Canon Cinema RAW Light",
}
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\x00", b"MM\x00*")
_ARCHIVES = (b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x1f\x8b", b"%PDF-")

# Numbers of the system by which FFmpeg says that it cannot do something, whatever the disk is like.
_NOT_OF_THE_DISK = {errno.EOPNOTSUPP, errno.EDOM}


def is_fault_of_disk(error: Exception) -> bool:
    """Whether an error of the system or of FFmpeg says that a file could not be read, which may pass."""
    return isinstance(error, OSError) and error.errno not in _NOT_OF_THE_DISK


def refuse_unreadable(path: Path) -> None:
    """Return if a demuxer may open the file.

    Raises:
        ProbeError: it is empty, encrypted, camera raw, or cannot be read at all.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
            if not head:
                raise ProbeError("the file is empty (0 bytes): copy or download it again")
            _refuse_camera_raw(path, head)
            if head[4:8] in (b"ftyp", b"moov", b"styp", b"wide", b"free", b"mdat", b"skip") and _encrypted(
                file
            ):
                raise encrypted()
    except OSError as error:
        raise ProbeError(f"the file cannot be read: {error.strerror}", transient=True) from error


def encrypted() -> ProbeError:
    """The error for a film that is encrypted."""
    return ProbeError("encrypted (DRM): only a player with its licence can show it")


def explain_refusal(path: Path) -> str:
    """Why no demuxer took the file, as far as its first bytes tell."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    stripped = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if stripped.startswith(b"version https://git-lfs"):
        return "a git-lfs pointer, not the video itself: run `git lfs pull`"
    if stripped.startswith((b"<!doctype html", b"<html")):
        return "a web page saved under a video's name: download the video again"
    if stripped.startswith((b"#extm3u", b"<mpd", b"ffconcat", b"[playlist]")) or b"<mpd" in stripped[:512]:
        return "a playlist that names other files, not a video: index those files"
    if head.startswith(_PICTURES) or head[4:12] in (b"ftypheic", b"ftypmif1", b"ftypavif"):
        return "a picture, not a video"
    if head.startswith(_ARCHIVES):
        return "an archive or document, not a video"
    if _is_text(head):
        return "text, not a video"
    if not head.strip(b"\0"):
        return "holds only zero bytes: copy or download it again"
    if head[4:8] in (b"ftyp", b"mdat", b"wide", b"free", b"skip"):
        return "its index (moov) is missing: the recording or copy was cut off; copy it again or repair it"
    return "not a video, or damaged beyond recognition"


def is_picture(path: Path) -> bool:
    """Whether the file is a still picture whatever its name says."""
    with open(path, "rb") as file:
        return file.read(16).startswith(_PICTURES[:2])


def _refuse_camera_raw(path: Path, head: bytes) -> None:
    kind = CAMERA_RAW.get(path.suffix.lower().lstrip("."))
    if head[4:8] in (b"RED1", b"RED2"):
        kind = CAMERA_RAW["r3d"]
    if kind is not None:
        raise ProbeError(f"camera raw ({kind}), which no decoder here reads: index its proxy instead")


def _is_text(head: bytes) -> bool:
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", head)


def _encrypted(file: BinaryIO) -> bool:
    """Whether an MP4's index has an encrypted picture track (`encv` with a protection scheme)."""
    moov = _top_level_box(file, b"moov")
    return b"encv" in moov and b"sinf" in moov


def _top_level_box(file: BinaryIO, name: bytes) -> bytes:
    """The first top-level box `name` of an MP4, empty where there is none or it is over the bound."""
    size_of_file = file.seek(0, os.SEEK_END)
    position = 0
    for _ in range(MAX_BOXES):
        if position + 8 > size_of_file:
            break
        file.seek(position)
        header = file.read(16)
        size, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        elif size == 0:
            size = size_of_file - position
        if size < 8:
            break
        if kind == name:
            file.seek(position)
            return file.read(min(size, MAX_MOOV_BYTES))
        position += size
    return b""
