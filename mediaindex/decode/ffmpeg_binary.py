"""FFmpeg: which binary this machine has (the system's, else imageio-ffmpeg's), and what it may open."""

from __future__ import annotations

import shutil

from mediaindex.errors import ConfigError

# No image sequences and no playlists, which name further files: HLS and concat would open those even here.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,gif,mxf,dv,rm,wtv"
PROTOCOLS = "file"


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
