//! Readers: the published best solutions cost what their publishers say, and no file makes them
//! panic.

use mercato_core::{ErrorCode, Rng};
use mercato_routing::{Format, Problem, Solution, read_routes};
use std::path::PathBuf;

fn data(name: &str) -> Option<PathBuf> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/routing").join(name);
    path.exists().then_some(path)
}

#[test]
fn published_solutions_cost_what_their_publishers_say() {
    let cases = [
        ("cvrp_x/X-n101-k25", 27591.0),
        ("vrpb/X-n548-50-k25", 52902.0),
        ("mdvrptw/PR11A", 6655.548),
        ("mtvrptwr/C201R0.25", 1500.6),
    ];
    for (name, cost) in cases {
        let (Some(file), Some(routes)) =
            (data(&format!("{name}.vrp")), data(&format!("{name}.sol")))
        else {
            continue;
        };
        let problem = Problem::read(&file, Format::Auto, None).unwrap();
        let text = std::fs::read_to_string(routes).unwrap();
        let mut plan = read_routes(&problem, &text).unwrap();
        if problem.vehicle_types().len() > 1 {
            // Routes are listed in the order of the vehicles; find each one's depot by cost.
            for route in &mut plan.routes {
                let of = |k: usize| {
                    let one = mercato_routing::PlannedRoute { vehicle_type: k, ..route.clone() };
                    let e = mercato_routing::evaluate(
                        &problem,
                        &mercato_routing::Plan { routes: vec![one] },
                    );
                    e.unwrap().cost
                };
                let types = 0..problem.vehicle_types().len();
                route.vehicle_type = types.min_by(|&a, &b| of(a).total_cmp(&of(b))).unwrap();
            }
        }
        let solution = Solution::from_plan(&problem, plan).unwrap();
        assert!(solution.feasible(), "{name}: {:?}", &solution.check()[..1]);
        assert!((solution.cost() - cost).abs() < 1e-3, "{name}: {} {cost}", solution.cost());
    }
}

const SMALL: &str = "NAME : small\nTYPE : CVRP\nDIMENSION : 3\nEDGE_WEIGHT_TYPE : EUC_2D\nCAPACITY : 5\n\
NODE_COORD_SECTION\n1 0 0\n2 3 4\n3 6 8\nDEMAND_SECTION\n1 0\n2 2\n3 3\nDEPOT_SECTION\n1\n-1\nEOF\n";

#[test]
fn a_small_file_is_read_and_json_gives_it_back() {
    let problem = Problem::parse(SMALL, Format::Auto, None).unwrap();
    assert_eq!(problem.clients().len(), 2);
    assert_eq!(problem.distance(0, 0, 1), 5.0);
    let again = Problem::from_json(&problem.to_json()).unwrap();
    assert_eq!(again.to_json(), problem.to_json());
}

#[test]
fn malformed_lines_are_errors_that_name_them() {
    for (from, to, line) in
        [("2 3 4\n", "2 3 x\n", "8"), ("2 2\n", "7 2\n", "12"), ("3 3\n", "3\n", "13")]
    {
        let error = Problem::parse(&SMALL.replacen(from, to, 1), Format::Vrplib, None).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidInput);
        assert!(error.message().contains(&format!("line {line}")), "{error}");
    }
}

#[test]
fn no_mutation_of_a_file_makes_a_reader_panic() {
    let mut rng = Rng::new(2);
    for format in [Format::Auto, Format::Vrplib, Format::Solomon, Format::LiLim, Format::Json] {
        for _ in 0..400 {
            let mut bytes = SMALL.as_bytes().to_vec();
            for _ in 0..1 + rng.below(4) {
                if bytes.is_empty() {
                    break;
                }
                let at = rng.below(bytes.len() as u64) as usize;
                match rng.below(3) {
                    0 => bytes[at] = 32 + rng.below(95) as u8,
                    1 => drop(bytes.remove(at)),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            let _ = Problem::parse(&String::from_utf8_lossy(&bytes), format, None);
        }
    }
}
