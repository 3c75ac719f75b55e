"""Data and measuring, shared by the language benches."""
import csv, gzip, hashlib, json, pathlib, resource, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared" / "data" / "nlp"
RECORD = ROOT / "benches" / "record" / "nlp"
MACHINE = "2 vCPU x86-64 AVX-512 (shared)"


def read_csv(path, text="text", label="label"):
    with gzip.open(DATA / path, "rt", encoding="utf8", newline="") as f:
        return [(r[label], " ".join(r[text].split())) for r in csv.DictReader(f)]


def write_tsv(folder, name, rows):
    path = pathlib.Path(folder) / name
    path.write_text("".join(f"{label}\t{text}\n" for label, text in rows), encoding="utf8")
    return str(path)


def fold(text, n=10):
    """A stable part number of a text: the same on every machine and in every run."""
    return int(hashlib.md5(text.encode()).hexdigest()[:8], 16) % n


def example(name):
    """Builds and finds a Rust example program."""
    meta = json.loads(subprocess.check_output(
        ["cargo", "metadata", "--format-version", "1", "--no-deps"], cwd=ROOT))
    subprocess.check_call(
        ["cargo", "build", "-q", "--release", "-p", "mercato-nlp", "--example", name], cwd=ROOT)
    return pathlib.Path(meta["target_directory"]) / "release" / "examples" / name


def run(program, *args):
    return json.loads(subprocess.check_output([str(program), *args]).splitlines()[-1])


def user_seconds():
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def auroc(high, low):
    from sklearn.metrics import roc_auc_score
    return roc_auc_score([1] * len(high) + [0] * len(low), list(high) + list(low))


def ece(confidence, right, bins=15):
    import numpy as np
    confidence, right = np.asarray(confidence), np.asarray(right, float)
    slot = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(sum(abs(confidence[slot == b].sum() - right[slot == b].sum()) for b in range(bins)) / len(right))


def record(name, content):
    RECORD.mkdir(parents=True, exist_ok=True)
    content = {"machine": MACHINE, "date": time.strftime("%Y-%m-%d"), "python": sys.version.split()[0], **content}
    (RECORD / f"{name}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
    print(json.dumps(content, indent=1, ensure_ascii=False))
