//! Compiled filters, remembered.
//!
//! Compiling a filter passes over the attributes of all items, which takes as long as ranking them.
//! Callers use few filters again and again, so a catalog keeps the last ones with their bitmaps.
//! A request never waits here: when another thread is writing, the filter is compiled as if there
//! were no memory of it.

use mercato_core::{Bitmap, Bounds, Filter, ItemAttributes, Result, Scalar};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

/// Filters remembered per catalog.
const MOST: usize = 64;
/// Bytes of bitmaps remembered per catalog; one is kept whatever its size.
const MOST_BYTES: usize = 8 << 20;

/// The filters last used on one set of attributes.
#[derive(Debug, Default)]
pub(crate) struct FilterCache {
    entries: RwLock<Vec<Entry>>,
    clock: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    hash: u64,
    filter: Filter,
    set: Arc<Bitmap>,
    used: AtomicU64,
}

impl FilterCache {
    /// The items of `attributes` that pass. The attributes are the same in every call.
    pub(crate) fn get(&self, filter: &Filter, attributes: &ItemAttributes) -> Result<Arc<Bitmap>> {
        let mut hasher = DefaultHasher::new();
        hash(filter, &mut hasher);
        let hash = hasher.finish();
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        if let Ok(entries) = self.entries.try_read()
            && let Some(e) = entries.iter().find(|e| e.hash == hash && e.filter == *filter)
        {
            e.used.store(now, Ordering::Relaxed);
            return Ok(e.set.clone());
        }
        let set = Arc::new(filter.compile(attributes)?);
        if let Ok(mut entries) = self.entries.try_write() {
            let room = (MOST_BYTES / (set.len() / 8 + 1)).clamp(1, MOST);
            while entries.len() >= room {
                let oldest = (0..entries.len())
                    .min_by_key(|&i| entries[i].used.load(Ordering::Relaxed))
                    .unwrap_or(0);
                entries.swap_remove(oldest);
            }
            let (filter, used) = (filter.clone(), AtomicU64::new(now));
            entries.push(Entry { hash, filter, set: set.clone(), used });
        }
        Ok(set)
    }
}

/// Equal filters have equal hashes. Zeros of both signs are equal numbers.
fn hash(filter: &Filter, state: &mut DefaultHasher) {
    std::mem::discriminant(filter).hash(state);
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().for_each(|p| hash(p, state)),
        Filter::Not(inner) => hash(inner, state),
        Filter::In(name, options) => {
            name.hash(state);
            for option in options {
                match option {
                    Scalar::Text(t) => t.hash(state),
                    Scalar::Number(x) => (x + 0.0).to_bits().hash(state),
                    Scalar::Bool(b) => b.hash(state),
                }
            }
        }
        Filter::Range(name, Bounds { gt, ge, lt, le }) => {
            name.hash(state);
            [gt, ge, lt, le].map(|b| b.map(|x| (x + 0.0).to_bits())).hash(state);
        }
        Filter::Missing(name) => name.hash(state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mercato_core::{Attribute, IdMap};

    fn shelf(n: usize) -> ItemAttributes {
        let prices = (0..n).map(|i| i as f64).collect();
        let items = Arc::new(IdMap::range(n).unwrap());
        ItemAttributes::new(items, vec![Attribute::number("price", prices)]).unwrap()
    }

    fn below(x: f64) -> Filter {
        Filter::Range("price".into(), Bounds { lt: Some(x), ..Bounds::default() })
    }

    #[test]
    fn a_filter_is_compiled_once_and_the_least_used_is_forgotten() {
        let (cache, shelf) = (FilterCache::default(), shelf(100));
        let first = cache.get(&below(1.0), &shelf).unwrap();
        assert_eq!(first.iter().collect::<Vec<_>>(), [0]);
        assert!(Arc::ptr_eq(&first, &cache.get(&below(1.0), &shelf).unwrap()));
        for i in 0..MOST + 5 {
            assert_eq!(cache.get(&below(i as f64), &shelf).unwrap().count(), i.min(100));
            cache.get(&below(1.0), &shelf).unwrap();
        }
        assert!(Arc::ptr_eq(&first, &cache.get(&below(1.0), &shelf).unwrap()));
        assert_eq!(cache.entries.read().unwrap().len(), MOST);
        assert!(cache.get(&Filter::Missing("colour".into()), &shelf).is_err());
    }

    #[test]
    fn a_reader_does_not_wait_for_a_writer() {
        let (cache, shelf) = (FilterCache::default(), shelf(10));
        let writing = cache.entries.write().unwrap();
        assert_eq!(cache.get(&below(3.0), &shelf).unwrap().count(), 3);
        drop(writing);
        assert_eq!(cache.entries.read().unwrap().len(), 0);
    }
}
