"""Which subtitle file belongs to which film, by their names alone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mediaindex.sources.sidecars import Sidecar, find_sidecars, sidecars_by_film


def found(film: str, *siblings: str) -> list[tuple[str, str | None, bool]]:
    sidecars = find_sidecars(Path("/films") / film, [film, *siblings])
    return [(s.path.name, s.language, s.forced) for s in sidecars]


@pytest.mark.parametrize(
    ("sidecar", "language", "forced"),
    [
        ("Film.srt", None, False),
        ("film.VTT", None, False),
        ("Film.mp4.srt", None, False),
        ("Film.eng.srt", "en", False),
        ("Film.English.SDH.srt", "en", False),
        ("Film_en.srt", "en", False),
        ("Film-de.srt", "de", False),
        ("Film [fr].srt", "fr", False),
        ("Film.pt-BR.srt", "pt-BR", False),
        ("Film.pt_br.forced.srt", "pt-BR", True),
        ("Film.zh_Hant.srt", "zh-Hant", False),
        ("Film.zh-hant-tw.srt", "zh-Hant-TW", False),
        ("Film.sr-Latn.ass", "sr-Latn", False),
        ("Film.es-419.srt", "es-419", False),
        ("Film.en.hi.srt", "en", False),
        ("Film.en-hi.srt", "en", False),
        ("Film.en_cc.srt", "en", False),
        ("Film.hi.srt", "hi", False),
        ("Film.forced.srt", None, True),
        ("Film.foreign.de.srt", "de", True),
        ("Film.en.2.srt", "en", False),
        ("Film.fr.en.srt", "fr", False),
        ("Film.français.srt", "fr", False),
        ("Film.日本語.srt", "ja", False),
        ("Film.chs.srt", "zh-Hans", False),
        ("Film.default.srt", None, False),
        ("Film.bak.srt", None, False),
        ("Film.old.en.srt", "en", False),
        ("Film.ba.srt", "ba", False),
        ("Film.zh-Hans-en.vtt", "zh-Hans", False),
        ("Film.en-ja.vtt", "en", False),
        ("Film.pt-BR-en.vtt", "pt-BR", False),
    ],
)
def test_what_follows_the_name_is_language_and_flags(
    sidecar: str, language: str | None, forced: bool
) -> None:
    assert found("Film.mp4", sidecar) == [(sidecar, language, forced)]


@pytest.mark.parametrize(
    "sidecar",
    [
        "Films.srt",
        "Film 2.srt",
        "Film.2021.en.srt",
        "Film-night.srt",
        "Fil.srt",
        "en.srt",
        "Film.txt",
        "Film.mp4",
        ".srt",
        "Film.2022.srt",
        "Film (2022).srt",
        "Film.2.srt",
        "Film.2.English.srt",
        "Film.S01E02.srt",
        "Film.1x02.en.srt",
        "Film.part 2.srt",
        "Film.cd2.srt",
        "Film night.srt",
        "Film copying.srt",
        "Film.night.at.sea.srt",
        "Film.en.night.at.sea.srt",
        "Film.2021.1080p.BluRay.x264.en.srt",
        "Film.1080p.2021.en.srt",
        "Film.S01E02.1080p.en.srt",
        "Film.720p.part2.srt",
        "Film.2.720p.srt",
        "Film.1080.srt",
        "Film.264.srt",
        "Film.1234567.srt",
        "Film.5.2.srt",
        "Film (2nd part).srt",
        "Film (part 2 copy).srt",
        "Film (2022 copy).srt",
        "Copy of Films.srt",
        "Copy of Film.2021.srt",
        "Copies of Film.srt",
    ],
)
def test_a_file_of_another_name_belongs_to_nobody(sidecar: str) -> None:
    assert found("Film.mp4", sidecar) == []


@pytest.mark.parametrize(
    ("sidecar", "language"),
    [
        ("Film.xx.srt", None),
        ("Film.whisper.srt", None),
        ("Film.whisper-large-v3.en.srt", "en"),
        ("Film.track3.srt", None),
        ("Film.director's cut.srt", None),
        ("Film.en.director.srt", "en"),
        ("Film.en-full-house.srt", "en"),
        ("Film.en-fGH3kqZ.vtt", "en"),
        ("Film.en-orig.vtt", "en"),
        ("Film.iw.vtt", "he"),
        ("Film.cmn.srt", "zh"),
        ("Film.ceb.srt", "ceb"),
        ("Film.jp.srt", "ja"),
        ("Film.chi_sim.srt", "zh-Hans"),
        ("Film.Simplified Chinese.srt", "zh-Hans"),
        ("Film.Chinese (Traditional).srt", "zh-Hant"),
        ("Film.English (auto-generated).srt", "en"),
        ("Film.en+es.srt", "en"),
        ("Film.2_English.srt", "en"),
    ],
)
def test_one_part_of_any_name_may_follow(sidecar: str, language: str | None) -> None:
    assert found("Film.mp4", sidecar) == [(sidecar, language, False)]


@pytest.mark.parametrize(
    ("technical", "language"),
    [
        ("720p", None),
        ("2160p.en", "en"),
        ("x264", None),
        ("x265.en", "en"),
        ("h264.en", "en"),
        ("H.264.en", "en"),
        ("23.976", None),
        ("23.976fps.en", "en"),
        ("25fps.de", "de"),
        ("1080p.BluRay.x264.en", "en"),
        ("1080p.BluRay.x264-SPARKS.en", "en"),
        ("1080p.WEB-DL.DDP5.1.H.264.en.sdh", "en"),
        ("1920x1080.en", "en"),
        ("10bit.HEVC.fr", "fr"),
        ("tt0111161", None),
        ("opensubtitles.1234567", None),
        ("en.opensubtitles.1234567", "en"),
        ("5.1.en", "en"),
        ("[YTS.MX]", None),
        ("{imdb-tt0111161}.en", "en"),
        ("sd", "sd"),
        ("dv", "dv"),
    ],
)
@pytest.mark.parametrize("film", ["Film", "Show.S01E02", "Film.2021"])
def test_technical_words_tell_of_no_other_film(film: str, technical: str, language: str | None) -> None:
    sidecar = f"{film}.{technical}.srt"
    assert found(f"{film}.mkv", sidecar) == [(sidecar, language, False)]


@pytest.mark.parametrize(
    "sidecar", ["Film 1080p.srt", "Film (720p).srt", "Film_4K.srt", "Film [1080p] [x264].srt"]
)
def test_technical_words_follow_any_separator(sidecar: str) -> None:
    assert found("Film.mp4", sidecar) == [(sidecar, None, False)]
    assert found("Film.mp4", sidecar, sidecar.replace(".srt", ".mkv")) == []


@pytest.mark.parametrize(
    ("copy", "language"),
    [
        ("Film - Copy.srt", None),
        ("Film - Copy (2).srt", None),
        ("Film - Kopie.de.srt", "de"),
        ("Film copy 2.srt", None),
        ("Film (1).srt", None),
        ("Film(1).en.srt", "en"),
        ("Film.en (1).srt", "en"),
        ("Film.en - Copy.srt", "en"),
        ("Film - Copy - Copy.srt", None),
        ("Film (copy).srt", None),
        ("Film (copy 2).srt", None),
        ("Film (another copy).srt", None),
        ("Film (3rd copy).srt", None),
        ("Film (Kopie).de.srt", "de"),
        ("Film (dritte Kopie).srt", None),
        ("Film (copie).srt", None),
        ("Film (3e copie).srt", None),
        ("Film (copia).srt", None),
        ("Film.en (copy).srt", "en"),
        ("Film – Kopie.srt", None),
        ("Film – Kopie (2).srt", None),
        ("Film—Copy.srt", None),
        ("Copy of Film.srt", None),
        ("Copy (2) of Film.srt", None),
        ("Copy of Film.en.srt", "en"),
        ("Kopie von Film.de.srt", "de"),
        ("Copia de Film.srt", None),
    ],
)
def test_a_copy_belongs_to_the_film_unless_that_was_copied_too(copy: str, language: str | None) -> None:
    assert found("Film.mp4", copy) == [(copy, language, False)]
    film_copy = copy.partition(".")[0] + ".mp4"
    if language is None:
        assert found("Film.mp4", film_copy, copy) == []
        assert found(film_copy, "Film.mp4", copy) == [(copy, None, False)]


def test_the_longest_film_name_claims_a_sidecar() -> None:
    siblings = ("Film.mp4", "Film.en.mp4", "Film.en.srt", "Film.en.en.srt")
    assert found("Film.mp4", *siblings) == []
    assert [name for name, *_ in found("Film.en.mp4", *siblings)] == ["Film.en.en.srt", "Film.en.srt"]


def test_two_films_of_one_name_share_and_names_without_extension_have_sidecars() -> None:
    siblings = ("Film.mkv", "Film.srt", "recording", "recording.de.srt", "Film.txt", "Film.jpg")
    assert found("Film.mp4", *siblings) == found("Film.mkv", *siblings) == [("Film.srt", None, False)]
    assert found("recording", *siblings) == [("recording.de.srt", "de", False)]


def test_pictures_of_words_are_no_sidecars() -> None:
    assert found("Film.mp4", "Film.sub", "Film.idx") == []
    assert found("Film.mp4", "Film.sub") == [("Film.sub", None, False)]


def test_a_folder_of_thousands_is_matched_once() -> None:
    films = [f"clip {number}.mp4" for number in range(2000)]
    siblings = [*films, *(f"clip {number}.en.srt" for number in range(2000))]
    before = time.process_time()
    assert all(len(find_sidecars(Path("/f") / film, siblings)) == 1 for film in films)
    assert time.process_time() - before < 30


@given(st.lists(st.text(st.characters(exclude_categories=[]), min_size=1), max_size=5), st.text(min_size=1))
@example(["\udce9.srt", "\udce9.mp4", "..srt", "a..en...srt"], "\udce9.mp4")
def test_any_names_are_matched(siblings: list[str], film: str) -> None:
    for sidecar in find_sidecars(Path("/films") / film.replace("/", "_").replace("\0", "_"), siblings):
        assert sidecar.path.name in siblings


def test_a_folder_is_told_by_film_as_each_film_tells_it() -> None:
    siblings = ["Film.mkv", "Film.srt", "Film.de.srt", "Other.mp4", "alone.srt"]
    by_film = sidecars_by_film(Path("/films"), siblings)
    assert by_film == {"Film.mkv": find_sidecars(Path("/films/Film.mkv"), siblings)}
    assert by_film["Film.mkv"] == (
        Sidecar(Path("/films/Film.de.srt"), "de"),
        Sidecar(Path("/films/Film.srt")),
    )
