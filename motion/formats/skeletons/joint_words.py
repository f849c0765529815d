"""Split the names of joints into words of anatomy, whatever tool wrote them.

`Bip01 L UpperArm`, `mixamorig:LeftArm`, `upper_arm.L`, `J_Bip_L_UpperArm` and `lShldr` differ in prefixes, separators,
case and the place of the side. What remains is a side and a part of the body.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

SIDES = ("left", "right")
_SIDE_WORDS = {
    "left": "left", "l": "left", "lft": "left", "lf": "left", "lt": "left",
    "right": "right", "r": "right", "rgt": "right", "rt": "right",
}  # fmt: skip
_PARTS = {
    "thigh": "thigh femur upleg upperleg uppleg legupper",
    "hip": "hip hips",
    "hipjoint": "hipjoint",
    "leg": "leg legs",
    "shin": "shin calf tibia knee lowerleg lowleg leglower crus",
    "ankle": "ankle",
    "foot": "foot feet",
    "toe": "toe toes toebase toesbase ball forefoot",
    "midfoot": "metatarsal metatarsals midfoot",
    "collar": "clavicle clavical clav collar collarbone scapula shoulderblade",
    "shoulder": "shoulder",
    "upperarm": "upperarm uparm uarm humerus shldr armupper",
    "arm": "arm",
    "forearm": "forearm lowerarm lowarm loarm farm elbow radius armlower",
    "wrist": "wrist",
    "hand": "hand",
    "pelvis": "pelvis",
    "root": "root center centre cog reference",
    "spine": "spine abdomen abdominal abdo ab belly stomach waist torso trunk lumbar lowerback back midback upperbody",
    "chest": "chest upperchest thorax ribcage ribs sternum upperback",
    "neck": "neck lowerneck upperneck cervical",
    "head": "head skull",
}  # fmt: skip
_UPPER, _LOWER = frozenset({"upper", "up", "u"}), frozenset({"lower", "low", "lo", "fore"})
_NEUTRAL = frozenset(
    "bone bones joint jnt jt bip biped base bend def deform rig armature mixamorig skel skeleton character human bind "
    "j b bn c m n sk avg body main grp".split()
)
# Helpers lie beside the joint that their name begins with.
_HELPERS = frozenset(
    "twist roll ik pole target ctrl control end nub tip site helper aux socket effector mch org leaf offset null "
    "locator dummy corrective pad volume muscle share big small tweak extra sub part gizmo handle weapon goal "
    "adj mesh geo geom proxy collider".split()
)
_OTHERS = frozenset(
    "thumb pinky pinkie finger fingers carpal metacarpal palm eye eyes eyelid eyebrow brow jaw tongue teeth lip lips "
    "cheek ear nose hair mouth chin face forehead breast breasts pectoral bust pec butt glute buttock tail wing skirt "
    "cape cloth sword gun prop camera light hat bag dress sleeve genital top".split()
)
_FINGERS = frozenset({"index", "middle", "mid", "ring", "little"})  # parts of a hand, unless a trunk has a middle
_PART_OF = {word: part for part, words in _PARTS.items() for word in words.split()}
_WORDS = {*_PART_OF, *_UPPER, *_LOWER, *_NEUTRAL, *_HELPERS, *_OTHERS, *_FINGERS, "left", "right"}
_LIMBS = frozenset(
    "hipjoint thigh leg shin ankle foot midfoot toe collar shoulder upperarm arm forearm wrist hand".split()
)
# MikuMikuDance's names, which its exporters keep.
_JAPANESE = (
    ("左", " left "), ("右", " right "), ("センター", " pelvis "), ("下半身", " pelvis "), ("上半身", " spine "),
    ("足首", " ankle "), ("手首", " wrist "), ("つま先", " toe "), ("爪先", " toe "), ("ひざ", " knee "),
    ("膝", " knee "), ("ひじ", " elbow "), ("肘", " elbow "), ("ＩＫ", " ik "), ("捩", " twist "), ("親", " finger "),
    ("指", " finger "), ("目", " eye "), ("足", " leg "), ("肩", " shoulder "), ("腕", " arm "), ("首", " neck "),
    ("頭", " head "),
)  # fmt: skip
_COMMON_SHARE = 0.7  # a word that this share of the names begins or ends with says nothing of any of them
_HELPER_COST = 10


@dataclass(frozen=True)
class JointWords:
    """What a name says.

    Attributes:
        side: `left`, `right` or None.
        part: a part of the body, one of the keys of the vocabulary, or None if the name tells of none.
        number: the number in the name; None if it has none.
        cost: how far the name is from the plain name of the joint; 10 or more for a helper beside the joint.
    """

    side: str | None
    part: str | None
    number: int | None
    cost: int


def split_names(names: Sequence[str]) -> list[JointWords]:
    """Split the names of a skeleton into words.

    Args:
        names: names of all joints; prefixes and suffixes that nearly all of them share are left out.

    Returns:
        The words of each name, in the same order.
    """
    chunks = [_chunks(name) for name in names]
    chunks = _without_common(chunks)
    chunks = [each[::-1] for each in _without_common([each[::-1] for each in chunks], suffix=True)]
    return [_words(each) for each in chunks]


def plain_name(name: str) -> str:
    """Return a name without its namespace, which ends at the last `:` or `|`."""
    return re.split(r"[:|]", name)[-1]


def _chunks(name: str) -> list[str]:
    bare = plain_name(name)
    for japanese, english in _JAPANESE:
        bare = bare.replace(japanese, english)
    return re.findall(r"[^\W\d_]+|\d+", bare)


def _without_common(names: list[list[str]], suffix: bool = False) -> list[list[str]]:
    """Remove the first chunk again and again while most names begin with the same."""
    for _ in range(4):
        firsts = Counter(chunks[0].lower() for chunks in names if chunks)
        if not firsts:
            break
        first, count = firsts.most_common(1)[0]
        if len(names) < 5 or count < _COMMON_SHARE * len(names) or (suffix and first in _PART_OF):
            break
        names = [chunks[1:] if chunks and chunks[0].lower() == first else chunks for chunks in names]
    return names


def _words(chunks: list[str]) -> JointWords:
    if len(chunks) == 2 and chunks[0].lower() in ("l", "t", "c") and chunks[1].isdigit():
        return JointWords(None, "neck" if chunks[0].lower() == "c" else "spine", None, 0)  # a vertebra, as Xsens has
    numbers = [int(chunk) for chunk in chunks if chunk.isdigit()]
    found: list[str] = []
    for chunk in chunks:
        if not chunk.isdigit():
            found += _segments(chunk)
    if not chunks:
        return JointWords(None, "root", None, 0)  # the name is the prefix of all others
    sides = {_SIDE_WORDS[word] for word in found if word in _SIDE_WORDS}
    words = [word for word in found if word not in _SIDE_WORDS]
    cost = _HELPER_COST * sum(word in _HELPERS for word in words)
    cost += sum(word not in _WORDS and len(word) > 1 for word in words)
    side = sides.pop() if len(sides) == 1 else None
    part = _part(words, side)
    return JointWords(side, part, numbers[-1] if numbers else None, cost)


def _part(words: list[str], side: str | None) -> str | None:
    parts = [_PART_OF[word] for word in words if word in _PART_OF]
    if any(word in _OTHERS for word in words):
        return None
    if any(word in _FINGERS for word in words) and (side or not {"spine", "chest", "neck"} & set(parts)):
        return None
    upper, lower = any(word in _UPPER for word in words), any(word in _LOWER for word in words)
    if not parts:
        return None
    for whole, low, high in (("leg", "shin", "thigh"), ("arm", "forearm", "upperarm")):
        if whole in parts and (upper or lower):
            return high if upper else low
    # "LeftHipJoint" has one part, "Hip_Leg_L" has two; the last one is the joint.
    part = parts[-1]
    if "shoulder" in parts and "arm" in parts:
        part = "upperarm"
    if part == "hip" and side is None:
        return "pelvis"
    if (part in _LIMBS or part == "hip") != (side is not None):
        return {"chest": "collar"}.get(part) if side else None  # some SMPL files name the collars L_Thorax
    return part


def _segments(chunk: str) -> list[str]:
    """Split a chunk of letters into known words; what is unknown stays whole."""
    lower = chunk.lower()
    if lower in _SIDE_WORDS or lower in _WORDS:
        return [lower]
    if words := _known_words(lower):
        return words
    pieces = re.findall(r"[^\W\d_a-z]+(?![a-z])|[^\W\d_a-z]?[a-z]+|[^\W\d_]+?", chunk)
    found: list[str] = []
    for piece in pieces:
        small = piece.lower()
        if small in _SIDE_WORDS or small in _WORDS:
            found.append(small)
            continue
        tails = (_known_words(small[start:]) for start in range(len(small) - 2))
        tail = next((words for words in tails if words and words[0] not in ("l", "r")), None)
        found += [small[: len(small) - len("".join(tail))], *tail] if tail else [small]
    return [word for word in found if word]


def _known_words(text: str) -> list[str] | None:
    """Split a text into the fewest known words; a single letter for the side may stand at either end."""
    best: list[list[str] | None] = [[]]
    for end in range(1, len(text) + 1):
        choices = []
        for start in range(end):
            word, before = text[start:end], best[start]
            edge = len(word) == 1 and word in ("l", "r") and len(text) > 2 and (start == 0 or end == len(text))
            if before is not None and (edge or (len(word) > 1 and word in _WORDS)):
                choices.append([*before, word])
        best.append(min(choices, key=len) if choices else None)
    return best[-1]
