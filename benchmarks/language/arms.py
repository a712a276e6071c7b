"""The arms of `language.py`: what is trained on what, for how long."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from segue.backbones.named import LevelName
from segue.config import read_config
from segue.language.config import LanguageConfig, TextConfig
from segue.language.model import LanguageModelConfig
from segue.training.clocks import NESTED, LevelConfig
from segue.training.online import OnlineConfig
from segue.training.schedule import TrainingConfig

RECIPE = Path(__file__).parents[2] / "configs" / "language" / "shakespeare-nanogpt.toml"
ALL_AT_ONCE = (LevelConfig(),) * 3
TRAINING = TrainingConfig(
    steps=1, learning_rate=4e-3, weight_decay=0.01, betas=(0.9, 0.99), warmup_steps=50, decay_share=0.6, clip=1.0
)


@dataclass(frozen=True)
class Arm:
    """One way to train, and what its model is measured by."""

    config: LanguageConfig
    data: Literal["wikitext-2", "shakespeare"] = "wikitext-2"
    steps: int | None = None  # None: as many as fit into --minutes
    fresh: tuple[int, ...] = ()  # measured also with the memory emptied every so many tokens
    online: tuple[OnlineConfig, ...] = ()  # measured also with that of these dynamic evaluations that valid is for
    whole: bool = False  # on all of the test text, whatever --characters says
    emptied: bool = False  # contiguous lanes whose state is emptied before every window: what carrying it is worth
    sampled: bool = False  # softmax over a sample of the vocabulary in training
    dropped: bool = False  # AWD-LSTM's kinds of dropout; only where sampled


def of(
    *,
    window: int = 128,
    lanes: int = 32,
    state: Literal["carry", "reset"] = "carry",
    level1: LevelName = "lstm",
    width: int = 224,
    levels: tuple[LevelConfig, ...] = NESTED,
    surprise: Literal["off", "printed", "descent"] = "off",
) -> LanguageConfig:
    """A nested model; of 730 thousand parameters unless said otherwise."""
    return LanguageConfig(
        LanguageModelConfig("nested", width, window=window, level1=level1, expansion=1),
        TextConfig(state=state, lanes=lanes, window=window),
        TRAINING,
        levels=levels,
        surprise=surprise,
    )


def shakespeare(model: LanguageModelConfig, lanes: int) -> Arm:
    """Trained on random blocks of 128 characters."""
    text = TextConfig(state="reset", lanes=lanes, window=128)
    return Arm(LanguageConfig(model, text, TRAINING), "shakespeare", fresh=(64, 128))


def words(width: int, dropout: float, online: tuple[OnlineConfig, ...]) -> Arm:
    model = LanguageModelConfig("lstm", width=width, tied=True, dropout=dropout)
    text = TextConfig(tokenizer="word", lanes=64, window=70)
    config = LanguageConfig(model, text, replace(TRAINING, learning_rate=2e-3))
    return Arm(config, online=online, whole=True, sampled=True)


def deep_words(width: int, steps: int) -> Arm:
    """Two layers that are kept from learning the text by heart; see language_awd.py."""
    arm = words(width, 0.4, dynamic(35, 0.4))
    model = replace(arm.config.model, layers=2)
    return replace(arm, config=replace(arm.config, model=model), steps=steps, dropped=True)


def dynamic(segment: int, *rates: float) -> tuple[OnlineConfig, ...]:
    return tuple(OnlineConfig(segment=segment, learning_rate=rate) for rate in rates)


REPLICAS = ("replica, reset", "replica, persistent", "replica, surprise")  # see language_replica.py
ARMS = {
    "corrected": Arm(
        of(lanes=16, state="reset"), steps=7500, fresh=(64, 256, 1024), online=dynamic(20, 0.01, 0.02, 0.05), whole=True
    ),
    **{
        f"window {window}, {state}": Arm(of(window=window, lanes=4096 // window, state=state), fresh=(window,))
        for window in (64, 128, 256, 1024)
        for state in ("carry", "reset")
    },
    "window 128, emptied": Arm(of(), fresh=(128,), emptied=True),
    "level 1 feed-forward": Arm(of(level1="feedforward"), fresh=(128,)),
    "level 1 transformer": Arm(of(level1="transformer", width=192, state="reset"), fresh=(128,)),  # as large
    "clocks 1/1/1": Arm(of(levels=ALL_AT_ONCE), fresh=(128,)),
    "surprise, printed": Arm(of(surprise="printed"), fresh=(128,)),
    "surprise, descent": Arm(of(surprise="descent"), fresh=(128,)),
    "shakespeare, nanoGPT": Arm(read_config(LanguageConfig, RECIPE), "shakespeare", steps=2000, fresh=(64,)),
    "shakespeare, transformer": shakespeare(LanguageModelConfig("transformer", width=128, layers=4, window=128), 8),
    "shakespeare, lstm": shakespeare(LanguageModelConfig("lstm", width=256, dropout=0.1), 16),
    "shakespeare, nested": shakespeare(LanguageModelConfig("nested", width=224, expansion=1, dropout=0.1), 16),
    "shakespeare, lstm, dropout 0.3": shakespeare(LanguageModelConfig("lstm", width=256, dropout=0.3), 16),
    "shakespeare, nested, dropout 0.3": shakespeare(
        LanguageModelConfig("nested", width=224, expansion=1, dropout=0.3), 16
    ),
    "words, 256 wide": words(256, 0.4, dynamic(70, 0.1, 0.2, 0.4)),
    "words, 384 wide": words(384, 0.4, dynamic(35, 0.2, 0.4, 0.8)),
    "words, two layers": deep_words(384, steps=5690),
}
