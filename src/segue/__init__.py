"""Small sequence models that carry memory.

Public names load on first use (PEP 562): `import segue` imports neither torch nor pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "LEVELS",
    "LSTM",
    "RNN",
    "Alignment",
    "Autoregression",
    "Backbone",
    "Backtest",
    "CategoricalHead",
    "DecodeConfig",
    "Distribution",
    "Forecast",
    "Forecaster",
    "GaussianHead",
    "Grammar",
    "Hypothesis",
    "LanguageConfig",
    "LanguageModel",
    "LanguageModelConfig",
    "NanoTST",
    "NanoTSTConfig",
    "Nested",
    "Pair",
    "Predictor",
    "PretrainConfig",
    "QuantileHead",
    "SeasonalNaive",
    "Seq2Seq",
    "Seq2SeqConfig",
    "State",
    "TrainingConfig",
    "Transformer",
    "TranslationConfig",
    "UserError",
    "Vocabulary",
    "align",
    "backtest",
    "forecast_frame",
    "plot_backtest",
    "plot_forecast",
    "pretrain",
    "read_pairs",
    "split_pairs",
    "train_language",
    "train_translation",
    "translate_texts",
]

if TYPE_CHECKING:
    from segue.backbones.nested import Nested
    from segue.backbones.protocol import Backbone
    from segue.backbones.recurrent import LSTM, RNN
    from segue.backbones.transformer import Transformer
    from segue.errors import UserError
    from segue.forecast.autoregression import Autoregression
    from segue.forecast.backtest import Backtest, backtest
    from segue.forecast.backtest_plots import plot_backtest
    from segue.forecast.forecaster import Forecaster
    from segue.forecast.frames import forecast_frame
    from segue.forecast.grammar import Grammar
    from segue.forecast.nanotst import NanoTST, NanoTSTConfig
    from segue.forecast.plots import plot_forecast
    from segue.forecast.pretrain import PretrainConfig, pretrain
    from segue.forecast.result import LEVELS, Forecast, Predictor
    from segue.forecast.seasonal_naive import SeasonalNaive
    from segue.heads.categorical import CategoricalHead
    from segue.heads.gaussian import GaussianHead
    from segue.heads.protocol import Distribution
    from segue.heads.quantiles import QuantileHead
    from segue.language.config import LanguageConfig
    from segue.language.model import LanguageModel, LanguageModelConfig
    from segue.language.train import train_language
    from segue.state import State
    from segue.training.schedule import TrainingConfig
    from segue.translate.align import Alignment, align
    from segue.translate.config import TranslationConfig
    from segue.translate.decode import Hypothesis, translate_texts
    from segue.translate.decode_config import DecodeConfig
    from segue.translate.model import Seq2Seq, Seq2SeqConfig
    from segue.translate.pairs import Pair, read_pairs
    from segue.translate.split import split_pairs
    from segue.translate.train import train_translation
    from segue.translate.vocabulary import Vocabulary
else:  # not in front of type checkers, which would then believe in any name at all
    _HOMES = {
        "backbones.nested": ("Nested",),
        "backbones.protocol": ("Backbone",),
        "backbones.recurrent": ("LSTM", "RNN"),
        "backbones.transformer": ("Transformer",),
        "errors": ("UserError",),
        "forecast.autoregression": ("Autoregression",),
        "forecast.backtest": ("Backtest", "backtest"),
        "forecast.backtest_plots": ("plot_backtest",),
        "forecast.forecaster": ("Forecaster",),
        "forecast.frames": ("forecast_frame",),
        "forecast.grammar": ("Grammar",),
        "forecast.nanotst": ("NanoTST", "NanoTSTConfig"),
        "forecast.plots": ("plot_forecast",),
        "forecast.pretrain": ("PretrainConfig", "pretrain"),
        "forecast.result": ("LEVELS", "Forecast", "Predictor"),
        "forecast.seasonal_naive": ("SeasonalNaive",),
        "heads.categorical": ("CategoricalHead",),
        "heads.gaussian": ("GaussianHead",),
        "heads.protocol": ("Distribution",),
        "heads.quantiles": ("QuantileHead",),
        "language.config": ("LanguageConfig",),
        "language.model": ("LanguageModel", "LanguageModelConfig"),
        "language.train": ("train_language",),
        "state": ("State",),
        "training.schedule": ("TrainingConfig",),
        "translate.align": ("Alignment", "align"),
        "translate.config": ("TranslationConfig",),
        "translate.decode": ("Hypothesis", "translate_texts"),
        "translate.decode_config": ("DecodeConfig",),
        "translate.model": ("Seq2Seq", "Seq2SeqConfig"),
        "translate.pairs": ("Pair", "read_pairs"),
        "translate.split": ("split_pairs",),
        "translate.train": ("train_translation",),
        "translate.vocabulary": ("Vocabulary",),
    }

    def __getattr__(name: str) -> object:
        for home, names in _HOMES.items():
            if name in names:
                globals()[name] = found = getattr(import_module(f"segue.{home}"), name)
                return found
        raise AttributeError(f"module 'segue' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
