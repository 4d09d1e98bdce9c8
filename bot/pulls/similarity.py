"""Measure how alike two texts about a defect are, by their telling words.

All functions here are pure and ask no model. Measured on 2,400 pairs of public review comments on the same defect and
3,900 on different defects of one pull request: :data:`NEAR` keeps 91 % of the first kind and 18 % of the second,
:data:`FAR` 61 % and 5 %, :data:`ALONE` 34 % and 2 %. So ``NEAR`` counts only together with the line, ``FAR`` with the
file, ``ALONE`` where the place is only named in words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from string import digits

NEAR = 0.25
FAR = 0.4
ALONE = 0.5

Wording = frozenset[str]

# Letters of a word that are compared: endings make no difference.
_STEM = 5
# Korean nouns have two syllables, and their particles follow without a blank.
_KOREAN_STEM = 2
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|^(`{3,}|~{3,}).*?(?:^\1\s*$|\Z)", re.S | re.M)
_HUMP = re.compile(r"([a-z0-9])([A-Z])")
_HAN = "\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_KANA = "\u3041-\u309f\u30a0-\u30ff"
_HANGUL = "\uac00-\ud7a3"
_THAI = "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff"
_UNSPACED = re.compile(f"[{_HAN}{_KANA}{_THAI}]+")
_HANGUL_WORD = re.compile(f"[{_HANGUL}]{{2,}}")
# Vowel signs are marks, no letters, to Python.
_INDIC = "\u0900-\u0963\u0966-\u0dff"
_WORD = re.compile(f"(?:(?![{_HAN}{_KANA}{_HANGUL}{_THAI}])[^\\W_]|[{_INDIC}]){{2,}}")
# Vowel signs and stretching of Arabic, points of Hebrew: written or left out at will.
POINTS = re.compile("[\u0591-\u05c7\u0640\u064b-\u065f\u0670]")
_ARTICLE = re.compile("^(?:[وفبك]?ال|لل)(?=\\w{3})")
# What only holds a sentence together: Chinese particles, and the letters Japanese writes endings and particles in.
_PARTICLES = re.compile(
    "[的了是在和这這那个個就也都而及与與或被把让讓给給对對从從到为為以于於但并並且若则則其之所会會有\u3041-\u309f]+"
)
_STOP_WORDS = frozenset(
    re.findall(
        r"\S+",
        """
    all also an and any are as at be because been being but by call called calling calls can class code could do does
    file for from function had has have here how if in incorrect instead into is issue it its just line may method
    might more must no not of on one only or other potential potentially should so some such than that the their them
    then there these they this those to too two up use used uses using value values variable via was were what when
    where which while who will with would you your

    aber als auch auf aus bei das dass dem den der des die diese diesem diesen dieser ein eine einem einen einer
    er es fehler funktion für hier im ist kann kein keine mit muss nach nicht noch nur ob oder sein sich sie sind so
    sollte um und vom von vor was wenn werden wert wie wird zeile zu zum zur über

    au aux avec ce cela ces cette comme dans de des du elle en est et être fonction il ils je la le les ligne lorsque
    mais ne nous on ou par pas peut pour qu que quand qui sa se ses si son sont sur un une valeur

    al como con cuando cuál del el ella en es esta este esto está función la las línea lo los más no o para pero por
    puede que se ser si sin sobre su sus un una valor y ya

    ao aos com da das do dos ela ele em essa esse esta este função isso isto já linha mas na nas no nos não ou pela
    pelo pode quando se sem ser seu sua são um uma

    а без будет был была были было быть в вместо во вот все вы где да для до его ее ей если есть еще ещё же за здесь
    значение значения и из или им их к как когда который кода коде код которая которое которые ли может мы на над не
    нет но ну о об он она они оно от по под при с со строка строке так также там то тогда только тут у уже функции
    функция что чтобы эта эти это этот этом я

    إذا أن أو إلى التي الذي الدالة القيمة ان او تكون ثم على عن عند عندما غير في قد كان كل لا لم لن ما مع من هذا هذه هنا
    هو هي و يتم يكون يمكن دالة قيمة

    경우 그리고 그래서 때문 때문에 있는 있습니다 없는 없습니다 않습니다 합니다 됩니다 입니다 하는 되는 여기 여기서
    이것 이것은 함수 함수가 함수는 함수에서 값이 값을 값은 코드 코드가 수정
    """,
    )
)


def split_paragraphs(text: str) -> tuple[str, ...]:
    """Split a text into paragraphs, without code blocks and hidden marks."""
    found = (piece.strip() for piece in re.split(r"\n\s*\n", _HIDDEN.sub("\n\n", text)))
    return tuple(piece for piece in found if piece)


def read_wordings(*texts: str) -> tuple[Wording, ...]:
    """Read the telling words of each paragraph, and of all together."""
    found = [piece for text in texts for piece in split_paragraphs(text)]
    every = [stem_words(piece) for piece in [*found, " ".join(found)]]
    return tuple(dict.fromkeys(wording for wording in every if wording))


def stem_words(text: str) -> Wording:
    """Reduce a text to the stems of words that tell which defect is meant.

    Compound names are split. Where no blanks part words, each two neighbouring characters stand for one.
    """
    plain = POINTS.sub("", unicodedata.normalize("NFKC", _HUMP.sub(r"\1 \2", text))).lower()
    found = (word.lstrip(digits) for word in _WORD.findall(plain))
    spaced = (_ARTICLE.sub("", word)[:_STEM] for word in found if len(word) > 1 and word not in _STOP_WORDS)
    korean = (word[:_KOREAN_STEM] for word in _HANGUL_WORD.findall(plain) if word not in _STOP_WORDS)
    runs = (run for found in _UNSPACED.findall(plain) for run in _PARTICLES.split(found))
    pairs = (first + second for run in runs for first, second in pairwise(run))
    return frozenset((*spaced, *korean, *pairs))


def measure_similarity(one: Iterable[Wording], other: Iterable[Wording]) -> float:
    """Measure the common words of the likest wordings (Dice, 0 to 1)."""
    others = list(other)
    pairs = ((first, second) for first in one for second in others)
    return max((2 * len(first & second) / (len(first) + len(second)) for first, second in pairs), default=0.0)
