//! "Why 120?" in sentences.

use super::output::{ItemPlan, Note, PurchaseOrder};

/// Rounds for reading.
fn n(x: f64) -> String {
    if x.abs() >= 100.0 { format!("{x:.0}") } else { format!("{x:.1}") }
}

/// An amount in minor units as a decimal number.
fn money(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", minor.unsigned_abs() / 100, minor.unsigned_abs() % 100)
}

/// The reasons behind one item's quantity, one sentence each.
pub(super) fn sentences(plan: &ItemPlan, orders: &[PurchaseOrder]) -> Vec<String> {
    let mut out = vec![
        format!(
            "the next {} days, until the order after this one can arrive, are expected to sell {} \
             units",
            n(plan.protection_days),
            n(plan.expected_demand)
        ),
        format!(
            "{} units reach the goal for these days; {} are there or coming in time, so {} are \
             needed",
            n(plan.target),
            plan.position,
            plan.need
        ),
    ];
    for note in &plan.notes {
        out.push(match note {
            Note::BackupUsed { unavailable, instead: Some(by) } => {
                format!("{unavailable} takes no orders before the next review, {by} takes over")
            }
            Note::BackupUsed { unavailable, instead: None } => {
                format!(
                    "{unavailable} takes no orders before the next review, and nobody else sells it"
                )
            }
            Note::Split { suppliers } => format!("{suppliers} suppliers share the quantity"),
            Note::Rounded { needed } => {
                format!("{needed} grew to the supplier's minimum or whole packs")
            }
            Note::EconomicLot { lot } => {
                format!("ordering {lot} at once is cheaper than ordering more often")
            }
            Note::PriceBreak { from, unit_price } => format!(
                "from {from} units the price falls to {}, which saves more than storing the extra \
                 units costs",
                money(*unit_price)
            ),
            Note::CapacityCut { missing } => {
                format!("{missing} units are missing: the suppliers cannot deliver more")
            }
            Note::BudgetCut { missing } => {
                format!("{missing} units are missing: the budget went to items with a higher risk")
            }
            Note::StorageCut { missing } => format!("{missing} units are missing: no storage left"),
            Note::ShelfLifeCut { wanted } => {
                format!("of {wanted} units only part can be sold before they expire")
            }
            Note::ExpectedWaste { units } => {
                format!("{units} units on hand will probably expire unsold and were not counted")
            }
            Note::Reliability { part } => {
                format!("the supplier delivers {:.0} % of an order on average", part * 100.0)
            }
            Note::ForecastExtended => {
                "the forecast ends earlier; its mean rate was continued".to_owned()
            }
            Note::Overridden { planned, by, reason } => {
                format!("{by} set the quantity (the planner had {planned}): {reason}")
            }
        });
    }
    for order in orders {
        for line in order.lines.iter().filter(|l| l.item == plan.item) {
            out.push(format!(
                "{} units from {} at {} each, {} in all",
                line.quantity,
                order.supplier,
                money(line.unit_price),
                money(line.total)
            ));
        }
    }
    out.push(format!(
        "with {} units ordered, {:.1} % of demand is expected to be served and the risk of running \
         out is {:.1} %",
        plan.quantity,
        100.0 * plan.expected_fill_rate,
        100.0 * plan.stockout_probability
    ));
    out
}
