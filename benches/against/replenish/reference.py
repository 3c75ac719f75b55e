"""Reference answers of stockpyl 1.0.2 (needs numpy < 2) for the policies of `replenish::policy`.

    python reference.py book OUT.json            every instance of the book that stockpyl ships
    python reference.py grid OUT.json [N] [SEED] N random inputs per function, with CPU time per call
    python reference.py weekly OUT.json          Wagner-Whitin over 52 weeks

Each case is {"case", "function", "args", "result", "cpu_ms"}: the function's name and positional
arguments are stockpyl's own; networks are written out as plain lists. The Rust example
`replenish_cases` answers the same file and reports the largest deviation and the speed ratio.
"""

import json
import math
import sys
import time
import warnings

import numpy as np
from scipy import stats
from stockpyl import eoq, finite_horizon, gsm_serial, gsm_tree, newsvendor, rq, ss, ssm_serial
from stockpyl import supply_uncertainty as su
from stockpyl import loss_functions as lf
from stockpyl.demand_source import DemandSource
from stockpyl.instances import load_instance
from stockpyl.supply_chain_network import SupplyChainNetwork
from stockpyl.supply_chain_node import SupplyChainNode
from stockpyl.wagner_whitin import wagner_whitin

warnings.simplefilter("ignore")


def distribution(spec):
    kind, *p = spec
    return {
        "lognormal": lambda mu, s: stats.lognorm(s=s, scale=math.exp(mu)),
        "gamma": lambda a, b: stats.gamma(a, scale=b),
        "uniform": lambda a, b: stats.uniform(a, b - a),
        "exponential": lambda r: stats.expon(scale=1 / r),
        "normal": lambda m, s: stats.norm(m, s),
    }[kind](*p)


def demand_source(spec):
    kind, *p = spec
    if kind == "normal":
        return DemandSource(type="N", mean=p[0], standard_deviation=p[1])
    if kind == "poisson":
        return DemandSource(type="P", mean=p[0])
    return DemandSource(type="CD", demand_list=p[0], probabilities=p[1])


def network(stages, edges):
    net = SupplyChainNetwork()
    for i, s in enumerate(stages, start=1):
        node = SupplyChainNode(
            index=i, network=net, local_holding_cost=s["holding_cost"],
            processing_time=s["processing_time"], external_inbound_cst=s["external_inbound"] or None,
            external_outbound_cst=s["external_outbound"], demand_bound_constant=s["demand_bound_constant"])
        if s["demand_sd"] > 0 or s["demand_mean"] > 0:
            node.demand_source = DemandSource(type="N", mean=s["demand_mean"], standard_deviation=s["demand_sd"])
        net.add_node(node)
    net.add_edges_from_list([(a + 1, b + 1) for a, b in edges])
    return net


def plain(value):
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    if isinstance(value, (np.floating, np.integer)):
        return value.item()
    return value


def call(function, args):
    """Runs one case and returns its plain result."""
    name = function.split(".")[-1]
    if function == "newsvendor.newsvendor_continuous":
        return newsvendor.newsvendor_continuous(args[0], args[1], distribution(args[2]))
    if function == "newsvendor.newsvendor_discrete":
        return newsvendor.newsvendor_discrete(args[0], args[1], None, dict(zip(args[2], args[3])))
    if function == "newsvendor.newsvendor_poisson_cost":
        return newsvendor.newsvendor_poisson_cost(*args)
    if function == "supply_uncertainty.newsvendor_with_additive_yield_uncertainty":
        d = args[3]
        if d[0] == "uniform":
            return su.newsvendor_with_additive_yield_uncertainty(
                *args[:3], yield_distribution=distribution(d),
                loss_function=lambda x: lf.uniform_loss(x, d[1], d[2]))
        return su.newsvendor_with_additive_yield_uncertainty(*args[:3], d[1], d[2])
    if function == "ssm_serial.optimize_base_stock_levels":
        h, lead, p, demand, x_num, d_num = args
        n = len(h)
        s, cost = ssm_serial.optimize_base_stock_levels(
            num_nodes=n, node_order_in_system=list(range(n, 0, -1)), node_order_in_lists=list(range(n, 0, -1)),
            echelon_holding_cost=h, lead_time=lead, stockout_cost=p, demand_source=demand_source(demand),
            x_num=x_num, d_num=d_num)
        return [[s[j] for j in range(n, 0, -1)], cost]
    if function == "gsm_tree.optimize_committed_service_times":
        cst, cost = gsm_tree.optimize_committed_service_times(network(*args))
        return [[cst[i] for i in range(1, len(args[0]) + 1)], cost]
    if function == "gsm_serial.optimize_committed_service_times":
        stages = args[0]
        n = len(stages)
        cst, cost = gsm_serial.optimize_committed_service_times(
            num_nodes=n, local_holding_cost=[s["holding_cost"] for s in reversed(stages)],
            processing_time=[s["processing_time"] for s in reversed(stages)],
            demand_bound_constant=stages[-1]["demand_bound_constant"],
            external_outbound_cst=stages[-1]["external_outbound"], external_inbound_cst=stages[0]["external_inbound"],
            demand_mean=stages[-1]["demand_mean"], demand_standard_deviation=stages[-1]["demand_sd"])
        return [[cst[j] for j in range(n, 0, -1)], cost]
    if function == "finite_horizon.finite_horizon_dp":
        s, big_s, cost, *_ = finite_horizon.finite_horizon_dp(*args)
        return [s[1:], big_s[1:], cost]
    if function == "loss_functions.loss":
        kind, *p = args[1]
        x = args[0]
        f = {"normal": lf.normal_loss, "poisson": lf.poisson_loss, "gamma": lf.gamma_loss,
             "lognormal": lf.lognormal_loss, "exponential": lf.exponential_loss, "uniform": lf.uniform_loss}
        if kind == "negative_binomial":
            return lf.negative_binomial_loss(x, mean=p[0], sd=math.sqrt(p[1]))
        return f[kind](x, *p)
    module = {"eoq": eoq, "newsvendor": newsvendor, "ss": ss, "rq": rq, "supply_uncertainty": su}.get(function.split(".")[0])
    if module is None:
        return wagner_whitin(*args)
    return getattr(module, name)(*args)


def case(label, function, args):
    start = time.process_time()
    result = call(function, args)
    cpu = time.process_time() - start
    if cpu < 0.05:
        # The least of five batches, as on our side.
        n = max(1, int(0.002 / max(cpu, 1e-6)))
        for _ in range(5):
            start = time.process_time()
            for _ in range(n):
                call(function, args)
            cpu = min(cpu, (time.process_time() - start) / n)
    return {"case": label, "function": function, "args": plain(args), "result": plain(result), "cpu_ms": round(1e3 * cpu, 4)}


def stages_of(name, serial):
    net = load_instance(name)
    nodes = sorted(net.nodes, key=lambda n: -n.index if serial else n.index)
    at = {n.index: i for i, n in enumerate(nodes)}
    bound = [n.demand_bound_constant for n in net.nodes if n.demand_bound_constant is not None]
    stages = [{
        "holding_cost": n.local_holding_cost, "processing_time": n.processing_time or 0,
        "external_inbound": n.external_inbound_cst or 0, "external_outbound": n.external_outbound_cst,
        "demand_mean": (n.demand_source and n.demand_source.mean) or 0.0,
        "demand_sd": (n.demand_source and n.demand_source.standard_deviation) or 0.0,
        "demand_bound_constant": n.demand_bound_constant if n.demand_bound_constant is not None else (bound or [1])[0],
    } for n in nodes]
    edges = sorted([at[a], at[b]] for a, b in net.edges)
    return stages, edges


def chain_of(name):
    net = load_instance(name)
    order, node = [], net.source_nodes[0]
    while True:
        order.append(node)
        if not node.successors():
            break
        node = node.successors()[0]
    d = order[-1].demand_source
    demand = ["normal", d.mean, d.standard_deviation] if d.type == "N" else ["poisson", d.mean]
    h = [n.echelon_holding_cost for n in order]
    if any(x is None for x in h):
        local = [n.local_holding_cost for n in order]
        h = [local[0]] + [b - a for a, b in zip(local, local[1:])]
    return [h, [n.lead_time or 0 for n in order], order[-1].stockout_cost, demand, 1000, 100]


def book():
    out = []

    def add(label, function, args):
        try:
            out.append(case(label, function, args))
        except Exception as error:  # noqa: BLE001 - report which instance stockpyl cannot solve
            print(label, function, repr(error), file=sys.stderr)

    inst = load_instance
    for name in ["example_3_1", "problem_3_1"]:
        add(name, "eoq.economic_order_quantity", list(inst(name).values()))
    for name in ["example_3_8", "problem_3_2b"]:
        add(name, "eoq.economic_order_quantity_with_backorders", list(inst(name).values()))
    add("problem_3_22", "eoq.economic_production_quantity", list(inst("problem_3_22").values()))
    for name in ["example_3_5", "problem_3_12"]:
        for kind in ["all_units", "incremental"]:
            add(name, f"eoq.economic_order_quantity_with_{kind}_discounts", list(inst(name).values()))
    for name in ["scmo_jrp_ex", "spp_jrp", "silver_jrp", "scmo_jrp_hw_1", "scmo_jrp_hw_2", "scmo_jrp_hw_3"]:
        add(name, "eoq.joint_replenishment_problem_silver_heuristic", list(inst(name).values()))
    for name in ["example_3_9", "problem_3_27", "problem_3_29", "scmo_ww_hw_c"]:
        add(name, "wagner_whitin.wagner_whitin", list(inst(name).values()))
    for name in ["example_4_1", "example_4_3", "problem_4_1", "example_4_4"]:
        add(name, "newsvendor.newsvendor_normal", list(inst(name).values()))
    for name in ["example_4_2", "problem_4_3b"]:
        add(name, "newsvendor.newsvendor_normal_explicit", list(inst(name).values()))
    for name in ["example_4_7", "problem_4_8a"]:
        i = inst(name)
        add(name, "newsvendor.newsvendor_poisson", [i["holding_cost"], i["stockout_cost"], i["demand_mean"]])
    i = inst("problem_4_7b")
    add("problem_4_7b", "newsvendor.newsvendor_discrete",
        [i["holding_cost"], i["stockout_cost"], list(i["demand_pmf"]), list(i["demand_pmf"].values())])
    i = inst("problem_4_8b")
    add("problem_4_8b", "newsvendor.newsvendor_continuous", [i["holding_cost"], i["stockout_cost"], ["lognormal", i["mu"], i["sigma"]]])
    for name in ["example_4_7", "problem_4_31"]:
        i = inst(name)
        add(name, "ss.s_s_discrete_exact", [i["holding_cost"], i["stockout_cost"], i["fixed_cost"], True, i["demand_mean"]])
    for name in ["example_4_8", "problem_4_32"]:
        add(name, "ss.s_s_power_approximation", list(inst(name).values()))
    for name in ["problem_4_29", "problem_4_30"]:
        i = inst(name)
        add(name, "finite_horizon.finite_horizon_dp",
            [i["num_periods"], i["holding_cost"], i["stockout_cost"], i["terminal_holding_cost"], i["terminal_stockout_cost"],
             i["purchase_cost"], i["fixed_cost"], i["demand_mean"], i["demand_sd"], None, i["discount_factor"], i["initial_inventory_level"]])
    for name in ["example_5_1", "problem_5_1", "problem_5_3"]:
        for kind in ["eil", "eoqb", "eoqss", "loss_function"]:
            add(name, f"rq.r_q_{kind}_approximation", list(inst(name).values()))
    for name in ["problem_5_2", "example_5_8"]:
        add(name, "rq.r_q_poisson_exact", list(inst(name).values()))
    for name in ["example_6_1", "problem_6_1", "problem_6_2a", "problem_6_2b", "problem_6_2a_adj", "problem_6_2b_adj",
                 "problem_6_16", "shang_song_1", "shang_song_9", "shang_song_17", "shang_song_25"]:
        chain = chain_of(name)
        if min(chain[0]) >= 0:  # two instances carry no usable echelon costs
            add(name, "ssm_serial.optimize_base_stock_levels", chain)
    for name in ["example_6_3", "problem_6_7", "problem_6_8"]:
        add(name, "gsm_serial.optimize_committed_service_times", [stages_of(name, True)[0]])
    for name in ["problem_6_9", "example_6_5", "figure_6_12", "figure_6_14"]:
        add(name, "gsm_tree.optimize_committed_service_times", list(stages_of(name, False)))
    for name in ["example_9_1", "problem_9_8"]:
        i = inst(name)
        base = [i["fixed_cost"], i["holding_cost"], i["stockout_cost"], i["demand_rate"], i["disruption_rate"], i["recovery_rate"]]
        for approximate in [False, True]:
            add(name, "supply_uncertainty.eoq_with_disruptions", base + [approximate])
    add("example_9_3", "supply_uncertainty.newsvendor_with_disruptions", list(inst("example_9_3").values()))
    for name in ["example_9_4", "problem_9_4a"]:
        i = inst(name)
        add(name, "supply_uncertainty.eoq_with_additive_yield_uncertainty",
            [i["fixed_cost"], i["holding_cost"], i["demand_rate"], i["yield_mean"], i["yield_sd"]])
    for name in ["example_9_5", "problem_9_4b"]:
        i = inst(name)
        add(name, "supply_uncertainty.eoq_with_multiplicative_yield_uncertainty",
            [i["fixed_cost"], i["holding_cost"], i["demand_rate"], i["yield_mean"], i["yield_sd"]])
    for name in ["example_9_6", "problem_9_5"]:
        i = inst(name)
        add(name, "supply_uncertainty.newsvendor_with_additive_yield_uncertainty",
            [i["holding_cost"], i["stockout_cost"], i["demand"], ["uniform", i["yield_lo"], i["yield_hi"]]])
    return out


def grid(n, seed):
    rng = np.random.default_rng(seed)
    u = lambda a, b: float(rng.uniform(a, b))  # noqa: E731
    lu = lambda a, b: float(np.exp(rng.uniform(math.log(a), math.log(b))))  # noqa: E731
    ri = lambda a, b: int(rng.integers(a, b + 1))  # noqa: E731

    def breaks():
        k = ri(1, 4)
        b = [0] + sorted(set(ri(10, 3000) for _ in range(k)))
        c = sorted((u(0.5, 3.0) for _ in b), reverse=True)
        return b, c

    def pmf(top):
        w = rng.random(top + 1)
        w = w / w.sum()
        return [float(x) for x in w]

    def rq_args():
        mean = lu(5, 2000)
        h = lu(0.05, 20)
        return [h, h * lu(2, 60), lu(1, 200), mean, mean * u(0.03, 0.4), lu(0.02, 4)]

    def tree():
        k = ri(2, 9)
        stages, edges = [], []
        for i in range(k):
            stages.append({"holding_cost": round(lu(0.1, 10), 3), "processing_time": ri(0, 8), "external_inbound": 0,
                           "external_outbound": None, "demand_mean": 0.0, "demand_sd": 0.0, "demand_bound_constant": 1.645})
        for i in range(1, k):
            j = ri(0, i - 1)
            edges.append([j, i] if rng.random() < 0.6 else [i, j])
        suppliers, customers = {b for _, b in edges}, {a for a, _ in edges}
        for i in range(k):
            if i not in suppliers:
                stages[i]["external_inbound"] = ri(0, 4)
            if i not in customers:
                stages[i]["external_outbound"] = ri(0, 5)
                stages[i]["demand_mean"], stages[i]["demand_sd"] = round(u(5, 50), 2), round(u(1, 10), 2)
        return [stages, edges]

    def chain():
        k = ri(2, 9)
        stages = [{"holding_cost": round(u(0.1, 1) * (i + 1), 3), "processing_time": ri(0, 9), "external_inbound": 0,
                   "external_outbound": None, "demand_mean": 0.0, "demand_sd": 0.0, "demand_bound_constant": 1.645} for i in range(k)]
        stages[0]["external_inbound"] = ri(0, 5)
        stages[-1]["external_outbound"] = ri(0, 5)
        stages[-1]["demand_mean"], stages[-1]["demand_sd"] = 30.0, round(u(1, 12), 2)
        return [stages]

    def ssm():
        k = ri(1, 4)
        demand = ["normal", round(u(3, 30), 2), 0.0] if rng.random() < 0.6 else ["poisson", round(u(2, 12), 2)]
        if demand[0] == "normal":
            demand[2] = round(demand[1] * u(0.1, 0.3), 3)
        return [[round(u(0.3, 4), 2) for _ in range(k)], [ri(1, 4) for _ in range(k)], round(u(10, 60), 2), demand, 200, 40]

    def discrete():
        top = ri(3, 25)
        values = sorted(rng.choice(60, size=top, replace=False).tolist())
        return [lu(0.1, 10), lu(0.2, 60), [int(v) for v in values], pmf(top - 1)]

    def loss():
        kind = ["normal", "poisson", "gamma", "lognormal", "exponential", "uniform", "negative_binomial"][ri(0, 6)]
        if kind == "poisson":
            m = lu(0.5, 200)
            return [int(stats.poisson(m).ppf(u(0.02, 0.98))), [kind, m]]
        if kind == "negative_binomial":
            m = lu(0.5, 60)
            v = m * u(1.2, 6)
            return [ri(0, int(m + 2 * math.sqrt(v))), [kind, m, v]]
        p = {"normal": lambda: [u(20, 90), u(2, 20)], "gamma": lambda: [u(0.5, 9), u(0.5, 9)], "lognormal": lambda: [u(0, 3), u(0.1, 1)],
             "exponential": lambda: [lu(0.01, 2)], "uniform": lambda: (lambda a: [a, a + u(1, 30)])(u(0, 20))}[kind]()
        x = float(distribution([kind, *p]).ppf(u(0.05, 0.97)))
        return [x, [kind, *p]]

    def ss_pmf():
        top = ri(2, 14)
        return [lu(0.1, 10), lu(0.5, 60), lu(1, 200), False, None, top + 1, pmf(top) + [0.0]]

    def horizon():
        t = ri(2, 5)
        m = u(8, 25)
        return [t, u(0.5, 2), u(5, 30), u(0.5, 2), u(5, 30), u(0, 2), float(rng.choice([0.0, u(5, 60)])), m, m * u(0.1, 0.25), None, u(0.9, 1.0), 0]

    makers = {
        "eoq.economic_order_quantity": lambda: [lu(1, 5000), lu(0.01, 100), lu(1, 1e5)],
        "eoq.economic_order_quantity_with_backorders": lambda: [lu(1, 5000), lu(0.01, 100), lu(0.1, 1000), lu(1, 1e5)],
        "eoq.economic_order_quantity_with_all_units_discounts": lambda: [lu(1, 300), u(0.05, 0.5), lu(10, 1e4), *breaks()],
        "eoq.economic_order_quantity_with_incremental_discounts": lambda: [lu(1, 300), u(0.05, 0.5), lu(10, 1e4), *breaks()],
        "eoq.economic_production_quantity": lambda: (lambda d: [lu(1, 500), lu(0.01, 10), d, d * u(1.05, 5)])(lu(10, 1e4)),
        "eoq.joint_replenishment_problem_silver_heuristic": lambda: (lambda k: [lu(10, 1000), [lu(1, 500) for _ in range(k)], [lu(0.1, 50) for _ in range(k)], [lu(1, 1e4) for _ in range(k)]])(ri(1, 7)),
        "wagner_whitin.wagner_whitin": lambda: (lambda t: [t, u(0.1, 3), lu(20, 900), [ri(0, 200) for _ in range(t)], u(0, 3)])(ri(1, 30)),
        "newsvendor.newsvendor_normal": lambda: [lu(0.05, 50), lu(0.05, 500), u(20, 900), u(2, 90), ri(0, 6)],
        "newsvendor.newsvendor_normal_cost": lambda: [u(20, 900), lu(0.05, 50), lu(0.05, 500), u(20, 900), u(2, 90), ri(0, 6)],
        "newsvendor.newsvendor_poisson": lambda: [lu(0.05, 50), lu(0.05, 500), lu(0.3, 500)],
        "newsvendor.newsvendor_discrete": discrete,
        "newsvendor.newsvendor_continuous": lambda: [lu(0.1, 10), lu(0.1, 60), [["gamma", u(0.8, 9), u(0.5, 9)], ["lognormal", u(0, 3), u(0.1, 0.8)], ["uniform", 2.0, u(5, 50)]][ri(0, 2)]],
        "newsvendor.newsvendor_normal_explicit": lambda: (lambda v: [v + 2 + u(0, 5), v + 1, v, u(30, 90), u(2, 20), u(0, 2), u(0, 9), ri(0, 3)])(u(0, 3)),
        "newsvendor.newsvendor_poisson_explicit": lambda: (lambda v: [v + 2 + u(0, 5), v + 1, v, u(3, 90), u(0, 2), u(0, 9), ri(0, 3)])(u(0, 3)),
        "newsvendor.myopic": lambda: [u(0.5, 3), u(9, 60), u(1, 3), u(1, 3), u(30, 90), u(2, 20), u(0.9, 1.0)],
        "ss.s_s_discrete_exact": lambda: [lu(0.1, 10), lu(0.5, 60), lu(1, 200), True, lu(0.5, 40)] if rng.random() < 0.7 else ss_pmf(),
        "ss.s_s_cost_discrete": lambda: (lambda m: (lambda s: [s, s + ri(1, 40), lu(0.1, 10), lu(0.5, 60), lu(1, 200), True, m])(ri(0, int(m) + 9)))(lu(0.5, 40)),
        "ss.s_s_power_approximation": lambda: [lu(0.1, 10), lu(0.5, 60), lu(1, 200), u(20, 200), u(4, 60)],
        "rq.r_q_cost": lambda: (lambda a: [a[3] * a[5] * u(0.8, 1.3), lu(5, 500), *a])(rq_args()),
        "rq.r_q_eil_approximation": rq_args,
        "rq.r_q_eoqb_approximation": rq_args,
        "rq.r_q_eoqss_approximation": rq_args,
        "rq.r_q_loss_function_approximation": rq_args,
        "rq.r_q_poisson_exact": lambda: [lu(0.5, 30), lu(5, 300), lu(1, 200), lu(0.5, 30), lu(0.1, 4)],
        "supply_uncertainty.eoq_with_disruptions": lambda: [lu(1, 200), lu(0.1, 5), lu(2, 60), lu(10, 3000), lu(0.1, 3), lu(4, 40), bool(rng.random() < 0.3)],
        "supply_uncertainty.newsvendor_with_disruptions": lambda: [lu(0.1, 2), lu(1, 20), u(10, 3000), u(0.01, 0.4), u(0.1, 0.9)],
        "supply_uncertainty.eoq_with_additive_yield_uncertainty": lambda: [lu(1, 500), lu(0.1, 5), lu(10, 5000), u(-40, 10), u(0, 30)],
        "supply_uncertainty.eoq_with_multiplicative_yield_uncertainty": lambda: [lu(1, 500), lu(0.1, 5), lu(10, 5000), u(0.3, 1), u(0.01, 0.3)],
        "supply_uncertainty.newsvendor_with_additive_yield_uncertainty": lambda: [lu(0.1, 5), lu(1, 60), u(20, 90), ["uniform", u(-9, -1), u(0, 5)] if rng.random() < 0.5 else ["normal", u(-9, 2), u(0.5, 4)]],
        "gsm_serial.optimize_committed_service_times": chain,
        "gsm_tree.optimize_committed_service_times": tree,
        "ssm_serial.optimize_base_stock_levels": ssm,
        "finite_horizon.finite_horizon_dp": horizon,
        "loss_functions.loss": loss,
    }
    slow = {"ssm_serial.optimize_base_stock_levels": 12, "finite_horizon.finite_horizon_dp": 12, "ss.s_s_discrete_exact": 60}
    out = []
    for function, make in makers.items():
        for i in range(min(n, slow.get(function, n))):
            args = make()
            try:
                c = case(f"grid_{i}", function, args)
            except Exception as error:  # noqa: BLE001 - an input the peer refuses or cannot solve
                c = {"case": f"grid_{i}", "function": function, "args": plain(args), "refused": repr(error)[:120]}
            out.append(c)
        print(function, file=sys.stderr)
    return out


def weekly():
    rng = np.random.default_rng(3)
    demand = lambda: [int(x) for x in rng.integers(0, 200, 52)]  # noqa: E731
    return [case(f"weekly_{i}", "wagner_whitin.wagner_whitin", [52, 0.5, float(rng.uniform(50, 900)), demand(), 0.0]) for i in range(10)]


def has_nan(value):
    return any(map(has_nan, value)) if isinstance(value, list) else isinstance(value, float) and math.isnan(value)


if __name__ == "__main__":
    modes = {"book": book, "weekly": weekly}
    cases = modes[sys.argv[1]]() if sys.argv[1] in modes else grid(int((sys.argv + ["", "", ""])[3] or 100), int((sys.argv + [""] * 4)[4] or 7))
    for c in cases:
        if has_nan(c.get("result")):
            c["refused"] = f"{c.pop('result')}"
    source = "stockpyl 1.0.2 (MIT), inputs of Snyder & Shen, Fundamentals of Supply Chain Theory" if sys.argv[1] == "book" else "stockpyl 1.0.2, random inputs"
    with open(sys.argv[2], "w") as f:
        f.write('{"source": ' + json.dumps(source) + ', "cases": [\n' + ",\n".join(json.dumps(c) for c in cases) + "\n]}\n")
