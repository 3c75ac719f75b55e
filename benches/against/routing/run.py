#!/usr/bin/env python3
"""Mercato, PyVRP and OR-Tools on the same instances, seeds and budgets of CPU seconds, one thread each.

    run.py --vrp PATH_OF_EXAMPLE_BINARY --out RECORD.jsonl [--sets cvrp,tw] [--seeds 1,2,3] [--budgets 1,5]
           [--solvers mercato,pyvrp,ortools]

One JSON line per run, appended, so that a stopped bench goes on where it was. Solvers take turns on each instance, seed
and budget. Every solution is costed and checked by ../shared/score/score_vrp.py, never by the solver that made it.
A run that ends without routes is recorded with gap null.
"""
import argparse, csv, json, os, subprocess, sys, tempfile, time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT / "../shared"
DATA = SHARED / "data/routing"
sys.path.insert(0, str(SHARED / "score"))
import score_vrp, vrpio

SETS = {
    "cvrp": [("cvrp_x", i + ".vrp") for i in ("X-n101-k25", "X-n308-k13", "X-n502-k39", "X-n819-k171", "X-n979-k58")],
    "tw": [("solomon", "R104.txt"), ("solomon", "RC207.txt"), ("homberger", "C2_4_5.txt"), ("homberger", "R1_10_1.txt"),
           ("homberger", "RC2_10_5.txt")],
}
BKS = {(r["folder"], r["instance"]): float(r["cost"]) for r in csv.DictReader(open(DATA / "bks.csv"))}


def as_vrplib(inst, where):
    """A Solomon instance in VRPLIB's words, for PyVRP."""
    n = inst["n"]
    rows = lambda f: "\n".join(f"{i + 1} {f(i)}" for i in range(n))
    xy, tw = inst["xy"], inst["tw"]
    where.write_text(
        f"NAME : {inst['name']}\nTYPE : VRPTW\nDIMENSION : {n}\nVEHICLES : {inst['vehicles']}\nCAPACITY : {inst['cap']}\n"
        f"EDGE_WEIGHT_TYPE : EUC_2D\nNODE_COORD_SECTION\n{rows(lambda i: f'{xy[i][0]} {xy[i][1]}')}\n"
        f"DEMAND_SECTION\n{rows(lambda i: inst['demand'][i])}\nTIME_WINDOW_SECTION\n{rows(lambda i: f'{tw[i][0]} {tw[i][1]}')}\n"
        f"SERVICE_TIME_SECTION\n{rows(lambda i: inst['service'][i])}\nDEPOT_SECTION\n1\n-1\nEOF\n")
    return where


def mercato(a, path, inst, conv, seconds, seed, tmp):
    out = tmp / "routes.sol"
    out.unlink(missing_ok=True)
    done = subprocess.run([a.vrp, path, str(seconds), str(seed), out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return vrpio.read_solution(str(out))[0]


def pyvrp_(a, path, inst, conv, seconds, seed, tmp):
    import pyvrp
    if path.suffix != ".vrp":
        path = as_vrplib(inst, tmp / "tw.vrp")
    began = time.process_time()  # reading counts for none of the solvers
    data = pyvrp.read(path, round_func=conv)
    began = time.process_time()
    res = pyvrp.solve(data, stop=lambda _: time.process_time() - began >= seconds, seed=seed, display=False)
    if not res.is_feasible():
        return None
    return [[v.idx + data.num_depots for v in route.schedule() if v.is_client()] for route in res.best.routes()]


def ortools(a, path, inst, conv, seconds, seed, tmp):
    # Its guided local search has no seed.
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2 as enums
    m, scale = vrpio.matrix(inst, conv)
    n, vehicles = inst["n"], inst["vehicles"] or inst["n"]
    began = time.process_time()
    manager = pywrapcp.RoutingIndexManager(n, min(vehicles, n), 0)
    routing = pywrapcp.RoutingModel(manager)
    node = manager.IndexToNode
    arc = routing.RegisterTransitCallback(lambda i, j: m[node(i)][node(j)])
    routing.SetArcCostEvaluatorOfAllVehicles(arc)
    demand = routing.RegisterUnaryTransitCallback(lambda i: inst["demand"][node(i)])
    routing.AddDimension(demand, 0, inst["cap"], True, "load")
    if inst["tw"]:
        service = [s * scale for s in inst["service"]]
        total = routing.RegisterTransitCallback(lambda i, j: m[node(i)][node(j)] + service[node(i)])
        horizon = inst["tw"][0][1] * scale
        routing.AddDimension(total, horizon, horizon, False, "time")
        clock = routing.GetDimensionOrDie("time")
        for i in range(1, n):
            clock.CumulVar(manager.NodeToIndex(i)).SetRange(inst["tw"][i][0] * scale, inst["tw"][i][1] * scale)
    p = pywrapcp.DefaultRoutingSearchParameters()
    p.first_solution_strategy = enums.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    p.local_search_metaheuristic = enums.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    routing.CloseModelWithParameters(p)
    routing.AddSearchMonitor(routing.solver().CustomLimit(lambda: time.process_time() - began >= seconds))
    found = routing.SolveWithParameters(p)
    if found is None:
        return None
    routes = []
    for k in range(min(vehicles, n)):
        i, route = routing.Start(k), []
        while not routing.IsEnd(i):
            route.append(node(i))
            i = found.Value(routing.NextVar(i))
        routes.append(route[1:])
    return [r for r in routes if r]


SOLVERS = {"mercato": mercato, "pyvrp": pyvrp_, "ortools": ortools}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--vrp", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--sets", default="cvrp,tw")
    ap.add_argument("--seeds", default="1,2,3")
    ap.add_argument("--budgets", default="1,5")
    ap.add_argument("--solvers", default="mercato,pyvrp")
    a = ap.parse_args()
    out = Path(a.out)
    key = lambda r: (r["solver"], r["instance"], r["seconds"], r["seed"])
    done = {key(json.loads(l)) for l in out.open()} if out.exists() else set()
    tmp = Path(tempfile.mkdtemp())
    for seconds in map(float, a.budgets.split(",")):
        for seed in map(int, a.seeds.split(",")):
            for folder, file in [i for s in a.sets.split(",") for i in SETS[s]]:
                path = (DATA / folder / file).resolve()
                inst = vrpio.read_any(str(path))
                conv = "round" if folder == "cvrp_x" else "dimacs"
                for name in a.solvers.split(","):
                    r = {"solver": name, "folder": folder, "instance": path.stem, "seconds": seconds, "seed": seed}
                    if key(r) in done or (folder in ("solomon", "homberger") and seconds < 5):
                        continue
                    before = os.times()
                    routes = SOLVERS[name](a, path, inst, conv, seconds, seed, tmp)
                    after = os.times()
                    r["cpu"] = round(sum(after[i] - before[i] for i in range(4)), 2)
                    r |= {"cost": None, "gap": None, "vehicles": None}
                    if routes:
                        s = score_vrp.score(inst, routes, conv)
                        assert s["feasible"], (r, s["violations"])
                        best = BKS[folder, path.stem]
                        r |= {"cost": round(s["cost"], 1), "gap": round(100 * (s["cost"] / best - 1), 3), "vehicles": s["vehicles"]}
                    with out.open("a") as f:
                        f.write(json.dumps(r) + "\n")
                    print(r, flush=True)


if __name__ == "__main__":
    main()
