//! Data sets.

use super::{Kind, kind};
use mercato::panel::{Frequency, PanelBuilder, Unit};
use mercato::{Artifact, Panel, Persist, Result};

pub(super) fn kinds() -> Vec<Kind> {
    vec![kind::<Panel>(panel, ask_panel)]
}

fn panel() -> Result<Vec<u8>> {
    let day = 86_400;
    let ids = ["tea", "tea", "tea", "cup", "cup"];
    let times = [0, day, 3 * day, day, 2 * day];
    let values = [1.0, 2.5, 4.0, 10.0, f64::NAN];
    let promotion = [0.0, 1.0, 0.0, 1.0, 1.0];
    PanelBuilder::new(Frequency::new(Unit::Day, 1)?)
        .rows(&ids, &times, &values)
        .known("promotion", &promotion)
        .static_number("size", &[1.0, 1.0, 1.0, 2.0, 2.0])
        .static_category("town", &[Some("Ulm"), Some("Ulm"), Some("Ulm"), None, None])
        .build()?
        .to_bytes()
}

fn ask_panel(a: &Artifact) -> Result<()> {
    let panel = Panel::from_artifact(a)?;
    let total: usize = panel.iter().map(|s| s.values.len()).sum();
    assert_eq!(total, panel.n_values());
    for position in 0..panel.len() {
        assert_eq!(panel.position(&panel.ids()[position]), Some(position));
        for covariate in 0..panel.known_names().len() {
            let _ = panel.known(covariate, position);
        }
    }
    let _ = (panel.fingerprint(), panel.without_last(1).len(), format!("{panel:?}").len());
    Ok(())
}
