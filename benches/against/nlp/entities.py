"""Chinese product entities: ecommerce_ner, exact spans, F1.

Trained on train; settings chosen on the titles of dev that neither train nor test_unseen has (dev_unseen); test_unseen (titles
that train does not have) scored once per version of the method.
"""
import gzip, json, pathlib, sys, tempfile
from common import DATA, example, record, run


def sentences(name):
    """Texts and spans of a character BIO file."""
    out, text, spans = [], "", []
    for line in gzip.open(DATA / "ecommerce_ner" / name, "rt", encoding="utf8"):
        parts = line.rstrip("\n").split(" ")
        if len(parts) < 2:
            if text:
                out.append({"text": text, "spans": spans})
            text, spans = "", []
            continue
        char, tag = parts[0] or " ", parts[-1]
        kind = tag[2:]
        if tag.startswith("B-") or (tag.startswith("I-") and not (spans and spans[-1][1] == len(text) and spans[-1][2] == kind)):
            spans.append([len(text), len(text) + len(char), kind])
        elif tag.startswith("I-"):
            spans[-1][1] = len(text) + len(char)
        text += char
    return out + ([{"text": text, "spans": spans}] if text else [])


if __name__ == "__main__":
    settings = sys.argv[1] if len(sys.argv) > 1 else "{}"
    only_dev = "--dev" in sys.argv
    parts = {part: sentences(f"{part}.conll.gz") for part in ("train", "dev", "test_unseen")}
    met = {s["text"] for part in ("train", "test_unseen") for s in parts[part]}
    parts["dev_unseen"] = [s for s in parts["dev"] if s["text"] not in met]
    for part in ("dev", "test_unseen") if only_dev else ("dev",):
        del parts[part]
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for part, texts in parts.items():
            path = pathlib.Path(folder) / f"{part}.jsonl"
            path.write_text("".join(json.dumps(s, ensure_ascii=False) + "\n" for s in texts), encoding="utf8")
            files.append(str(path))
        result = run(example("bench_entities"), settings, *files)
    if only_dev:
        print(json.dumps(result))
    else:
        record("entities_zh", {"protocol": __doc__.strip(), "settings": json.loads(settings) or "default", **result})
