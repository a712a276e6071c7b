"""Whole folders to tamper with: tiny models of every kind, and a bundled one with its exported graph."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

_TEXT = "It was the best of times, it was the worst of times.\n" * 4
_PAIRS = (("abc", "cba"), ("bca", "acb"), ("cab", "bac"))


def make_sources(home: Path) -> list[Path]:
    """Writes all folders, by torch, and returns them."""
    import torch

    from segue.forecasting.nanotst.classic import ClassicTST
    from segue.forecasting.nanotst.config import ClassicTSTConfig, NanoTSTConfig
    from segue.forecasting.nanotst.model import NanoTST
    from segue.forecasting.nanotst.weights import model_folder
    from segue.language.model import LanguageModel
    from segue.language.sizes import LanguageModelConfig
    from segue.text.named import learn_tokenizer
    from segue.translate.data.pairs import Pair
    from segue.translate.data.vocabulary import learn_vocabulary
    from segue.translate.model.seq2seq import Seq2Seq
    from segue.translate.model.sizes import Seq2SeqConfig

    torch.manual_seed(0)
    nano = NanoTSTConfig(context=32, patch=8, span=2, width=8, heads=2, layers=2)
    folders = {name: NanoTST(replace(nano, backbone=name)) for name in ("transformer", "lstm")}
    folders |= {"classic": ClassicTST(ClassicTSTConfig(context=32, patch=8, width=8, heads=2, layers=1))}
    for tokenizer, backbone in (("byte", "lstm"), ("character", "nested"), ("word", "rnn"), ("bpe", "transformer")):
        sizes = LanguageModelConfig(backbone=backbone, width=8, layers=2, heads=2, window=16)
        folders[f"language-{tokenizer}"] = LanguageModel(sizes, learn_tokenizer(tokenizer, _TEXT, None))
    pairs = [Pair(*pair) for pair in _PAIRS]
    for architecture, target in (("lstm-attention", "byte"), ("transformer", "character")):
        sizes = Seq2SeqConfig(architecture=architecture, width=8, heads=2)
        folders[f"translate-{target}"] = Seq2Seq(sizes, learn_vocabulary(pairs, "character", target))
    for name, model in folders.items():
        model.save_pretrained(home / name, card="# Tiny\n")
    shutil.copytree(model_folder("nanotst-small"), home / "exported")
    return [*(home / name for name in folders), home / "exported"]


def read_with_torch(folder: Path) -> str:
    """Reads a folder by the class of its name, computes something, and returns a hash of it."""
    import torch

    from segue.forecasting.nanotst.classic import ClassicTST
    from segue.forecasting.nanotst.model import NanoTST
    from segue.language.model import LanguageModel
    from segue.translate.model.seq2seq import Seq2Seq

    kind = folder.name.partition("-")[0]
    if kind == "exported":
        return read_without_torch(folder)
    if kind == "language":
        model = LanguageModel.from_pretrained(folder)
        with torch.inference_mode():
            return _hash(model(torch.tensor([model.tokenizer.encode("It was")]))[0].logits.numpy())
    if kind == "translate":
        from segue.translate.decode.texts import translate_texts

        seq2seq = Seq2Seq.from_pretrained(folder)
        outputs = translate_texts(seq2seq, ["abc"])
        return _hash(np.array([outputs[0][0].score])) + seq2seq.fingerprint
    return _forecast((ClassicTST if kind == "classic" else NanoTST).from_pretrained(folder))


def read_without_torch(folder: Path) -> str:
    """Reads and checks all that can be read without torch; an exported model forecasts."""
    from segue.folder import load_config, load_weights
    from segue.forecasting.nanotst.config import read_classic_config, read_config
    from segue.forecasting.nanotst.graph import ExportedModel
    from segue.language.sizes import read_sizes as read_language
    from segue.translate.model.sizes import read_sizes as read_translation

    kind = folder.name.partition("-")[0]
    if kind == "exported":
        return _forecast(ExportedModel(folder, threads=1))
    readers = {"language": read_language, "translate": read_translation, "classic": read_classic_config}
    readers.get(kind, read_config)(folder)
    told = [load_config(folder), sorted((name, _hash(array)) for name, array in load_weights(folder).items())]
    tokenizer = folder / "tokenizer.json"
    return hashlib.sha256(repr(told).encode() + (tokenizer.read_bytes() if tokenizer.exists() else b"")).hexdigest()


def _forecast(model: object) -> str:
    from segue.forecasting.predictor import History, Predictor

    assert isinstance(model, Predictor)
    values = np.sin(np.arange(64.0) / 3)[None] + np.arange(64) / 50
    history = History(values[:, -model.context :], np.ones((1, min(64, model.context)), dtype=bool), np.zeros((1, 0)))
    return _hash(model.predict(history, 12).quantiles)


def _hash(array: np.ndarray) -> str:
    return hashlib.sha256(str((array.dtype, array.shape)).encode() + np.ascontiguousarray(array).tobytes()).hexdigest()
