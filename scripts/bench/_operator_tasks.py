"""The questions of operators.py, made up before any of their answers was looked at, and not changed since.

What is right and what is wrong was decided by the descriptions in the manifest of the clips and by the lists
of scenes of its two tapes, not by the pictures. `NAME#3` is the fourth scene of a tape. What is named neither
right nor wrong is not counted. The first ten of each kind choose between rules, the others judge the choice.
"""

from __future__ import annotations

from dataclasses import dataclass

REEL = "compilations/animal_reel.mkv"
TAPE = "compilations/holiday_tape.mp4"


@dataclass(frozen=True, slots=True)
class Negation:
    """`text -excluded`.

    Attributes:
        right: clips and scenes that show what is looked for, without what is excluded.
        wrong: those that show both.
    """

    text: str
    excluded: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Succession:
    """`first then:SECONDSs second`.

    Attributes:
        right: the scenes at which such a sequence begins.
    """

    first: str
    seconds: int
    second: str
    right: tuple[str, ...]


NEGATIONS = (
    Negation(
        "a dog",
        "snow",
        right=(
            "animals/skateboarding_dog.mp4",
            "animals/woman_playing_with_dog.mp4",
            "animals/puppy_lying_on_grass.mp4",
            f"{REEL}#1",
            f"{REEL}#2",
            f"{REEL}#9",
            f"{TAPE}#1",
        ),
        wrong=("animals/dogs_playing_in_snow.mp4", f"{REEL}#5"),
    ),
    Negation(
        "snow",
        "dog",
        right=(
            "people/family_sledding_snow.mp4",
            "animals/elk_in_snow.mp4",
            "sports/snowboarder_yellow_jacket.mp4",
            "sports/snowboarder_black.mp4",
        ),
        wrong=("animals/dogs_playing_in_snow.mp4", f"{REEL}#5"),
    ),
    Negation(
        "panda",
        "guitar",
        right=("generated/panda_surfing.gif",),
        wrong=("generated/panda_guitar_times_square.gif",),
    ),
    Negation(
        "tennis player",
        "green court",
        right=("sports/tennis_player_clay.gif",),
        wrong=("sports/tennis_practice_court.mp4",),
    ),
    Negation(
        "a baby",
        "book",
        right=("people/baby_living_room_fireplace.mp4",),
        wrong=("people/baby_reading_glasses.mp4",),
    ),
    Negation(
        "computer screen",
        "terminal",
        right=(
            "screen/video_llava_web_demo.mp4",
            "screen/code_on_screen_iphone.mov",
            "screen/word_document_upside.MOV",
        ),
        wrong=(
            "screen/terminal_image_chat.gif",
            "screen/zamba_cli_terminal.mov",
            "screen/terminal_top_portrait.MOV",
        ),
    ),
    Negation(
        "a car",
        "parking lot",
        right=(
            "vehicles/silver_jeep_mountain_road.mp4",
            "vehicles/blue_mini_desert_road.mp4",
            "vehicles/dashcam_highway.avi",
            f"{TAPE}#4",
        ),
        wrong=("vehicles/parking_lot_overhead.wmv", "vehicles/car_turning_parking.gif"),
    ),
    Negation(
        "sign language",
        "woman",
        right=(
            "people/asl_again.mkv",
            "people/asl_bird.mkv",
            "people/asl_eat.mkv",
            "people/asl_hungry.mkv",
        ),
        wrong=("people/asl_book.mkv",),
    ),
    Negation(
        "a flower",
        "butterfly",
        right=("landscape/flower_blooming_timelapse.mp4", f"{TAPE}#7"),
        wrong=("animals/butterfly_red_flowers.mp4",),
    ),
    Negation(
        "watermelon",
        "rabbit",
        right=("food/watermelon_carving.mp4",),
        wrong=(f"{REEL}#4",),
    ),
    Negation(
        "a dog",
        "skateboard",
        right=(
            "animals/dogs_playing_in_snow.mp4",
            "animals/woman_playing_with_dog.mp4",
            "animals/puppy_lying_on_grass.mp4",
            f"{REEL}#1",
            f"{REEL}#2",
            f"{REEL}#5",
            f"{TAPE}#1",
        ),
        wrong=("animals/skateboarding_dog.mp4", f"{REEL}#9"),
    ),
    Negation(
        "snow",
        "snowboard",
        right=(
            "people/family_sledding_snow.mp4",
            "animals/elk_in_snow.mp4",
            "animals/dogs_playing_in_snow.mp4",
            f"{REEL}#5",
        ),
        wrong=("sports/snowboarder_yellow_jacket.mp4", "sports/snowboarder_black.mp4"),
    ),
    Negation(
        "a road",
        "desert",
        right=(
            "vehicles/silver_jeep_mountain_road.mp4",
            "vehicles/dashcam_highway.avi",
            f"{TAPE}#4",
        ),
        wrong=("vehicles/blue_mini_desert_road.mp4",),
    ),
    Negation(
        "a woman dancing",
        "ballet",
        right=("people/woman_dancing_headphones.mp4",),
        wrong=("people/ballet_dancer_stairs.mp4",),
    ),
    Negation(
        "a bird",
        "water",
        right=("animals/cockatoo_closeup.mp4", f"{REEL}#8"),
        wrong=("animals/black_swan_river.mp4",),
    ),
    Negation(
        "cartoon",
        "pigs",
        right=("animation/big_buck_bunny_opening.webm", "animation/guess_the_sound_quiz.webm"),
        wrong=("animation/pigs_in_a_polka.gif",),
    ),
    Negation(
        "water",
        "boat",
        right=(
            "daily/pool_cleaning.mp4",
            "animals/black_swan_river.mp4",
            f"{TAPE}#5",
            f"{TAPE}#6",
        ),
        wrong=("sports/water_skiing.mp4", "landscape/sailboat_on_lake.mp4"),
    ),
    Negation(
        "a wild animal",
        "snow",
        right=(
            "animals/fox_walking.mp4",
            "animals/chimpanzees_pond.mp4",
            "generated/tiger_city_street.gif",
            f"{REEL}#3",
            f"{REEL}#6",
            f"{TAPE}#8",
        ),
        wrong=("animals/elk_in_snow.mp4",),
    ),
    Negation(
        "playing an instrument",
        "drums",
        right=("people/ukulele_duet.mp4", "generated/panda_guitar_times_square.gif"),
        wrong=("people/drummer_outdoors.mp4",),
    ),
    Negation(
        "city street",
        "neon signs",
        right=("generated/tiger_city_street.gif",),
        wrong=("people/tokyo_neon_night_walk.mkv", "generated/panda_guitar_times_square.gif"),
    ),
)

SEQUENCES = (
    Succession("children playing", 10, "a dog", right=(f"{TAPE}#0",)),
    Succession("a cat", 10, "a dog", right=(f"{REEL}#0",)),
    Succession("a dog", 10, "coffee", right=(f"{TAPE}#1",)),
    Succession("a dog on the grass", 10, "a woman with a dog", right=(f"{REEL}#1",)),
    Succession("a hot drink", 10, "football", right=(f"{TAPE}#2",)),
    Succession("a dog", 10, "a wolf", right=(f"{REEL}#1", f"{REEL}#2")),
    Succession("playing football", 10, "driving on a road", right=(f"{TAPE}#3",)),
    Succession("a wild animal", 10, "a rabbit eating", right=(f"{REEL}#3",)),
    Succession("a road", 10, "the sea from above", right=(f"{TAPE}#4",)),
    Succession("a rabbit", 10, "snow", right=(f"{REEL}#4",)),
    Succession("the coast", 10, "a stream", right=(f"{TAPE}#5",)),
    Succession("dogs in the snow", 10, "apes", right=(f"{REEL}#5",)),
    Succession("water", 10, "a red flower", right=(f"{TAPE}#5", f"{TAPE}#6")),
    Succession("monkeys", 10, "fish", right=(f"{REEL}#6",)),
    Succession("a flower", 10, "monkeys", right=(f"{TAPE}#7",)),
    Succession("fish", 10, "a parrot", right=(f"{REEL}#7",)),
    Succession("apes", 10, "the face of a man", right=(f"{TAPE}#8",)),
    Succession("a white bird", 10, "a dog on a skateboard", right=(f"{REEL}#8",)),
    Succession("a dog indoors", 30, "a man with a football", right=(f"{TAPE}#1",)),
    Succession("a cat", 30, "a wolf", right=(f"{REEL}#0",)),
)
