"""Chinese sentiment: Mercato against scikit-learn on online_shopping_10_cats, in the same run.

The test part is every review whose MD5 begins with a number divisible by ten; it is scored once, with settings that
were chosen on a tenth of the train part. scikit-learn: TF-IDF of characters 1-3, LinearSVC(C=0.5).
"""
import statistics, tempfile, time
import numpy as np, sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from common import example, fold, read_csv, record, run, user_seconds, write_tsv

rows = read_csv("online_shopping_10_cats/all.csv.gz", text="review")
train, test = [r for r in rows if fold(r[1])], [r for r in rows if not fold(r[1])]
with tempfile.TemporaryDirectory() as folder:
    files = [write_tsv(folder, "train.tsv", train), write_tsv(folder, "test.tsv", test)]
    ours = run(example("bench_text"), *files)
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 3), analyzer="char", sublinear_tf=True, min_df=2), LinearSVC(C=0.5))
    start = user_seconds()
    model.fit([t for _, t in train], [l for l, _ in train])
    spent = user_seconds() - start
    times = []
    for _, text in test[:100]:
        at = time.perf_counter()
        model.predict([text])
        times.append((time.perf_counter() - at) * 1e6)
    accuracy = float(np.mean(model.predict([t for _, t in test]) == [l for l, _ in test]))
record("sentiment_zh", {
    "protocol": __doc__.strip(), "scikit-learn": sklearn.__version__, "train": len(train), "test": len(test),
    "mercato": ours,
    "scikit-learn LinearSVC": {"accuracy": accuracy, "train_cpu_s": spent, "p50_us": statistics.median(times)}})
