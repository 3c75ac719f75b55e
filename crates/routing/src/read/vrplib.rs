//! VRPLIB files, with the sections that PyVRP's dialect adds.

use super::{at_line, number, whole};
use crate::problem::{BackhaulRule, Client, Depot, Place, Problem, Rounding, VehicleType};
use mercato_core::{Error, Result};
use std::collections::BTreeMap;

type Section<'a> = Vec<(usize, Vec<&'a str>)>;

struct File<'a> {
    keys: BTreeMap<String, (usize, &'a str)>,
    sections: BTreeMap<String, Section<'a>>,
}

fn split(text: &str) -> Result<File<'_>> {
    let mut file = File { keys: BTreeMap::new(), sections: BTreeMap::new() };
    let mut current: Option<String> = None;
    for (i, raw) in text.lines().enumerate() {
        let (line, text) = (i + 1, raw.trim());
        if text.is_empty() || text == "EOF" {
            continue;
        }
        let word = text.split([' ', '\t', ':']).next().unwrap_or_default();
        let named = word.starts_with(|c: char| c.is_ascii_alphabetic());
        if named && word.ends_with("_SECTION") {
            file.sections.entry(word.to_owned()).or_default();
            current = Some(word.to_owned());
        } else if named && let Some((key, value)) = text.split_once(':') {
            file.keys.insert(key.trim().to_uppercase(), (line, value.trim().trim_matches('"')));
            current = None;
        } else if let Some(section) = &current {
            let tokens: Vec<&str> = text.split_whitespace().collect();
            file.sections.entry(section.clone()).or_default().push((line, tokens));
        } else {
            return Err(at_line(line, format!("expected KEY : value or a section, got {text:?}")));
        }
    }
    Ok(file)
}

/// Sections and keys that change the problem and that the model has.
const KNOWN: [&str; 18] = [
    "NODE_COORD_SECTION",
    "DEMAND_SECTION",
    "DEPOT_SECTION",
    "TIME_WINDOW_SECTION",
    "SERVICE_TIME_SECTION",
    "PRIZE_SECTION",
    "RELEASE_TIME_SECTION",
    "BACKHAUL_SECTION",
    "LINEHAUL_SECTION",
    "CAPACITY_SECTION",
    "EDGE_WEIGHT_SECTION",
    "VEHICLES_DEPOT_SECTION",
    "VEHICLES_RELOAD_DEPOT_SECTION",
    "VEHICLES_FIXED_COST_SECTION",
    "VEHICLES_UNIT_DISTANCE_COST_SECTION",
    "VEHICLES_MAX_DISTANCE_SECTION",
    "VEHICLES_MAX_DURATION_SECTION",
    "MUTUALLY_EXCLUSIVE_GROUP_SECTION",
];

impl File<'_> {
    fn key(&self, key: &str) -> Option<(usize, &str)> {
        self.keys.get(key).copied()
    }

    /// One value per entry `1..=count`: from the section, else the key's value for all, else
    /// `default`.
    fn column(&self, name: &str, count: usize, column: usize, default: f64) -> Result<Vec<f64>> {
        let mut out = vec![default; count];
        if let Some((line, value)) = self.key(name) {
            out.fill(number(value, line)?);
        }
        for (line, row) in self.sections.get(&format!("{name}_SECTION")).into_iter().flatten() {
            let (id, value) = self.entry(*line, row, column, count)?;
            out[id] = value;
        }
        Ok(out)
    }

    fn entry(
        &self,
        line: usize,
        row: &[&str],
        column: usize,
        count: usize,
    ) -> Result<(usize, f64)> {
        let id = whole(row[0], line)? as usize;
        if id == 0 || id > count {
            return Err(at_line(line, format!("number {id} is not one of 1..={count}")));
        }
        let token = row.get(column).ok_or_else(|| {
            at_line(line, format!("expected at least {} columns, got {}", column + 1, row.len()))
        })?;
        Ok((id - 1, number(token, line)?))
    }
}

pub(super) fn parse(text: &str, rounding: Option<Rounding>) -> Result<Problem> {
    let file = split(text)?;
    for name in file.sections.keys() {
        if !KNOWN.contains(&name.as_str()) {
            return Err(Error::unsupported(format!("section {name} is not supported")));
        }
    }
    let (line, dimension) =
        file.key("DIMENSION").ok_or_else(|| at_line(1, "the key DIMENSION is missing"))?;
    let n = whole(dimension, line)? as usize;
    if n == 0 || n > 1_000_000 {
        return Err(at_line(line, format!("DIMENSION must be in 1..=1000000, got {n}")));
    }
    let kind = file.key("TYPE").map_or("", |k| k.1).to_uppercase();
    let rounding = rounding.unwrap_or(match kind.as_str() {
        "VRPTW" | "PCVRPTW" | "MTVRPTWR" => Rounding::Dimacs,
        "" | "CVRP" | "VRPB" | "TSP" => match file.key("EDGE_WEIGHT_TYPE").map(|k| k.1) {
            Some("CEIL_2D") => Rounding::Ceil,
            _ => Rounding::Nearest,
        },
        _ => Rounding::Exact,
    });
    let mut b = Problem::builder();
    b.set_name(file.key("NAME").map_or("", |k| k.1)).set_rounding(rounding);
    let explicit = edges(&file, n)?;
    let places = match &explicit {
        Some(_) => (0..n).map(Place::Index).collect(),
        None => places(&file, n)?,
    };
    if let Some(m) = explicit {
        b.set_matrix(m, Vec::new(), 0);
    }
    let depots = depots(&file, n)?;
    clients(&file, &mut b, &places, depots, kind == "VRPB")?;
    vehicles(&file, &mut b, n - depots, depots)?;
    b.build()
}

fn places(file: &File<'_>, n: usize) -> Result<Vec<Place>> {
    let (line, ewt) = file.key("EDGE_WEIGHT_TYPE").unwrap_or((1, "EUC_2D"));
    if !["EUC_2D", "CEIL_2D", "EXACT_2D", "FLOOR_2D"].contains(&ewt) {
        return Err(Error::unsupported(format!(
            "line {line}: EDGE_WEIGHT_TYPE {ewt} is not supported"
        )));
    }
    let rows = file.sections.get("NODE_COORD_SECTION").map_or(0, Vec::len);
    if rows != n {
        return Err(at_line(line, format!("NODE_COORD_SECTION has {rows} rows, DIMENSION is {n}")));
    }
    let x = file.column("NODE_COORD", n, 1, f64::NAN)?;
    let y = file.column("NODE_COORD", n, 2, f64::NAN)?;
    Ok(x.into_iter().zip(y).map(|(x, y)| Place::Point { x, y }).collect())
}

/// The full or lower-row matrix of an EXPLICIT instance.
fn edges(file: &File<'_>, n: usize) -> Result<Option<Vec<f64>>> {
    let Some((line, "EXPLICIT")) = file.key("EDGE_WEIGHT_TYPE") else { return Ok(None) };
    let format = file.key("EDGE_WEIGHT_FORMAT").map_or("FULL_MATRIX", |k| k.1);
    let section = file.sections.get("EDGE_WEIGHT_SECTION");
    let mut values = Vec::new();
    for (line, row) in section.into_iter().flatten() {
        for token in row {
            values.push(number(token, *line)?);
        }
    }
    let cells: Vec<(usize, usize)> = match format {
        "FULL_MATRIX" => (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).collect(),
        "LOWER_ROW" => (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).collect(),
        "LOWER_DIAG_ROW" => (0..n).flat_map(|i| (0..=i).map(move |j| (i, j))).collect(),
        "UPPER_ROW" => (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).collect(),
        other => {
            return Err(Error::unsupported(format!(
                "line {line}: EDGE_WEIGHT_FORMAT {other} is not supported"
            )));
        }
    };
    if values.len() != cells.len() {
        let (got, want) = (values.len(), cells.len());
        return Err(at_line(
            line,
            format!("EDGE_WEIGHT_SECTION has {got} numbers, expected {want}"),
        ));
    }
    let mut m = vec![0.0; n * n];
    for (&(i, j), &v) in cells.iter().zip(&values) {
        m[i * n + j] = v;
        if format != "FULL_MATRIX" {
            m[j * n + i] = v;
        }
    }
    Ok(Some(m))
}

/// How many depots there are; they must be the first nodes.
fn depots(file: &File<'_>, n: usize) -> Result<usize> {
    let mut count = 0;
    for (line, row) in file.sections.get("DEPOT_SECTION").into_iter().flatten() {
        if row[0].starts_with('-') {
            break;
        }
        let id = whole(row[0], *line)? as usize;
        if id != count + 1 || id > n {
            return Err(at_line(*line, format!("depots must be the first nodes, got {id}")));
        }
        count += 1;
    }
    Ok(count.max(1))
}

fn clients(
    file: &File<'_>,
    b: &mut crate::ProblemBuilder,
    places: &[Place],
    depots: usize,
    linehaul_first: bool,
) -> Result<()> {
    let n = places.len();
    let whole_load = |values: Vec<f64>, what: &str| {
        let bad = values.iter().position(|v| *v < 0.0 || v.fract() != 0.0);
        match bad {
            Some(i) => Err(Error::invalid_input(format!(
                "node {}: {what} must be a whole number >= 0, got {}",
                i + 1,
                values[i]
            ))),
            None => Ok(values.into_iter().map(|v| v as i64).collect::<Vec<i64>>()),
        }
    };
    let demand = whole_load(file.column("DEMAND", n, 1, 0.0)?, "demand")?;
    let linehaul = whole_load(file.column("LINEHAUL", n, 1, 0.0)?, "demand")?;
    let pickup = whole_load(file.column("BACKHAUL", n, 1, 0.0)?, "backhaul")?;
    let service = file.column("SERVICE_TIME", n, 1, 0.0)?;
    let early = file.column("TIME_WINDOW", n, 1, f64::NAN)?;
    let late = file.column("TIME_WINDOW", n, 2, f64::NAN)?;
    let release = file.column("RELEASE_TIME", n, 1, 0.0)?;
    let prize = file.column("PRIZE", n, 1, 0.0)?;
    let mut group = vec![None; n];
    let groups = file.sections.get("MUTUALLY_EXCLUSIVE_GROUP_SECTION");
    for (g, (line, row)) in groups.into_iter().flatten().enumerate() {
        for token in &row[1..] {
            let id = whole(token, *line)? as usize;
            if id == 0 || id > n {
                return Err(at_line(*line, format!("number {id} is not one of 1..={n}")));
            }
            group[id - 1] = (row.len() > 2).then_some(g as u32);
        }
    }
    for i in 0..n {
        let window = (!early[i].is_nan()).then_some([early[i], late[i]]);
        let name = format!("{i}");
        if i < depots {
            b.add_depot_record(Depot { place: places[i], window, name });
            continue;
        }
        b.add_client(Client {
            place: places[i],
            demand: vec![demand[i].max(linehaul[i])],
            pickup: if pickup[i] > 0 { vec![pickup[i]] } else { Vec::new() },
            service: service[i],
            windows: window.into_iter().collect(),
            release: release[i],
            // The dialect writes 0 for clients that must be served.
            prize: (prize[i] != 0.0).then_some(prize[i]),
            skills: Vec::new(),
            group: group[i],
            name,
        });
    }
    if linehaul_first {
        b.set_backhaul(BackhaulRule::LinehaulFirst);
    }
    Ok(())
}

fn vehicles(
    file: &File<'_>,
    b: &mut crate::ProblemBuilder,
    clients: usize,
    depots: usize,
) -> Result<()> {
    let count = match file.key("VEHICLES") {
        Some((line, value)) => whole(value, line)? as usize,
        None => clients.max(1),
    };
    if count == 0 || count > 1_000_000 {
        return Err(Error::invalid_input(format!("VEHICLES must be in 1..=1000000, got {count}")));
    }
    let capacity = file.column("CAPACITY", count, 1, -1.0)?;
    let fixed = file.column("VEHICLES_FIXED_COST", count, 1, 0.0)?;
    let unit = file.column("VEHICLES_UNIT_DISTANCE_COST", count, 1, 1.0)?;
    let max_distance = file.column("VEHICLES_MAX_DISTANCE", count, 1, -1.0)?;
    let max_duration = file.column("VEHICLES_MAX_DURATION", count, 1, -1.0)?;
    let depot = file.column("VEHICLES_DEPOT", count, 1, 1.0)?;
    let mut reloads = vec![Vec::new(); count];
    for (line, row) in file.sections.get("VEHICLES_RELOAD_DEPOT_SECTION").into_iter().flatten() {
        for column in 1..row.len() {
            let (id, value) = file.entry(*line, row, column, count)?;
            reloads[id].push((value as usize).wrapping_sub(1));
        }
    }
    let mut types: Vec<VehicleType> = Vec::new();
    for i in 0..count {
        let d = (depot[i] as usize).wrapping_sub(1);
        if d >= depots {
            return Err(Error::invalid_input(format!(
                "vehicle {}: {} is not a depot",
                i + 1,
                depot[i]
            )));
        }
        let positive = |x: f64| (x >= 0.0).then_some(x);
        let this = VehicleType {
            count: 1,
            capacity: positive(capacity[i]).map(|c| c as i64).into_iter().collect(),
            start: d,
            end: Some(d),
            fixed_cost: fixed[i],
            unit_distance_cost: unit[i],
            max_distance: positive(max_distance[i]),
            max_duration: positive(max_duration[i]),
            reload_depots: std::mem::take(&mut reloads[i]),
            ..VehicleType::default()
        };
        let same = types.iter_mut().find(|t| VehicleType { count: 1, ..(*t).clone() } == this);
        match same {
            Some(t) => t.count += 1,
            None => types.push(this),
        }
    }
    for t in types {
        b.add_vehicle_type(t);
    }
    Ok(())
}
