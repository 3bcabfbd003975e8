"""What each text is about, and which belong together: TF-IDF, cosine likeness, groups, a map in two dimensions.

Knows nothing of Procwire; ``worker.py`` offers it to the parent.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

Matrix = NDArray[np.float64]

KEYWORDS = 6
RELATED = 5
LEAST_LIKENESS = 0.05
"""Texts less alike than this are not called related."""

_NOT_PROSE = re.compile(r"(?s)^---\n.*?\n---\n|```.*?```|~~~.*?~~~|`[^`\n]*`|<[^>]*>|\]\([^)]*\)|https?://\S+")
_WORD = re.compile(r"[^\W\d_][\w'-]+[^\W_]")


def words(markdown: str) -> list[str]:
    """The words of the prose, in lower case: no code, no addresses, no markup."""
    return [word.lower() for word in _WORD.findall(_NOT_PROSE.sub(" ", markdown))]


@dataclass(frozen=True)
class Finding:
    """What was found out about one text; other texts are named by their index."""

    words: int
    keywords: list[str]
    related: list[tuple[int, float]]
    group: int
    place: tuple[float, float]


class Corpus:
    """A set of texts, weighed against each other."""

    def __init__(self, texts: Iterable[str], read: Callable[[int], None] = lambda done: None) -> None:
        """Counts and weighs the words; calls ``read`` after each text with how many are read."""
        self.counts: list[int] = []

        def prose() -> Iterator[str]:
            for markdown in texts:
                found = words(markdown)
                self.counts.append(len(found))
                read(len(self.counts))
                yield " ".join(found)

        vectorizer = TfidfVectorizer(token_pattern=r"\S+", stop_words="english", sublinear_tf=True)
        self.vocabulary: list[str] = []
        try:
            self.weights: Any = vectorizer.fit_transform(prose())
            self.vocabulary = list(vectorizer.get_feature_names_out())
        except ValueError:  # not one word in all the texts
            self.weights = np.zeros((len(self.counts), 0))
        self.likeness: Matrix = np.clip(_dense(self.weights @ self.weights.T), 0.0, 1.0)
        self.places = _places(self.likeness)
        self.groups = _groups(self.places)

    def report(self, index: int) -> Finding:
        """What was found out about the text at ``index``."""
        return Finding(
            words=self.counts[index],
            keywords=self._keywords(index),
            related=self._related(index),
            group=self.groups[index],
            place=(float(self.places[index, 0]), float(self.places[index, 1])),
        )

    def _keywords(self, index: int) -> list[str]:
        weights = _dense(self.weights[[index]])[0]
        best = np.argsort(-weights, kind="stable")[:KEYWORDS]
        return [self.vocabulary[at] for at in best if weights[at] > 0]

    def _related(self, index: int) -> list[tuple[int, float]]:
        row = self.likeness[index]
        best = [int(at) for at in np.argsort(-row, kind="stable") if at != index][:RELATED]
        return [(at, float(row[at])) for at in best if row[at] >= LEAST_LIKENESS]


def _groups(places: Matrix) -> list[int]:
    """One group per neighbourhood of the map, the largest first."""
    count = len(places)
    if count < 6:
        return [0] * count
    found = AgglomerativeClustering(n_clusters=min(8, round((count / 2) ** 0.5))).fit_predict(places)
    by_size = np.argsort(-np.bincount(found), kind="stable").tolist()
    return [by_size.index(group) for group in found]


def _places(likeness: Matrix) -> Matrix:
    """A place for each text in the unit square: near each other means alike."""
    count = len(likeness)
    if count < 4:  # too few for a layout: a row
        return np.column_stack([(np.arange(count) + 0.5) / max(count, 1), np.full(count, 0.5)])
    distance = 1.0 - likeness
    np.fill_diagonal(distance, 0.0)
    layout = TSNE(metric="precomputed", init="random", random_state=7, perplexity=min(12.0, (count - 1) / 3))
    with threadpool_limits(limits=1):  # threads that wait for a turn spin; another worker wants that core
        places = np.asarray(layout.fit_transform(distance), dtype=np.float64)
    low, high = places.min(axis=0), places.max(axis=0)
    ranks = places.argsort(axis=0).argsort(axis=0) / (count - 1)
    # Half by distance and half by order, so that one text far off does not crowd the others into a corner.
    spread: Matrix = ((places - low) / np.maximum(high - low, 1e-9) + ranks) / 2
    return spread


def _dense(matrix: Any) -> Matrix:
    dense: Matrix = np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype=np.float64)
    return dense
