"""Intents, linear tier: Mercato against scikit-learn on the same splits, in the same run.

Train on train, score test once. Mercato's settings are its defaults, chosen on validation parts of train.
scikit-learn: TF-IDF of words 1-2 and of characters 2-5 within words, LinearSVC(C=1).
"""
import statistics, sys, tempfile, time
import numpy as np, sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC
from common import auroc, example, read_csv, record, run, user_seconds, write_tsv

SETS = {
    "banking77_official": ("banking77_official/train.csv.gz", "banking77_official/test.csv.gz", None),
    "clinc150": ("clinc150/train.csv.gz", "clinc150/test.csv.gz", "clinc150/oos_test.csv.gz"),
}
REPEATS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
program = example("bench_intents")
result = {"protocol": __doc__.strip(), "scikit-learn": sklearn.__version__, "sets": {}}
for name, paths in SETS.items():
    train, test = read_csv(paths[0]), read_csv(paths[1])
    oos = read_csv(paths[2]) if paths[2] else []
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        files = [write_tsv(folder, f"{i}.tsv", rows) for i, rows in enumerate((train, test, oos))]
        for _ in range(REPEATS):
            ours.append(run(program, files[0], files[1], files[2] if oos else ""))
            print(name, ours[-1], file=sys.stderr, flush=True)
            if not theirs:
                model = make_pipeline(make_union(
                    TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b"),
                    TfidfVectorizer(ngram_range=(2, 5), analyzer="char_wb", sublinear_tf=True)), LinearSVC(C=1.0))
                start = user_seconds()
                model.fit([t for _, t in train], [l for l, _ in train])
                spent = user_seconds() - start
                times = []
                for _, text in test[:200]:
                    at = time.perf_counter()
                    model.predict([text])
                    times.append((time.perf_counter() - at) * 1e6)
                margins = model.decision_function([t for _, t in test])
                row = {"accuracy": float(np.mean(model.classes_[margins.argmax(1)] == [l for l, _ in test])),
                       "train_cpu_s": spent, "p50_us": statistics.median(times)}
                if oos:
                    out = model.decision_function([t for _, t in oos])
                    row["oos_auroc"] = auroc(-out.max(1), -margins.max(1))
                theirs.append(row)
    best = dict(ours[0])
    for key in ("train_cpu_s", "train_wall_s", "p50_us", "p99_us"):
        best[key] = statistics.median(o[key] for o in ours)
    for key in ("train_cpu_s", "p50_us"):
        theirs[0][key] = statistics.median(t[key] for t in theirs)
    result["sets"][name] = {"mercato": best, "scikit-learn LinearSVC": theirs[0]}
record("intents", result)
