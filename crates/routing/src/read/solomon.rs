//! Solomon / Gehring & Homberger and Li & Lim files.

use super::{at_line, number, whole};
use crate::problem::{Client, Depot, Place, Problem, Rounding, Shipment, VehicleType};
use mercato_core::Result;

struct Row {
    line: usize,
    values: Vec<f64>,
}

fn rows<'a>(lines: impl Iterator<Item = (usize, &'a str)>, columns: usize) -> Result<Vec<Row>> {
    let mut out = Vec::new();
    for (line, text) in lines {
        let values =
            text.split_whitespace().map(|t| number(t, line)).collect::<Result<Vec<f64>>>()?;
        if values.len() != columns {
            let got = values.len();
            return Err(at_line(line, format!("expected {columns} columns, got {got}")));
        }
        if values[0] != out.len() as f64 {
            let want = out.len();
            return Err(at_line(line, format!("expected customer {want}, got {}", values[0])));
        }
        out.push(Row { line, values });
    }
    if out.is_empty() {
        return Err(at_line(1, "no customers, not even a depot"));
    }
    Ok(out)
}

fn fill(
    name: &str,
    vehicles: usize,
    capacity: i64,
    rows: &[Row],
    rounding: Rounding,
    demand: bool,
) -> Result<crate::ProblemBuilder> {
    let mut b = Problem::builder();
    b.set_name(name).set_rounding(rounding);
    let v = &rows[0].values;
    b.add_depot_record(Depot {
        place: Place::point(v[1], v[2]),
        window: Some([v[4], v[5]]),
        name: "0".into(),
    });
    b.add_vehicle_type(VehicleType::new(vehicles).capacity([capacity]));
    for row in &rows[1..] {
        let v = &row.values;
        if v[4] > v[5] {
            return Err(at_line(
                row.line,
                format!("window closes at {} before it opens at {}", v[5], v[4]),
            ));
        }
        let mut c = Client::at(Place::point(v[1], v[2]))
            .window(v[4], v[5])
            .service(v[6])
            .name(format!("{}", v[0]));
        if demand {
            c = c.demand([whole(&v[3].to_string(), row.line)?]);
        }
        b.add_client(c);
    }
    Ok(b)
}

pub(super) fn parse(text: &str, rounding: Option<Rounding>) -> Result<Problem> {
    let mut lines =
        text.lines().enumerate().map(|(i, l)| (i + 1, l.trim())).filter(|(_, l)| !l.is_empty());
    let (_, name) = lines.next().ok_or_else(|| at_line(1, "the file is empty"))?;
    lines
        .by_ref()
        .find(|(_, l)| l.to_uppercase().starts_with("NUMBER"))
        .ok_or_else(|| at_line(1, "no line that begins with NUMBER"))?;
    let (line, fleet) = lines.next().ok_or_else(|| at_line(1, "no vehicles after NUMBER"))?;
    let tokens: Vec<&str> = fleet.split_whitespace().collect();
    if tokens.len() < 2 {
        return Err(at_line(line, "expected the number of vehicles and their capacity"));
    }
    let (vehicles, capacity) = (whole(tokens[0], line)?, whole(tokens[1], line)?);
    let table = lines.filter(|(_, l)| l.starts_with(|c: char| c.is_ascii_digit()));
    let rows = rows(table, 7)?;
    let rounding = rounding.unwrap_or(Rounding::Dimacs);
    fill(name, vehicles as usize, capacity, &rows, rounding, true)?.build()
}

pub(super) fn parse_li_lim(text: &str, rounding: Option<Rounding>) -> Result<Problem> {
    let mut lines =
        text.lines().enumerate().map(|(i, l)| (i + 1, l.trim())).filter(|(_, l)| !l.is_empty());
    let (line, head) = lines.next().ok_or_else(|| at_line(1, "the file is empty"))?;
    let tokens: Vec<&str> = head.split_whitespace().collect();
    if tokens.len() < 2 {
        return Err(at_line(line, "expected the number of vehicles and their capacity"));
    }
    let (vehicles, capacity) = (whole(tokens[0], line)?, whole(tokens[1], line)?);
    let rows = rows(lines, 9)?;
    let rounding = rounding.unwrap_or(Rounding::Exact);
    let mut b = fill("", vehicles as usize, capacity, &rows, rounding, false)?;
    for (i, row) in rows.iter().enumerate().skip(1) {
        let v = &row.values;
        if v[8] > 0.0 {
            let to = v[8] as usize;
            if to >= rows.len() || rows[to].values[7] != i as f64 {
                return Err(at_line(row.line, format!("delivery {to} does not name this pickup")));
            }
            let amount = vec![whole(&v[3].to_string(), row.line)?];
            b.add_shipment(Shipment { pickup: i - 1, delivery: to - 1, amount });
        }
    }
    b.build()
}
