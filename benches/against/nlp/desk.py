"""Learning, retrieval, cold start and time against length.

Learning: ten intents of BANKING77, each left out of training and learnt from its first five examples; recall on its test
messages, and what the other intents lose. Retrieval: StackFAQ, best passage of the right question, default settings.
Cold start: a fresh process opens a BANKING77 model and 10,000 question-and-answer documents and answers once with each.
"""
import gzip, json, pathlib, tempfile
from common import DATA, example, read_csv, record, run, write_tsv

program = example("bench_desk")
flat = lambda text: " ".join(str(text).split())
pairs = json.load(gzip.open(DATA / "stackfaq/stackExchange-FAQ.json.gz", "rt", encoding="utf8"))["root"]["qapair"]
with tempfile.TemporaryDirectory() as folder:
    files = [write_tsv(folder, f"{i}.tsv", rows) for i, rows in enumerate([
        read_csv("banking77_official/train.csv.gz"), read_csv("banking77_official/test.csv.gz"),
        [(flat(p["question"]), flat(" ".join(p.get("answer") or []))) for p in pairs],
        [(str(i), flat(q)) for i, p in enumerate(pairs) for q in p["rephr"] if q and q.strip() not in ("", "*")]])]
    saved = [str(pathlib.Path(folder) / name) for name in ("model.mercato", "kb.mercato")]
    result = run(program, *files, *saved)
    result["cold_start"] = sorted((run(program, "cold", *saved) for _ in range(5)),
                                  key=lambda r: r["open_and_first_answers_ms"])[2]
record("desk", {"protocol": __doc__.strip(), **result})
