"""What the analysis finds in texts made for it, and what the map shows of them."""

from xml.etree import ElementTree

import pytest

from analysis import Corpus, words
from drawing import Dot, draw

BREAD = "# Bread\nFlour, water, salt: knead the dough, let the dough rise, bake the loaf in a hot oven."
CAKE = "# Cake\nFlour, sugar and butter make the dough; bake it in the oven until the loaf is golden."
SAIL = "# Sailing\nHoist the sail, mind the wind, hold the tiller; the harbour lies beyond the buoy."


def test_only_prose_counts() -> None:
    assert words("A [link](https://example.org/path) and `code()`\n```rust\nfn main() {}\n```\nend") == [
        "link",
        "and",
        "end",
    ]


def test_texts_of_one_subject_are_related_and_others_are_not() -> None:
    corpus = Corpus([BREAD, CAKE, SAIL])
    assert [index for index, _ in corpus.report(0).related] == [1]
    assert corpus.report(2).related == []


def test_keywords_set_a_text_apart() -> None:
    assert "dough" in Corpus([BREAD, SAIL]).report(0).keywords
    assert "the" not in Corpus([BREAD, SAIL]).report(1).keywords


def test_every_text_is_announced_once_it_is_read() -> None:
    read: list[int] = []
    Corpus([BREAD, CAKE, SAIL], read.append)
    assert read == [1, 2, 3]


@pytest.mark.parametrize(
    "texts", [[""], ["", "", "", ""], [BREAD], [BREAD] * 9, [BREAD, "", SAIL], ["Ὀδύσσεια πολύτροπος"] * 4]
)
def test_few_empty_and_equal_texts_are_reported_too(texts: list[str]) -> None:
    corpus = Corpus(texts)
    for index in range(len(texts)):
        found = corpus.report(index)
        assert all(0.0 <= at <= 1.0 for at in found.place)
        assert all(0.0 <= likeness <= 1.0 for _, likeness in found.related)


def test_the_same_texts_get_the_same_places() -> None:
    texts = [BREAD, CAKE, SAIL, "wind and water", "salt water", "butter"]
    assert Corpus(texts).places.tolist() == Corpus(texts).places.tolist()


def test_the_map_links_every_dot_and_takes_the_colours_of_the_page() -> None:
    svg = draw(
        [
            Dot("Bread & <salt>", "pages/a%20b.html?x=1&y=2", 17, 0, (0.1, 0.2), [1]),
            Dot("Sailing", "pages/sail.html", 900, 1, (0.9, 0.8), []),
        ]
    )
    links = ElementTree.fromstring(svg).findall(".//{http://www.w3.org/2000/svg}a")
    assert [link.get("href") for link in links] == ["pages/a%20b.html?x=1&y=2", "pages/sail.html"]
    assert [link[0].text for link in links] == ["Bread & <salt>", "Sailing"]
    for colour in ("var(--group-1", "var(--ink", "var(--edge"):
        assert colour in svg


def test_a_map_of_nothing_is_a_picture_too() -> None:
    assert draw([]).startswith("<svg")
