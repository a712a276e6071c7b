"""Small sequence models that carry memory.

Public names load on first use (PEP 562): `import segue` imports neither torch nor pandas.
"""

from importlib import import_module

TYPE_CHECKING = False  # type checkers read it as true; `typing` would double the time before signals are handled

__version__ = "0.2.0"

__all__ = [
    "LEVELS",
    "LSTM",
    "RNN",
    "Alignment",
    "Autoregression",
    "Backbone",
    "Backtest",
    "CategoricalHead",
    "ClassicTST",
    "ClassicTSTConfig",
    "DecodeConfig",
    "Distribution",
    "Explanation",
    "ExportedModel",
    "Forecast",
    "GaussianHead",
    "Grammar",
    "History",
    "Hypothesis",
    "LanguageConfig",
    "LanguageModel",
    "LanguageModelConfig",
    "Layout",
    "NanoTST",
    "NanoTSTConfig",
    "Nested",
    "Observations",
    "Pair",
    "Policy",
    "Predictor",
    "PretrainConfig",
    "QuantileHead",
    "SeasonalNaive",
    "Seq2Seq",
    "Seq2SeqConfig",
    "State",
    "Stream",
    "TrainingConfig",
    "Transformer",
    "TranslationConfig",
    "UserError",
    "Vocabulary",
    "Watch",
    "align",
    "backtest",
    "detect",
    "explain",
    "fitted",
    "forecast",
    "load_predictor",
    "plot_backtest",
    "plot_explanation",
    "plot_forecast",
    "pretrain",
    "read_pairs",
    "simulate",
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
    from segue.forecasting.answers.explain_plot import plot_explanation
    from segue.forecasting.answers.explanation import explain
    from segue.forecasting.answers.fitted import fitted
    from segue.forecasting.answers.reason import Explanation
    from segue.forecasting.answers.simulate import simulate
    from segue.forecasting.baselines.autoregression import Autoregression
    from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
    from segue.forecasting.evaluation.backtest import Backtest, backtest
    from segue.forecasting.evaluation.plots import plot_backtest
    from segue.forecasting.forecast import forecast
    from segue.forecasting.nanotst.classic import ClassicTST
    from segue.forecasting.nanotst.config import ClassicTSTConfig, NanoTSTConfig
    from segue.forecasting.nanotst.graph import ExportedModel
    from segue.forecasting.nanotst.model import NanoTST
    from segue.forecasting.plots import plot_forecast
    from segue.forecasting.predictor import LEVELS, Forecast, History, Predictor
    from segue.forecasting.pretraining.grammar import Grammar
    from segue.forecasting.pretraining.pretrain import PretrainConfig, pretrain
    from segue.forecasting.registry import load_predictor
    from segue.forecasting.streams.stream import Stream
    from segue.forecasting.table.layout import Layout
    from segue.heads.categorical import CategoricalHead
    from segue.heads.gaussian import GaussianHead
    from segue.heads.protocol import Distribution
    from segue.heads.quantiles import QuantileHead
    from segue.language.config import LanguageConfig
    from segue.language.model import LanguageModel
    from segue.language.sizes import LanguageModelConfig
    from segue.language.train import train_language
    from segue.live.detect import detect
    from segue.live.observations import Observations
    from segue.live.policy import Policy
    from segue.live.watch import Watch
    from segue.state import State
    from segue.training.schedule import TrainingConfig
    from segue.translate.data.pairs import Pair, read_pairs
    from segue.translate.data.split import split_pairs
    from segue.translate.data.vocabulary import Vocabulary
    from segue.translate.decode.align import Alignment, align
    from segue.translate.decode.config import DecodeConfig
    from segue.translate.decode.texts import Hypothesis, translate_texts
    from segue.translate.model.seq2seq import Seq2Seq
    from segue.translate.model.sizes import Seq2SeqConfig
    from segue.translate.training.config import TranslationConfig
    from segue.translate.training.train import train_translation
else:  # not in front of type checkers, which would then believe in any name at all
    _HOMES = {
        "backbones.nested": ("Nested",),
        "backbones.protocol": ("Backbone",),
        "backbones.recurrent": ("LSTM", "RNN"),
        "backbones.transformer": ("Transformer",),
        "errors": ("UserError",),
        "forecasting.answers.explain_plot": ("plot_explanation",),
        "forecasting.answers.explanation": ("explain",),
        "forecasting.answers.fitted": ("fitted",),
        "forecasting.answers.reason": ("Explanation",),
        "forecasting.answers.simulate": ("simulate",),
        "forecasting.baselines.autoregression": ("Autoregression",),
        "forecasting.evaluation.backtest": ("Backtest", "backtest"),
        "forecasting.evaluation.plots": ("plot_backtest",),
        "forecasting.registry": ("load_predictor",),
        "forecasting.streams.stream": ("Stream",),
        "forecasting.table.layout": ("Layout",),
        "forecasting.forecast": ("forecast",),
        "forecasting.pretraining.grammar": ("Grammar",),
        "forecasting.nanotst.classic": ("ClassicTST",),
        "forecasting.nanotst.config": ("ClassicTSTConfig", "NanoTSTConfig"),
        "forecasting.nanotst.graph": ("ExportedModel",),
        "forecasting.nanotst.model": ("NanoTST",),
        "forecasting.plots": ("plot_forecast",),
        "forecasting.pretraining.pretrain": ("PretrainConfig", "pretrain"),
        "forecasting.predictor": ("LEVELS", "Forecast", "History", "Predictor"),
        "forecasting.baselines.seasonal_naive": ("SeasonalNaive",),
        "heads.categorical": ("CategoricalHead",),
        "heads.gaussian": ("GaussianHead",),
        "heads.protocol": ("Distribution",),
        "heads.quantiles": ("QuantileHead",),
        "language.config": ("LanguageConfig",),
        "language.model": ("LanguageModel",),
        "language.sizes": ("LanguageModelConfig",),
        "language.train": ("train_language",),
        "live.detect": ("detect",),
        "live.observations": ("Observations",),
        "live.policy": ("Policy",),
        "live.watch": ("Watch",),
        "state": ("State",),
        "training.schedule": ("TrainingConfig",),
        "translate.decode.align": ("Alignment", "align"),
        "translate.training.config": ("TranslationConfig",),
        "translate.decode.texts": ("Hypothesis", "translate_texts"),
        "translate.decode.config": ("DecodeConfig",),
        "translate.model.seq2seq": ("Seq2Seq",),
        "translate.model.sizes": ("Seq2SeqConfig",),
        "translate.data.pairs": ("Pair", "read_pairs"),
        "translate.data.split": ("split_pairs",),
        "translate.training.train": ("train_translation",),
        "translate.data.vocabulary": ("Vocabulary",),
    }

    def __getattr__(name: str) -> object:
        for home, names in _HOMES.items():
            if name in names:
                try:
                    module = import_module(f"segue.{home}")
                except ModuleNotFoundError as error:
                    from segue.extras import remedy_for_missing

                    remedy = remedy_for_missing(error)
                    if remedy is None:
                        raise
                    raise ImportError(f"segue.{name} {remedy}") from error
                globals()[name] = member = getattr(module, name)
                return member
        raise AttributeError(f"module 'segue' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
