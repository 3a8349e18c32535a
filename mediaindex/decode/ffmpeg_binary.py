"""Which ffmpeg binary this machine has: the system's, else that of the package imageio-ffmpeg."""

from __future__ import annotations

import shutil

from mediaindex.errors import ConfigError


def ffmpeg_binary() -> str:
    """Path of an ffmpeg binary.

    Raises:
        ConfigError: there is none.
    """
    system_binary = shutil.which("ffmpeg")
    if system_binary is not None:
        return system_binary
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise ConfigError(
            "there is no ffmpeg binary: install ffmpeg or imageio-ffmpeg, or use --decoder pyav"
        ) from error
