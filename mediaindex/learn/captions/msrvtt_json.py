"""The JSON of MSR-VTT: `sentences` of `video_id` and `caption`; each caption is about its whole clip.

`videos` with `start time` and `end time` say where a clip was cut from a longer film. The files of the data
set are the clips, so these times do not count.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from mediaindex.errors import UsageError
from mediaindex.learn.captions.lines import CaptionLine, text_of
from mediaindex.learn.features.caption_tables import SkippedInput
from mediaindex.store.notes.captions import Said


def msrvtt_captions(path: Path) -> Iterator[CaptionLine | SkippedInput]:
    """The captions of such a file, and the sentences that are none; a clip lies beside the file.

    Raises:
        UsageError: the file cannot be read, or is of another form.
    """
    try:
        content = json.loads(text_of(path))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {getattr(error, 'msg', error)}") from error
    sentences = content.get("sentences") if isinstance(content, dict) else None
    if not isinstance(sentences, list):
        raise UsageError(f"{path} has no 'sentences', as the JSON of MSR-VTT has; write a CSV or JSON Lines")
    for number, sentence in enumerate(sentences, 1):
        where = f"{path.name}: sentence {number}"
        row = sentence if isinstance(sentence, dict) else {}
        video, text = row.get("video_id"), row.get("caption")
        if not (isinstance(video, str) and video.strip("/. ") and "\0" not in video):
            yield SkippedInput(where, "it names no video_id")
        elif not isinstance(text, str):
            yield SkippedInput(where, "its caption is no text")
        else:
            media = Path(path.parent, video)
            yield CaptionLine(where, media, Said(None, None, text), is_bare="/" not in video)
