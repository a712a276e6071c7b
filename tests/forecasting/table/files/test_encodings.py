"""Encodings: read where one is possible, refused where letters could be others, never replaced."""

import pytest

from segue.errors import UserError
from segue.forecasting.table.files.latin import odd_text
from tests.forecasting.table.files.conftest import rows


def content(name, encoding, delimiter=","):
    text = delimiter.join(("id", "ds", "y")) + "\n" + rows(delimiter.join((name, "{day}", "{value}")))
    return text.encode(encoding)


WESTERN = """
Zürich Größe München MÜNCHEN Año niño España Cañón Curaçao naïve Noël België Citroën Forêt Fête Genève Liège
première août brûlée œuvre Île Maître Hôtel Nîmes São João Guimarães Córdoba Málaga København Tromsø Bodø Ærø
Århus Åland Jyväskylä città però più lunedì été Température °C m² µg/m³ € €/MWh k€ £ Nº l’eau § 20° Umsatz(€)
"""
OTHERS = {
    "cp1250": "Łódź Gdańsk Poznań Wrocław Częstochowa Plzeň Brně Jičín Přerov Žilina Győr Szűcs Bacău Brăila Petrović",
    "iso8859-2": "Łódź Gdańsk Świdnik Plzeň Győr Timişoara",
    "cp1257": "Rīga Jūrmala Liepāja Cēsis Klaipėda Šiauliai Panevėžys",
    "cp1254": "İstanbul Şişli Muğla Kadıköy",
    "cp1251": "Юг Север Я Цех1 Київ",
    "koi8-r": "Юг Москва",
    "cp1253": "Αθήνα Α1",
    "cp1255": "חיפה",
    "cp850": "Müller Año Café °C Málaga",
    "mac_roman": "Müller Köln Año Café",
    "shift_jis": "作田 川田 東京 田 名古屋 ｱｲｳ",
    "gbk": "北京 上海 一店",
    "big5": "台北 高雄 山 電",
    "euc_kr": "서울 부산",
}


@pytest.mark.parametrize("word", WESTERN.split())
def test_western_words_in_latin_are_read_and_reported(read, word):
    table = read(content(word, "cp1252"))
    assert table.frame["id"].tolist() == [word] * 14
    assert len(table.notes) == 1
    assert table.notes[0].startswith("table.csv is not UTF-8 and was read as cp1252, as in ")


@pytest.mark.parametrize(
    ("encoding", "word"), [(encoding, word) for encoding, words in OTHERS.items() for word in words.split()]
)
def test_other_encodings_are_refused_and_read_when_given(read, encoding, word):
    with pytest.raises(UserError, match="is neither UTF-8 nor plain Latin") as caught:
        read(content(word, encoding))
    assert caught.value.argument == "encoding"
    table = read(content(word, encoding), encoding=encoding)
    assert table.frame["id"].tolist() == [word] * 14
    assert table.notes == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_unicode_is_recognised(read, encoding, delimiter):
    table = read(content("東京", encoding, delimiter))
    assert table.frame["id"].tolist() == ["東京"] * 14
    assert table.notes == ()


@pytest.mark.parametrize("encoding", [None, "utf-16-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_letter_that_ends_in_the_byte_of_dos_is_whole(read, encoding, mark):
    raw = (mark + "ds,y,id\n2024-01-01,5,К").encode("utf-16-be")  # U+041A
    assert raw.endswith(b"\x1a")
    assert read(raw, encoding=encoding).frame["id"].tolist() == ["К"]


@pytest.mark.parametrize("encoding", [None, "utf-8", "cp437"])
def test_the_end_mark_of_dos_is_no_cell(read, encoding):
    assert read(b"ds,y\n2024-01-01,5\n\x1a", encoding=encoding).frame["y"].tolist() == [5]


def test_one_word_of_another_encoding_is_enough_to_refuse(read):
    many = content("Zürich", "cp1252") + "Gdańsk,2024-03-01,5\n".encode("cp1250")
    with pytest.raises(UserError, match="line 16 is neither UTF-8 nor plain Latin \\('Gdañsk'\\)"):
        read(many)


def test_plausible_text_is_told_in_one_pass():
    """Catches a search that begins again at each letter of a cell of megabytes, which takes hours."""
    assert odd_text("abc " * 500_000 + "café") is None
    assert odd_text("1,café;" * 2 + "abc " * 500_000) is None


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("utf-8", r"the file is not in this encoding: byte 10 \(line 2, fc 72 69 63\)"),
        ("ascii", "the file is not in this encoding: byte 10"),
        ("nonsense", "no such encoding of text"),
        ("rot13", "no such encoding of text"),
        ("", "no such encoding of text"),
    ],
)
def test_encodings_that_do_not_fit_are_refused(read, encoding, message):
    with pytest.raises(UserError, match=message):
        read(content("Zürich", "cp1252"), encoding=encoding)
