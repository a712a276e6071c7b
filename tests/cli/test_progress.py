"""Progress of long work: it never goes back, never exceeds the total, and ends with all of it."""

from functools import partial

import pytest

from segue.forecasting.forecast import forecast_reading
from segue.forecasting.registry import load_predictor
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame
from segue.language import online
from segue.language.corpus import Corpus
from segue.language.evaluate import evaluate
from segue.language.online import evaluate_online
from segue.translate.decode.texts import translate_texts
from tests.forecasting.conftest import LastValue, long_frame
from tests.language.conftest import LETTERS, TEXT, build
from tests.translate.conftest import TEXTS, build_decoding

CORPUS = Corpus.of(TEXT, LETTERS)
READING = read_frame(long_frame((5, 12, 7, 9, 8)), Layout())
WORK = {
    "evaluate": (partial(evaluate, build(), CORPUS, window=16, lanes=3), len(TEXT) - 1),
    "evaluate --online": (partial(evaluate_online, build(), CORPUS), len(TEXT) - 1),
    "translate": (
        partial(translate_texts, build_decoding(), TEXTS, batch_tokens=8),
        len(TEXTS),
    ),
    "forecast": (partial(forecast_reading, LastValue(batch=2), READING, 2), 5),
    "fitted one by one": (partial(forecast_reading, load_predictor("theta:1"), READING, 2), 5),
}


@pytest.mark.parametrize("work", WORK)
def test_progress_rises_to_all_there_is(work, monkeypatch):
    """Catches padding that is counted, a last part that is not, and work that is silent until its end."""
    monkeypatch.setattr(online, "_PIECE", 50)
    reported: list[tuple[int, int]] = []
    run, total = WORK[work]
    run(report=lambda *done: reported.append(done))
    assert {of for _, of in reported} == {total}
    assert [done for done, _ in reported] == sorted({done for done, _ in reported})
    assert reported[-1][0] == total
    assert len(reported) >= 3
