"""Draws the recall-speed curves of a record of run.py: one SVG per data set, and a table to stdout.

    python benches/against/index/plot.py benches/record/index/graph.json docs/guide
"""

import json
import math
import sys
from pathlib import Path

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 64, 150, 40, 48
COLOURS = {
    "mercato": "#c0392b",
    "hnswlib": "#2c3e50",
    "faiss": "#2980b9",
    "usearch": "#8e44ad",
    "kannolo": "#27ae60",
    "kannolo-rerank": "#7f8c8d",
    "hnsw_rs": "#d35400",
}
LOWEST = 0.85


def svg(data):
    curves = [(r["library"], [p for p in r["curve"] if p["recall"] >= LOWEST]) for r in data["results"] if "curve" in r]
    speeds = [p["queries_per_cpu_s"] for _, points in curves for p in points]
    low, high = math.floor(math.log10(min(speeds)) * 4) / 4, math.ceil(math.log10(max(speeds)) * 4) / 4

    def place(p):
        # Recall on a scale of misses, so that .99 and .999 are told apart.
        miss = max(1 - p["recall"], 5e-4)
        x = (math.log10(1 - LOWEST) - math.log10(miss)) / (math.log10(1 - LOWEST) - math.log10(5e-4))
        y = (math.log10(p["queries_per_cpu_s"]) - low) / (high - low)
        return LEFT + x * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y * (HEIGHT - TOP - BOTTOM)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="14">{data["name"]}: {data["n"]:,} x {data["dim"]}, {data["metric"]}, one thread</text>',
    ]
    for recall in (0.9, 0.95, 0.98, 0.99, 0.995, 0.999):
        x = place({"recall": recall, "queries_per_cpu_s": 10**low})[0]
        out.append(f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        out.append(f'<text x="{x:.0f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{recall}</text>')
    for speed in (s * 10**e for e in range(2, 7) for s in (1, 2, 5)):
        if low <= math.log10(speed) <= high:
            y = place({"recall": 0.9, "queries_per_cpu_s": speed})[1]
            out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/>')
            out.append(f'<text x="{LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{speed:,}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 10}" text-anchor="middle">recall of the 10 nearest</text>')
    out.append(f'<text x="14" y="{HEIGHT / 2:.0f}" text-anchor="middle" transform="rotate(-90 14 {HEIGHT / 2:.0f})">queries per CPU-second</text>')
    for i, (library, points) in enumerate(curves):
        colour = COLOURS.get(library, "black")
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, points))
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = TOP + 14 + 20 * i
        out.append(f'<line x1="{WIDTH - RIGHT + 14}" x2="{WIDTH - RIGHT + 38}" y1="{y - 4}" y2="{y - 4}" stroke="{colour}" stroke-width="2"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 44}" y="{y}">{library}</text>')
    return "\n".join([*out, "</svg>", ""])


def main():
    record, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    print("| data | library | build, CPU-s | queries per CPU-s at recall .95 | at .99 |\n|---|---|---|---|---|")
    for data in record["data"]:
        for r in data["results"]:
            if "curve" in r:
                at = r["at"]
                print(f"| {data['name']} | {r['library']} | {r['build_cpu_s']:.2f} | {at['0.95']} | {at['0.99']} |")
        (folder / f"similarity-{data['name']}.svg").write_text(svg(data))
    for data in record["data"]:
        by = {r["library"]: r for r in data["results"] if "curve" in r}
        ours, hnswlib = by["mercato"], by["hnswlib"]
        ratios = []
        for recall in ("0.95", "0.99"):
            best = max(r["at"][recall] or 0 for name, r in by.items() if name != "mercato")
            ratios.append(f"{recall}: {ours['at'][recall] / hnswlib['at'][recall]:.2f}x hnswlib, {ours['at'][recall] / best:.2f}x the best peer")
        print(f"\n{data['name']}: {'; '.join(ratios)}; build {ours['build_cpu_s'] / hnswlib['build_cpu_s']:.2f}x hnswlib's CPU.")


if __name__ == "__main__":
    main()
