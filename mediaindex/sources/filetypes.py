"""Which files are media: by the rules for names, by extension, and by their first bytes."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Iterable

# Names of files and folders that are never media, as globs without regard to case.
NOT_MEDIA: tuple[str, ...] = (
    # hidden, and what systems and network drives put beside the user's files
    ".*",
    "._*",
    ".AppleDouble",
    ".Trashes",
    "__MACOSX",
    "@eaDir",
    "@Recycle",
    "@Recently-Snapshot",
    "#recycle",
    "#snapshot",
    "$RECYCLE.BIN",
    "RECYCLER",
    "System Volume Information",
    "lost+found",
    # partial downloads and copies
    "*.part",
    "*.partial",
    "*.filepart",
    "*.crdownload",
    "*.download",
    "*.opdownload",
    "*.ytdl",
    "*.!ut",
    "*.!qB",
    "*.bc!",
    "*.aria2",
    "*.tmp",
    "*.temp",
    "~syncthing~*",
    "~$*",
)

_MEDIA = """
mp4 m4v mov qt mj2 mkv mk3d webm avi divx mts m2ts m2t ts mpg mpeg mpe m1v m2v vob wmv asf flv f4v
ogv ogm 3gp 3gpp 3g2 mxf dv rm rmvb wtv gif insv braw r3d
"""
MEDIA_EXTENSIONS = frozenset(_MEDIA.split())

_OTHER = {
    "pictures and camera side files": """
        jpg jpeg jpe jfif png apng bmp dib webp tif tiff heic heif avif jxl jp2 svg ico cur psd
        psb xcf ai eps exr hdr dpx dng cr2 cr3 crw nef nrw arw sr2 srf orf rw2 raf pef srw x3f
        raw thm lrv gpr insp lrf aae xmp pp3 dop
    """,
    "sound": """
        mp3 mp2 m4a m4b m4p m4r aac wav wave bwf flac ogg oga opus spx wma aif aiff aifc mka ac3
        eac3 dts dtshd thd truehd amr awb ape wv tta alac caf mid midi m3u m3u8 pls cue sf2
    """,
    "subtitles and what media centres keep": """
        srt vtt ass ssa sub idx sup smi sami ttml dfxp sbv lrc usf mks nfo bif tbn edl
    """,
    "text, documents, data": """
        txt text md rst log csv tsv json jsonl ndjson yaml yml toml xml html htm xhtml mhtml css
        ini cfg conf tex bib rtf pdf ps djvu epub mobi azw3 doc docx docm dot dotx odt xls xlsx
        xlsm ods ppt pptx pps odp pages numbers key one ics vcf eml msg url webloc desktop lnk
        sqlite sqlite3 db db3 mdb parquet arrow feather npy npz h5 hdf5 mat safetensors onnx pt
        pth ckpt pkl joblib lance bin
    """,
    "programs and their sources": """
        py pyc pyi pyx ipynb js mjs cjs jsx tsx vue java class jar kt scala c h cc cpp cxx hpp
        hh cs fs vb go rs rb pl pm php lua r jl swift m mm sh bash zsh fish bat cmd ps1 sql asm
        s o a so dylib dll exe msi com sys lib pdb wasm apk app deb rpm lock map diff patch
    """,
    "archives and images of disks": """
        zip 7z rar gz tgz bz2 tbz xz txz zst lz4 lzma br tar cpio cab iso img dmg vhd vhdx vmdk
        qcow2 vdi bak torrent nzb par2 sfv md5 sha1 sha256 crc sig asc gpg pem crt
    """,
    "projects of editors": """
        prproj aep aepx fcpxml drp dra veg kdenlive mlt blend c4d otio ttf otf woff woff2 cube
        lut 3dl
    """,
}
# Never opened. What is in neither set is judged by its first bytes.
OTHER_EXTENSIONS = frozenset(" ".join(_OTHER.values()).split())

# Also the extensions of TypeScript, whose sources are small and text.
SHARED_WITH_SOURCES = frozenset({"ts", "mts"})
SOURCE_BYTES = 2 * 1024 * 1024

SNIFF_BYTES = 4096

_SIGNATURES = (
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"OggS",
    b"FLV\x01",
    b"\x00\x00\x01\xba",  # MPEG program stream
    b"\x00\x00\x01\xb3",  # MPEG video without a container
    bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),  # ASF, WMV
    bytes.fromhex("060e2b34020501010d0102"),  # MXF
    bytes.fromhex("b7d800203749da11a64e0007e95ead8d"),  # WTV
    b"GIF87a",
    b"GIF89a",
    b".RMF",
    b"\x1f\x07\x00",  # DV
)
_NOT_FILMS = frozenset(
    {b"heic", b"heix", b"heim", b"mif1", b"avif", b"M4A ", b"M4B ", b"jp2 ", b"jpx ", b"crx "}
)
_FIRST_ATOMS = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


def name_rule(globs: Iterable[str]) -> re.Pattern[str]:
    """A pattern whose `match` takes the names (see `comparable`) that any of the globs describes."""
    alternatives = [fnmatch.translate(comparable(glob)) for glob in globs]
    return re.compile("|".join(alternatives) or r"(?!)", re.IGNORECASE)


def comparable(name: str) -> str:
    """A name in the composed form, since macOS hands out decomposed ones."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def extension_of(name: str) -> str:
    """The extension in lower case without its dot, "" where there is none."""
    _stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot else ""


def is_container(head: bytes) -> bool:
    """Whether a file that begins with `head` (4 KiB) is of a format that holds films."""
    if head.startswith(_SIGNATURES):
        return True
    if head.startswith(b"RIFF"):
        return head[8:12] in (b"AVI ", b"AVIX")
    if head[4:8] == b"ftyp":
        return head[8:12] not in _NOT_FILMS
    if head[4:8] in _FIRST_ATOMS:
        return head[:1] == b"\0"  # a size below 16 MiB: text such as "The free ..." is none
    return _is_transport_stream(head)


def is_text(head: bytes) -> bool:
    """Whether bytes are a person's text: some, and none of the control bytes that no text has."""
    return bool(head) and not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head)


def _is_transport_stream(head: bytes) -> bool:
    """A sync byte in each of the first eight packets; the first packet may be cut."""
    for stride in (188, 192, 204):
        for start in range(stride):
            syncs = head[start::stride]
            if len(syncs) >= 8 and syncs.count(b"\x47") == len(syncs):
                return True
    return False
