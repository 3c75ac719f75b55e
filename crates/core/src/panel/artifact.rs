//! A panel as an artifact.

use super::{Attribute, Calendar, MAX_TIMESTAMP, Panel};
use crate::{Artifact, ArtifactWriter, Error, Persist, Result};
use serde::{Deserialize, Serialize};

/// What the metadata says of one static attribute.
#[derive(Serialize, Deserialize)]
struct AttributeMeta {
    name: String,
    /// The categories; absent for a numeric attribute.
    labels: Option<Vec<String>>,
}

impl Persist for Panel {
    const KIND: &'static str = "panel";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("calendar", &self.calendar)?;
        if self.integer_ids {
            w.meta("integer_ids", &true)?;
        }
        w.meta("known", &self.known.iter().map(|(n, _)| n).collect::<Vec<_>>())?;
        let attributes: Vec<_> = self
            .attributes
            .iter()
            .map(|(name, a)| AttributeMeta {
                name: name.clone(),
                labels: match a {
                    Attribute::Number(_) => None,
                    Attribute::Category { labels, .. } => Some(labels.clone()),
                },
            })
            .collect();
        w.meta("attributes", &attributes)?;
        let mut text = Vec::new();
        let mut ends = Vec::with_capacity(self.ids.len());
        for id in &self.ids {
            text.extend_from_slice(id.as_bytes());
            ends.push(text.len() as u64);
        }
        w.owned_column("ids", &text)?;
        w.owned_column("id_ends", &ends)?;
        w.column("offsets", &self.offsets)?;
        w.column("starts", &self.starts)?;
        w.column("values", &self.values)?;
        for (i, (_, column)) in self.known.iter().enumerate() {
            w.column(&format!("known.{i}"), column)?;
        }
        for (i, (_, a)) in self.attributes.iter().enumerate() {
            let name = format!("attribute.{i}");
            match a {
                Attribute::Number(v) => w.column(&name, v)?,
                Attribute::Category { codes, .. } => w.column(&name, codes)?,
            }
        }
        Ok(())
    }

    fn read(a: &Artifact) -> Result<Self> {
        let corrupt = |what: &str| Error::corrupt(format!("the panel's {what} are inconsistent"));
        let calendar: Calendar = a.meta_field("calendar")?;
        if !calendar.is_sound() {
            return Err(corrupt("calendar fields"));
        }
        let text = a.column::<u8>("ids")?;
        let text = std::str::from_utf8(&text).map_err(|_| corrupt("ids"))?;
        let ends = a.column::<u64>("id_ends")?;
        let mut ids = Vec::with_capacity(ends.len());
        let mut from = 0usize;
        for &end in ends.iter() {
            let end = usize::try_from(end).map_err(|_| corrupt("ids"))?;
            ids.push(text.get(from..end).ok_or_else(|| corrupt("ids"))?.to_owned());
            from = end;
        }
        let n = ids.len();
        let offsets = a.column_of_len::<u64>("offsets", n + 1)?;
        let starts = a.column_of_len::<i64>("starts", n)?;
        let values = a.column::<f64>("values")?;
        let total = values.len();
        let ordered = offsets[0] == 0
            && offsets[n] == total as u64
            && offsets.windows(2).all(|w| w[0] <= w[1])
            && starts.iter().all(|s| s.unsigned_abs() <= MAX_TIMESTAMP as u64);
        if !ordered {
            return Err(corrupt("offsets"));
        }
        let mut panel = Self::assemble(calendar, ids, offsets, starts, values)
            .map_err(|e| corrupt("ids").caused_by(e))?;
        panel.integer_ids = a.meta().get("integer_ids").is_some_and(|v| v.as_bool() == Some(true));
        for (i, name) in a.meta_field::<Vec<String>>("known")?.into_iter().enumerate() {
            panel.known.push((name, a.column_of_len(&format!("known.{i}"), total)?));
        }
        for (i, m) in a.meta_field::<Vec<AttributeMeta>>("attributes")?.into_iter().enumerate() {
            let section = format!("attribute.{i}");
            let attribute = match m.labels {
                None => Attribute::Number(a.column_of_len(&section, n)?),
                Some(labels) => {
                    let codes = a.column_of_len::<u32>(&section, n)?;
                    let known = |&c: &u32| c == Attribute::UNKNOWN || (c as usize) < labels.len();
                    if !codes.iter().all(known) {
                        return Err(corrupt("categories"));
                    }
                    Attribute::Category { codes, labels }
                }
            };
            panel.attributes.push((m.name, attribute));
        }
        Ok(panel)
    }
}
