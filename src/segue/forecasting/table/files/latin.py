"""Whether text that was read as cp1252 is plausible: words of western languages, and usual signs in usual places.

Nearly all bytes mean something in cp1252, so that text of any other encoding decodes. Three rules reject such text.
First, letters beyond ASCII stand among ASCII letters. Cyrillic, Greek, Hebrew, Arabic, Chinese and Korean words break
this rule. Second, some letters are other letters in the encodings of central Europe and the Baltic (cp1250, cp1257).
They stand only where western words have them: `ñ` stands between vowels, but not in `Gdañsk`, which is `Gdańsk`. Third,
signs do not stand inside words. In text of DOS, of the old Macintosh, and in Japanese they do.
"""

import re

_SAFE = "ÁÄÉÍÓÖÜßáäéíóöúüÚ"
"""Letters that cp1250 has at the same bytes."""

_VOWEL, _CONSONANT = "[aeiouy]", "[bcdfghjklmnpqrstvwxz]"
_PLACES = {
    "à": rf"(?<={_CONSONANT})à$|(?<=[lj])à",
    "â": r"â(?=[tgcnmqlpsv])",
    "ã": r"ã(?=[oe])",
    "å": rf"å(?={_CONSONANT})|(?<={_CONSONANT})å$",
    "æ": rf"(?<!{_VOWEL})æ(?={_CONSONANT})",
    "ç": rf"ç(?!{_CONSONANT})",
    "è": rf"(?<={_CONSONANT})è(?={_CONSONANT}|$)|(?<=[iu])è(?=[rgtcs])",
    "ê": r"(?<![iz])ê(?=[tmnlvrq]|ch)|ê(?=nci)|(?<=r)ê(?=[ps])|(?<=^m)ê(?=s$)",
    "ë": r"ë(?=[lnrt]|$)",
    "ì": r"(?<=[dl])ì$",
    "î": r"î(?=[tlnmr])",
    "ï": rf"(?<=[aeou])ï(?={_CONSONANT})",
    "ñ": r"(?:(?<=[aeiouáéíóú])|^)ñ(?=[aeiouáéíóú])",
    "ò": rf"(?<={_CONSONANT})ò$",
    "ô": r"ô(?=[tmnlpcdrv])",
    "õ": r"õ(?=e)",
    "ø": rf"(?:(?<={_CONSONANT})|^)ø(?={_CONSONANT}|$)",
    "ù": r"(?<=[tsbi])ù$|(?<=^o)ù$",
    "û": r"(?<=[aoslrbm])û(?=[trlc])",
    "œ": r"œ(?=u|il)",
}
"""Letters that are others in cp1250 or cp1257, and where western words have them (in lower case)."""

_L = "A-Za-zÀ-ÖØ-öø-ÿŒœŠšŽžŸ"
_WORD = re.compile(f"[{_L}]+")
_BETWEEN = re.compile(r"[\x00-\x1f,;|\"]+")
_RUN = re.compile(rf"[^\x00-\x7f\xa0{_L}]{{2}}")
_SIGNS = re.compile(
    rf"°(?![{_L}])|°(?=[CFKNESW](?![{_L}]))|(?<=[A-Za-z])[²³](?![{_L}])|(?<![{_L}])µ(?=[gmslLVAWSF])"
    rf"|(?<![{_L}])[€£](?![{_L}])|(?<=[kMG])€|\xa0(?![{_L}])|(?<=\d)\xa0|§(?![{_L}])|(?<![{_L}])[–±·×](?![{_L}])"
    rf"|(?<=[a-zA-Z])’(?=[a-zA-Zéèêàâôîœ])|(?<=[Nn])[°º]|[«»](?![{_L}])|«(?=[A-Za-z])"
    rf"|(?<=\d)[ºª½¼¾]|[½¼¾](?![{_L}])|…(?![{_L}])|[®©](?![{_L}])|[¡¿](?=[A-ZÁÉÍÓÚ][a-z])|(?<=[a-z] )à(?= [A-Za-z])"
)
"""Signs of western text in the places where it has them, and the French word `à`."""


def odd_text(text: str) -> str | None:
    """Returns the first implausible word or sign beyond ASCII; None if western languages write all of them so."""
    cells = dict.fromkeys(_BETWEEN.split(re.sub(r"\d+", "0", text)))  # numbers make cells distinct and say nothing
    for cell in cells:
        if cell.isascii():
            continue
        if (run := _RUN.search(cell)) is not None:
            return run[0]
        rest = _SIGNS.sub(" ", cell)
        for word in _WORD.findall(rest):
            if not word.isascii() and _odd(word):
                return str(word)
        signs = _WORD.sub(" ", rest)
        if not signs.isascii():
            return next(sign for sign in signs if not sign.isascii())
    return None


def _odd(word: str) -> bool:
    """Whether a word has too few ASCII letters, letters of mixed case, or a letter out of its place."""
    beyond = [letter for letter in word if not letter.isascii()]
    if 2 * len(beyond) > len(word) + (len(word) > 2) or re.search(r"[^\x00-\x7f]{3}", word):
        return True
    if re.search(r"[a-zß-öø-ÿ][À-ÖØ-Þ]|[ß-öø-ÿ][A-Z]", word) or (
        not word.isupper() and re.search(r"[A-Z][À-ÖØ-Þ]", word)
    ):
        return True
    lower = word.lower()
    for letter in {letter.lower() for letter in beyond if letter not in _SAFE}:
        places = _PLACES.get(letter)
        if places is None or len(re.findall(places, lower)) < lower.count(letter):
            return True
    return False
