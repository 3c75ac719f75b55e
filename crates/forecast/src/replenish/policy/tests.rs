//! Claims that need no reference numbers.

use super::*;
use crate::replenish::Demand;

#[test]
fn bad_numbers_are_typed_errors_that_name_the_parameter() {
    let nan = f64::NAN;
    let errors = [
        eoq(-1.0, 1.0, 1.0).unwrap_err(),
        eoq(1.0, nan, 1.0).unwrap_err(),
        eoq_backorders(1.0, 1.0, 0.0, 1.0).unwrap_err(),
        epq(1.0, 1.0, 5.0, 5.0).unwrap_err(),
        eoq_all_units_discounts(1.0, 0.2, 10.0, &[0.0, 20.0, 10.0], &[3.0, 2.0, 1.0]).unwrap_err(),
        newsvendor_normal(1.0, 1.0, 10.0, -2.0, 0.0).unwrap_err(),
        newsvendor_normal(1.0, 1.0, 10.0, 2.0, -1.0).unwrap_err(),
        ss_poisson_exact(1.0, 4.0, 5.0, f64::INFINITY).unwrap_err(),
        rq_poisson_exact(1.0, 4.0, 5.0, 6.0, 0.0).unwrap_err(),
        rq_normal(1.0, 4.0, 5.0, 6.0, 1.0, nan, RqMethod::Exact).unwrap_err(),
        safety_stock(1.0, 5.0, 1.0, 1.0, 0.0, 0.0).unwrap_err(),
        wagner_whitin(&[1.0], &[1.0, 2.0], &[1.0, 2.0, 3.0], &[0.0]).unwrap_err(),
        gsm_tree(&[GsmStage::default(), GsmStage::default()], &[]).unwrap_err(),
        newsvendor_disruptions(1.0, 1.0, 5.0, 1.5, 0.5).unwrap_err(),
    ];
    for e in errors {
        assert_eq!(e.code().as_str(), "invalid_params", "{e:?}");
        assert_eq!(e.context().next().map(|c| c.0), Some("parameter"), "{e:?}");
    }
}

#[test]
fn the_exact_rq_policy_is_never_dearer_than_an_approximation() {
    for (h, p, k, mean, sd, lead) in [
        (0.225, 7.5, 8.0, 1300.0, 150.0, 1.0 / 12.0),
        (0.2143, 40.0, 85.0, 192.0, 17.4, 3.0),
        (2.0, 9.0, 30.0, 10.0, 6.0, 1.0),
    ] {
        let exact = rq_normal(h, p, k, mean, sd, lead, RqMethod::Exact).unwrap();
        let again =
            rq_cost(exact.reorder_point, exact.order_quantity, h, p, k, mean, sd, lead).unwrap();
        assert!((again - exact.cost).abs() < 1e-9 * again);
        for method in [RqMethod::Eoqb, RqMethod::Eoqss, RqMethod::LossFunction] {
            let other = rq_normal(h, p, k, mean, sd, lead, method).unwrap();
            assert!(exact.cost <= other.cost * (1.0 + 1e-12), "{method:?} {exact:?} {other:?}");
        }
        for (dr, dq) in [(0.01, 0.0), (-0.01, 0.0), (0.0, 0.01), (0.0, -0.01)] {
            let (r, q) = (exact.reorder_point * (1.0 + dr), exact.order_quantity * (1.0 + dq));
            assert!(rq_cost(r, q, h, p, k, mean, sd, lead).unwrap() >= exact.cost);
        }
    }
}

#[test]
fn no_neighbour_of_the_exact_ss_policy_is_cheaper() {
    for lead_time in [0, 2] {
        for demand in [
            Demand::Poisson { mean: 7.3 },
            Demand::NegativeBinomial { mean: 2.5, variance: 8.0 },
            Demand::discrete(&[0.0, 1.0, 10.0], &[0.5, 0.3, 0.2]).unwrap(),
        ] {
            let best = ss_discrete_exact(1.0, 9.0, 40.0, &demand, lead_time).unwrap();
            let (s, upto) = (best.reorder_point as i64, best.order_up_to as i64);
            for ds in -4..=4 {
                for du in -6..=6 {
                    if s + ds < upto + du {
                        let c = ss_cost(s + ds, upto + du, 1.0, 9.0, 40.0, &demand, lead_time);
                        assert!(c.unwrap() >= best.cost.unwrap() - 1e-9);
                    }
                }
            }
        }
    }
}

#[test]
fn a_chain_is_a_tree() {
    let stage = |holding_cost, processing_time| GsmStage {
        holding_cost,
        processing_time,
        demand_bound_constant: 1.645,
        ..GsmStage::default()
    };
    let mut stages = [stage(1.0, 4), stage(1.5, 2), stage(4.0, 7), stage(4.5, 1)];
    stages[0].external_inbound = 2;
    stages[3] = GsmStage { external_outbound: Some(1), demand_sd: 9.0, ..stages[3].clone() };
    let chain = gsm_serial(&stages).unwrap();
    let tree = gsm_tree(&stages, &[(0, 1), (1, 2), (2, 3)]).unwrap();
    assert!((chain.cost - tree.cost).abs() < 1e-9, "{chain:?} {tree:?}");
}

/// All promises of a small tree, tried one by one.
fn brute_force(stages: &[GsmStage], edges: &[(usize, usize)]) -> f64 {
    let n = stages.len();
    let most = 12;
    let mut best = f64::INFINITY;
    let mut sd = vec![0.0; n];
    for i in 0..n {
        // Every demand flows to each of its suppliers, directly or not.
        let mut stack = vec![i];
        while let Some(j) = stack.pop() {
            sd[j] += stages[i].demand_sd.powi(2);
            stack.extend(edges.iter().filter(|e| e.1 == j).map(|e| e.0));
        }
    }
    let mut s = vec![0u32; n];
    loop {
        let feasible = (0..n).map(|i| {
            let inbound = edges.iter().filter(|e| e.1 == i).map(|e| s[e.0]).max().unwrap_or(0);
            let ready = inbound.max(stages[i].external_inbound) + stages[i].processing_time;
            let allowed = s[i] <= ready && stages[i].external_outbound.is_none_or(|o| s[i] <= o);
            allowed.then(|| {
                stages[i].holding_cost
                    * stages[i].demand_bound_constant
                    * (sd[i] * f64::from(ready - s[i])).sqrt()
            })
        });
        if let Some(cost) = feasible.sum::<Option<f64>>() {
            best = best.min(cost);
        }
        let Some(i) = (0..n).find(|&i| s[i] < most) else { return best };
        s[i] += 1;
        s[..i].fill(0);
    }
}

#[test]
fn the_tree_program_finds_what_brute_force_finds() {
    let mut rng = mercato_core::Rng::new(5);
    for _ in 0..40 {
        let n = 2 + rng.below(3) as usize;
        let mut stages: Vec<GsmStage> = (0..n)
            .map(|_| GsmStage {
                holding_cost: 0.5 + rng.unit() * 5.0,
                processing_time: rng.below(4) as u32,
                ..GsmStage::default()
            })
            .collect();
        let edges: Vec<(usize, usize)> = (1..n)
            .map(|i| {
                let j = rng.below(i as u64) as usize;
                if rng.unit() < 0.5 { (j, i) } else { (i, j) }
            })
            .collect();
        for i in 0..n {
            if !edges.iter().any(|e| e.0 == i) {
                stages[i].external_outbound = Some(rng.below(3) as u32);
                stages[i].demand_sd = 1.0 + rng.unit() * 5.0;
            }
            if !edges.iter().any(|e| e.1 == i) {
                stages[i].external_inbound = rng.below(3) as u32;
            }
        }
        let best = gsm_tree(&stages, &edges).unwrap().cost;
        let truth = brute_force(&stages, &edges);
        assert!((best - truth).abs() < 1e-9, "{stages:?} {edges:?} {best} {truth}");
    }
}

#[test]
fn certified_levels_of_a_chain_are_within_two_thousandths_of_a_percent() {
    let system = SerialSystem {
        echelon_holding_cost: vec![2.0, 2.0, 3.0],
        lead_time: vec![2.0, 1.0, 1.0],
        stockout_cost: 37.12,
        demand: Demand::Normal { mean: 5.0, sd: 1.0 },
    };
    let fine = system.certify(100).unwrap();
    assert!(fine.gap < 2e-5, "{fine:?}");
    assert!(fine.lower_bound <= fine.upper_bound);
    // The book gives S* = (22.71, 12.02, 6.49) and 47.65, found on a grid.
    assert!((fine.upper_bound - 47.66).abs() < 0.02, "{fine:?}");
    let coarse = system.certify(20).unwrap();
    assert!(coarse.upper_bound >= fine.lower_bound && coarse.lower_bound <= fine.upper_bound);

    let counts = SerialSystem { demand: Demand::Poisson { mean: 5.0 }, ..system };
    let exact = counts.certify(100).unwrap();
    assert!(exact.gap < 1e-12, "{exact:?}");
}

#[test]
fn one_stage_of_a_chain_is_a_newsvendor() {
    let system = SerialSystem {
        echelon_holding_cost: vec![2.0],
        lead_time: vec![4.0],
        stockout_cost: 18.0,
        demand: Demand::Normal { mean: 10.0, sd: 3.0 },
    };
    let best = system.certify(200).unwrap();
    let nv = newsvendor(2.0, 18.0, &Demand::Normal { mean: 40.0, sd: 6.0 }).unwrap();
    assert!((best.policy.echelon_base_stock[0] - nv.base_stock_level).abs() < 0.05);
    assert!(best.lower_bound <= nv.cost && nv.cost <= best.upper_bound);
}

#[test]
fn a_fill_rate_of_98_percent_is_met_by_its_safety_stock() {
    let r = safety_stock_for_fill_rate(0.98, 200.0, 50.0, 20.0, 4.0, 0.5, 0.0).unwrap();
    let d = Demand::Normal { mean: r.protection_mean, sd: r.protection_sd };
    assert!((d.loss(r.target_level).0 - 4.0).abs() < 1e-9);
}
