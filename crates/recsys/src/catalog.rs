//! What every model knows beside its own numbers: ids, what users have seen, item attributes.

use crate::filters::FilterCache;
use mercato_core::{
    Artifact, ArtifactWriter, Bitmap, Column, Csr, Error, Id, IdMap, Interactions, ItemAttributes,
    Result,
};
use std::sync::Arc;

/// The ids, the training interactions, the popularity of items and, if given, item attributes.
///
/// Part of every model and of its file, so that a model opened anywhere speaks the caller's ids,
/// leaves out what a user has seen, filters by attributes and falls back to what is popular.
#[derive(Debug, Clone)]
pub struct Catalog {
    users: Arc<IdMap>,
    items: Arc<IdMap>,
    seen: Csr,
    /// How many users have each item.
    counts: Column<u32>,
    attributes: Option<Arc<ItemAttributes>>,
    /// Belongs to these attributes: new ones bring a new one.
    filters: Arc<FilterCache>,
    /// Users that the counts are over, where the users themselves are left out.
    counted: Option<usize>,
}

impl Catalog {
    /// The catalog of the data that a model is fitted to.
    ///
    /// # Errors
    /// `not_enough_data` when there is no interaction.
    pub fn of(data: &Interactions) -> Result<Self> {
        if data.is_empty() {
            return Err(Error::not_enough_data(
                "there are no interactions to learn from, at least 1 is needed",
            ));
        }
        let mut counts = vec![0u32; data.n_items()];
        for &item in data.matrix().indices() {
            counts[item as usize] += 1;
        }
        Ok(Self {
            users: data.users().clone(),
            items: data.items().clone(),
            seen: data.matrix().clone(),
            counts: counts.into(),
            attributes: None,
            filters: Arc::default(),
            counted: None,
        })
    }

    /// This catalog with more events, whose ids begin with the ids of this one.
    pub(crate) fn grown(&self, added: &Interactions) -> Result<Self> {
        let seen = self.seen.plus(added.matrix())?;
        let mut counts = self.counts.to_vec();
        counts.resize(added.n_items(), 0);
        for user in 0..added.n_users() {
            let before = self.seen.row(user).0;
            for &item in added.matrix().row(user).0 {
                counts[item as usize] += u32::from(before.binary_search(&item).is_err());
            }
        }
        let mut grown = Self {
            users: added.users().clone(),
            items: added.items().clone(),
            seen,
            counts: counts.into(),
            attributes: self.attributes.clone(),
            filters: self.filters.clone(),
            counted: None,
        };
        if let Some(known) = self.attributes.as_ref().filter(|a| a.items() != &grown.items) {
            grown.set_attributes(known);
        }
        Ok(grown)
    }

    /// A catalog of items alone, in this order.
    pub(crate) fn of_items(items: &[Id]) -> Result<Self> {
        if items.is_empty() {
            return Err(Error::invalid_params("a list of items must have at least 1, got none"));
        }
        let ints: Option<Vec<i64>> =
            items.iter().map(|id| if let Id::Int(i) = id { Some(*i) } else { None }).collect();
        let texts: Option<Vec<&str>> =
            items.iter().map(|id| if let Id::Str(s) = id { Some(&**s) } else { None }).collect();
        let ids = match (&ints, &texts) {
            (Some(ints), _) => IdMap::from_ids(&ints[..].into())?,
            (_, Some(texts)) => IdMap::from_ids(&texts[..].into())?,
            _ => {
                return Err(Error::invalid_input(
                    "ids of a list are all strings or all integers, got both",
                ));
            }
        };
        Ok(Self {
            users: Arc::new(IdMap::range(0)?),
            seen: Csr::new(vec![0], Vec::new(), Vec::new(), ids.len())?,
            counts: vec![0; ids.len()].into(),
            items: Arc::new(ids),
            attributes: None,
            filters: Arc::default(),
            counted: None,
        })
    }

    /// A catalog of items alone, with counts over so many users.
    pub(crate) fn of_counts(items: Arc<IdMap>, counts: Vec<u32>, users: usize) -> Self {
        Self {
            users: Arc::default(),
            items,
            seen: Csr::default(),
            counts: counts.into(),
            attributes: None,
            filters: Arc::default(),
            counted: Some(users),
        }
    }

    /// How many users the [`counts`](Self::counts) are over: those of the catalog, or more where it
    /// leaves them out.
    #[must_use]
    pub fn population(&self) -> usize {
        self.counted.unwrap_or(self.users.len())
    }

    /// The user ids.
    #[must_use]
    pub fn users(&self) -> &Arc<IdMap> {
        &self.users
    }

    /// The item ids.
    #[must_use]
    pub fn items(&self) -> &Arc<IdMap> {
        &self.items
    }

    /// The training interactions, users x items. Opened from a file, columns may be damaged:
    /// compare them with the number of items before indexing.
    #[must_use]
    pub fn seen(&self) -> &Csr {
        &self.seen
    }

    /// How many users have each item.
    #[must_use]
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The item attributes that filters read, in the dense order of the items.
    #[must_use]
    pub fn attributes(&self) -> Option<&Arc<ItemAttributes>> {
        self.attributes.as_ref()
    }

    /// Sets the item attributes; items that they do not know have missing values.
    pub fn set_attributes(&mut self, attributes: &ItemAttributes) {
        self.attributes = Some(Arc::new(attributes.aligned_to(&self.items)));
        self.filters = Arc::default();
    }

    /// The items that a filter and a list of candidates leave; `None` when both are absent.
    /// Ids that the model does not know are left out of the list.
    ///
    /// # Errors
    /// `invalid_params` for a filter on attributes that are not there.
    pub fn allowed(
        &self,
        filter: Option<&mercato_core::Filter>,
        items: Option<&[Id]>,
    ) -> Result<Option<Bitmap>> {
        let listed = items.map(|ids| {
            let mut set = Bitmap::empty(self.items.len());
            ids.iter().filter_map(|id| self.items.dense(id)).for_each(|i| set.insert(i));
            set
        });
        let Some(filter) = filter else { return Ok(listed) };
        let mut set = Bitmap::clone(&*self.matching(filter)?);
        if let Some(listed) = listed {
            set.intersect(&listed);
        }
        Ok(Some(set))
    }

    /// The items that pass a filter. The last filters are remembered, so that asking again with an
    /// equal one costs no pass over the attributes.
    ///
    /// # Errors
    /// `invalid_params` for a filter on attributes that are not there.
    pub fn matching(&self, filter: &mercato_core::Filter) -> Result<Arc<Bitmap>> {
        let attributes = self.attributes.as_ref().ok_or_else(|| {
            Error::invalid_params(
                "a filter needs item attributes and the model has none; give it some with \
                 with_attributes",
            )
        })?;
        self.filters.get(filter, attributes)
    }

    /// Adds the catalog to an artifact.
    ///
    /// # Errors
    /// `internal` for an invalid section name.
    pub fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("users", &self.users.len())?;
        w.meta("items", &self.items.len())?;
        w.meta("interactions", &self.seen.nnz())?;
        self.users.write(w, "users")?;
        self.items.write(w, "items")?;
        self.seen.write(w, "seen")?;
        w.column("items.counts", &self.counts)?;
        match &self.attributes {
            Some(a) => a.write(w, "attributes"),
            None => Ok(()),
        }
    }

    /// Reads what [`write`](Self::write) added, in constant time.
    ///
    /// # Errors
    /// `corrupt_artifact`.
    pub fn read(a: &Artifact) -> Result<Self> {
        let users = Arc::new(IdMap::read(a, "users")?);
        let items = Arc::new(IdMap::read(a, "items")?);
        let attributes = match a.meta().get("attributes") {
            Some(_) => Some(Arc::new(ItemAttributes::read(a, "attributes", items.clone())?)),
            None => None,
        };
        Ok(Self {
            seen: Csr::read(a, "seen", users.len(), items.len())?,
            counts: a.column_of_len("items.counts", items.len())?,
            attributes,
            filters: Arc::default(),
            counted: None,
            users,
            items,
        })
    }
}
