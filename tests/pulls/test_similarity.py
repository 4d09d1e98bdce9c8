"""Similarity of texts in languages without Latin letters or blanks."""

from __future__ import annotations

from itertools import permutations

import pytest

from bot.pulls.similarity import NEAR, measure_similarity, read_wordings, stem_words

# Of each language defects of one file, each told by a review (title and claim) and by a colleague, in other words.
DEFECTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "ru": (
        (
            "Деление на ноль для пустой корзины",
            "Если корзина пуста, `len(prices)` равно нулю и деление вызывает ZeroDivisionError.",
            "Пустая корзина приводит к делению на ноль.",
        ),
        (
            "Налог заменяет цену",
            "Функция возвращает только налог, цена без налога теряется.",
            "Возвращается один налог вместо цены с налогом.",
        ),
        (
            "Соединение с базой не закрывается",
            "При исключении соединение остаётся открытым, и пул исчерпывается.",
            "Соединения утекают: после исключения никто их не закрывает.",
        ),
    ),
    "zh": (
        (
            "空购物车时除以零",
            "购物车为空时，`len(prices)` 是零，除法会抛出 ZeroDivisionError。",
            "如果购物车是空的，这里会除以零。",
        ),
        (
            "税额代替了价格",
            "函数只返回税额，净价丢失了。",
            "这里返回的只是税额，没有加上净价。",
        ),
        (
            "数据库连接没有关闭",
            "抛出异常时连接不会被释放，连接池会耗尽。",
            "异常之后数据库连接没有释放，会耗尽连接池。",
        ),
    ),
    "ja": (
        (
            "空のカートでゼロ除算",
            "カートが空の場合、`len(prices)` がゼロになり、ゼロ除算が発生します。",
            "カートが空だとゼロ除算になります。",
        ),
        (
            "税額が価格を置き換える",
            "この関数は税額だけを返し、本体価格が失われます。",
            "税額しか返らず、本体価格が加算されていません。",
        ),
        (
            "データベース接続が閉じられない",
            "例外が発生すると接続が解放されず、接続プールが枯渇します。",
            "例外時に接続が閉じられないため、プールが枯渇する。",
        ),
    ),
    "ko": (
        (
            "빈 장바구니에서 0으로 나누기",
            "장바구니가 비어 있으면 `len(prices)`가 0이 되어 나눗셈에서 오류가 발생합니다.",
            "빈 장바구니일 때 0으로 나눗셈을 하게 됩니다.",
        ),
        (
            "세금이 가격을 대체함",
            "함수가 세금만 반환하고 원래 가격은 사라집니다.",
            "가격에 세금을 더하지 않고 세금만 반환하네요.",
        ),
        (
            "데이터베이스 연결이 닫히지 않음",
            "예외가 발생하면 연결이 해제되지 않아 연결 풀이 고갈됩니다.",
            "예외 때 데이터베이스 연결을 닫지 않아서 풀이 고갈돼요.",
        ),
    ),
    "ar": (
        (
            "القسمة على صفر لسلة فارغة",
            "عندما تكون السلة فارغة يكون الطول صفراً وتحدث قسمة على صفر.",
            "السلة الفارغة تسبب القسمة على الصفر.",
        ),
        (
            "الضريبة تحل محل السعر",
            "تعيد الدالة الضريبة فقط ويضيع السعر الصافي.",
            "يتم إرجاع الضريبة فقط بدون السعر الصافي.",
        ),
        (
            "اتصال قاعدة البيانات لا يغلق",
            "عند حدوث استثناء يبقى الاتصال مفتوحاً وتنفد الاتصالات.",
            "لا أحد يغلق اتصال قاعدة البيانات بعد الاستثناء.",
        ),
    ),
    "de": (
        (
            "Division durch null bei leerem Warenkorb",
            "Ein leerer Warenkorb führt zu einer Division durch null.",
            "Bei leerem Warenkorb wird hier durch null geteilt.",
        ),
        (
            "Die Steuer ersetzt den Preis",
            "Die Funktion liefert nur die Steuer, der Nettopreis geht verloren.",
            "Zurückgegeben wird nur die Steuer, der Nettopreis fehlt.",
        ),
        (
            "Die Verbindung zur Datenbank bleibt offen",
            "Bei einer Ausnahme wird die Verbindung nicht geschlossen.",
            "Nach einer Ausnahme schließt niemand die Verbindung.",
        ),
    ),
    "th": (
        (
            "หารด้วยศูนย์เมื่อตะกร้าว่าง",
            "เมื่อตะกร้าว่างจะเกิดการหารด้วยศูนย์",
            "ถ้าตะกร้าว่าง ตรงนี้จะหารด้วยศูนย์",
        ),
        (
            "ภาษีแทนที่ราคา",
            "ฟังก์ชันคืนค่าเฉพาะภาษี ราคาสุทธิหายไป",
            "คืนค่าแค่ภาษี ไม่ได้บวกราคาสุทธิ",
        ),
    ),
}


@pytest.mark.parametrize("language", DEFECTS)
def test_one_defect_in_other_words_is_told_from_another_defect(language: str) -> None:
    told = [(read_wordings(title, claim), read_wordings(colleague)) for title, claim, colleague in DEFECTS[language]]
    assert min(measure_similarity(ours, theirs) for ours, theirs in told) >= NEAR
    assert max(measure_similarity(one[0], other[1]) for one, other in permutations(told, 2)) < NEAR


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("목록이 비었다", "목록은 비었고"),
        ("السَّلَّة فارغة", "والسلة فارغة"),
        ("ＣＳＶファイル", "CSVファイル"),
        ("Корзина пуста", "корзины пустой"),
        ("सूची खाली है", "खाली सूची"),
    ],
)
def test_endings_points_articles_and_wide_letters_make_little_difference(one: str, other: str) -> None:
    assert measure_similarity([stem_words(one)], [stem_words(other)]) >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "это не может быть, если есть только одно значение",
        "これはそのままでいいのでは",
        "그리고 이것은 함수에서 때문에",
        "das ist nicht der Fehler, aber es kann sein",
        "إذا كان هذا هو الذي يكون",
    ],
)
def test_words_that_every_text_has_tell_nothing(text: str) -> None:
    assert len(stem_words(text)) <= 2
