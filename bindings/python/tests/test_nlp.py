"""Language through Python: intents on real data where the checkout has it, knowledge, entities, dialogue."""

import copy
import csv
import gzip
import json
import pickle

import numpy as np
import pytest
from conftest import ROOT

import mercato
from mercato import nlp

CLINC = ROOT / "../shared/data/nlp/clinc150"
GOLDEN = json.loads((ROOT / "conformance/vectors/dialogues.json").read_text(encoding="utf8"))


def real(name: str, labels: int, each: int) -> tuple[list[str], list[str]]:
    with gzip.open(CLINC / name, "rt", encoding="utf8", newline="") as f:
        rows = list(csv.DictReader(f))
    names = sorted({r["label"] for r in rows})[:labels]
    rows = [r for n in names for r in [r for r in rows if r["label"] == n][:each]]
    return [r["text"] for r in rows], [r["label"] for r in rows]


def made() -> tuple[list[str], list[str]]:
    pairs = [(text, label) for label, texts in GOLDEN["examples"].items() for text in texts]
    return [p[0] for p in pairs], [p[1] for p in pairs]


@pytest.fixture(scope="module")
def data():
    return real("train.csv.gz", 12, 60) if CLINC.exists() else made()


@pytest.fixture(scope="module")
def model(data):
    return nlp.IntentClassifier().fit(*data, seed=7, threads=2)


def test_intents_are_found_on_unseen_messages(model):
    if not CLINC.exists():
        pytest.skip("real data are not here")
    texts, labels = real("test.csv.gz", 12, 30)
    with gzip.open(CLINC / "oos_test.csv.gz", "rt", encoding="utf8", newline="") as f:
        oos = [r["text"] for r in csv.DictReader(f)]
    e = nlp.evaluate(model, texts, labels, oos=oos)
    assert e["accuracy"] > 0.95 and e["ece"] < 0.1 and e["oos_auroc"] > 0.95
    report = nlp.risk_coverage(model, texts, labels)
    assert report[0]["coverage"] == 1.0 and report[-1]["risk"] <= report[0]["risk"]


def test_all_doors_give_one_answer(model, data):
    texts = data[0][:20]
    p = model.predict_proba(texts)
    assert p.dtype == np.float32 and p.shape == (20, len(model.labels))
    names, confidence = model.classify_batch(texts)
    for i, text in enumerate(texts):
        best = model.classify(text, n=1)[0]
        assert best.id == names[i] == model.labels[p[i].argmax()]
        assert best.score == confidence[i] == p[i].max()


def test_a_model_is_saved_opened_pickled_and_copied(model, tmp_path):
    path = tmp_path / "intents.mercato"
    model.save(path)
    text = "when does my order come"
    for twin in (mercato.open(path), nlp.IntentModel.load(path), pickle.loads(pickle.dumps(model)), copy.copy(model)):
        assert [(s.id, s.score) for s in twin.classify(text)] == [(s.id, s.score) for s in model.classify(text)]
    assert mercato.inspect(path)["kind"] == "intent_classifier"


def test_a_model_learns_a_new_intent_and_the_old_one_stays(model):
    texts = ["fold a paper crane", "how do I fold origami", "paper folding steps", "origami instructions"]
    taught = model.learn(texts, ["origami"] * 4)
    assert taught.classify("teach me origami folding", 1)[0].id == "origami"
    assert "origami" not in model.labels and taught.revision == 1


def test_odd_texts_and_arguments_are_typed_errors_or_answers(model, data):
    for text in ["", "\ud800 lone", "🤷" * 1000, "a" * 1_000_000, "שלום", "\x00"]:
        assert len(model.classify(text, 2)) == 2
    assert model.is_out_of_scope("")[0]
    with pytest.raises(mercato.InvalidInputError):
        nlp.IntentClassifier().fit(["a"], ["x", "y"])
    with pytest.raises(mercato.InvalidInputError):
        nlp.IntentClassifier().fit("abc", ["x"])
    with pytest.raises(mercato.NotEnoughDataError):
        nlp.IntentClassifier().fit([], [])
    with pytest.raises(mercato.InvalidParamsError):
        nlp.IntentClassifier(folds=99)
    with pytest.raises(mercato.InvalidParamsError):
        nlp.IntentClassifier(tier="oracle")


def test_sentiment_takes_integer_labels():
    texts = ["质量很好，喜欢", "很好，物流快", "太差了，要退货", "质量差，失望"]
    model = nlp.SentimentClassifier(min_count=1).fit(texts, [1, 1, 0, 0])
    assert model.classify("质量太差", 1)[0].id == "0"
    assert nlp.evaluate(model, texts, [1, 1, 0, 0])["accuracy"] == 1.0


def test_entities_carry_values_and_places():
    extractor = nlp.EntityExtractor(dictionaries={"brand": {"Acme": ["阿克米"]}})
    text = "阿克米的订单 A1234567 退款 ￥99.5"
    found = extractor.extract(text, dictionaries={"shop": {"Mega Store": []}})
    assert [(e.type, e.value) for e in found] == [("brand", "Acme"), ("order", "A1234567"), ("amount", "99.50 CNY")]
    for e in found:
        assert text[e.start : e.end] == e.text == text.encode()[e.byte_start : e.byte_end].decode()


def test_an_extractor_learns_from_tagged_sentences():
    sentences = [(f"正品{b}新款{g}包邮", [(2, 4, "brand"), (6, 8, "good")]) for b in ("安踏", "李宁", "双星") for g in ("跑鞋", "背包")]
    extractor = nlp.EntityExtractor().fit(sentences * 4)
    found = [(e.type, e.text) for e in extractor.extract("正品匹克新款跑鞋包邮，订单A1234567")]
    assert found[:2] == [("brand", "匹克"), ("good", "跑鞋")] and ("order", "A1234567") in found
    tagger = nlp.EntityTagger(passes=3).fit(sentences)
    assert tagger.kinds == ["brand", "good"] and pickle.loads(pickle.dumps(tagger)).params == tagger.params
    with pytest.raises(mercato.InvalidInputError):
        nlp.EntityTagger().fit([("短", [(0, 5, "brand")])])


def test_knowledge_is_cited_changed_and_kept(tmp_path):
    kb = nlp.KnowledgeBase(passage_chars=200).add(
        [{"id": "w", "title": "Warranty", "text": "Two years. Keep the receipt.", "version": "3"}]
    )
    best = kb.search("how long is the warranty?")[0]
    assert (best.id, best.version, best.start) == ("w", "3", 0)
    kb.save(tmp_path / "kb.mercato")
    kb.add([{"id": "w", "text": "Returns within thirty days."}])
    assert not kb.search("warranty") and len(kb) == 1 and "w" in kb
    assert mercato.open(tmp_path / "kb.mercato").search("warranty")[0].id == "w"
    assert pickle.loads(pickle.dumps(kb)).search("returns")[0].text == "Returns within thirty days."
    with pytest.raises(mercato.UnsupportedError):
        kb.search("x", mode="dense")
    with pytest.raises(mercato.InvalidInputError):
        kb.add([{"id": "a", "text": "1"}, {"id": "a", "text": "2"}])
    assert kb.remove(["w", "nobody"]) == 1


def desk() -> nlp.Assistant:
    model = nlp.IntentClassifier(min_count=1).fit(*made())
    return nlp.Assistant(model, knowledge=nlp.KnowledgeBase().add(GOLDEN["documents"]))


@pytest.mark.parametrize("dialogue", GOLDEN["dialogues"], ids=lambda d: d["name"])
def test_golden_dialogues_go_as_written(dialogue):
    assistant, state = desk(), {}
    for turn in dialogue["turns"]:
        session = nlp.Session(**state)
        reply = assistant.reply(session, turn["say"])
        state = json.loads(json.dumps(session.to_dict()))
        for field, wanted in turn.items():
            if field == "action":
                assert (reply.action or {"name": None})["name"] == wanted
            elif field == "cites":
                assert reply.citations[0].id == wanted
            elif field == "slots":
                assert wanted.items() <= reply.slots.items()
            elif field != "say":
                assert getattr(reply, field) == wanted


def test_a_resolved_ticket_is_known_and_can_be_taken_back():
    assistant = desk()
    learnt = assistant.resolve("can i pay with a gift voucher", "payment", "Yes, at checkout.")
    assert learnt["learnt"] and "payment" in assistant.intents.labels
    reply = assistant.reply(nlp.Session(), "pay with a gift voucher?")
    assert reply.citations[0].id == learnt["document"]
    assert assistant.rollback() and "payment" not in assistant.intents.labels


def test_without_a_model_a_human_takes_over():
    reply = nlp.Assistant().reply(nlp.Session(), "hello")
    assert reply.handoff and reply.reason == "no_model"


def test_summaries_are_sentences_of_the_text():
    text = "Hello there. My blender order 1234 arrived broken. The blender jug is broken in two. Thanks!"
    assert nlp.summarize(text, sentences=1) == ["The blender jug is broken in two."]
    assert nlp.summarize(["hi", "my blender is broken", "ok"], 1) == ["my blender is broken"]
